"""The script that a piece's jobs run: POSIX sh, which starts next to nothing besides the command itself.

A job claims its step, says that it begins, runs the command, and says how that ended. All it wants to know it reads in
/proc and in its cgroup with what the shell has built in. Its names begin with ``jm_`` and are not exported, so that the
command finds nothing of it in its environment.

The command gets the signals that Slurm sends to the job's shell, which are all that it sends. dash and busybox, unlike
bash, let a background command ignore INT and QUIT; that is taken back for jobs of ten minutes or more. These also have
somebody who looks once a minute whether their time is over.

Packed steps are run by `worker/pack.py`, which needs python3 on the node.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.distributors.places import WORKING_DIR, directory, environment
from jobmon_airflow.distributors.slurm import script_parts as parts
from jobmon_airflow.distributors.slurm.script_parts import filled
from jobmon_airflow.distributors.slurm.table import (
    INSIDE_MAY_HOLD,
    STEPS_A_FILE,
    Table,
    encoded,
    quoted,
    variables,
    with_returns,
)
from jobmon_airflow.errors import SubmissionRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobmon_airflow.distributors.protocol import Attempt, Batch, Output
    from jobmon_airflow.distributors.slurm.pieces import Piece

CANNOT_CLAIM: Final = 75  #: exit code of a job that ran nothing, since it could not use the shared folder
MAY_HOLD: Final = 1024 * 1024  #: bytes of a script without a shared folder, which must hold all commands
PACKER: Final = "pack.py"

_LONG: Final = 600.0  # seconds
_LOOK_EVERY: Final = 60  # seconds
_KILL_WAIT: Final = 30.0  # seconds; Slurm's own default
_SIGNAL: Final = re.compile(r"(?P<to>[RB]{1,2}):(?P<signal>\w+)(?:@\d+)?", re.IGNORECASE)
_PASSED_ON: Final = ("USR1", "USR2")
_NOT_PASSED_ON: Final = (
    *_PASSED_ON,
    "TERM",
    "15",
    "KILL",
    "9",
    "STOP",
    "19",
)  # they are seen to, or cannot be caught
_NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """When a pack begins no further step. Seconds; None where there is no such limit."""

    lasts: float | None = None  #: the job's time limit, where Slurm does not tell it the end of its time
    budget: float | None = None  #: after which nothing more is begun
    typical: float | None = None  #: what a step needs, as far as is known


@dataclass(frozen=True, slots=True, kw_only=True)
class JobScript:
    """What sbatch gets, and the files that must be in the batch's folder before."""

    text: str
    files: Mapping[str, bytes]


def script_of(
    batch: Batch,
    piece: Piece,
    *,
    folder: str | None,
    kill_wait: float = _KILL_WAIT,
    pace: Pace | None = None,
) -> JobScript:
    """The script of a piece. ``folder`` is the batch's own, as nodes know it, if they share one with us."""
    script = _Script(batch, piece, folder, kill_wait)
    if folder is None:
        return JobScript(text=script.alone(), files={})
    if piece.pack > 1:
        return script.packed(pace or Pace())
    return script.told()


def output_of(batch: Batch, attempt: Attempt, folder: str | None) -> Output:
    """The files that an attempt writes to."""
    return Table(batch, folder).output(attempt)


def folders_of(batch: Batch, folder: str | None) -> set[str]:
    """The folders that a batch's commands are to write to, besides its own."""
    return Table(batch, folder).folders()


def fitting(batch: Batch, first: int = 0) -> int:
    """How many steps from this one on fit into one script without a shared folder: at least one."""
    table, size, step = Table(batch, None), 0, first
    while step < len(batch.attempts) and (step == first or size < MAY_HOLD):
        size += len(encoded(table.case(step)))
        step += 1
    return step - first - (size > MAY_HOLD and step - first > 1)


class _Script:
    def __init__(self, batch: Batch, piece: Piece, folder: str | None, kill_wait: float) -> None:
        self.batch, self.piece, self.folder, self.kill_wait = batch, piece, folder, kill_wait
        self.table = Table(batch, folder)
        self.extra = batch.resources.extra
        self.own_env = _exportable(environment(self.extra))
        self.cwd = directory(self.extra, WORKING_DIR)
        self.container = _container_of(self.extra)

    # --- the three kinds --------------------------------------------------------------------------------------

    def alone(self) -> str:
        """Without a shared folder: runs the command, and leaves it to Slurm to say how it ended."""
        assert self.piece.pack == 1, "packed steps need a folder in which each says how it ended"
        return _script(
            self._who(),
            self.table.cases(self.piece),
            self._places(),
            self._child(f'exec "$@"{self._redirection()}\n'),
        )

    def told(self) -> JobScript:
        cases = self.table.cases(self.piece)
        is_inside = len(encoded(cases)) <= INSIDE_MAY_HOLD
        text = _script(
            self._who(),
            self._where(),
            cases if is_inside else filled(parts.SOURCE, size=STEPS_A_FILE),
            filled(parts.BEGIN, cannot_claim=CANNOT_CLAIM),
            self._places(),
            self._run(),
            parts.MEASURE,
            parts.TELL,
            parts.EXIT,
        )
        return JobScript(text=text, files={} if is_inside else self.table.case_files(self.piece))

    def packed(self, pace: Pace) -> JobScript:
        piece = self.piece
        about = {
            "env": {**self._common_env(), **self.own_env},
            "cwd": str(self.cwd) if self.cwd else None,
            "limit": self._runtime(),
            "kill_wait": self.kill_wait,
            "container": self.container,
        }
        paces = {"lasts": pace.lasts, "budget": pace.budget, "typical": pace.typical}
        words = (str(piece.first), str(piece.last), str(piece.pack), json.dumps(paces))
        text = _script(
            self._who(),
            self._where(),
            filled(parts.PACK, words=" ".join(map(quoted, words)), last=piece.last, pack=piece.pack),
        )
        packer = files("jobmon_airflow.worker").joinpath(PACKER).read_bytes()
        said = {PACKER: packer, "pack.json": json.dumps(about).encode()}
        return JobScript(text=text, files=said | self.table.line_files(piece))

    # --- their parts ------------------------------------------------------------------------------------------

    def _who(self) -> str:
        return filled(parts.WHO, first=self.piece.first, pack=self.piece.pack)

    def _where(self) -> str:
        assert self.folder is not None
        return filled(parts.WHERE, folder=quoted(self.folder), cannot_claim=CANNOT_CLAIM)

    def _places(self) -> str:
        """Where output goes. The folders are there, as a rule: the controller makes them."""
        places = {"jm_outs": self.table.stdout, "jm_errs": self.table.stderr}
        lines = [f"{name}={quoted(str(folder))}\n" for name, folder in places.items() if folder]
        if self.table.folders():
            lines += [
                f'[ -d "${name}" ] || mkdir -p "${name}"\n' for name, folder in places.items() if folder
            ]
        return "".join(lines)

    def _redirection(self) -> str:
        out = ' >>"$jm_outs/$jm_name.o$jm_id"' if self.table.stdout else ""
        err = ' 2>>"$jm_errs/$jm_name.e$jm_id"' if self.table.stderr else ""
        return out + err

    def _run(self) -> str:
        watch = filled(parts.WATCH, every=_LOOK_EVERY) if self._is_long() else ""
        grace = max(1, int(self.kill_wait) - 1)
        return filled(
            parts.RUN,
            child=self._child(filled(parts.BECOME, listen=parts.LISTEN if self._is_long() else "")),
            redirection=self._redirection(),
            wait=filled(parts.WAIT, grace=grace, signals=" ".join(self._signals()), watch=watch),
            output=filled(parts.OUTPUT, file='"$jm_errs/$jm_name.e$jm_id"'),
        )

    def _child(self, become: str) -> str:
        """What a shell does that becomes the command."""
        go = filled(parts.GO, cwd=quoted(str(self.cwd))) if self.cwd else ""
        enter = self._enter(self.container) if self.container else ""
        return f"{go}{self._exports()}{enter}{become}"

    def _exports(self) -> str:
        env = [*variables({**self._common_env(), **self.own_env}), *(["PWD"] if self.cwd else [])]
        return f'export {" ".join(env)} JOBMON_TASK_ID="$jm_task" JOBMON_TASK_INSTANCE_ID="$jm_id"\n'

    def _enter(self, container: Mapping[str, Any]) -> str:
        names = (*self._common_env(), "JOBMON_TASK_ID", "JOBMON_TASK_INSTANCE_ID", *self.own_env)
        prefixed = {
            runtime: " ".join(f'{runtime.upper()}ENV_{name}="${name}"' for name in names)
            for runtime in ("apptainer", "singularity")
        }
        words = " ".join(map(quoted, (*container["args"], container["image"])))
        return filled(parts.CONTAINER, words=words, **prefixed)

    def _common_env(self) -> dict[str, str]:
        """What is the same for all of the batch's commands."""
        attempt = self.batch.attempts[self.piece.first]
        env = {**self.batch.environment(attempt), "JOBMON_BATCH": self.batch.token}
        return {name: value for name, value in env.items() if name not in _OF_AN_ATTEMPT}

    def _is_long(self) -> bool:
        runtime = self._runtime()
        return runtime is None or runtime >= _LONG

    def _signals(self) -> list[str]:
        """Signals that are passed on to the command: the usual ones, and the one that sbatch was asked to send."""
        asked = _signal_asked_for(self.extra.get("signal"))
        return [*_PASSED_ON, *([asked] if asked and asked not in _NOT_PASSED_ON else [])]

    def _runtime(self) -> float | None:
        runtime = self.batch.resources.runtime
        return runtime.seconds if runtime else None


_OF_AN_ATTEMPT: Final = ("JOBMON_TASK_ID", "JOBMON_TASK_INSTANCE_ID")


def _script(*parts: str) -> str:
    """In braces, because a shell runs what it has read: of a script that was cut short on its way, nothing."""
    return "#!/bin/sh\n{\n" + with_returns("".join(parts)) + "}\n"


def _exportable(env: dict[str, str]) -> dict[str, str]:
    for name in env:
        if not _NAME.fullmatch(name) or name.startswith("jm_"):
            raise SubmissionRefused(
                f"env has a variable {name!r}, which no shell can export, or which is ours.",
                remedy="Use letters, digits and underscores in names of variables, and not jm_ at their beginning.",
            )
    return env


def _container_of(extra: Mapping[str, Any]) -> dict[str, Any] | None:
    image, args = extra.get("container_image"), extra.get("container_args") or []
    if image in (None, ""):
        return None
    if _is_word(image) and isinstance(args, list) and all(map(_is_word, args)):
        return {"image": image, "args": args}
    raise SubmissionRefused(
        f"container_image is {image!r} and container_args are {args!r}, which are no words of a command.",
        remedy="Write them as text and as a list of texts, such as container_args: ['--bind', '/data'].",
    )


def _is_word(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value


def _signal_asked_for(asked: Any) -> str | None:
    """The signal that sbatch is to send to the batch shell, which is ours.

    >>> _signal_asked_for("B:USR1@60"), _signal_asked_for("WINCH@60"), _signal_asked_for("RB:10@60")
    ('USR1', None, '10')
    """
    found = _SIGNAL.fullmatch(asked) if isinstance(asked, str) else None
    if found is None or "B" not in found["to"].upper():
        return None
    return found["signal"].upper().removeprefix("SIG")
