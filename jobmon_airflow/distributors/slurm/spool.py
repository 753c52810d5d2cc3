"""The folder that nodes share with us, as a file system here.

What others did to a file or a folder on NFS is seen for certain only by whoever opens it anew; so everything is opened
each time that it is looked at. Calls go to a thread, since a file system may take its time.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, ParamSpec, Self, TypeVar

from jobmon_airflow.errors import ClusterUnreachable, SubmissionRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

CLAIMS: Final = "claims"
REVOKED: Final = "revoked"
OUT: Final = "out"
_FOLDERS: Final = (CLAIMS, REVOKED, OUT)
_FENCED: Final = "fenced"  #: where claims of ours point to, so that they can be told from those of jobs
_TOKEN: Final = re.compile(r"[\w-]+", re.ASCII)
_FOR_US_ALONE: Final = 0o700


class LocalSpool:
    """A folder of this machine's file system, at the same path on the nodes."""

    def __init__(self, root: str) -> None:
        self.root = str(Path(root).absolute())

    async def __aenter__(self) -> Self:
        await self._do(self._make_root)
        return self

    async def __aexit__(self, *error: object) -> None:
        pass

    async def prepare(self, token: str, files: Mapping[str, bytes]) -> None:
        """Make the batch's folder, for its owner alone, with these files in it; what is there stays."""
        await self._do(self._prepare, token, files)

    async def make_folders(self, folders: Collection[str]) -> None:
        """Make these folders (absolute paths), in which commands are to write, if they are not there."""
        for folder in folders:
            await self._do(_make, folder)

    async def grown(self, tokens: Collection[str], seen: Mapping[str, int]) -> Mapping[str, bytes]:
        """What was appended to the batches' ``told-`` files, whole lines, by "TOKEN/told-NODE"."""
        return await self._do(lambda: dict(self._grown(list(tokens), dict(seen))))

    async def fence(self, token: str, steps: Collection[int]) -> set[int]:
        """Forbid these steps to begin. Returns those that jobs had claimed before."""
        return await self._do(self._fence, token, steps)

    async def tails(self, paths: Collection[str], most: int) -> Mapping[str, bytes]:
        """The ends of files, of those that are there and not empty."""
        return await self._do(lambda: {path: tail for path in paths if (tail := _tail(path, most))})

    async def revoke(self, token: str, steps: Collection[int]) -> None:
        """Tell steps that their time is over, wherever they still run."""
        await self._do(self._revoke, token, steps)

    async def clean(self, older_than: float) -> None:
        """Remove folders of batches that nobody has written to for so many seconds."""
        await self._do(self._clean, older_than)

    # --- in a thread ------------------------------------------------------------------------------------------

    async def _do(self, what: Callable[P, R], *args: P.args, **more: P.kwargs) -> R:
        try:
            return await asyncio.to_thread(what, *args, **more)
        except OSError as error:
            raise ClusterUnreachable(
                f"The folder {self.root}, which is shared with the cluster's nodes, cannot be used: {error}.",
                remedy="Let it be there, writable for you, and with room left.",
            ) from error

    def _make_root(self) -> None:
        Path(self.root).mkdir(_FOR_US_ALONE, parents=True, exist_ok=True)

    def _prepare(self, token: str, files: Mapping[str, bytes]) -> None:
        folder = self._folder(token)
        self._make_folders(folder)
        for name, content in files.items():
            if not (folder / name).exists():
                put(folder / name, content)

    def _make_folders(self, folder: Path) -> None:
        self._make_root()
        for each in (folder, *(folder / name for name in _FOLDERS)):
            each.mkdir(_FOR_US_ALONE, exist_ok=True)

    def _grown(self, tokens: Collection[str], seen: Mapping[str, int]) -> Iterator[tuple[str, bytes]]:
        for token in tokens:
            for name in _names_in(self._folder(token)):
                if name.startswith("told-"):
                    key = f"{token}/{name}"
                    if text := _lines_from(self._folder(token) / name, seen.get(key, 0)):
                        yield key, text

    def _fence(self, token: str, steps: Collection[int]) -> set[int]:
        self._make_folders(self._folder(token))
        claims = self._folder(token) / CLAIMS
        return {step for step in steps if not _fenced(claims / str(step))}

    def _revoke(self, token: str, steps: Collection[int]) -> None:
        self._make_folders(self._folder(token))
        for step in steps:
            (self._folder(token) / REVOKED / str(step)).touch()

    def _clean(self, older_than: float) -> None:
        """Ages are measured by the file system's own clock."""
        self._make_root()
        with tempfile.NamedTemporaryFile(dir=self.root, prefix=".now-") as now:
            before = os.fstat(now.fileno()).st_mtime - older_than
        for name in _names_in(Path(self.root)):
            folder = Path(self.root) / name
            if _TOKEN.fullmatch(name) and (folder / CLAIMS).is_dir() and not _is_younger(folder, before):
                _remove(folder)

    def _folder(self, token: str) -> Path:
        if not _TOKEN.fullmatch(token):
            raise ValueError(f"{token!r} is no token of a batch")
        return Path(self.root) / token


# --- files ------------------------------------------------------------------------------------------------------


def _make(folder: str) -> None:
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except (PermissionError, FileExistsError, NotADirectoryError) as error:
        raise SubmissionRefused(
            f"{folder}, in which commands are to write, cannot be made: {error.strerror}.",
            remedy="Let stdout and stderr be folders that you may make or write to.",
        ) from error


def _remove(folder: Path) -> None:
    """What cannot be removed is no reason not to run jobs; another controller may be at it, too."""
    try:
        shutil.rmtree(folder)
    except OSError as error:
        log.warning("spool.not_removed", extra={"folder": str(folder), "reason": str(error)})


def put(path: Path, content: bytes) -> None:
    """Write a file for us alone, which is whole as soon as it is there."""
    fd, unfinished = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(fd)
        Path(unfinished).rename(path)
    except BaseException:
        with suppress(OSError):
            Path(unfinished).unlink()
        raise


def _fenced(claim: Path) -> bool:
    """Claim a step, so that it never begins; False if a job was there first. A link comes to be whole or not at all."""
    try:
        claim.symlink_to(_FENCED)
    except FileExistsError:
        return claim.is_symlink()
    return True


def _names_in(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208  (names are all that is needed)
    except FileNotFoundError:
        return []


def _lines_from(path: Path, begin: int) -> bytes:
    try:
        with path.open("rb", buffering=0) as file:
            if os.fstat(file.fileno()).st_size <= begin:
                return b""
            text = os.pread(file.fileno(), os.fstat(file.fileno()).st_size - begin, begin)
    except FileNotFoundError:
        return b""
    return text[: text.rfind(b"\n") + 1]


def _tail(path: str, most: int) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (
        FileNotFoundError,
        NotADirectoryError,
        PermissionError,
        ValueError,
    ):  # none, or none for us to see
        return b""
    try:
        return os.pread(fd, most, max(0, os.fstat(fd).st_size - most))
    except IsADirectoryError:
        return b""
    finally:
        os.close(fd)


def _is_younger(folder: Path, moment: float) -> bool:
    """Whether anything in it was written to since."""
    try:
        entries = list(os.scandir(folder))
        return any(
            entry.stat(follow_symlinks=False).st_mtime > moment
            or (entry.is_dir(follow_symlinks=False) and _is_younger(Path(entry.path), moment))
            for entry in entries
        )
    except FileNotFoundError:
        return True  # it changes at this moment
