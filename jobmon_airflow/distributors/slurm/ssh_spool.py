"""The folder that nodes share with us, where it is theirs and the login node's: one call of a POSIX sh for a question.

The same layout, and the same ways to make and to claim, as in `spool`. Programs and lists go over standard input, so
that they may be long.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Final, Self

from jobmon_airflow.errors import ClusterUnreachable, SubmissionRefused

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from jobmon_airflow.distributors.slurm.shells import Answer, Shell

_TOKEN: Final = re.compile(r"[\w-]+", re.ASCII)
_FILE: Final = re.compile(r"[\w.-]+", re.ASCII)

# The programs read lines from standard input. What a line means is in each of them; `$root` is the folder.
_BEGIN: Final = "set -u; umask 077; root=$1; LC_ALL=C; export LC_ALL\n"

_MAKE_BATCH: Final = """
make_batch() {
    mkdir -p "$root" || exit 9
    for each in "$root/$1" "$root/$1/claims" "$root/$1/revoked" "$root/$1/out"; do
        [ -d "$each" ] || mkdir "$each" 2>/dev/null || [ -d "$each" ] || { mkdir "$each"; exit 9; }
    done
}
"""

_ROOT: Final = """
case $root in '~') root=$HOME;; '~/'*) root=$HOME/${root#'~/'};; /*) ;; *) root=$PWD/$root;; esac
mkdir -p "$root" || exit 9
printf '%s\\n' "$root"
"""

# NAME BASE64: a file that is whole as soon as it is there.
_PREPARE: Final = (
    _MAKE_BATCH
    + """
make_batch "$2"
cd "$root/$2" || exit 9
while read -r name content; do
    [ -e "$name" ] && continue
    printf %s "$content" | base64 -d > ".new-$name-$$" && mv ".new-$name-$$" "$name" || exit 9
done
"""
)

_MAKE_FOLDERS: Final = """
umask 022
while IFS= read -r folder; do
    mkdir -p -- "$folder" || exit 8
done
"""

# TOKEN, then NAME BYTES-SEEN for its files that are known. The answer: a line for each that grew, with its text.
_GROWN: Final = """
while read -r token known; do
    for file in "$root/$token"/told-*; do
        [ -f "$file" ] || continue
        name=${file##*/}
        seen=0
        case " $known " in *" $name="*) seen=${known#*"$name="}; seen=${seen%% *};; esac
        size=$(wc -c < "$file") || continue
        [ "$size" -gt "$seen" ] || continue
        printf '%s/%s ' "$token" "$name"
        tail -c "+$((seen + 1))" -- "$file" | base64 | tr -d '\\n'
        echo
    done
done
"""

# STEP: a link to "fenced" is ours, anything else a job's. The answer: steps that a job had claimed.
_FENCE: Final = (
    _MAKE_BATCH
    + """
make_batch "$2"
cd "$root/$2/claims" || exit 9
while read -r step; do
    ln -s fenced "$step" 2>/dev/null && continue
    [ -h "$step" ] && continue
    [ -e "$step" ] || { ln -s fenced "$step"; [ -h "$step" ] || exit 9; continue; }
    echo "$step"
done
"""
)

_TAILS: Final = """
n=0
while IFS= read -r path; do
    n=$((n + 1))
    [ -f "$path" ] && [ -s "$path" ] && [ -r "$path" ] || continue
    printf '%s ' "$n"
    tail -c "$2" -- "$path" | base64 | tr -d '\\n'
    echo
done
"""

_REVOKE: Final = (
    _MAKE_BATCH
    + """
make_batch "$2"
cd "$root/$2/revoked" || exit 9
while read -r step; do
    : >> "$step" || exit 9
done
"""
)

# A folder is old if nothing in it is young. Ages are measured by the file system's own clock.
_CLEAN: Final = """
mkdir -p "$root" || exit 9
for folder in "$root"/*/claims; do
    folder=${folder%/claims}
    case ${folder##*/} in *[!A-Za-z0-9_-]*) continue;; esac
    [ -d "$folder/claims" ] && [ ! -h "$folder" ] || continue
    [ -z "$(find "$folder" ! -type d -mmin "-$2" 2>/dev/null | head -n 1)" ] || continue
    [ -z "$(find "$folder" -type d -mmin "-$2" 2>/dev/null | head -n 1)" ] || continue
    rm -rf -- "$folder"
done
"""


class SshSpool:
    """A folder of the cluster, at the same path on its login node and on the others."""

    def __init__(self, shell: Shell, root: str) -> None:
        self._shell = shell
        self.root = root

    async def __aenter__(self) -> Self:
        await self._shell.__aenter__()
        try:
            self.root = (await self._told(_ROOT)).rstrip("\n")
        except BaseException:
            await self._shell.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._shell.__aexit__(*error)

    async def prepare(self, token: str, files: Mapping[str, bytes]) -> None:
        """Make the batch's folder, for its owner alone, with these files in it; what is there stays."""
        lines = (f"{_named(name)} {base64.b64encode(content).decode()}" for name, content in files.items())
        await self._told(_PREPARE, _known(token), lines=lines)

    async def make_folders(self, folders: Collection[str]) -> None:
        """Make these folders (absolute paths), in which commands are to write, if they are not there."""
        if not folders:
            return
        said = await self._said(_MAKE_FOLDERS, lines=map(_in_a_line, folders))
        if said.code:
            raise SubmissionRefused(
                f"A folder in which commands are to write cannot be made on {self._shell.where}: {said.err.strip()}",
                remedy="Let stdout and stderr be folders that you may make or write to.",
            )

    async def grown(self, tokens: Collection[str], seen: Mapping[str, int]) -> Mapping[str, bytes]:
        """What was appended to the batches' ``told-`` files, whole lines, by "TOKEN/told-NODE"."""
        if not tokens:
            return {}
        asked: dict[str, list[str]] = {_known(token): [] for token in tokens}
        for key, size in seen.items():
            token, _, name = key.partition("/")
            if token in asked:
                asked[token].append(f"{_named(name)}={size}")
        lines = (f"{token} {' '.join(known)}" for token, known in asked.items())
        found = dict(_decoded(await self._told(_GROWN, lines=lines)))
        whole = {key: text[: text.rfind(b"\n") + 1] for key, text in found.items()}
        return {key: text for key, text in whole.items() if text}

    async def fence(self, token: str, steps: Collection[int]) -> set[int]:
        """Forbid these steps to begin. Returns those that jobs had claimed before."""
        said = await self._told(_FENCE, _known(token), lines=map(str, steps))
        return set(map(int, said.split()))

    async def tails(self, paths: Collection[str], most: int) -> Mapping[str, bytes]:
        """The ends of files, of those that are there and not empty."""
        asked = [path for path in paths if "\n" not in path and "\0" not in path]
        if not asked:
            return {}
        said = await self._told(_TAILS, str(most), lines=asked)
        return {asked[int(n) - 1]: text for n, text in _decoded(said)}

    async def revoke(self, token: str, steps: Collection[int]) -> None:
        """Tell steps that their time is over, wherever they still run."""
        await self._told(_REVOKE, _known(token), lines=map(str, steps))

    async def clean(self, older_than: float) -> None:
        """Remove folders of batches that nobody has written to for so many seconds."""
        await self._told(_CLEAN, str(max(1, round(older_than / 60))))

    # --- ask ------------------------------------------------------------------------------------------------------

    async def _told(self, program: str, *words: str, lines: Iterable[str] = ()) -> str:
        said = await self._said(program, *words, lines=lines)
        if said.code:
            raise ClusterUnreachable(
                f"The folder {self.root} on {self._shell.where}, which is shared with the cluster's nodes, cannot be "
                f"used: {said.err.strip()[:500] or f'exit code {said.code}'}",
                remedy="Let it be there, writable for you, and with room left.",
            )
        return said.out

    async def _said(self, program: str, *words: str, lines: Iterable[str] = ()) -> Answer:
        # All of them may be done twice: what is there stays, and what was claimed by us is ours.
        stdin = "".join(f"{line}\n" for line in lines).encode(errors="surrogateescape")
        return await self._shell.run(["sh", "-c", _BEGIN + program, "sh", self.root, *words], stdin=stdin)


def _known(token: str) -> str:
    if not _TOKEN.fullmatch(token):
        raise ValueError(f"{token!r} is no token of a batch")
    return token


def _named(name: str) -> str:
    if not _FILE.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a batch's file")
    return name


def _in_a_line(folder: str) -> str:
    if "\n" in folder:
        raise SubmissionRefused(f"{folder!r} is no folder for output.", remedy="Name it without line breaks.")
    return folder


def _decoded(said: str) -> Iterator[tuple[str, bytes]]:
    for line in said.splitlines():
        key, _, text = line.partition(" ")
        try:
            yield key, base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise ClusterUnreachable(
                f"An answer about {key} was cut off.", remedy="It is asked for again."
            ) from error
