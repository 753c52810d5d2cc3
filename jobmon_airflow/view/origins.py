"""Where workflows come from: the family they belong to, and the DAGs that ran them. Their readers may see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from jobmon_airflow.errors import UnknownName
from jobmon_airflow.store import origins, overviews, workflow_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A family by tool and name, and the dag_ids of Airflow's tasks that acted for the workflow."""

    tool: str
    name: str
    dag_ids: frozenset[str]


#: Whether somebody may see the workflows that come from there.
MayRead = Callable[[Origin], bool]


def of_workflows(connection: Connection, ids: list[int]) -> dict[int, Origin]:
    """Where workflows come from, by id; without those that are not there."""
    dags = overviews.airflow_dags(connection, ids)
    return {
        each.id: Origin(tool=each.tool, name=each.name, dag_ids=frozenset(dags[each.id]))
        for each in origins.families_of(connection, ids)
    }


def of_workflow(connection: Connection, workflow_id: int) -> Origin:
    """Where a workflow comes from; an error if there is none of this id."""
    found = of_workflows(connection, [workflow_id])
    if not found:
        raise unknown("workflow", workflow_id)
    return found[workflow_id]


def workflow_of_task(connection: Connection, task_id: int) -> int:
    """The workflow that a task belongs to; an error if there is no such task."""
    found = origins.workflow_of_task(connection, task_id)
    if found is None:
        raise unknown("task", task_id)
    return found


def workflow_of_attempt(connection: Connection, attempt_id: int) -> int:
    """The workflow that an attempt (a task instance) belongs to; an error if there is no such attempt."""
    found = origins.workflow_of_attempt(connection, attempt_id)
    if found is None:
        raise unknown("attempt", attempt_id)
    return found


def unknown(what: str, number: int) -> UnknownName:
    """What whoever looks at the pages is told of an id that is not there."""
    return UnknownName(f"There is no {what} {number} in this database.", remedy="Look at all: /jobmon/")


def owner_of(connection: Connection, workflow_id: int) -> str | None:
    """Who ran a workflow last; None if nobody did."""
    return workflow_runs.last_user(connection, workflow_id)
