"""Who is asking, and what they may see. What the pages use of Airflow's inside is imported here and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep as User
from airflow.configuration import conf
from airflow.models.dag import DagModel
from fastapi import HTTPException

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["User", "may_read", "require_any_dag", "require_one_of"]


def require_any_dag(user: User) -> None:
    """Refuse who may not see runs of any DAG."""
    if not get_auth_manager().is_authorized_dag(method="GET", access_entity=DagAccessEntity.RUN, user=user):
        raise HTTPException(403, "You may not see runs of DAGs. Ask who looks after this Airflow.")


def require_one_of(user: User, dag_ids: Iterable[str]) -> None:
    """Refuse who may see runs of none of these DAGs."""
    if not may_read(user, dag_ids):
        raise HTTPException(403, "You may not see runs of this DAG. Ask who looks after this Airflow.")


def may_read(user: User, dag_ids: Iterable[str]) -> bool:
    """Whether somebody may see runs of one of these DAGs at least, with their tasks and what these said."""
    return any(_may_read(user, dag_id) for dag_id in sorted(dag_ids))


def _may_read(user: User, dag_id: str) -> bool:
    team = DagModel.get_team_name(dag_id) if conf.getboolean("core", "multi_team", fallback=False) else None
    details = DagDetails(id=dag_id, team_name=team)
    manager = get_auth_manager()
    return all(
        manager.is_authorized_dag(method="GET", access_entity=entity, details=details, user=user)
        for entity in (DagAccessEntity.RUN, DagAccessEntity.TASK_INSTANCE, DagAccessEntity.TASK_LOGS)
    )
