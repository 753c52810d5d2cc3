"""Attempts, tasks and their neighbours as pages show them, on every database."""

from __future__ import annotations

import pytest

from jobmon_airflow import Tool
from jobmon_airflow.errors import UnknownName
from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import tasks
from jobmon_airflow.store.neighbours import Side
from jobmon_airflow.view import attempts, neighbours, task
from tests.attempts import AT
from tests.workflows import all_to_all, three_phases


@pytest.fixture
def failed(url, new):
    """A task that failed twice."""
    tool = Tool(new("attempts"), database=url)
    tool.set_default_cluster_name("sequential")
    template = tool.get_task_template(
        "fail", "echo {place} {out} >&2; exit {code}", ["place"], ["out"], ["code"], max_attempts=2
    )
    workflow = tool.create_workflow(name="failing")
    failing = template.create_task(
        place="north",
        out="lost",
        code=3,
        task_attributes={"cause": "7"},
        compute_resources={"memory": "1G", "runtime": "1h", "cores": 2, "env": {"TOKEN": "secret"}},
    )
    workflow.add_task(failing)
    assert workflow.run() == "E"
    return failing


def test_attempts_say_what_they_asked_for_and_how_they_ended(database, failed):
    with database.read() as connection:
        first, second = attempts.of_task(connection, failed.task_id).items

    assert (first.number, second.number) == (1, 2)
    assert first.id < second.id
    assert (second.status, second.verdict, second.is_active) == ("ERROR", "application error", False)
    assert second.evidence.exit_code == 3
    assert "north lost" in second.error
    assert second.requested.memory == 2**30
    assert (second.requested.runtime, second.requested.cores) == (3600, 2)
    assert second.requested.cluster == "sequential"
    assert second.used.runtime > 0
    assert second.submitted_date <= second.status_date
    assert second.begin_date <= second.status_date
    assert second.node


def test_values_of_variables_are_nobody_s_business(database, failed):
    with database.read() as connection:
        first = attempts.of_task(connection, failed.task_id).items[0]

    assert first.requested.options == {"env": "TOKEN"}
    assert "secret" not in repr(first.requested)


def test_attempts_come_in_pages(database, failed):
    with database.read() as connection:
        first = attempts.of_task(connection, failed.task_id, limit=1)
        second = attempts.of_task(connection, failed.task_id, after=first.next, limit=1)

    assert [it.number for it in (*first.items, *second.items)] == [1, 2]
    assert second.next is None


def test_a_task_says_all_that_is_known_of_it(database, failed):
    with database.read() as connection:
        header = task.header(connection, failed.task_id, may_act=True)

    assert header.command == "echo north lost >&2; exit 3"
    assert header.command_template == "echo {place} {out} >&2; exit {code}"
    assert (header.node_args, header.task_args) == ({"place": "north"}, {"out": "lost"})
    assert header.attributes == {"cause": "7"}
    assert (header.status, header.bucket, header.attempts, header.max_attempts) == (
        "ERROR_FATAL",
        "FATAL",
        2,
        2,
    )
    assert (header.template, header.workflow) == ("fail", "failing")
    assert (header.is_active, header.may_act) == (False, True)
    assert header.story[-1].new == "ERROR_FATAL"
    assert [it.at for it in header.story] == sorted(it.at for it in header.story)
    assert (header.upstream.count, header.downstream.count) == (0, 0)


def test_a_long_command_is_cut(database, url, new):
    tool = Tool(new("long"), database=url)
    tool.set_default_cluster_name("sequential")
    workflow = tool.create_workflow()
    workflow.add_task(tool.get_task_template("echo", "echo {text}", ["text"]).create_task(text="x" * 300_000))
    workflow.bind()

    with database.read() as connection:
        header = task.header(connection, workflow.tasks[0].task_id, may_act=False)

    assert len(header.command) < 201_000
    assert "more characters" in header.command
    assert len(header.node_args["text"]) < 11_000


def test_a_task_that_is_not_there_is_said_so(database):
    with database.read() as connection, pytest.raises(UnknownName, match="no task 10000000"):
        task.header(connection, 10_000_000, may_act=False)


def beside(database, task_id, side, **page):
    with database.read() as connection:
        return neighbours.beside(connection, task_id, side, **page)


def test_neighbours_are_those_one_waits_for_and_those_that_wait(database, url, new):
    workflow = three_phases(url, new("neighbours")).bind()
    aggregate = workflow.arrays["aggregate"].tasks[0]
    upstreams = workflow.get_tasks_by_node_args("transform", location="0")
    done = [it.task_id for it in upstreams][:1]
    database.write(lambda it: tasks.advance(it, done, TaskStatus.QUEUED, AT))
    database.write(lambda it: tasks.advance(it, done, TaskStatus.DONE, AT))

    up = beside(database, aggregate.task_id, Side.UPSTREAM)
    down = beside(database, aggregate.task_id, Side.DOWNSTREAM)

    assert sorted(it.id for it in up.items) == sorted(it.task_id for it in upstreams)
    assert {it.template for it in up.items} == {"transform"}
    assert up.counts == {"DONE": 1, "PENDING": 1}
    assert [it.name for it in down.items] == ["summarize"]
    assert (up.count, down.count, up.next, down.next) == (2, 1, None, None)


def test_many_neighbours_come_in_pages_through_their_join(database, url, new):
    workflow = all_to_all(url, new("join"), width=30).bind()
    first = workflow.arrays["first"].tasks[0].task_id
    seen, after = [], None
    while True:
        page = beside(database, first, Side.DOWNSTREAM, after=after, limit=7)
        seen += [it.id for it in page.items]
        assert page.count == 30
        if (after := page.next) is None:
            break

    assert sorted(seen) == sorted(it.task_id for it in workflow.arrays["second"].tasks)
    assert len(seen) == len(set(seen))


def test_too_many_neighbours_are_not_asked_how_they_stand(database, url, new, monkeypatch):
    monkeypatch.setattr(neighbours, "COUNTED", 5)
    workflow = all_to_all(url, new("many"), width=10).bind()

    page = beside(database, workflow.arrays["first"].tasks[0].task_id, Side.DOWNSTREAM)

    assert (page.counts, page.count) == (None, 10)
