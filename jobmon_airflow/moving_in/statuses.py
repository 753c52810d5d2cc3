"""How what was brought stands here: as it stood there if it was over, and else as what nobody works on any more.

Only workflows that nobody runs there are brought. So what was under way belongs to a client that is gone: its runs have
ended, its attempts are lost, and its tasks wait for a resume.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from jobmon_airflow.states import (
    OLDER_LETTERS,
    Status,
    TaskInstanceStatus,
    TaskStatus,
    WorkflowRunStatus,
    WorkflowStatus,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

S = TypeVar("S", bound=Status)

#: Letters of runs that a client may be at work for; I and O, which Jobmon does not count, are among them.
ALIVE: Final = [str(status) for status in WorkflowRunStatus if status.is_alive]

_RESTING: Final = frozenset(
    {WorkflowStatus.DONE, WorkflowStatus.FAILED, WorkflowStatus.ABORTED, WorkflowStatus.HALTED}
)
_BEFORE_TASKS: Final = frozenset({WorkflowRunStatus.REGISTERED, WorkflowRunStatus.LINKING})
_LETTERS: Final[Mapping[type[Status], Mapping[str, Status]]] = {
    kind: {str(status): status for status in kind} | dict(OLDER_LETTERS.get(kind, {}))
    for kind in (TaskStatus, TaskInstanceStatus, WorkflowRunStatus, WorkflowStatus)
}
_MAKING_WAY: Final = frozenset({WorkflowRunStatus.COLD_RESUME, WorkflowRunStatus.HOT_RESUME})


def of_task(letter: str) -> TaskStatus:
    """How a task stands.

    >>> of_task("D"), of_task("R")
    (<TaskStatus.DONE: 'D'>, <TaskStatus.REGISTERING: 'G'>)
    """
    status = _known(TaskStatus, letter)
    return status if status is not None and status.is_final else TaskStatus.REGISTERING


def of_change(letter: str | None) -> TaskStatus | None:
    """What a task came from, or went to; before the first change it was registered."""
    return TaskStatus.REGISTERING if letter is None else _known(TaskStatus, letter)


def of_attempt(letter: str) -> TaskInstanceStatus:
    """How an attempt ended."""
    status = _known(TaskInstanceStatus, letter)
    return status if status is not None and status.is_final else TaskInstanceStatus.UNKNOWN_ERROR


def of_run(letter: str) -> WorkflowRunStatus:
    """How a run ended."""
    status = _known(WorkflowRunStatus, letter)
    if status is None or status.is_final:
        return status or WorkflowRunStatus.ERROR
    if status in _BEFORE_TASKS:
        return WorkflowRunStatus.ABORTED
    return WorkflowRunStatus.TERMINATED if status in _MAKING_WAY else WorkflowRunStatus.ERROR


def of_workflow(letter: str, runs: Collection[object]) -> WorkflowStatus:
    """How a workflow with these runs stands; one that was never run can be run."""
    status = _known(WorkflowStatus, letter)
    if status in _RESTING:
        assert status is not None
        return status
    return WorkflowStatus.FAILED if runs else WorkflowStatus.REGISTERING


def was_under_way(kind: type[Status], letter: str) -> bool:
    """Whether something had begun that nobody saw the end of."""
    status = _known(kind, letter)
    return status is None or not (status.is_final or status is TaskStatus.REGISTERING)  # type: ignore[attr-defined]


def _known(kind: type[S], letter: str) -> S | None:
    found = _LETTERS[kind].get(letter)
    return found if isinstance(found, kind) else None
