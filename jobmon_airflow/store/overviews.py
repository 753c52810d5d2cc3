"""What people ask from outside: which workflows there are, whose they are, and which of Airflow's DAGs ran them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import func, select

from jobmon_airflow.store import sets
from jobmon_airflow.store.schema import (
    airflow_task,
    task_template,
    task_template_version,
    tool,
    tool_version,
    workflow,
    workflow_run,
)

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection, Select

_COLUMNS: Final = (
    workflow.c.id,
    tool.c.name.label("tool"),
    workflow.c.name,
    workflow.c.workflow_args,
    workflow.c.status,
    workflow.c.status_date,
    workflow.c.created_date,
)


class Overview(NamedTuple):
    """A workflow, without its tasks."""

    id: int
    tool: str
    name: str
    workflow_args: str
    status: str
    status_date: datetime
    created_date: datetime | None  #: None as long as it is being bound


class Run(NamedTuple):
    """The last run of a workflow."""

    workflow_id: int
    id: int
    user: str
    status: str
    created_date: datetime
    heartbeat_date: datetime | None
    controller: str | None


def latest(connection: Connection, limit: int, *, users: Collection[str] = ()) -> list[Overview]:
    """So many workflows, newest first; of those that some users ever ran, if any are named."""
    query = _overview().order_by(workflow.c.id.desc()).limit(limit)
    if users:
        theirs = select(workflow_run.c.workflow_id).where(workflow_run.c.user.in_(users))
        query = query.where(workflow.c.id.in_(theirs))
    return [Overview(*row) for row in connection.execute(query)]


def of_workflows(connection: Connection, ids: Collection[int]) -> list[Overview]:
    """The workflows of these ids that are there, newest first."""
    query = _overview().where(sets.among(workflow.c.id, sorted(ids))).order_by(workflow.c.id.desc())
    return [Overview(*row) for row in connection.execute(query)]


def airflow_dags(connection: Connection, ids: Collection[int]) -> dict[int, set[str]]:
    """The dag_ids of Airflow's tasks that acted for workflows, by workflow."""
    query = (
        select(airflow_task.c.workflow_id, airflow_task.c.dag_id)
        .where(sets.among(airflow_task.c.workflow_id, sorted(ids)))
        .distinct()
    )
    found: dict[int, set[str]] = {number: set() for number in ids}
    for number, dag_id in connection.execute(query):
        found[number].add(dag_id)
    return found


def last_runs(connection: Connection, ids: Collection[int]) -> dict[int, Run]:
    """Each workflow's last run; nothing for those that were never run."""
    its = workflow_run.c
    last = (
        select(func.max(its.id))
        .where(sets.among(its.workflow_id, sorted(ids)))
        .group_by(its.workflow_id)
        .scalar_subquery()
    )
    query = select(*(its[name] for name in Run._fields)).where(its.id.in_(last))
    return {row.workflow_id: Run(*row) for row in connection.execute(query)}


def newest_templates(connection: Connection, tool_name: str) -> dict[str, tuple[int, int]]:
    """The templates of a tool by name, each with its id and its version's, both of the newest version there is."""
    query = (
        select(task_template.c.name, task_template.c.id, task_template_version.c.id)
        .join(task_template, task_template.c.id == task_template_version.c.task_template_id)
        .join(tool_version, tool_version.c.id == task_template.c.tool_version_id)
        .join(tool, tool.c.id == tool_version.c.tool_id)
        .where(tool.c.name == tool_name)
        .order_by(task_template_version.c.id)
    )
    return {name: (template_id, version_id) for name, template_id, version_id in connection.execute(query)}


def _overview() -> Select[Any]:
    return (
        select(*_COLUMNS)
        .join(tool_version, tool_version.c.id == workflow.c.tool_version_id)
        .join(tool, tool.c.id == tool_version.c.tool_id)
    )
