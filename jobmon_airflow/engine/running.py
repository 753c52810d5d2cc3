"""Running a workflow from a script: one that the script defines, or one that the database knows by its id."""

from __future__ import annotations

import logging
import sys
from functools import partial
from typing import TYPE_CHECKING, Final

from jobmon_airflow.client import binding
from jobmon_airflow.engine import claims, foreground, guards, standing
from jobmon_airflow.engine.plan import Functions
from jobmon_airflow.engine.progress import display as any_display
from jobmon_airflow.engine.report import report
from jobmon_airflow.engine.session import Options, Session
from jobmon_airflow.scales import ResourceScales
from jobmon_airflow.states import WorkflowRunStatus
from jobmon_airflow.store import tasks, workflow_runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from jobmon_airflow.client.workflow import Workflow
    from jobmon_airflow.engine.session import Result
    from jobmon_airflow.store.database import Database

log = logging.getLogger(__name__)

_STOPPED: Final = frozenset({WorkflowRunStatus.STOPPED, WorkflowRunStatus.TERMINATED})


def run_workflow(workflow: Workflow, options: Options) -> WorkflowRunStatus:
    """Bind and run a workflow, and tell its tasks how they ended."""
    guards.refuse_while_imported()
    database = workflow.tool.database
    # A workflow that is done says so before a million tasks are recognised.
    binding.bind(workflow, if_found=partial(_refuse_complete, database))
    if options.resume and not _was_run(database, workflow.workflow_id):
        log.warning("There is nothing to resume: the %s runs for the first time.", workflow)
    session = Session(
        database,
        workflow.workflow_id,
        options,
        functions=functions_of(workflow),
        refresh=workflow.bind,
    )
    try:
        status = run_session(database, session, options, workflow.resumed_by)
    finally:
        workflow.last_workflow_run_id = session.workflow_run_id
        tell_tasks(workflow)
    return status


def resume_by_id(workflow_id: int, database: Database, options: Options) -> WorkflowRunStatus:
    """Go on with a workflow that the database knows."""
    guards.refuse_while_imported()
    again = standing.resume_command(workflow_id, here=True)
    return run_session(database, Session(database, workflow_id, options), options, again)


def run_session(database: Database, session: Session, options: Options, again: str) -> WorkflowRunStatus:
    """Run a session with a display, and say at the end what failed and how to go on."""
    with any_display() as display:
        session.display = display
        result = foreground.run(session, display)
    with database.read() as connection:
        said = report(connection, result.last, again, was_stopped=_leaves_work(result, options))
    sys.stderr.write(f"{said}\n")
    return result.status


def functions_of(workflow: Workflow) -> Functions:
    """The functions that tasks of a workflow were given, which are stored nowhere."""
    resources: dict[int, Callable[..., Any]] = {}
    scales: dict[int, ResourceScales] = {}
    for array in workflow.all_arrays:
        kinds = {kind: _functions_of(task) for kind, task in array.kinds().items()}
        if any(function or scale for function, scale in kinds.values()):
            for task in array.tasks:
                assert task.task_id is not None
                function, scale = kinds[task.kind]
                if function:
                    resources[task.task_id] = function
                if scale:
                    scales[task.task_id] = scale
    return Functions(resources=resources, scales=scales)


def tell_tasks(workflow: Workflow) -> None:
    """Let each task of a workflow know the status that it has in the database."""
    with workflow.tool.database.read() as connection:
        found = tasks.statuses(connection, workflow.workflow_id)
    for array in workflow.all_arrays:
        for task in array.tasks:
            assert task.task_id is not None
            task.final_status = found[task.task_id]


def _functions_of(task: Any) -> tuple[Callable[..., Any] | None, ResourceScales | None]:
    scales = ResourceScales.parse(task.resource_scales)
    has_function = any(callable(scale) for scale in scales.as_dict().values())
    return task.compute_resources_callable, scales if has_function else None


def _refuse_complete(database: Database, workflow_id: int) -> None:
    with database.read() as connection:
        claims.refuse_complete(claims.known(connection, workflow_id))


def _was_run(database: Database, workflow_id: int) -> bool:
    with database.read() as connection:
        return bool(workflow_runs.of_workflow(connection, workflow_id))


def _leaves_work(result: Result, options: Options) -> bool:
    return result.status in _STOPPED or options.fail_fast
