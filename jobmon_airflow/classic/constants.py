"""Statuses by all the names that Jobmon has given them; what they stand for are today's letters.

>>> TaskStatus.QUEUED_FOR_INSTANTIATION, TaskStatus.QUEUED
(<TaskStatus.QUEUED: 'Q'>, <TaskStatus.QUEUED: 'Q'>)
>>> WorkflowRunStatus.DONE == "D"
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow import states

if TYPE_CHECKING:
    from jobmon_airflow.states import Status


def _also(today: type[Status], **older: str) -> Any:
    """Today's names, and older ones for the same."""
    return type(
        today.__name__,
        (),
        {
            "__doc__": today.__doc__,
            **today.__members__,
            **{name: today[same] for name, same in older.items()},
        },
    )


TaskStatus: Final = _also(
    states.TaskStatus,
    REGISTERED="REGISTERING",
    QUEUED_FOR_INSTANTIATION="QUEUED",
    INSTANTIATED="INSTANTIATING",
)
TaskInstanceStatus: Final = _also(
    states.TaskInstanceStatus,
    SUBMITTED_TO_BATCH_EXECUTOR="LAUNCHED",
    SUBMITTED_TO_BATCH_DISTRIBUTOR="LAUNCHED",
    NO_EXECUTOR_ID="NO_DISTRIBUTOR_ID",
    UNKNOWN="UNKNOWN_ERROR",
)
WorkflowStatus: Final = _also(
    states.WorkflowStatus, REGISTERED="REGISTERING", BOUND="QUEUED", CREATED="QUEUED", SUSPENDED="HALTED"
)
WorkflowRunStatus: Final = _also(states.WorkflowRunStatus)
#: what `run` of 1.x returned
DagExecutionStatus: Final = _also(
    states.WorkflowRunStatus, SUCCEEDED="DONE", FAILED="ERROR", STOPPED_BY_USER="STOPPED"
)
