"""The table of a workflow's tasks, on every database."""

from __future__ import annotations

import pytest

from jobmon_airflow.errors import InvalidQuestion
from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import task_pages
from jobmon_airflow.store import tasks as stored
from jobmon_airflow.view import tasks
from jobmon_airflow.view.tasks import TaskFilter
from tests.attempts import AT
from tests.workflows import three_phases


@pytest.fixture
def workflow(url, new):
    """Eight of transform (of which two are done and one has failed), four of aggregate, one of summarize."""
    other = three_phases(url, new("before")).bind()
    found = three_phases(url, new("tasks")).bind()
    three_phases(url, new("behind")).bind()
    assert other.workflow_id < found.workflow_id
    return found


@pytest.fixture
def stands(database, workflow):
    ids = [task.task_id for task in workflow.arrays["transform"].tasks]
    go(database, ids[:3], TaskStatus.QUEUED)
    go(database, ids[:2], TaskStatus.DONE)
    go(database, ids[2:3], TaskStatus.ERROR_FATAL)
    return ids


def go(database, task_ids, status):
    assert database.write(lambda it: stored.advance(it, task_ids, status, AT)) == set(task_ids)


def table(database, workflow, limit=100, after=None, **wanted):
    with database.read() as connection:
        return tasks.table(connection, workflow.workflow_id, TaskFilter(**wanted), after=after, limit=limit)


def ids(database, workflow, **wanted):
    return [row.id for row in table(database, workflow, **wanted).items]


def of(workflow, *templates):
    return sorted(task.task_id for name in templates for task in workflow.arrays[name].tasks)


def test_all_tasks_of_the_workflow_are_there_once_in_the_order_of_their_ids(database, workflow, stands):
    found = table(database, workflow)

    assert [row.id for row in found.items] == of(workflow, "transform", "aggregate", "summarize")
    assert found.next is None
    first = found.items[0]
    assert (first.template, first.status, first.bucket) == ("transform", "DONE", "DONE")
    assert first.node_args == {"location": "0", "sex": "1"}
    assert found.items[2].status == "ERROR_FATAL"
    assert found.items[2].bucket == "FATAL"


@pytest.mark.parametrize("limit", [1, 2, 5, 12, 13, 14])
@pytest.mark.parametrize(
    "wanted", [{}, {"name": ["a"]}, {"template": ["transform"]}, {"status": ["PENDING"]}]
)
def test_pages_follow_each_other_without_gaps(database, workflow, stands, limit, wanted):
    every = ids(database, workflow, **wanted)
    found, after = [], None
    for _ in range(20):
        page = table(database, workflow, limit, after, **wanted)
        found += [row.id for row in page.items]
        assert len(page.items) <= limit
        if (after := page.next) is None:
            break

    assert found == every
    assert every


def test_templates_are_wanted_or_not(database, workflow, stands):
    assert ids(database, workflow, template=["aggregate"]) == of(workflow, "aggregate")
    assert ids(database, workflow, not_template=["transform"]) == of(workflow, "aggregate", "summarize")
    assert ids(database, workflow, template=["nothing"]) == []


def test_statuses_are_wanted_by_label_letter_or_bucket(database, workflow, stands):
    for word in ("DONE", "d", "done"):
        assert ids(database, workflow, status=[word]) == stands[:2]
    assert ids(database, workflow, status=["FATAL"]) == ids(database, workflow, status=["ERROR_FATAL"])
    assert ids(database, workflow, status=["FATAL", "DONE"]) == stands[:3]
    assert ids(database, workflow, not_status=["PENDING"]) == stands[:3]
    assert ids(database, workflow, status=["DONE"], not_status=["DONE"]) == []
    with pytest.raises(InvalidQuestion, match="no status"):
        table(database, workflow, status=["<b>"])


def test_a_bucket_has_all_its_statuses(database, workflow, stands):
    go(database, stands[3:4], TaskStatus.QUEUED)
    go(database, stands[3:4], TaskStatus.ADJUSTING_RESOURCES)

    assert stands[3] in ids(database, workflow, status=["PENDING"])


def test_names_are_found_in_large_and_small_letters(database, workflow):
    assert ids(database, workflow, name=["SUMMAR"]) == of(workflow, "summarize")
    assert ids(database, workflow, name=["summar", "aggreg"]) == of(workflow, "aggregate", "summarize")
    assert ids(database, workflow, not_name=["transform", "aggreg"]) == of(workflow, "summarize")


@pytest.mark.parametrize("text", ["%", "transform%", "_____________", "'; DROP TABLE task; --", "\\", "/%"])
def test_what_is_special_in_sql_is_a_letter_like_others(database, workflow, text):
    named = [task.task_id for task in workflow.tasks if text.lower() in task.name.lower()]

    assert ids(database, workflow, name=[text]) == sorted(named)


def test_node_args_are_wanted_or_not(database, workflow):
    transform = {
        (task.node_args["location"], task.node_args["sex"]): task
        for task in workflow.arrays["transform"].tasks
    }

    chosen = ids(database, workflow, args={"location": ["1", "2"], "sex": ["2"]})
    others = ids(database, workflow, template=["transform"], not_args={"location": ["1", "2", "3"]})

    assert chosen == [transform["1", "2"].task_id, transform["2", "2"].task_id]
    assert others == [transform["0", "1"].task_id, transform["0", "2"].task_id]
    assert ids(database, workflow, args={"planet": ["1"]}) == []
    assert ids(database, workflow, not_args={"planet": ["1"]}) == ids(database, workflow)


def test_tasks_are_wanted_by_their_ids_if_they_are_the_workflow_s(database, workflow, stands):
    last = of(workflow, "summarize")[0]

    assert ids(database, workflow, id=[last, stands[0], stands[0] - 1, 10**15]) == [stands[0], last]
    assert ids(database, workflow, id=[last, stands[0]], status=["DONE"]) == [stands[0]]
    page = table(database, workflow, 1, id=[last, stands[0]])
    assert [row.id for row in table(database, workflow, 1, page.next, id=[last, stands[0]]).items] == [last]


def test_a_search_that_finds_nothing_for_long_says_where_to_go_on(database, workflow, monkeypatch):
    monkeypatch.setattr(task_pages, "LOOKED_AT", 4)
    monkeypatch.setattr(task_pages, "_STEP", 2)
    wanted = of(workflow, "summarize")

    first = table(database, workflow, name=["summar"])
    found, pages = list(first.items), 1
    while first.next is not None:
        first = table(database, workflow, after=first.next, name=["summar"])
        found += first.items
        pages += 1

    assert [row.id for row in found] == wanted
    assert 2 <= pages <= 8


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJhIl0", "<b>"])
def test_a_cursor_of_nobody_s_is_refused(database, workflow, cursor):
    with pytest.raises(InvalidQuestion, match="cursor"):
        table(database, workflow, after=cursor)
