"""Who is asking, and what they may see and do. What we use of Airflow's inside is imported here and nowhere else.

Dependencies for routes: `WorkflowToRead`, `TaskToRead` and `AttemptToRead` are ids of what the user may see,
`WorkflowToChange` and `TaskToChange` of what the user may act on. `MayRead` and `MayAct` decide for whatever else is
answered; Airflow is asked about each DAG once a request.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Annotated, Final, Literal
from urllib.parse import urlsplit

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep as User
from airflow.configuration import conf
from airflow.models.dag import DagModel
from fastapi import Depends, HTTPException, Path
from sqlalchemy import Connection

from jobmon_airflow.dags.names import dag_id_of
from jobmon_airflow.view import origins
from jobmon_airflow.view.origins import MayRead as ReadingRule
from jobmon_airflow.view.origins import Origin
from jobmon_airflow.web.database import Store, Tables

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "AttemptToRead",
    "MayAct",
    "MayRead",
    "MayReadDag",
    "TaskToChange",
    "TaskToRead",
    "User",
    "WorkflowToChange",
    "WorkflowToRead",
    "login_address",
    "may_trigger",
    "require_any_dag",
    "require_dag",
    "served_at",
]

ActingRule = Callable[[Origin, str | None], bool]

_READ: Final = (DagAccessEntity.RUN, DagAccessEntity.TASK_INSTANCE, DagAccessEntity.TASK_LOGS)
_NOT_SEEN: Final = "You may not see runs of this DAG. Ask who looks after this Airflow."
_NOT_CHANGED: Final = (
    "You may not change this workflow: it takes the right to edit its DAG, or to be who ran it last."
)


def require_any_dag(user: User) -> None:
    """Refuse who may not see runs of any DAG."""
    if not get_auth_manager().is_authorized_dag(method="GET", access_entity=DagAccessEntity.RUN, user=user):
        raise HTTPException(403, "You may not see runs of DAGs. Ask who looks after this Airflow.")


def require_dag(user: User, dag_id: str) -> None:
    """Refuse who may not see runs of this DAG."""
    if not _may_read(user, dag_id):
        raise HTTPException(403, _NOT_SEEN)


def may_trigger(user: User, dag_id: str) -> bool:
    """Whether somebody may start runs of a DAG."""
    return _may(user, "POST", dag_id, [DagAccessEntity.RUN])


def login_address(next_url: str) -> str:
    """Where to log in, so that one comes back to a page."""
    return str(get_auth_manager().get_url_login(next_url=next_url))


def served_at() -> str:
    """Host and port under which people know this Airflow, if anybody said so."""
    return urlsplit(conf.get("api", "base_url", fallback="") or "").netloc


# --- for routes -------------------------------------------------------------------------------------------------

_MOST: Final = 2**63 - 1  # no database has larger ids
WorkflowId = Annotated[int, Path(ge=1, le=_MOST, description="Of a workflow.")]
TaskId = Annotated[int, Path(ge=1, le=_MOST, description="Of a task.")]
AttemptId = Annotated[int, Path(ge=1, le=_MOST, description="Of an attempt at a task: a task instance.")]


# Rules are made without waiting for anything, so that none of them takes a thread.
async def _dag_rule(user: User) -> Callable[[str], bool]:
    """Whether runs of a DAG may be seen, by its id."""
    return cache(lambda dag_id: _may_read(user, dag_id))


MayReadDag = Annotated[Callable[[str], bool], Depends(_dag_rule)]


async def _reading_rule(readable: MayReadDag) -> ReadingRule:
    """Whether one of a workflow's DAGs at least may be seen, with its runs, their tasks and what these said."""
    return lambda origin: any(readable(dag_id) for dag_id in _dag_ids(origin))


MayRead = Annotated[ReadingRule, Depends(_reading_rule)]


async def _acting_rule(user: User, may_read: MayRead) -> ActingRule:
    """Whether a workflow may be changed: by the right to edit one of its DAGs, or as who ran it last."""

    def may_act(origin: Origin, owner: str | None) -> bool:
        if not may_read(origin):
            return False
        if owner is not None and owner == user.get_name():
            return True
        return any(_may(user, "PUT", dag_id, [DagAccessEntity.RUN]) for dag_id in _dag_ids(origin))

    return may_act


MayAct = Annotated[ActingRule, Depends(_acting_rule)]


def _workflow_to_read(workflow_id: WorkflowId, may_read: MayRead, tables: Tables) -> int:
    if not may_read(origins.of_workflow(tables, workflow_id)):
        raise HTTPException(403, _NOT_SEEN)
    return workflow_id


def _task_to_read(task_id: TaskId, may_read: MayRead, tables: Tables) -> int:
    _workflow_to_read(origins.workflow_of_task(tables, task_id), may_read, tables)
    return task_id


def _attempt_to_read(attempt_id: AttemptId, may_read: MayRead, tables: Tables) -> int:
    _workflow_to_read(origins.workflow_of_attempt(tables, attempt_id), may_read, tables)
    return attempt_id


# Who changes something needs a connection for that, so that none is kept from having asked.
def _workflow_to_change(workflow_id: WorkflowId, may_act: MayAct, store: Store) -> int:
    with store.read() as connection:
        asked = _origin_and_owner(connection, workflow_id)
    if not may_act(*asked):
        raise HTTPException(403, _NOT_CHANGED)
    return workflow_id


def _task_to_change(task_id: TaskId, may_act: MayAct, store: Store) -> int:
    with store.read() as connection:
        asked = _origin_and_owner(connection, origins.workflow_of_task(connection, task_id))
    if not may_act(*asked):
        raise HTTPException(403, _NOT_CHANGED)
    return task_id


def _origin_and_owner(connection: Connection, workflow_id: int) -> tuple[Origin, str | None]:
    return origins.of_workflow(connection, workflow_id), origins.owner_of(connection, workflow_id)


WorkflowToRead = Annotated[int, Depends(_workflow_to_read)]
TaskToRead = Annotated[int, Depends(_task_to_read)]
AttemptToRead = Annotated[int, Depends(_attempt_to_read)]
WorkflowToChange = Annotated[int, Depends(_workflow_to_change)]
TaskToChange = Annotated[int, Depends(_task_to_change)]


# --- what Airflow says ------------------------------------------------------------------------------------------


def _dag_ids(origin: Origin) -> list[str]:
    return sorted({dag_id_of(origin.tool, origin.name), *origin.dag_ids})


def _may_read(user: User, dag_id: str) -> bool:
    return _may(user, "GET", dag_id, _READ)


def _may(
    user: User, method: Literal["GET", "POST", "PUT"], dag_id: str, entities: Iterable[DagAccessEntity]
) -> bool:
    team = DagModel.get_team_name(dag_id) if conf.getboolean("core", "multi_team", fallback=False) else None
    details, manager = DagDetails(id=dag_id, team_name=team), get_auth_manager()
    return all(
        manager.is_authorized_dag(method=method, access_entity=entity, details=details, user=user)
        for entity in entities
    )
