"""From what a `WorkflowOperator` was told to a workflow that is in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobmon_airflow.dags import reaching
from jobmon_airflow.dags.clusters import of_tasks
from jobmon_airflow.engine.outcomes import Definition
from jobmon_airflow.engine.running import functions_of
from jobmon_airflow.errors import InvalidDefinition, UnknownName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobmon_airflow.client.workflow import Workflow
    from jobmon_airflow.dags.reaching import Reached
    from jobmon_airflow.operators.workflow import WorkflowOperator
    from jobmon_airflow.store.database import Database


def define(operator: WorkflowOperator, database: Database, facts: Mapping[str, Any]) -> Definition:
    """The workflow that the operator runs, in the database."""
    if (workflow_id := asked_for(operator.workflow_id, facts)) is not None:
        return stored(database, workflow_id)
    if operator.family is not None:
        return stored(database, newest(database, *operator.family))
    return bound(made(operator, facts), operator.workflow_args, facts)


def asked_for(workflow_id: int | str | None, facts: Mapping[str, Any]) -> int | None:
    """The id that was asked for: by whoever triggered the DAG run, or by the DAG."""
    for said in (facts["conf"].get("workflow_id"), facts["params"].get("workflow_id"), workflow_id):
        if said not in (None, "", "None"):  # no set: a list may have been said
            return _as_id(said)
    return None


def newest(database: Database, tool: str, name: str) -> int:
    """The newest workflow of a family."""
    from jobmon_airflow.store import families

    with database.read() as connection:
        found = families.newest(connection, tool, name)
    if found is None:
        raise UnknownName(
            f"There is no workflow '{name}' of the tool '{tool}' in this database.",
            remedy="Bind one in a script, with workflow.bind() or workflow.submit(); or name another by its "
            "workflow_id: airflow dags trigger --conf '{\"workflow_id\": 12}'.",
        )
    return found


def stored(
    database: Database, workflow_id: int, told: Mapping[str, Reached | None] | None = None
) -> Definition:
    """A workflow that is in the database, on clusters that are reached as connections say now."""
    reaching.prepare(database, reaching.of_workflow(database, workflow_id), told)
    return Definition(workflow_id=workflow_id)


def bound(
    workflow: Workflow,
    workflow_args: str | None,
    facts: Mapping[str, Any],
    told: Mapping[str, Reached | None] | None = None,
) -> Definition:
    """The workflow in the database; without args of its own it is this DAG run's.

    ``told`` are connections to clusters, for a process that cannot ask Airflow for them.
    """
    if workflow_args:
        workflow.workflow_args = workflow_args
    elif not workflow.has_own_args:
        workflow.workflow_args = f"{facts['dag_id']} {facts['run_id']}"
    workflow.forget_binding()
    reaching.prepare(workflow.tool.database, of_tasks(workflow), told)
    workflow.bind()
    return Definition(
        workflow_id=workflow.workflow_id, functions=functions_of(workflow), refresh=workflow.bind
    )


def made(operator: WorkflowOperator, facts: Mapping[str, Any]) -> Workflow:
    """The workflow that the DAG file has built, or builds for this DAG run."""
    from jobmon_airflow.dags.building import call_builder

    if operator.workflow is not None:
        return operator.workflow
    assert operator.build is not None
    return call_builder(operator.build, facts)


def _as_id(said: Any) -> int:
    text = str(said).strip()
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise InvalidDefinition(
        f"workflow_id is {said!r}, which is the id of no workflow.",
        remedy="Write a number: the ids are in the table `workflow`, and in `airflow jobmon workflow status`.",
    )
