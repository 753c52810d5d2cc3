"""``task update``: tasks that count as done, or run again, as people order it for many at once."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.cli.orders import told
from jobmon_airflow.client import registry
from jobmon_airflow.engine import claims, ordering, ownership
from jobmon_airflow.errors import InvalidQuestion, WorkflowNotResumable
from jobmon_airflow.settings import user_name
from jobmon_airflow.states import TaskStatus, WorkflowRunStatus
from jobmon_airflow.view import orders, origins

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection, Row

    from jobmon_airflow.cli.answers import Answer
    from jobmon_airflow.engine.ownership import Permit
    from jobmon_airflow.store.database import Database

MOST: Final = 10_000  #: tasks that are changed at once, unless somebody insists
_LOOK: Final = 0.5  # seconds

# F: what Jobmon 2 called it when tasks, and all that depends on them, are to run again.
_MEANT: Final = {
    **dict.fromkeys(("D", "DONE"), TaskStatus.DONE),
    **dict.fromkeys(("G", "REGISTERED", "REGISTERING", "F", "FATAL"), TaskStatus.REGISTERING),
}


def update(
    task_ids: Collection[int],
    *,
    status: str,
    workflow_id: int | None = None,
    force: bool = False,
    recursive: bool = False,
    patience: float = 300,
    database: str | None = None,
) -> Answer:
    """Let tasks count as done (D), or let them run again with all that depends on them (G).

    Whoever asks must have run the workflow, and nobody may be running it; with ``force`` its run is ended first. A
    ``recursive`` D is also for all that the tasks depend on.
    """
    meant = _meant(status)
    if recursive and not force:
        raise InvalidQuestion(
            "--recursive changes tasks that were not named.", remedy="If that is meant, add --force."
        )
    store, user, permit = registry.database(database), user_name(), ownership.who_ran_it(user_name())
    number = _workflow(store, task_ids) if workflow_id is None else workflow_id
    if force:
        _end_its_run(store, number, task_ids, permit, patience)
    most = None if force else MOST
    if meant is TaskStatus.DONE:
        return told(
            orders.mark_tasks_done(
                store, number, task_ids, user, upstream=recursive, at_most=most, permit=permit
            )
        )
    return told(orders.run_tasks_again(store, number, task_ids, user, at_most=most, permit=permit))


def _meant(status: str) -> TaskStatus:
    if found := _MEANT.get(status.upper()):
        return found
    raise InvalidQuestion(
        f"No task can be made '{status[:80]}'.",
        remedy="D lets tasks count as done; G lets them run again, with all that depends on them.",
    )


def _workflow(store: Database, task_ids: Collection[int]) -> int:
    """The workflow of the first task, which must be that of the others too."""
    with store.read() as connection:
        return origins.workflow_of_task(connection, next(iter(task_ids)))


def _end_its_run(
    store: Database, workflow_id: int, task_ids: Collection[int], permit: Permit, patience: float
) -> None:
    """End the run of a workflow that has these tasks, and what it runs, and wait until it is over."""

    def told_to_leave(connection: Connection) -> Row[Any] | None:
        permit(connection, workflow_id)
        ordering.require_tasks(connection, workflow_id, task_ids)
        run = claims.ask_to_leave(connection, workflow_id, True, datetime.now(UTC))
        return None if run is None or WorkflowRunStatus.of(run.status).is_final else run

    until = time.monotonic() + patience
    while (run := store.write(told_to_leave)) is not None:
        if time.monotonic() >= until:
            raise WorkflowNotResumable(
                f"Run {run.id} of workflow {workflow_id} was told to end, and has not within {patience:g} seconds.",
                remedy="Nothing was changed. Wait for its end, and try again; or give it more time: --patience.",
            )
        time.sleep(_LOOK)
