"""A submission as slurmrestd takes it: sbatch's options have other names there, and other units. Pure.

https://slurm.schedmd.com/rest_api.html#slurmV0038PostJobSubmit and its successors.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.distributors.slurm.reading import seconds, size
from jobmon_airflow.errors import SubmissionRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobmon_airflow.distributors.slurm.seam import Submission

_FIRST_WITH_LISTS: Final = 39  #: v0.0.39 takes lists where v0.0.38 took structures and words


def _minutes(written: str) -> int:
    found = seconds(written)
    if found is None:
        raise SubmissionRefused(
            f"'{written}' is no time limit.", remedy="Write the runtime as minutes, H:MM:SS or D-HH:MM:SS."
        )
    return ceil(found / 60)


def _mebibytes(written: str) -> int:
    found = size(written.upper().removesuffix("B"), unit="M")
    if found is None:
        raise SubmissionRefused(f"'{written}' is no memory size.", remedy="Write a number and M or G.")
    return ceil(found / 2**20)


def _whole(written: str) -> int:
    if not written.lstrip("-").isdigit():
        raise SubmissionRefused(f"'{written}' is no whole number.", remedy="Write a whole number.")
    return int(written)


def _words(written: str) -> list[str]:
    return [word for word in written.split(",") if word]


#: sbatch's options: the names here, and how the values are read. None: as they are.
_FIELDS: Final[dict[str, tuple[str, Callable[[str], Any] | None]]] = {
    "account": ("account", None),
    "begin": ("begin_time", _whole),
    "comment": ("comment", None),
    "constraint": ("constraints", None),
    "cpus-per-gpu": ("cpus_per_gpu", None),
    "cpus-per-task": ("cpus_per_task", _whole),
    "dependency": ("dependency", None),
    "distribution": ("distribution", None),
    "error": ("standard_error", None),
    "exclude": ("excluded_nodes", _words),
    "exclusive": ("exclusive", None),
    "gpus": ("gpus", None),
    "gpus-per-node": ("gpus_per_node", None),
    "gpus-per-socket": ("gpus_per_socket", None),
    "gpus-per-task": ("gpus_per_task", None),
    "gres": ("gres", None),
    "input": ("standard_input", None),
    "licenses": ("licenses", None),
    "mail-type": ("mail_type", None),
    "mail-user": ("mail_user", None),
    "mem": ("memory_per_node", _mebibytes),
    "mem-per-cpu": ("memory_per_cpu", _mebibytes),
    "mem-per-gpu": ("memory_per_gpu", _mebibytes),
    "mincpus": ("minimum_cpus_per_node", _whole),
    "nice": ("nice", _whole),
    "nodelist": ("required_nodes", _words),
    "ntasks": ("tasks", _whole),
    "ntasks-per-core": ("tasks_per_core", _whole),
    "ntasks-per-node": ("tasks_per_node", _whole),
    "ntasks-per-socket": ("tasks_per_socket", _whole),
    "open-mode": ("open_mode", None),
    "output": ("standard_output", None),
    "partition": ("partition", None),
    "prefer": ("prefer", None),
    "priority": ("priority", _whole),
    "qos": ("qos", None),
    "reservation": ("reservation", None),
    "signal": ("signal", None),
    "threads-per-core": ("threads_per_core", _whole),
    "time": ("time_limit", _minutes),
    "time-min": ("time_minimum", _minutes),
    "wckey": ("wckey", None),
}
_FLAGS: Final = {
    "hold": ("hold", True),
    "no-requeue": ("requeue", False),
    "requeue": ("requeue", True),
    "oversubscribe": ("oversubscribe", True),
    "exclusive": ("exclusive", "true"),
    "spread-job": ("spread_job", True),
}
_NOT_IN_38: Final = frozenset({"excluded_nodes", "required_nodes"})
_LATER_NAMES: Final = {
    "gres": "tres_per_node",
    "gpus": "tres_per_job",
    "gpus_per_node": "tres_per_node",
    "gpus_per_socket": "tres_per_socket",
    "gpus_per_task": "tres_per_task",
}
_LISTS_LATER: Final = frozenset({"mail_type"})


def body(submission: Submission, version: int) -> dict[str, Any]:
    """What to post. ``version`` is 38 of v0.0.38."""
    job: dict[str, Any] = {
        "name": submission.name,
        "current_working_directory": submission.working_dir,
        "environment": _environment(submission, version),
    }
    if submission.is_array:
        throttle = f"%{submission.throttle}" if submission.throttle else ""
        job["array"] = f"0-{submission.size - 1}{throttle}"
    for name, value in submission.options.items():
        field, said = _field(name, value, version)
        job[field] = said
    return {"script": submission.script, "job": job}


def _environment(submission: Submission, version: int) -> Any:
    # It must not be empty.
    environment = dict(submission.environment) or {"JOBMON": "1"}
    if version < _FIRST_WITH_LISTS:
        return environment
    return [f"{name}={value}" for name, value in environment.items()]


def _field(name: str, value: str | None, version: int) -> tuple[str, Any]:
    if value is None:
        if name not in _FLAGS:
            raise _unknown(name)
        return _FLAGS[name]
    if name not in _FIELDS:
        raise _unknown(name)
    field, read = _FIELDS[name]
    if version < _FIRST_WITH_LISTS:
        if field in _NOT_IN_38:
            raise _unknown(name)
        return field, value if read is None else read(value)
    return _later(name, field, value if read is None else read(value))


def _later(name: str, field: str, value: Any) -> tuple[str, Any]:
    if field in _LATER_NAMES:
        gres = value if name == "gres" else f"gpu:{value}"
        return _LATER_NAMES[field], ",".join(f"gres/{each}" for each in str(gres).split(","))
    return field, _words(str(value)) if field in _LISTS_LATER else value


def _unknown(name: str) -> SubmissionRefused:
    return SubmissionRefused(
        f"slurmrestd has no word for sbatch's --{name}.",
        remedy="Leave it out, or reach the cluster by its commands, here or over ssh.",
    )
