"""Errors in groups, on every database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jobmon_airflow.engine.verdict import APPLICATION, NODE
from jobmon_airflow.errors import UnknownName
from jobmon_airflow.store import error_groups, task_instances, workflow_runs
from jobmon_airflow.view import errors
from tests.attempts import AT, attempt
from tests.view.past import ended, failed
from tests.workflows import three_phases

KIND = "KeyError: '...'"
TRACE = "Traceback (most recent call last):\n  File \"run.py\", line 7\nKeyError: 'draw_7'\n"


@pytest.fixture
def workflow(url, new):
    return three_phases(url, new("errors")).bind()


@pytest.fixture
def ids(workflow):
    return [task.task_id for task in workflow.arrays["transform"].tasks]


@pytest.fixture
def aggregates(workflow):
    return [task.task_id for task in workflow.arrays["aggregate"].tasks]


@pytest.fixture
def history(database, workflow, ids, aggregates):
    """Five attempts of two templates ended with one error, at four tasks; one with its node."""
    for task_id in (ids[0], ids[0], ids[1], ids[2]):
        ended(
            database,
            task_id,
            APPLICATION,
            kind=KIND,
            nodename="bad",
            exit_code=1,
            stderr_log=TRACE,
            after=10.0 + task_id,
        )
    ended(database, aggregates[0], APPLICATION, kind=KIND, nodename="good", after=1.0)
    ended(database, ids[3], NODE, kind="node failed", nodename=None, says=["The node failed."])
    ended(database, ids[4], nodename="good")
    failed(database, ids[:1])


def groups(database, workflow, **page):
    with database.read() as connection:
        return errors.of_workflow(connection, workflow.workflow_id, **page)


def attempts(database, workflow, group, **page):
    with database.read() as connection:
        return errors.attempts(connection, workflow.workflow_id, group, **page)


def test_errors_that_are_alike_are_one_group(database, workflow, ids, history):
    found = groups(database, workflow)
    first, second = found.items

    assert (found.attempts, found.groups, found.next, found.is_active) == (6, 2, None, False)
    assert (first.text, first.attempts, first.tasks, first.fatal_tasks) == (KIND, 5, 4, 1)
    assert first.templates == {"transform": 4, "aggregate": 1}
    assert first.first_seen == AT + timedelta(seconds=1)
    assert first.last_seen == AT + timedelta(seconds=10 + ids[2])
    assert [(node.name, node.attempts, node.share) for node in first.nodes] == [
        ("bad", 4, 0.8),
        ("good", 1, 0.2),
    ]
    assert (first.node_count, first.looked_at) == (2, 5)
    assert (second.text, second.attempts, second.tasks, second.fatal_tasks) == ("node failed", 1, 1, 0)
    assert (second.nodes, second.node_count) == ([], 0)


def test_a_sample_says_what_the_latest_said(database, workflow, history):
    by_text = {group.text: group.sample for group in groups(database, workflow).items}

    assert by_text["node failed"].text == "The node failed."
    assert by_text["node failed"].verdict == "node failed"
    assert by_text[KIND].template == "aggregate"


def test_a_sample_is_text_whatever_it_was(database, workflow, ids):
    ended(database, ids[0], APPLICATION, kind=KIND, stderr_log=f"\x1b[31m{'x' * 20_000}\x07{TRACE}<script>")

    [group] = groups(database, workflow).items

    assert "\x1b" not in group.sample.text
    assert "\x07" not in group.sample.text
    assert group.sample.text.endswith("<script>")
    assert len(group.sample.text) < 10_100
    assert group.sample.telling == "KeyError: 'draw_7'"


def test_groups_come_in_pages_the_largest_first(database, workflow, history):
    first = groups(database, workflow, limit=1)
    second = groups(database, workflow, limit=1, after=first.next)

    assert [first.items[0].text, second.items[0].text] == [KIND, "node failed"]
    assert second.next is None


def test_groups_of_the_same_size_come_once_each(database, workflow, ids):
    for number, task_id in enumerate(ids[:5]):
        ended(database, task_id, APPLICATION, kind=f"{workflow.workflow_id} error {number}")
    seen, after = [], None
    while after is not None or not seen:
        page = groups(database, workflow, limit=2, after=after)
        seen += [group.text for group in page.items]
        after = page.next

    assert sorted(seen) == [f"{workflow.workflow_id} error {number}" for number in range(5)]


def test_what_earlier_runs_did_not_see_is_new(database, workflow, ids, history):
    assert not any(group.is_new for group in groups(database, workflow).items)

    second = database.write(
        lambda it: workflow_runs.register(it, workflow.workflow_id, "ada", "1.0", AT + timedelta(days=1))
    )
    ended(database, ids[5], APPLICATION, kind="OSError: [Errno 28]")
    ended(database, ids[6], APPLICATION, kind=KIND)
    with database.read() as connection:
        rows = task_instances.of_tasks(connection, ids[5:7])
    database.write(lambda it: task_instances.hand_over(it, [row.id for row in rows], second))

    new = {
        group.text: (group.is_new, group.first_run_id == second) for group in groups(database, workflow).items
    }
    assert new == {KIND: (False, False), "node failed": (False, False), "OSError: [Errno 28]": (True, True)}


def test_a_workflow_without_errors_has_no_groups(database, workflow):
    found = groups(database, workflow)

    assert (found.items, found.attempts, found.groups, found.next) == ([], 0, 0, None)


def test_very_many_errors_are_represented_by_some(database, workflow, ids, history, monkeypatch):
    monkeypatch.setattr(errors, "_READ", 2)
    monkeypatch.setattr(errors, "_FATAL", 0)

    first = groups(database, workflow).items[0]

    assert (first.attempts, first.tasks, first.fatal_tasks) == (5, 4, None)
    assert first.looked_at < 5


# --- their attempts ---------------------------------------------------------------------------------------------


def test_a_group_s_attempts_come_in_the_order_of_their_tasks(database, workflow, ids, aggregates, history):
    group = groups(database, workflow).items[0].id

    whole = attempts(database, workflow, group)
    first = attempts(database, workflow, group, limit=2)
    second = attempts(database, workflow, group, limit=3, after=first.next)

    assert [row.task_id for row in whole.items] == [ids[0], ids[0], ids[1], ids[2], aggregates[0]]
    assert [*first.items, *second.items] == whole.items
    assert (whole.next, second.next) == (None, None)
    row = whole.items[0]
    assert (row.template, row.task_status, row.node, row.exit_code) == ("transform", "FATAL", "bad", 1)
    assert row.verdict == "application error"


def test_a_group_of_others_has_no_attempts_here(database, workflow, url, new, history):
    group = groups(database, workflow).items[0].id
    other = three_phases(url, new("others")).bind()

    assert attempts(database, other, group).items == []
    with pytest.raises(UnknownName, match="no group 9000000"):
        attempts(database, workflow, 9_000_000)


def test_what_failed_is_not_counted_as_long_as_it_runs(database, workflow, ids):
    attempt(database, ids[0])
    with database.read() as connection:
        assert error_groups.totals(connection, [workflow.arrays["transform"].array_id]) == (0, 0)
