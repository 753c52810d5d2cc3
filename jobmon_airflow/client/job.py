"""What a running job may say of itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.client.attributes import checked_attributes
from jobmon_airflow.errors import InvalidDefinition, UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

TASK_ID: Final = "JOBMON_TASK_ID"


def add_task_attributes(
    task_attributes: Mapping[str, Any] | Iterable[str],
    task_id: int | None = None,
    *,
    database: str | None = None,
) -> None:
    """Note facts about a task, by default the one that this job runs, in place of earlier ones of these names.

    >>> add_task_attributes({"draws": 1000})
    Traceback (most recent call last):
    ...
    jobmon_airflow.errors.InvalidDefinition: No task is running here: JOBMON_TASK_ID is not set.
    Call this from a task's own command, or name a task: add_task_attributes(…, task_id=…).
    """
    from jobmon_airflow.client import registry
    from jobmon_airflow.store import attributes, tasks

    number = _running_task() if task_id is None else task_id
    facts = checked_attributes(task_attributes)

    def write(connection: Connection) -> None:
        if not tasks.lock(connection, number):
            raise UnknownName(
                f"There is no task {number} in this database.",
                remedy="Ask `jobmon db address` which database is meant; pass database=… for another.",
            )
        attributes.write(connection, "task", {number: facts})

    registry.database(database).write(write)


def _running_task() -> int:
    number = os.environ.get(TASK_ID, "")
    if not number.isdecimal():
        raise InvalidDefinition(
            f"No task is running here: {TASK_ID} is {f'{number!r}, no id' if number else 'not set'}.",
            remedy="Call this from a task's own command, or name a task: add_task_attributes(…, task_id=…).",
        )
    return int(number)
