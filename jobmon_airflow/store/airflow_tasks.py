"""Airflow's task instances that act for workflows: which try of them may act, through which process, and how it ended.

Airflow may start a new try of a task while an earlier one is still at work: after a clear, after a network that was
down for a while, or because a process was taken for dead. Whoever wants to act claims the row first; the newest try has
it, and every earlier one learns that it was superseded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from jobmon_airflow.store import sets
from jobmon_airflow.store.schema import airflow_task

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from sqlalchemy import Connection, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where Airflow keeps a task instance."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1

    def __str__(self) -> str:
        index = "" if self.map_index < 0 else f"[{self.map_index}]"
        return f"{self.dag_id}.{self.task_id}{index} of run {self.run_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One try of a task instance."""

    place: Place
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a try finds when it begins to act."""

    is_superseded: bool  #: a later try acts already
    is_heeded: bool = True  #: the workflow has taken notice of this try
    workflow_run_id: int | None = None  #: the run that was begun last for this place
    outcome: str | None = None  #: of this very try, if it has ended


def claim(connection: Connection, this: Try, at: datetime, *, repeats: bool = False) -> Claim:
    """Let this try act for its place, and no earlier one any more.

    It needs no notice if the try before it came to its end: nothing of that is left, unless its work is to be done
    once more.
    """
    found = _entered(connection, this, at)
    if found.try_number > this.number:
        return Claim(is_superseded=True)
    is_new = found.try_number < this.number
    needs_no_notice = is_new and found.outcome is not None and not repeats
    heeded = this.number if needs_no_notice else found.heeded
    if is_new:
        _begin(connection, found.id, this, at, heeded=heeded)
    return Claim(
        is_superseded=False,
        is_heeded=heeded == this.number,
        workflow_run_id=found.workflow_run_id,
        outcome=None if is_new else found.outcome,
    )


def claim_mirror(connection: Connection, this: Try, at: datetime) -> Claim:
    """Let this try mirror a template, and no earlier one any more.

    A mirror that had come to its end begins again because a person cleared it. The workflow must take notice of that.
    """
    found = _entered(connection, this, at)
    if found.try_number > this.number:
        return Claim(is_superseded=True)
    is_new = found.try_number < this.number
    heeded = this.number if is_new and found.outcome is None else found.heeded
    if is_new:
        _begin(connection, found.id, this, at, heeded=heeded)
    return Claim(is_superseded=False, is_heeded=heeded == this.number)


def heed(connection: Connection, place: Place, number: int, at: datetime) -> None:
    """Note that the workflow has taken notice of this try."""
    found = _locked(connection, place)
    if found is not None and found.heeded < number:
        _change(connection, found.id, at, heeded=number)


def act_through(
    connection: Connection,
    this: Try,
    engine: str,
    until: datetime,
    at: datetime,
    *,
    is_gone: Callable[[str], bool] = lambda _: False,
) -> bool:
    """Let a process act for the try, unless another one does; False if it may not.

    A process that ``is_gone`` acts for nobody, although it said lately that it would be heard of again.
    """
    found = _locked(connection, this.place)
    if found is None or found.try_number != this.number:
        return False
    if is_attended(found, at) and found.engine != engine and not is_gone(found.engine):
        return False
    _change(connection, found.id, at, engine=engine, heartbeat_date=until)
    return True


def beat(connection: Connection, this: Try, engine: str, until: datetime) -> bool:
    """Say that the process is well; False if it no longer acts for the place."""
    table = airflow_task
    result = connection.execute(
        update(table)
        .where(*_at(this.place), table.c.try_number == this.number, table.c.engine == engine)
        .values(heartbeat_date=until)
    )
    return result.rowcount == 1


def note(connection: Connection, this: Try, at: datetime, **values: Any) -> bool:
    """Note what is known of the try (workflow_id, workflow_run_id, heeded, outcome); False if it was superseded."""
    found = _locked(connection, this.place)
    if found is None or found.try_number != this.number:
        return False
    _change(connection, found.id, at, **values)
    return True


def row(connection: Connection, place: Place) -> Row[Any] | None:
    """What is known of a place."""
    return connection.execute(select(airflow_task).where(*_at(place))).first()


def of_run(connection: Connection, dag_id: str, run_id: str) -> list[Row[Any]]:
    """All task instances of a DAG run that act for workflows."""
    query = select(airflow_task).where(airflow_task.c.dag_id == dag_id, airflow_task.c.run_id == run_id)
    return list(connection.execute(query.order_by(airflow_task.c.id)))


def is_attended(found: Row[Any], at: datetime) -> bool:
    """Whether a process that acts for the place was heard of in time."""
    return found.outcome is None and found.heartbeat_date is not None and found.heartbeat_date >= at


def of_workflow_runs(
    connection: Connection, run_ids: Collection[int], limit: int
) -> dict[int, list[Row[Any]]]:
    """The tasks that acted for runs of workflows, by run; of each so many, the first ones."""
    rank = func.row_number().over(partition_by=airflow_task.c.workflow_run_id, order_by=airflow_task.c.id)
    ranked = (
        select(airflow_task, rank.label("place"))
        .where(sets.among(airflow_task.c.workflow_run_id, sorted(run_ids)))
        .subquery()
    )
    found: dict[int, list[Row[Any]]] = {}
    for row in connection.execute(select(ranked).where(ranked.c.place <= limit).order_by(ranked.c.id)):
        found.setdefault(row.workflow_run_id, []).append(row)
    return found


def _entered(connection: Connection, this: Try, at: datetime) -> Row[Any]:
    """The place's row, which is there now; its first try is not the work of somebody who cleared it."""
    place = this.place
    sets.insert(
        connection,
        airflow_task,
        ("dag_id", "run_id", "task_id", "map_index", "try_number", "heeded"),
        [(place.dag_id, place.run_id, place.task_id, place.map_index, this.number, this.number)],
        constants={"created_date": at, "status_date": at},
        keep_existing=True,
    )
    found = _locked(connection, place)
    assert found is not None
    return found


def _begin(connection: Connection, row_id: int, this: Try, at: datetime, *, heeded: int) -> None:
    nobody = {"engine": None, "heartbeat_date": None, "outcome": None}
    _change(connection, row_id, at, try_number=this.number, heeded=heeded, **nobody)


def _locked(connection: Connection, place: Place) -> Row[Any] | None:
    return connection.execute(select(airflow_task).where(*_at(place)).with_for_update()).first()


def _change(connection: Connection, row_id: int, at: datetime, **values: Any) -> None:
    connection.execute(
        update(airflow_task).where(airflow_task.c.id == row_id).values(status_date=at, **values)
    )


def _at(place: Place) -> tuple[Any, ...]:
    table = airflow_task
    return (
        table.c.dag_id == place.dag_id,
        table.c.run_id == place.run_id,
        table.c.task_id == place.task_id,
        table.c.map_index == place.map_index,
    )
