"""Workflows on a simulated cluster, in simulated time, and what the database says of them afterwards.

What a test draws has one letter per task, which is its name, its only node arg and in its command.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from jobmon_airflow import Tool
from jobmon_airflow.engine.journal import Rhythm
from jobmon_airflow.engine.running import functions_of
from jobmon_airflow.engine.session import Options, Result, Session
from jobmon_airflow.store import error_logs, task_instances, tasks, workflow_runs, workflows
from jobmon_airflow.store.schema import task_instance

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jobmon_airflow import Workflow
    from jobmon_airflow.distributors.protocol import Distributor
    from jobmon_airflow.engine.archive import Archive
    from jobmon_airflow.store.database import Database
    from jobmon_airflow.testing import SimulatedClock, SimulatedCluster

SELDOM = Rhythm(beat=3600, lease=3 * 3600, look=600)  #: for runs that nobody disturbs
BRISK = Rhythm(beat=30, lease=90, look=2)  #: as it really is

# --- defining -------------------------------------------------------------------------------------------------


def drawn(
    picture: str,
    url: str,
    args: str = "drawn",
    *,
    bind: bool = True,
    flag: str = "once",
    each: Mapping[str, Mapping[str, Any]] | None = None,
    of_workflow: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Workflow:
    """A workflow of a picture, bound unless that is not wanted: ``a>b c>b`` says that b waits for a and c.

    Capital letters are of a template of their own. ``flag`` is an op arg of all, ``settings`` are those of every
    task, and ``each`` has more for some letters.
    """
    tool = Tool("drawing", database=url)
    small, capital = (
        tool.get_task_template(name, "true {letter} {flag}", node_args=["letter"], op_args=["flag"])
        for name in ("draw", "paint")
    )
    workflow = tool.create_workflow(
        workflow_args=args, default_cluster_name="multiprocess", **(of_workflow or {})
    )
    edges = [part.split(">") for part in picture.split()]
    letters = sorted({letter for edge in edges for letter in edge})
    made = {
        letter: (capital if letter.isupper() else small).create_task(
            name=letter, letter=letter, flag=flag, **{**settings, **(each or {}).get(letter, {})}
        )
        for letter in letters
    }
    workflow.add_tasks(made.values())
    for edge in edges:
        for upstream, downstream in pairwise(edge):
            made[upstream].add_downstream(made[downstream])
    return workflow.bind() if bind else workflow


# --- running --------------------------------------------------------------------------------------------------


def session(
    workflow: Workflow,
    cluster: Distributor,
    clock: SimulatedClock,
    *,
    by_id: bool = False,
    rhythm: Rhythm = SELDOM,
    archive: Archive | None = None,
    others: Mapping[str, Distributor] | None = None,
    **options: Any,
) -> Session:
    """A run of a workflow on the simulated cluster, which has not begun; ``by_id`` without its script."""
    return Session(
        workflow.tool.database,
        workflow.workflow_id,
        Options(**options),
        functions=None if by_id else functions_of(workflow),
        distributors={"multiprocess": cluster, **(others or {})},
        clock=clock,
        archive=archive,
        rhythm=rhythm,
        threaded=False,
    )


def simulate(workflow: Workflow, cluster: SimulatedCluster, clock: SimulatedClock, **how: Any) -> Result:
    """Run a workflow on the simulated cluster."""
    return clock.run(session(workflow, cluster, clock, **how).run())


def play(run: Session, clock: SimulatedClock, *acts: tuple[float, Callable[[], object]]) -> Result:
    """Run a session while others act: each act has its moment, in seconds from the beginning.

    Every act must find the run alive.
    """
    came: list[int] = []
    failures: list[BaseException] = []

    def act(number: int, what: Callable[[], object]) -> None:
        came.append(number)
        try:
            what()
        except BaseException as error:  # noqa: BLE001 - a loop would only log it
            failures.append(error)

    async def perform() -> Result:
        for number, (moment, what) in enumerate(acts):
            asyncio.get_running_loop().call_later(moment, act, number, what)
        return await run.run()

    try:
        return clock.run(perform())
    finally:
        assert failures == []
        assert sorted(came) == list(range(len(acts))), "The run was over before all had acted."


def pass_by(clock: SimulatedClock, seconds: float) -> None:
    """Let time go by while nobody runs anything."""
    clock.run(asyncio.sleep(seconds))


# --- asking ---------------------------------------------------------------------------------------------------


def statuses(workflow: Workflow) -> dict[str, str]:
    """The status of each task, by its name."""
    with workflow.tool.database.read() as connection:
        found = tasks.statuses(connection, workflow.workflow_id)
    return {task.name: found[task.task_id] for task in workflow.tasks if task.task_id}


def all_are(status: str, letters: str) -> dict[str, str]:
    """What `statuses` says if all tasks have one."""
    return dict.fromkeys(letters, status)


def tries(workflow: Workflow) -> dict[str, str]:
    """The statuses of all attempts at each task, oldest first: ``ED`` failed once."""
    found = dict.fromkeys(sorted(task.name for task in workflow.tasks), "")
    for row in attempts(workflow):
        found[_names(workflow)[row.task_id]] += row.status
    return {name: letters for name, letters in found.items() if letters}


def attempts(workflow: Workflow, letter: str | None = None) -> list[Any]:
    """The rows of all attempts at the workflow's tasks, or at one, oldest first."""
    ids = [number for number, name in _names(workflow).items() if letter in {None, name}]
    with workflow.tool.database.read() as connection:
        return task_instances.of_tasks(connection, ids)


def story(workflow: Workflow, letter: str) -> str:
    """The statuses that a task went through, as its audit has them."""
    with workflow.tool.database.read() as connection:
        changes = tasks.story(connection, number(workflow, letter))
    assert all(one.new == other.previous for one, other in pairwise(changes))
    return "".join([str(changes[0].previous), *(str(change.new) for change in changes)]) if changes else ""


def errors(workflow: Workflow, letter: str) -> str:
    """All that the last failed attempt at a task said."""
    with workflow.tool.database.read() as connection:
        told = error_logs.of_task(connection, number(workflow, letter))
    return "\n".join(text.description or "" for text in told)


def run_statuses(workflow: Workflow) -> str:
    """The statuses of the workflow's runs, oldest first."""
    with workflow.tool.database.read() as connection:
        return "".join(run.status for run in workflow_runs.of_workflow(connection, workflow.workflow_id))


def workflow_status(workflow: Workflow) -> str:
    """The status of the workflow."""
    with workflow.tool.database.read() as connection:
        row = workflows.row(connection, workflow.workflow_id)
    assert row is not None
    return str(row.status)


def open_attempts(database: Database) -> Counter[str]:
    """How many attempts of anybody may still run, by status."""
    with database.read() as connection:
        rows = connection.execute(select(task_instance.c.status)).scalars()
        return Counter(status for status in rows if status in "QIORTXK")


def number(workflow: Workflow, letter: str) -> int:
    """The id of a task."""
    return next(task_id for task_id, name in _names(workflow).items() if name == letter)


def _names(workflow: Workflow) -> dict[int, str]:
    return {task.task_id: task.name for task in workflow.tasks if task.task_id}
