"""What sbatch is asked for: a request of a task, in the long options of https://slurm.schedmd.com/sbatch.html.

Options are an allow-list. Some are refused whoever allows them: with them a command could run twice, or we would lose
sight of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.distributors.places import STDERR, STDOUT, WORKING_DIR
from jobmon_airflow.errors import InvalidUnits, SubmissionRefused
from jobmon_airflow.units import Memory

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from jobmon_airflow.resources import Resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What is asked where a task does not say, and which options tasks may use besides the usual ones."""

    queue: str | None = None
    account: str | None = None
    reservation: str | None = None
    options: Collection[str] = ()


NO_DEFAULTS: Final = Defaults()

#: Keys of a request that are not Slurm's: they say how the job's script is to run the command.
OURS: Final = frozenset({*STDOUT, *STDERR, *WORKING_DIR, "env", "pack", "container_image", "container_args"})

_OTHER_NAMES: Final = {"project": "account", "constraints": "constraint"}

_WORDS: Final = (
    "account acctg-freq begin bb bbf cluster-constraint constraint contiguous core-spec cores-per-socket cpu-freq "
    "cpus-per-gpu deadline delay-boot distribution exclude exclusive extra-node-info gpu-bind gpu-freq gpus "
    "gpus-per-node gpus-per-socket gpus-per-task gres gres-flags hint licenses mail-type mail-user mcs-label "
    "mem-bind mem-per-cpu mem-per-gpu mincpus network nice nodelist nodes ntasks ntasks-per-core ntasks-per-gpu "
    "ntasks-per-node ntasks-per-socket overcommit oversubscribe power prefer priority profile propagate qos reboot "
    "reservation resv-ports segment signal sockets-per-node spread-job switches thread-spec threads-per-core tmp "
    "tres-bind tres-per-task use-min-nodes wait-all-nodes wckey"
)
_USUAL: Final = frozenset(_WORDS.split())

# May stand without a value. For all others, True would be a mistake.
_MAY_STAND_ALONE: Final = (
    "contiguous exclusive nice overcommit oversubscribe propagate reboot resv-ports spread-job use-min-nodes"
)
_FLAGS: Final = frozenset(_MAY_STAND_ALONE.split())
_SIZES: Final = frozenset({"mem-per-cpu", "mem-per-gpu", "tmp"})
_JOINED_BY: Final = {"constraint": "&", "prefer": "&"}  # all others by commas

_BY_US: Final = "Leave it out: jobs are made, named and found again by it."
_NEVER: Final = {
    **dict.fromkeys(("array", "job-name", "comment", "parsable", "wrap", "batch", "wait"), _BY_US),
    **dict.fromkeys(("test-only", "help", "usage", "version", "quiet", "verbose", "ignore-pbs"), _BY_US),
    **dict.fromkeys(
        ("requeue", "no-requeue"), "Leave it out: failed tasks are tried again as max_attempts says."
    ),
    **dict.fromkeys(
        ("dependency", "kill-on-invalid-dep", "no-kill", "hold"),
        "Leave it out, and let the task depend on others with upstream_tasks.",
    ),
    **dict.fromkeys(("export", "export-file", "get-user-env"), "Use env, such as env: {'NAME': 'value'}."),
    **dict.fromkeys(
        ("clusters", "cluster"), "Name the cluster as cluster_name; every Slurm cluster is one of its own."
    ),
    **dict.fromkeys(("uid", "gid"), "Leave it out: jobs run as the user who submits them."),
    **dict.fromkeys(("output", "open-mode"), "Use stdout, the folder for what commands print."),
    "error": "Use stderr, the folder for what commands print on it.",
    "input": "Let the command read its file, such as 'fit < data.csv'.",
    "chdir": "Use working_dir.",
    "cpus-per-task": "Use cores.",
    "mem": "Use memory.",
    "time": "Use runtime.",
    "time-min": "Use runtime, and resource_scales for retries that need more.",
    "partition": "Use queue.",
}


def options_of(
    asked: Resources,
    defaults: Defaults = NO_DEFAULTS,
    *,
    runtime: float | None = None,
    log_folder: str | None = None,
) -> dict[str, str | None]:
    """The options for a request; None for those without a value.

    ``runtime`` is the whole job's, in seconds, if that is not a task's own; ``log_folder`` is where Slurm's own
    log goes, in which it says what it did to the job.
    """
    options = _amounts(asked, runtime)
    if queue := asked.queue or defaults.queue:
        options["partition"] = _text("queue", queue)
    options |= {name: value for name, value in _defaults(defaults) if value}
    options |= _further(asked.extra, frozenset(map(_spelled, defaults.options)))
    _check_memory_is_said_once(options)
    if log_folder is not None:
        options["output"] = f"{log_folder.replace('%', '%%')}/scheduler-%N.log"
    return {**options, "no-requeue": None, "open-mode": "append"}


def _amounts(asked: Resources, runtime: float | None) -> dict[str, str | None]:
    """Slurm counts memory in MiB, which it calls M, and time in minutes."""
    options: dict[str, str | None] = {"cpus-per-task": str(asked.cores or 1)}
    if asked.memory is not None:
        options["mem"] = f"{asked.memory.mebibytes_up()}M"
    seconds = runtime if runtime is not None else asked.runtime.seconds if asked.runtime else None
    if seconds is not None:
        options["time"] = str(max(1, ceil(seconds / 60)))
    return options


def _defaults(defaults: Defaults) -> Iterator[tuple[str, str | None]]:
    yield "account", defaults.account and _text("account", defaults.account)
    yield "reservation", defaults.reservation and _text("reservation", defaults.reservation)


def _further(extra: Mapping[str, Any], allowed: Collection[str]) -> dict[str, str | None]:
    options: dict[str, str | None] = {}
    for key, value in extra.items():
        if key in OURS:
            continue
        name = _option(key, allowed)
        if value is None or value is False or value in ("", []):
            continue
        said = None if value is True and _is_flag(name) else _value(key, name, value)
        if options.setdefault(name, said) != said:
            raise SubmissionRefused(
                f"--{name} is asked for twice, as {options[name]!r} and as {said!r}.",
                remedy=f"Leave one of them out: {', '.join(other for other in extra if _named(other) == name)}.",
            )
    return options


def _option(key: str, allowed: Collection[str]) -> str:
    name = _named(key)
    if name in _NEVER:
        raise SubmissionRefused(f"'{key}' is not for tasks to choose.", remedy=_NEVER[name])
    if name in _USUAL or name in allowed:
        return name
    close = get_close_matches(name, (*_USUAL, *allowed, *OURS), n=1)
    raise SubmissionRefused(
        f"'{key}' is no option of sbatch that tasks may use.",
        remedy=f"Did you mean '{close[0]}'?"
        if close
        else "Leave it out, or name it under the options of the cluster's connection.",
    )


def _named(key: str) -> str:
    name = _spelled(key)
    return _OTHER_NAMES.get(name, name)


def _spelled(name: str) -> str:
    return name.strip().lstrip("-").replace("_", "-").lower()


def _is_flag(name: str) -> bool:
    return name in _FLAGS or name not in _USUAL


def _value(key: str, name: str, value: Any) -> str:
    match value:
        case _ if name in _SIZES:
            return _size(key, value)
        case bool() | dict():
            raise _means_nothing(key, value)
        case list():
            return _JOINED_BY.get(name, ",").join(_text(key, item) for item in value)
        case _:
            return _text(key, value)


def _size(key: str, value: Any) -> str:
    try:
        return f"{Memory.parse(value).mebibytes_up()}M"
    except InvalidUnits as error:
        raise SubmissionRefused(f"{key}: {error.problem}", remedy=error.remedy) from error


def _text(key: str, value: Any) -> str:
    """A value as one word of a command line, which it cannot leave."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _means_nothing(key, value)
    text = str(value).strip()
    if text and text.isprintable():
        return text
    raise _means_nothing(key, value)


def _means_nothing(key: str, value: Any) -> SubmissionRefused:
    return SubmissionRefused(
        f"{key} is {value!r}, which cannot be the value of an option.",
        remedy=f"Write text without line breaks, a number, or a list of these, or leave {key} out.",
    )


def _check_memory_is_said_once(options: Mapping[str, str | None]) -> None:
    said = [name for name in ("mem", "mem-per-cpu", "mem-per-gpu") if name in options]
    if len(said) > 1:
        raise SubmissionRefused(
            f"Memory is asked for twice: {', '.join(f'--{name}={options[name]}' for name in said)}.",
            remedy="Use memory alone: it is what grows when a task had too little of it.",
        )
