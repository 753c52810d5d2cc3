"""Which rows of which tables somebody may see who may see some workflows only.

Most rows belong to one workflow, and how is written in the foreign keys: a column ``workflow_id`` says so itself, an
attempt belongs to a run, a run to a workflow. Graphs and templates are shared, and seen by who may see one workflow
that has them. What cannot be traced to workflows at the cost of a page (nodes, requests, clusters, kinds of errors) is
seen by those alone who may see all workflows; and so is any table that nobody thought of here.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import exists, or_, select

from jobmon_airflow.store import sets
from jobmon_airflow.store.schema import (
    airflow_task,
    arg_type,
    array,
    dag,
    task,
    task_instance,
    task_instance_status,
    task_resources_type,
    task_status,
    task_template,
    task_template_version,
    template_arg_map,
    tool,
    tool_version,
    workflow,
    workflow_run,
    workflow_run_status,
    workflow_status,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import ColumnElement, Connection, Table

    Condition = ColumnElement[bool]


class Sight(Enum):
    """Who sees rows of a table."""

    EVERYBODY = "all its rows, by everybody who may see runs at all"
    BY_WORKFLOW = "the rows of the workflows that one may see"
    WHOLE = "all its rows, by those who may see all workflows"


class Scope(NamedTuple):
    """What somebody may see: these workflows, and what Airflow's tasks of these DAGs did."""

    workflow_ids: frozenset[int]
    dag_ids: frozenset[str]


class Origins(NamedTuple):
    """Where all workflows come from."""

    families: Mapping[int, tuple[str, str]]  #: tool and name of each workflow
    dags: Mapping[int, frozenset[str]]  #: of Airflow, that acted for it
    dag_ids: frozenset[str]  #: all of them, also such that did not come to a workflow


def origins(connection: Connection) -> Origins:
    """The families of all workflows, and the DAGs of Airflow that acted for them."""
    named = (
        select(workflow.c.id, tool.c.name, workflow.c.name)
        .join(tool_version, tool_version.c.id == workflow.c.tool_version_id)
        .join(tool, tool.c.id == tool_version.c.tool_id)
    )
    acted = select(airflow_task.c.workflow_id, airflow_task.c.dag_id).distinct()
    families = {number: (tool_name, name) for number, tool_name, name in connection.execute(named)}
    dags: dict[int, set[str]] = {}
    dag_ids: set[str] = set()
    for number, dag_id in connection.execute(acted):
        dag_ids.add(dag_id)
        if number is not None:
            dags.setdefault(number, set()).add(dag_id)
    return Origins(families, {number: frozenset(ids) for number, ids in dags.items()}, frozenset(dag_ids))


def sight(table: Table) -> Sight:
    """Who sees rows of the table."""
    if table in _VOCABULARY:
        return Sight.EVERYBODY
    return Sight.BY_WORKFLOW if table in _RULES or _owner(table) else Sight.WHOLE


def rows_of(table: Table, scope: Scope, *, one_by_one: bool = False) -> Condition:
    """Whether a row of a table may be seen by workflow.

    ``one_by_one`` is for some rows that are at hand: each is looked up. Else an index may find the few that there are.
    """
    if rule := _RULES.get(table):
        return rule(scope)
    owner = _owner(table)
    assert owner is not None, f"The rows of {table.name} cannot be told apart by workflow."
    column, parent = owner
    if parent is workflow:
        return sets.among(column, scope.workflow_ids)
    theirs = rows_of(parent, scope)
    if one_by_one:
        return exists().where(parent.c.id == column, theirs)
    return column.in_(select(parent.c.id).where(theirs))


def _owner(table: Table) -> tuple[ColumnElement[Any], Table] | None:
    """The column that says whose a row is, and the table that it refers to; the shortest way comes first."""
    for parent in (workflow, workflow_run, array, task_instance, task, dag):
        for column in table.columns:
            if column.references(parent.c.id):
                return column, parent
    return None


def _workflows(scope: Scope) -> Condition:
    return sets.among(workflow.c.id, scope.workflow_ids)


def _dags(scope: Scope) -> Condition:
    return dag.c.id.in_(select(workflow.c.dag_id).where(_workflows(scope)))


def _versions(scope: Scope) -> Condition:
    used = select(array.c.task_template_version_id).where(rows_of(array, scope))
    return task_template_version.c.id.in_(used)


def _template_args(scope: Scope) -> Condition:
    versions = select(task_template_version.c.id).where(_versions(scope))
    return template_arg_map.c.task_template_version_id.in_(versions)


def _templates(scope: Scope) -> Condition:
    return task_template.c.id.in_(select(task_template_version.c.task_template_id).where(_versions(scope)))


def _tool_versions(scope: Scope) -> Condition:
    """Of workflows, and of templates, whose tool may have got a newer version before their workflow was made."""
    own = select(workflow.c.tool_version_id).where(_workflows(scope))
    of_templates = select(task_template.c.tool_version_id).where(_templates(scope))
    return or_(tool_version.c.id.in_(own), tool_version.c.id.in_(of_templates))


def _tools(scope: Scope) -> Condition:
    return tool.c.id.in_(select(tool_version.c.tool_id).where(_tool_versions(scope)))


def _airflow_tasks(scope: Scope) -> Condition:
    """By their own DAG: who may see a workflow through one DAG need not see what another did for it."""
    return sets.among(airflow_task.c.dag_id, scope.dag_ids)


_VOCABULARY: Final = frozenset(
    {task_status, task_instance_status, workflow_run_status, workflow_status, arg_type, task_resources_type}
)
_RULES: Final[Mapping[Table, Callable[[Scope], Condition]]] = {
    workflow: _workflows,
    dag: _dags,
    task_template_version: _versions,
    template_arg_map: _template_args,
    task_template: _templates,
    tool_version: _tool_versions,
    tool: _tools,
    airflow_task: _airflow_tasks,
}
