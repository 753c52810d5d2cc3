"""The commands of a batch, as its jobs read them: cases of a shell's ``case``, or lines of JSON for `worker/pack.py`.

Commands reach their node byte for byte. Those that need no shell are handed over as words.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final

from jobmon_airflow.distributors.places import STDERR, STDOUT, directory, file_stem, output_file
from jobmon_airflow.distributors.protocol import Output
from jobmon_airflow.distributors.shell import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jobmon_airflow.distributors.protocol import Attempt, Batch

STEPS_A_FILE: Final = 64  # a shell reads all of a file to find one step in it
LINES_A_FILE: Final = 1000  # Python is quicker at that
INSIDE_MAY_HOLD: Final = 16 * 1024  # bytes; Slurm sends the script to a node for every element
_ENCODING: Final = ("utf-8", "surrogateescape")


@dataclass(frozen=True)  # without slots, for what is looked up once
class Table:
    """The commands of a batch. ``folder`` is the batch's own, which nodes share with us, if there is one."""

    batch: Batch
    folder: str | None

    # --- where output goes ------------------------------------------------------------------------------------

    @cached_property
    def stdout(self) -> Path | None:
        """The folder for what commands print."""
        return directory(self.batch.resources.extra, STDOUT) or self._out

    @cached_property
    def stderr(self) -> Path | None:
        return directory(self.batch.resources.extra, STDERR) or self._out

    @property
    def _out(self) -> Path | None:
        return None if self.folder is None else Path(self.folder) / "out"

    def output(self, attempt: Attempt) -> Output:
        """The files that an attempt writes to; none where its output is left to Slurm."""
        return Output(
            stdout=output_file(self.stdout, attempt, "o"), stderr=output_file(self.stderr, attempt, "e")
        )

    def folders(self) -> set[str]:
        """The folders that attempts write to, besides the batch's own."""
        return {str(folder) for folder in (self.stdout, self.stderr) if folder and folder != self._out}

    # --- for a shell ------------------------------------------------------------------------------------------

    def cases(self, steps: Iterable[int]) -> str:
        """What sets a step's words as the shell's own, and who it is as ``jm_task``, ``jm_id`` and ``jm_name``."""
        return f"case $jm_step in\n{''.join(map(self.case, steps))}esac\n"

    def case(self, step: int) -> str:
        attempt = self.batch.attempts[step]
        words = " ".join(map(quoted, self._words(attempt)))
        name = quoted(file_stem(attempt))
        return f"{step}) jm_task={attempt.task_id} jm_id={attempt.id} jm_name={name}\nset -- {words};;\n"

    def case_files(self, steps: Iterable[int]) -> dict[str, bytes]:
        """Files of cases, in which the steps and their neighbours stand; a step is in ``steps-N.sh``."""
        return {
            f"steps-{number}.sh": encoded(with_returns(self.cases(self._file(number, STEPS_A_FILE))))
            for number in _files(steps, STEPS_A_FILE)
        }

    # --- for Python -------------------------------------------------------------------------------------------

    def line_files(self, steps: Iterable[int]) -> dict[str, bytes]:
        """Files of lines, ``[task, attempt, stdout, stderr, words or text]``, one for each step."""
        return {
            f"steps-{number}.json": b"".join(map(self._line, self._file(number, LINES_A_FILE)))
            for number in _files(steps, LINES_A_FILE)
        }

    def _line(self, step: int) -> bytes:
        attempt = self.batch.attempts[step]
        output = self.output(attempt)
        line = [attempt.task_id, attempt.id, output.stdout, output.stderr, self._words(attempt)]
        return json.dumps(line, separators=(",", ":")).encode() + b"\n"

    # --- both -------------------------------------------------------------------------------------------------

    def _file(self, number: int, size: int) -> range:
        return range(number * size, min((number + 1) * size, len(self.batch.attempts)))

    def _words(self, attempt: Attempt) -> list[str]:
        if not can_be_said(attempt.command):
            return [
                "/bin/sh",
                "-c",
                "echo 'the command has characters that no program can be given' >&2; exit 126",
            ]
        return words_of(attempt.command) or ["/bin/sh", "-c", attempt.command]


def quoted(text: str) -> str:
    """A text as a word of a script `with_returns`: sbatch takes none with the line ends of DOS, not even in quotes."""
    return quote(text).replace("\r", "'\"$jm_return\"'")


def with_returns(script: str) -> str:
    return f"jm_return=$(printf '\\r')\n{script}" if "$jm_return" in script else script


def encoded(text: str) -> bytes:
    return text.encode(*_ENCODING)


def can_be_said(text: str) -> bool:
    """Whether the text can be a word of a command."""
    try:
        return b"\0" not in encoded(text)
    except UnicodeEncodeError:
        return False


def variables(env: Mapping[str, str]) -> Iterator[str]:
    """Assignments, one for each variable."""
    return (f"{name}={quoted(value)}" for name, value in env.items())


def _files(steps: Iterable[int], size: int) -> list[int]:
    return sorted({step // size for step in steps})
