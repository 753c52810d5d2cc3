"""Workflows by what is asked of them, newest first, page by page; and what is shown of many of them at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import and_, func, not_, or_, select

from jobmon_airflow.states import TaskInstanceStatus
from jobmon_airflow.store import sets
from jobmon_airflow.store.schema import (
    airflow_task,
    error_kind,
    task_instance,
    tool,
    tool_version,
    workflow,
    workflow_attribute,
    workflow_attribute_type,
    workflow_run,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Select

_FAILED: Final = [status for status in TaskInstanceStatus if status.is_error]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What may be asked of a workflow: of each thing, to be one of these. Nothing asks for nothing."""

    ids: Collection[int] = ()
    users: Collection[str] = ()  #: who ran it at some time
    tools: Collection[str] = ()
    statuses: Collection[str] = ()  #: letters
    names: Collection[str] = ()  #: the name contains it, in large or small letters
    args: Collection[str] = ()  #: so do the workflow args
    attributes: Collection[
        tuple[str, str | None]
    ] = ()  #: it has one of this name, with this value if there is one
    since: datetime | None = None  #: it was bound then or later
    until: datetime | None = None
    dag_id: str | None = None  #: a task of this DAG acted for it; or it is of one of these families
    families: Collection[tuple[str, str]] = field(default_factory=tuple)


class Candidate(NamedTuple):
    """A workflow, by what says who may see it."""

    id: int
    tool: str
    name: str


def candidates(
    connection: Connection, asked: Asked, unwanted: Asked, *, before: int | None, limit: int
) -> list[Candidate]:
    """So many workflows, newest first, with smaller ids than the last one of the page before."""
    query = (
        select(workflow.c.id, tool.c.name, workflow.c.name)
        .join(tool_version, tool_version.c.id == workflow.c.tool_version_id)
        .join(tool, tool.c.id == tool_version.c.tool_id)
        .where(*_conditions(asked), *(not_(condition) for condition in _conditions(unwanted)))
        .order_by(workflow.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(workflow.c.id < before)
    return [Candidate(*row) for row in connection.execute(query)]


def last_errors(connection: Connection, run_ids: Collection[int]) -> dict[int, str]:
    """What the last attempt said that failed in each run: the words of its kind, or else of its verdict."""
    its = task_instance.c
    last = (
        select(func.max(its.id))
        .where(sets.among(its.workflow_run_id, sorted(run_ids)), its.status.in_(_FAILED))
        .group_by(its.workflow_run_id)
    )
    ids = connection.execute(last).scalars().all()
    query = (
        select(its.workflow_run_id, func.coalesce(error_kind.c.name, its.verdict, ""))
        .outerjoin_from(task_instance, error_kind, error_kind.c.id == its.error_kind_id)
        .where(sets.among(its.id, ids))
    )
    return sets.mapping(connection, query)


# --- conditions ---------------------------------------------------------------------------------------------


def _conditions(asked: Asked) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.ids:
        found.append(sets.among(workflow.c.id, sorted(asked.ids)))
    if asked.users:
        theirs = select(workflow_run.c.workflow_id).where(workflow_run.c.user.in_(sorted(asked.users)))
        found.append(workflow.c.id.in_(theirs))
    if asked.tools:
        found.append(tool.c.name.in_(sorted(asked.tools)))
    if asked.statuses:
        found.append(workflow.c.status.in_(sorted(asked.statuses)))
    if asked.names:
        found.append(_contains(workflow.c.name, asked.names))
    if asked.args:
        found.append(_contains(workflow.c.workflow_args, asked.args))
    if asked.attributes:
        found.append(workflow.c.id.in_(_with_attributes(asked.attributes)))
    if asked.dag_id is not None:
        found.append(_of_dag(asked.dag_id, asked.families))
    begun = func.coalesce(workflow.c.created_date, workflow.c.status_date)
    if asked.since is not None:
        found.append(begun >= asked.since)
    if asked.until is not None:
        found.append(begun < asked.until)
    return found


def _contains(column: ColumnElement[str], texts: Collection[str]) -> ColumnElement[bool]:
    return or_(*(func.lower(column).contains(text.lower(), autoescape=True) for text in texts))


def _with_attributes(wanted: Collection[tuple[str, str | None]]) -> Select[Any]:
    kinds, values = workflow_attribute_type.c, workflow_attribute.c
    return (
        select(values.workflow_id)
        .join(workflow_attribute_type, kinds.id == values.workflow_attribute_type_id)
        .where(or_(*(_is_attribute(name, value) for name, value in wanted)))
    )


def _is_attribute(name: str, value: str | None) -> ColumnElement[bool]:
    is_named = workflow_attribute_type.c.name == name
    return is_named if value is None else and_(is_named, workflow_attribute.c.value == value)


def _of_dag(dag_id: str, families: Collection[tuple[str, str]]) -> ColumnElement[bool]:
    acted = select(airflow_task.c.workflow_id).where(
        airflow_task.c.dag_id == dag_id, airflow_task.c.workflow_id.is_not(None)
    )
    is_kin: Sequence[ColumnElement[bool]] = [
        and_(tool.c.name == tool_name, workflow.c.name == name) for tool_name, name in families
    ]
    return or_(workflow.c.id.in_(acted), *is_kin)
