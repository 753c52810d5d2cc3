"""From Airflow's runs to workflows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Query

from jobmon_airflow.view import runs
from jobmon_airflow.web.access import User, require_dag
from jobmon_airflow.web.api.topics import topic
from jobmon_airflow.web.database import Tables

router = topic("runs")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsWorkflow:
    """The workflow of a run."""

    workflow_id: int


@router.get("/run")
def get_run(
    tables: Tables,
    user: User,
    dag_id: Annotated[str, Query(max_length=250)],
    run_id: Annotated[str, Query(max_length=250)],
    task_id: Annotated[str | None, Query(max_length=250)] = None,
    map_index: Annotated[int, Query(ge=-1, le=2**31 - 1)] = -1,
) -> RunsWorkflow:
    """The workflow that a task instance of Airflow's acts for, or else the last one of its DAG run."""
    require_dag(user, dag_id)
    return RunsWorkflow(workflow_id=runs.workflow_of(tables, dag_id, run_id, task_id, map_index))
