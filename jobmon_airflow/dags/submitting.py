"""Handing a workflow to Airflow: bound here, run there, whatever becomes of the script.

Imports no Airflow: a scientist's script speaks to its API server.
"""

from __future__ import annotations

import logging
import socket
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from jobmon_airflow import settings
from jobmon_airflow.client import binding
from jobmon_airflow.client.shape import Shape
from jobmon_airflow.dags.api import AirflowApi
from jobmon_airflow.dags.names import dag_id_of, distinct_ids
from jobmon_airflow.engine import claims, guards
from jobmon_airflow.engine.running import functions_of, tell_tasks
from jobmon_airflow.errors import (
    AirflowRefused,
    AirflowUnreachable,
    InvalidDefinition,
    WorkflowAlreadyExists,
    WorkflowTimeout,
)
from jobmon_airflow.states import WorkflowStatus
from jobmon_airflow.store import families, workflow_runs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobmon_airflow.client.workflow import Workflow

log = logging.getLogger(__name__)

LOOK_EVERY: Final = 1.0  # seconds
SILENCE: Final = 300.0  # seconds that the API server may be away while somebody waits for a run
RUN: Final = "run"
_ENDED: Final = frozenset({"success", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A workflow that was handed to Airflow. It goes on there when the script ends."""

    workflow_id: int
    dag_id: str
    run_id: str
    _api: AirflowApi = field(repr=False, compare=False)

    @property
    def url(self) -> str:
        """The run's page in Airflow."""
        return f"{self._api.url}/dags/{quote(self.dag_id, safe='')}/runs/{quote(self.run_id, safe='')}"

    def status(self) -> str:
        """The state of Airflow's run: queued, running, success or failed."""
        run = self._api.run(self.dag_id, self.run_id)
        if run is None:
            raise AirflowRefused(
                f"Airflow has no run {self.run_id} of {self.dag_id} any more: somebody deleted it.",
                remedy="The workflow's own state is in the database; submit it once more with resume=True.",
            )
        return str(run["state"])

    def wait(self, timeout: float | None = None) -> str:
        """Wait until the run has ended, for so many seconds at most, and return its state: success or failed."""
        end = None if timeout is None else time.monotonic() + timeout
        while (state := self._patient_status()) not in _ENDED:
            if end is not None and time.monotonic() >= end:
                raise WorkflowTimeout(
                    f"Workflow {self.workflow_id} is {state} after {timeout:g} seconds. It goes on in Airflow.",
                    remedy=f"Wait longer, or look at it: {self.url}",
                )
            time.sleep(LOOK_EVERY)
        return state

    def _patient_status(self) -> str:
        """The state; an API server that is restarted meanwhile is waited for."""
        end = time.monotonic() + SILENCE
        while True:
            try:
                return self.status()
            except AirflowUnreachable:
                if time.monotonic() >= end:
                    raise
                time.sleep(LOOK_EVERY)


def submit(
    workflow: Workflow,
    *,
    wait: bool,
    timeout: float | None,
    resume: bool,
    dag_timeout: float,
    api: settings.Api,
    conf: dict[str, Any],
) -> Submission:
    """Bind the workflow, start it in Airflow, and wait for its end if asked."""
    guards.refuse_while_imported()
    client = AirflowApi(api)
    binding.bind(workflow)
    _refuse_functions(workflow)
    runs = _runs_so_far(workflow, resume)
    dag_id = dag_id_of(workflow.tool.name, workflow.name)
    _wait_for_dag(client, workflow, dag_id, dag_timeout)
    run_id = _trigger(client, dag_id, workflow.workflow_id, runs, conf)
    submission = Submission(workflow_id=workflow.workflow_id, dag_id=dag_id, run_id=run_id, _api=client)
    log.info("Workflow %s runs in Airflow: %s", workflow.workflow_id, submission.url)
    if wait:
        submission.wait(timeout)
        tell_tasks(workflow)
    return submission


def api_named(
    api_url: str | None, token: str | None, username: str | None, password: str | None
) -> settings.Api:
    """Airflow's API server as the arguments name it, and as the settings do where they do not."""
    said = settings.api()
    if api_url:
        said = replace(said, url=api_url.rstrip("/"))
    if token:
        said = replace(said, token=token)
    if username:
        said = replace(said, username=username, password=password, token=token)
    return said


def _refuse_functions(workflow: Workflow) -> None:
    functions = functions_of(workflow)
    if functions.resources or functions.scales:
        raise InvalidDefinition(
            f"Tasks of the {workflow} ask functions for their resources, which are in this script alone.",
            remedy="Run it here, with workflow.run(); or define it in a DAG file, with workflow.to_dag().",
        )


def _runs_so_far(workflow: Workflow, resume: bool) -> int:
    """How often the workflow was run; an error if it may not be run again."""
    with workflow.tool.database.read() as connection:
        found = claims.known(connection, workflow.workflow_id)
        runs = len(workflow_runs.of_workflow(connection, workflow.workflow_id))
    claims.refuse_complete(found)
    if not resume and found.status != WorkflowStatus.REGISTERING:
        raise WorkflowAlreadyExists(
            f"Workflow {found.id} with these workflow_args and these tasks was begun before; it is "
            f"{WorkflowStatus.of(found.status).label} since {found.status_date:%Y-%m-%d %H:%M:%S} UTC.",
            remedy="To go on where it ended: workflow.submit(resume=True). For a new workflow, give it other "
            "workflow_args.",
        )
    return runs


def _wait_for_dag(client: AirflowApi, workflow: Workflow, dag_id: str, timeout: float) -> None:
    """Wait until Airflow shows the DAG with the workflow's templates."""
    expected = _expected(workflow)
    end = time.monotonic() + timeout
    while not _is_shown(client, workflow, dag_id, expected):
        if time.monotonic() >= end:
            raise AirflowRefused(
                f"Airflow at {client.url} does not show the DAG {dag_id} of this workflow after {timeout:g} seconds.",
                remedy="Its dag_bundle_config_list, in [dag_processor], needs this bundle: "
                '{"name": "jobmon", "classpath": "jobmon_airflow.dags.bundle.JobmonDagBundle", "kwargs": {}}. '
                f"If it has it: is the dag-processor up, and does it look at {workflow.tool.database.name}?",
            )
        time.sleep(LOOK_EVERY)


def _is_shown(client: AirflowApi, workflow: Workflow, dag_id: str, expected: Mapping[str, set[str]]) -> bool:
    dag = client.dag(dag_id)
    if dag is None or dag.get("is_stale"):
        return False
    if dag.get("is_paused"):
        log.warning("The DAG %s is paused in Airflow: the workflow begins when somebody unpauses it.", dag_id)
    # A DAG file of this name looks as its author wants it, and the bundle's looks like the newest workflow.
    is_the_bundles = dag.get("relative_fileloc") == f"{dag_id}.py"
    if not is_the_bundles or not _is_newest(workflow):
        return True
    return {task["task_id"]: set(task["downstream_task_ids"]) for task in client.tasks(dag_id)} == expected


def _is_newest(workflow: Workflow) -> bool:
    with workflow.tool.database.read() as connection:
        return families.newest(connection, workflow.tool.name, workflow.name) == workflow.workflow_id


def _expected(workflow: Workflow) -> dict[str, set[str]]:
    """The tasks of the DAG that the bundle makes of this workflow, each with those behind it."""
    with workflow.tool.database.read() as connection:
        shape = Shape.of_names(*families.shape(connection, workflow.workflow_id, workflow.dag_id))
    ids = dict(zip(shape.names, distinct_ids(shape.names, taken=[RUN]), strict=True))
    arrows: dict[str, set[str]] = {task_id: set() for task_id in (RUN, *ids.values())}
    for upstream, downstream in shape.acyclic_edges:
        arrows[ids[upstream]].add(ids[downstream])
    return arrows


def _trigger(client: AirflowApi, dag_id: str, workflow_id: int, runs: int, conf: dict[str, Any]) -> str:
    """Start a run that nobody else has started; return its id.

    The id says which workflow is meant and for which time, so that asking twice starts one run.
    """
    note = f"Submitted by {settings.user_name()} on {socket.gethostname()}."
    conf = {"workflow_id": workflow_id, **conf}
    number = runs + 1
    while True:
        run_id = f"workflow_{workflow_id}_{number}"
        if client.trigger(dag_id, run_id, conf, note) is not None:
            return run_id
        earlier = client.run(dag_id, run_id)
        if earlier is not None and earlier["state"] not in _ENDED:
            log.info("Workflow %s was submitted already, as %s.", workflow_id, run_id)
            return run_id
        number += 1
