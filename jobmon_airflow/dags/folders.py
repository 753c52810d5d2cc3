"""Where the logs of a task instance are kept on the machine that runs its commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobmon_airflow import settings

if TYPE_CHECKING:
    from pathlib import Path

    from jobmon_airflow.store.airflow_tasks import Place


def log_folder(place: Place, root: Path | None = None) -> Path:
    """The folder of a task instance, which others do not share; below the root of all logs unless another is named."""
    index = [] if place.map_index < 0 else [str(place.map_index)]
    parts = (place.dag_id, place.run_id, place.task_id, *index)
    return (root or settings.engine_log_folder()).joinpath(*map(_as_name, parts))


def _as_name(part: str) -> str:
    """A folder's name that leads nowhere else."""
    name = "".join(letter if letter.isalnum() or letter in "-_.~:+=@" else "_" for letter in part)
    return f"_{name}" if name.startswith((".", "~")) else name
