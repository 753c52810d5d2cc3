"""Binding while it is killed, and while others bind the same."""

from __future__ import annotations

import os
import random
import signal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from jobmon_airflow import Tool
from jobmon_airflow.client import registry
from jobmon_airflow.store.database import Database
from tests.workflows import all_to_all, contents, three_phases

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobmon_airflow import Workflow

BINDERS = 4


@pytest.mark.parametrize("define", [three_phases, all_to_all])
@pytest.mark.slow
def test_a_bind_that_is_killed_at_any_statement_leaves_nothing_in_the_way(
    define: Callable[..., Workflow], url: str, lite: str
) -> None:
    define(lite).bind()
    undisturbed = contents(lite)
    points = 0

    # Each child dies one statement or commit later than the one before it, and each finds what that one left.
    while _dies(lambda point=points: _bind_and_die_at(point, define, url)):
        found = contents(url)
        assert found["workflows"] in ([], undisturbed["workflows"])  # never half of one
        assert found["tasks"] in ([], undisturbed["tasks"])
        points += 1

    assert points > 20
    assert contents(url) == undisturbed
    assert define(url).bind().is_bound
    assert contents(url) == undisturbed


@pytest.mark.slow
def test_many_who_bind_the_same_workflow_at_once_bind_one(url: str, lite: str) -> None:
    three_phases(lite, locations=150).bind()

    ids = _all_at_once([lambda: three_phases(url, locations=150).bind().workflow_id] * BINDERS)

    assert len(set(ids)) == 1
    assert contents(url) == contents(lite)


@pytest.mark.slow
def test_workflows_that_share_nodes_are_bound_at_once_in_any_order(url: str, lite: str) -> None:
    def define(address: str, number: int) -> Workflow:
        tool = Tool("shared", database=address)
        tool.set_default_cluster_name("sequential")
        template = tool.get_task_template("t", "t {n}", node_args=["n"])
        numbers = list(range(3000))
        random.Random(number).shuffle(numbers)
        workflow = tool.create_workflow(workflow_args=str(number))
        workflow.add_tasks(template.create_task(n=n) for n in numbers)
        return workflow

    for number in range(BINDERS):
        define(lite, number).bind()

    ids = _all_at_once(
        [lambda number=number: define(url, number).bind().workflow_id for number in range(BINDERS)]
    )

    assert len(set(ids)) == BINDERS
    assert contents(url) == contents(lite)


def _bind_and_die_at(point: int, define: Callable[..., Workflow], url: str) -> None:
    passed = iter(range(1_000_000))

    def count(*_: Any) -> None:
        if next(passed) == point:
            os.kill(os.getpid(), signal.SIGKILL)

    workflow = define(url)
    registry._opened[url] = database = Database.open(url)
    event.listen(database.engine, "before_cursor_execute", count)
    event.listen(database.engine, "commit", count)
    workflow.bind()


def _dies(work: Callable[[], object]) -> bool:
    """Do the work in a child, and say whether it was killed; any other failure fails the test."""
    child = _fork(work)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status) == signal.SIGKILL
    assert os.waitstatus_to_exitcode(status) == 0
    return False


def _all_at_once(works: list[Callable[[], int]]) -> list[int]:
    """Do each work in a child of its own, begun together, and return what they returned."""
    ready, go = os.pipe()
    answers = [os.pipe() for _ in works]

    def wait_and_do(number: int) -> None:
        os.close(go)
        os.read(ready, 1)  # ends when the parent closes its side
        os.write(answers[number][1], str(works[number]()).encode())

    children = [_fork(lambda number=number: wait_and_do(number)) for number in range(len(works))]
    os.close(go)
    os.close(ready)
    for child in children:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    found = []
    for reading, writing in answers:
        os.close(writing)
        found.append(int(os.read(reading, 100)))
        os.close(reading)
    return found


def _fork(work: Callable[[], object]) -> int:
    child = os.fork()
    if child:
        return child
    try:
        work()
    except BaseException:  # noqa: BLE001 - whatever it was, a child must not go on as a second test run
        import traceback

        traceback.print_exc()
        os._exit(1)
    os._exit(0)
