"""What a command writes, told while it writes it: from the files in which its cluster keeps it."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_LOOK: Final = 0.5  # seconds between two looks
_AT_A_TIME: Final = 64 * 1024  # bytes
MOST: Final = 10 * 1024 * 1024  #: bytes of one command: a task's log is for reading
_TOO_MUCH: Final = "The rest of what the command writes is in {file}."


@contextmanager
def told(folder: Path, name: str, tell: Callable[[str], object]) -> Iterator[None]:
    """Tell each line of the command's attempts that begin while the block runs."""
    tail = _Tail(folder, name, tell)
    is_over = threading.Event()

    def follow() -> None:
        while not is_over.wait(_LOOK):
            tail.tell()

    thread = threading.Thread(target=follow, name="jobmon-live-log", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        tail.tell(is_last=True)


class _Tail:
    """The files of a command's attempts, `{name}.o{attempt}` and `{name}.e{attempt}`, and how far they were told."""

    def __init__(self, folder: Path, name: str, tell: Callable[[str], object]) -> None:
        self._folder = folder
        self._name = name
        self._tell = tell
        self._old = set(self._files())
        self._at: dict[Path, int] = {}

    def tell(self, *, is_last: bool = False) -> None:
        """Tell what is new; of a line that is not complete yet, only the last time."""
        for file in sorted(set(self._files()) - self._old):
            # A file may be removed between two looks.
            with suppress(OSError):
                while self._tell_of(file, is_last=is_last):
                    pass

    def _tell_of(self, file: Path, *, is_last: bool) -> bool:
        """Tell a piece of a file, and say whether more of it is there."""
        at = self._at.get(file, 0)
        if at >= MOST:
            return False
        with file.open("rb") as stream:
            stream.seek(at)
            text = stream.read(_AT_A_TIME)
        is_full = len(text) == _AT_A_TIME
        if b"\n" in text and (is_full or not is_last):
            text = text[: text.rfind(b"\n") + 1]
        elif not is_full and not is_last:
            return False
        for line in text.decode(errors="replace").splitlines():
            self._tell(line)
        self._at[file] = at + len(text)
        if self._at[file] >= MOST:
            self._tell(_TOO_MUCH.format(file=file))
        return is_full

    def _files(self) -> Iterator[Path]:
        with suppress(OSError):
            for file in self._folder.iterdir():
                stem, _, kind = file.name.rpartition(".")
                if stem == self._name and kind[:1] in {"o", "e"} and kind[1:].isdigit():
                    yield file
