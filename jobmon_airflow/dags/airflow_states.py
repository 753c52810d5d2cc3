"""The states that Airflow's task instances have, asked from within a worker or a triggerer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobmon_airflow.store.airflow_tasks import Place

#: Airflow expects nothing more of them.
FINAL: Final = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
#: They wait for Airflow to begin them.
WAITING: Final = frozenset({None, "scheduled", "queued", "restarting", "up_for_reschedule", "up_for_retry"})


def states_of(place: Place, task_ids: Sequence[str]) -> dict[str, str | None]:
    """The states of tasks of a DAG run; tasks that are not there are missing."""
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    found: dict[str, dict[str, Any]] = RuntimeTaskInstance.get_task_states(
        dag_id=place.dag_id, task_ids=list(task_ids), run_ids=[place.run_id]
    )
    states = found.get(place.run_id, {})
    return {name: None if state is None else str(state) for name, state in states.items()}


def state_of(place: Place) -> str | None:
    """The state of one task instance; 'removed' if there is none any more."""
    name = place.task_id if place.map_index < 0 else f"{place.task_id}_{place.map_index}"
    return states_of(place, [place.task_id]).get(name, "removed")
