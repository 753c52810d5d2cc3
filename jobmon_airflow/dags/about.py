"""What a workflow may know of the DAG run that it is built for, in a worker and in an engine beside a triggerer.

It is plain data, since it has to travel from one process to another.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context

    from jobmon_airflow.store.airflow_tasks import Try

#: moments, which travel as texts
MOMENTS: Final = ("logical_date", "data_interval_start", "data_interval_end", "run_after")


def about(context: Context) -> dict[str, Any]:
    """What is known of the DAG run in whose context a task runs."""
    dag_run: Any = context["dag_run"]
    day = dag_run.logical_date or dag_run.run_after
    return {
        "dag_id": dag_run.dag_id,
        "run_id": dag_run.run_id,
        "run_type": str(getattr(dag_run.run_type, "value", dag_run.run_type)),
        "conf": dict(dag_run.conf or {}),
        "params": _plain(context["params"]),
        "ds": f"{day:%Y-%m-%d}",
        **{name: getattr(dag_run, name) for name in MOMENTS},
    }


def packed(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The same, as JSON can carry it."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in facts.items()
    }


def unpacked(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The same, as it was before it was packed."""
    return {
        name: datetime.fromisoformat(value) if name in MOMENTS and value else value
        for name, value in facts.items()
    }


def this_try(task_instance: Any) -> Try:
    """The try that a task instance is at."""
    from jobmon_airflow.store.airflow_tasks import Place, Try

    index = task_instance.map_index
    place = Place(
        dag_id=task_instance.dag_id,
        run_id=task_instance.run_id,
        task_id=task_instance.task_id,
        map_index=-1 if index is None else index,
    )
    return Try(place=place, number=task_instance.try_number)


def _plain(params: Any) -> dict[str, Any]:
    return dict(params.dump() if hasattr(params, "dump") else params)
