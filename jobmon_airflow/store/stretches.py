"""Where the tasks of each template and status lie among a workflow's: which of them is the first, which the last.

The index has them in this order, so that one question finds all that there are without looking at any task between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import bindparam, select, true

from jobmon_airflow.store.schema import array, task, task_status

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection


class Stretch(NamedTuple):
    """The ids of the first and the last task of an array that have a status."""

    workflow_id: int
    array_id: int
    status: str
    first: int
    last: int

    @property
    def place(self) -> dict[str, Any]:
        """The parameters of `THERE`."""
        return {"workflow": self.workflow_id, "array": self.array_id, "letter": self.status}


#: Whether a task is one of a stretch, for statements that are built once.
THERE: Final = (
    task.c.workflow_id == bindparam("workflow"),
    task.c.array_id == bindparam("array"),
    task.c.status == bindparam("letter"),
)


def _end(order: ColumnElement[int]) -> ColumnElement[int]:
    there = (
        task.c.workflow_id == array.c.workflow_id,
        task.c.array_id == array.c.id,
        task.c.status == task_status.c.id,
        task.c.id > bindparam("after"),
    )
    return select(task.c.id).where(*there).order_by(order).limit(1).scalar_subquery()


_STRETCHES: Final = (
    select(array.c.workflow_id, array.c.id, task_status.c.id, _end(task.c.id.asc()), _end(task.c.id.desc()))
    .select_from(array)
    .join(task_status, true())
    .where(array.c.workflow_id == bindparam("workflow"))
)


def of_workflow(connection: Connection, workflow_id: int, *, after: int = 0) -> list[Stretch]:
    """Those of a workflow in which there is a task with a larger id than ``after``; they begin behind it."""
    rows = connection.execute(_STRETCHES, {"workflow": workflow_id, "after": after})
    return [each for each in map(Stretch._make, rows.all()) if each.first is not None]
