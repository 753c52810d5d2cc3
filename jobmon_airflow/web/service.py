"""What the pages show, from the database. No web framework, and no Airflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jobmon_airflow.dags.names import dag_id_of
from jobmon_airflow.engine import standing
from jobmon_airflow.store import airflow_tasks, overviews

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Row

    from jobmon_airflow.engine.standing import Standing
    from jobmon_airflow.store.database import Database

LATEST: Final = 25  #: workflows on the first page


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A workflow, and the DAGs whose readers may see it: its family's, and those that ran it."""

    workflow: Standing
    dag_ids: frozenset[str]
    account: str = ""  #: what is done and what failed, in words


def latest(database: Database) -> list[Shown]:
    """The latest workflows, newest first."""
    with database.read() as connection:
        found = standing.latest(connection, LATEST)
        return _shown(connection, found)


def workflow(database: Database, workflow_id: int) -> Shown:
    """One workflow, with its account; an error if there is none of this id."""
    with database.read() as connection:
        found = standing.of_workflow(connection, workflow_id)
        account = standing.account(connection, found, f"airflow jobmon workflow resume {workflow_id}")
        [shown] = _shown(connection, [found])
    return Shown(workflow=found, dag_ids=shown.dag_ids, account=account)


def find(
    database: Database, dag_id: str, run_id: str, task_id: str | None = None, map_index: int = -1
) -> int | None:
    """The workflow that a task instance acts for; else the last one that its DAG run acts for."""
    with database.read() as connection:
        rows = [row for row in airflow_tasks.of_run(connection, dag_id, run_id) if row.workflow_id]
    own = [row for row in rows if (row.task_id, row.map_index) == (task_id, map_index)]
    return _last(own or rows)


def _last(rows: Iterable[Row[tuple[int, ...]]]) -> int | None:
    return max((row.workflow_id for row in rows), default=None)


def _shown(connection: Connection, found: list[Standing]) -> list[Shown]:
    dags = overviews.airflow_dags(connection, [each.workflow_id for each in found])
    return [
        Shown(workflow=each, dag_ids=frozenset({dag_id_of(each.tool, each.name), *dags[each.workflow_id]}))
        for each in found
    ]
