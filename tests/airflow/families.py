"""An Airflow that shows the families of workflows in its Jobmon database."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from jobmon_airflow.store import workflows
from tests.workflows import close, three_phases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jobmon_airflow import Workflow
    from tests.airflow.real_airflow import Airflows, RealAirflow

SHOWN_WITHIN: Final = 120.0
PHASES: Final = ("run", "transform", "aggregate", "summarize")
BUNDLES: Final = json.dumps(
    [
        {
            "name": "dags-folder",
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {},
        },
        {
            "name": "jobmon",
            "classpath": "jobmon_airflow.dags.bundle.JobmonDagBundle",
            "kwargs": {"refresh_interval": 1},
        },
    ]
)


@contextmanager
def showing_families(airflows: Airflows, folder: Path) -> Iterator[RealAirflow]:
    """Such an Airflow, whose bundles keep their files in a folder."""
    options = {
        "dag_processor.dag_bundle_config_list": BUNDLES,
        "dag_processor.dag_bundle_storage_path": folder,
    }
    with airflows.running(options=options) as airflow:
        yield airflow
        close(airflow.jobmon_url)


def define(airflow: RealAirflow, name: str, args: str, *, locations: int = 2) -> Workflow:
    """Three phases of commands that do nothing."""
    workflow = three_phases(airflow.jobmon_url, args, script="true", locations=locations)
    workflow.name = name
    return workflow


def wait_for_tasks(airflow: RealAirflow, dag_id: str, *task_ids: str) -> None:
    """Wait until the DAG is shown with these tasks."""

    def are_shown() -> bool:
        return dag_id in airflow.api.dag_ids() and set(task_ids) == {
            task["task_id"] for task in airflow.api.get(f"/dags/{dag_id}/tasks")["tasks"]
        }

    airflow.wait_for(are_shown, within=SHOWN_WITHIN)


def status_of(workflow: Workflow) -> str:
    """What the database says of the workflow."""
    with workflow.tool.database.read() as connection:
        row = workflows.row(connection, workflow.workflow_id)
    assert row is not None
    return str(row.status)
