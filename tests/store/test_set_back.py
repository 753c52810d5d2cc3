"""Templates whose work is to be done again, and what depends on it, on every database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jobmon_airflow import Tool
from jobmon_airflow.states import TaskInstanceStatus, TaskStatus, WorkflowRunStatus
from jobmon_airflow.store import set_back, task_instances, tasks, workflow_runs
from tests.engine.simulated import drawn, statuses, story, workflow_status
from tests.store.building import AT
from tests.workflows import all_to_all, close

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jobmon_airflow import Workflow
    from jobmon_airflow.store.database import Database


@pytest.fixture
def url(database: Database) -> Iterator[str]:
    """The address under which scripts know the database."""
    address = database.engine.url.render_as_string(hide_password=False)
    yield address
    close(address)


def done(database: Database, workflow: Workflow, *, but: str = "") -> Workflow:
    """The workflow, all of whose tasks are done but those of these names, which have failed."""

    def go(connection):
        run = workflow_runs.register(connection, workflow.workflow_id, "ada", "1.0", AT)
        failed = [task.task_id for task in workflow.tasks if task.name in but.split()]
        ids = [task.task_id for task in workflow.tasks if task.name not in but.split()]
        tasks.advance(connection, [*ids, *failed], TaskStatus.QUEUED, AT)
        tasks.advance(connection, ids, TaskStatus.DONE, AT)
        tasks.advance(connection, failed, TaskStatus.ERROR_FATAL, AT)
        for status in (WorkflowRunStatus.LINKING, WorkflowRunStatus.BOUND, WorkflowRunStatus.RUNNING):
            workflow_runs.go(connection, run, status, AT)
        workflow_runs.go(connection, run, WorkflowRunStatus.ERROR if but else WorkflowRunStatus.DONE, AT)

    database.write(go)
    return workflow


def set_back_templates(database: Database, workflow: Workflow, *names: str) -> set[str]:
    """Set templates back; the names of the tasks that will run again."""
    moved = database.write(lambda it: set_back.templates(it, workflow.workflow_id, names, AT))
    return {task.name for task in workflow.tasks if task.task_id in moved}


def of_templates(workflow_args: str, url: str, edges: str) -> Workflow:
    """A workflow with a template and a task for each letter; ``a>b`` says that b waits for a."""
    tool = Tool("letters", database=url)
    tool.set_default_cluster_name("sequential")
    workflow = tool.create_workflow(workflow_args)
    made = {
        letter: tool.get_task_template(letter, f"echo {letter}").create_task(name=letter)
        for letter in sorted(set(edges) - set("> "))
    }
    workflow.add_tasks(made.values())
    for upstream, _, downstream in edges.split():
        made[upstream].add_downstream(made[downstream])
    return workflow.bind()


@pytest.mark.parametrize(
    ("edges", "names", "again"),
    [
        ("a>b b>c", "b", "bc"),
        ("a>b b>c", "c", "c"),
        ("a>b b>c", "a", "abc"),
        ("a>b a>c b>d c>d", "b", "bd"),
        ("a>b a>c b>d c>d", "a", "abcd"),
        ("a>b a>c b>d c>d d>e", "bc", "bcde"),
        ("a>b c>d", "a", "ab"),
    ],
    ids=lambda value: value.replace(">", "-").replace(" ", ","),
)
def test_what_depends_on_a_template_runs_again_with_it_and_nothing_else(
    database: Database, url: str, new: Callable[[str], str], edges: str, names: str, again: str
) -> None:
    workflow = done(database, of_templates(new("letters"), url, edges))

    assert set_back_templates(database, workflow, *names) == set(again)

    assert {name for name, status in statuses(workflow).items() if status == "G"} == set(again)
    assert {name for name, status in statuses(workflow).items() if status == "D"} == set(edges) - set(
        again
    ) - {*"> "}
    assert workflow_status(workflow) == "F"


def test_all_tasks_behind_a_join_run_again(database: Database, url: str, new: Callable[[str], str]) -> None:
    workflow = done(database, all_to_all(url, new("all to all"), width=20).bind())

    assert len(set_back_templates(database, workflow, "first")) == 40

    assert set(statuses(workflow).values()) == {"G"}


def test_what_stands_before_a_join_stays_done(
    database: Database, url: str, new: Callable[[str], str]
) -> None:
    workflow = done(database, all_to_all(url, new("all to all"), width=20).bind())

    assert len(set_back_templates(database, workflow, "second")) == 20

    again = {name for name, status in statuses(workflow).items() if status == "G"}
    assert again == {task.name for task in workflow.arrays["second"].tasks}


def test_a_task_that_depends_on_a_single_one_of_a_template_runs_again(
    database: Database, url: str, new: Callable[[str], str]
) -> None:
    workflow = done(database, drawn("a>B c>D", url, new("drawn")))

    assert set_back_templates(database, workflow, "paint") == {"B", "D"}


def test_the_audit_tells_that_it_was_set_back_and_all_attempts_are_there_again(
    database: Database, url: str, new: Callable[[str], str]
) -> None:
    workflow = done(database, of_templates(new("letters"), url, "a>b"))

    set_back_templates(database, workflow, "b")

    assert (story(workflow, "a"), story(workflow, "b")) == ("GQD", "GQDG")
    with database.read() as connection:
        found = {row.name: row for row in tasks.page(connection, workflow.workflow_id)}
    assert found["b"].num_attempts == 0


def test_a_workflow_that_has_failed_stays_failed_and_what_is_to_run_is_not_moved(
    database: Database, url: str, new: Callable[[str], str]
) -> None:
    workflow = done(database, of_templates(new("letters"), url, "a>b b>c"), but="b c")
    assert set_back_templates(database, workflow, "b") == {"b", "c"}

    assert set_back_templates(database, workflow, "a") == {"a"}

    assert set(statuses(workflow).values()) == {"G"}
    assert workflow_status(workflow) == "F"


def test_nothing_happens_for_a_template_that_the_workflow_does_not_have(
    database: Database, url: str, new: Callable[[str], str]
) -> None:
    workflow = done(database, of_templates(new("letters"), url, "a>b"))

    assert set_back_templates(database, workflow, "z") == set()

    assert statuses(workflow) == {"a": "D", "b": "D"}
    assert workflow_status(workflow) == "D"


def test_another_workflow_of_the_same_graph_is_left_alone(
    database: Database, url: str, new: Callable[[str], str]
) -> None:
    ours, other = (done(database, of_templates(new("letters"), url, "a>b")) for _ in range(2))

    set_back_templates(database, ours, "a")

    assert statuses(other) == {"a": "D", "b": "D"}
    assert workflow_status(other) == "D"


def test_an_attempt_that_still_runs_is_told_to_stop(
    database: Database, url: str, new: Callable[[str], str]
) -> None:
    """What it makes, it makes of results that are to be made anew."""
    workflow = done(database, of_templates(new("letters"), url, "a>b c>d"))
    running = {name: _attempt(database, workflow, name) for name in "bd"}

    set_back_templates(database, workflow, "a")

    with database.read() as connection:
        found = {
            row.id: row.status for row in task_instances.open_of_workflow(connection, workflow.workflow_id)
        }
    assert found == {running["b"]: "K", running["d"]: "R"}


def _attempt(database: Database, workflow: Workflow, name: str) -> int:
    task = next(task for task in workflow.tasks if task.name == name)

    def go(connection):
        run = workflow_runs.register(connection, workflow.workflow_id, "ada", "1.0", AT)
        row = next(row for row in tasks.page(connection, workflow.workflow_id) if row.name == name)
        attempts = task_instances.queue(
            connection, run, row.array_id, 1, {task.task_id: row.task_resources_id}, AT
        )
        for status in (TaskInstanceStatus.INSTANTIATED, TaskInstanceStatus.RUNNING):
            task_instances.advance(connection, attempts.values(), status, AT)
        return attempts[task.task_id]

    return database.write(go)
