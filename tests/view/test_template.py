"""What a template's tasks use, on every database."""

from __future__ import annotations

import pytest

from jobmon_airflow.engine.verdict import APPLICATION, PUT_BACK
from jobmon_airflow.errors import UnknownName
from jobmon_airflow.store import samples
from jobmon_airflow.view import points, template
from jobmon_airflow.view.distributions import Zone
from jobmon_airflow.view.points import PointFilter
from jobmon_airflow.view.retries import Next
from tests.view.past import GIB, done, ended, failed, out_of_memory
from tests.workflows import three_phases

KIND = "KeyError: '...'"


@pytest.fixture
def workflow(url, new):
    """Eight tasks of transform, which ask for 1 GiB and ten minutes."""
    three_phases(url, new("before")).bind()
    return three_phases(url, new("used")).bind()


@pytest.fixture
def ids(workflow):
    return [task.task_id for task in workflow.arrays["transform"].tasks]


@pytest.fixture
def history(database, workflow, ids):
    """Six succeeded, one of them after memory was short; one failed twice; one was never attempted."""
    out_of_memory(database, ids[0], wallclock=50.0, gib=1.0)
    for task_id in ids[:6]:
        ended(database, task_id, wallclock=60.0, cpu=30.0, gib=0.75, nodename="n1")
    for _ in range(2):
        ended(database, ids[6], APPLICATION, kind=KIND, wallclock=5.0, gib=0.1)
    done(database, ids[:6])
    failed(database, ids[6:7])


def use(database, workflow, name="transform"):
    with database.read() as connection:
        return template.of_workflow(connection, workflow.workflow_id, name)


def shown(database, workflow, named=(), **wanted):
    with database.read() as connection:
        return points.of_template(connection, workflow.workflow_id, "transform", PointFilter(**wanted), named)


def lines(database, workflow, **wanted):
    with database.read() as connection:
        return list(points.lines(connection, workflow.workflow_id, "transform", PointFilter(**wanted)))


# --- the template -----------------------------------------------------------------------------------------------


def test_a_template_says_what_its_tasks_used(database, workflow, history):
    found = use(database, workflow)

    assert (found.attempts, found.sampled, found.failed_attempts) == (9, 9, 3)
    assert found.tasks == {"PENDING": 1, "SCHEDULED": 0, "RUNNING": 0, "DONE": 6, "FATAL": 1}
    assert (found.memory.unit, found.memory.used.count, found.memory.used.max) == ("bytes", 6, 0.75 * GIB)
    assert (found.memory.fit.percent.median, found.memory.fit.asked) == (75, GIB)
    assert found.memory.fit.zone is Zone.WELL
    assert (found.runtime.used.median, found.runtime.fit.percent.median) == (60, 10)
    assert found.runtime.fit.zone is Zone.OVER
    assert found.cores.used.median == 0.5
    assert found.cores.fit is None
    assert found.node_args == ("location", "sex")
    assert found.command_template == "{script} transform {location} {sex} --out {folder:q}"
    assert (found.limit, found.is_active) == (None, False)


def test_what_is_advised_was_learnt_from_those_that_tell(database, workflow, history):
    found = use(database, workflow)
    [advice] = [each for each in found.advice if each.is_recommended]

    assert advice.test.attempts == 7
    assert (advice.compute_resources["runtime"], advice.compute_resources["cores"]) == ("1m12s", "1")
    # Of seven, the one that was short of memory needed more than its 1 GiB.
    assert advice.memory > GIB
    assert advice.test.lack_memory == 0


def test_what_came_after_failures_is_told_by_why_they_failed(database, workflow, history):
    found = {each.verdict: each for each in use(database, workflow).retries}

    assert found.keys() == {"out of memory", "application error"}
    assert found["out of memory"].attempts == 1
    assert found["out of memory"].followed[Next.DONE] == 1
    assert found["application error"].attempts == 2
    assert found["application error"].followed == {
        Next.DONE: 0,
        Next.FAILED: 1,
        Next.GIVEN_UP: 1,
        Next.OPEN: 0,
    }


def test_all_verdicts_are_counted_and_being_put_back_is_no_failure(database, workflow, ids, history):
    ended(database, ids[7], PUT_BACK)

    found = use(database, workflow)

    assert found.verdicts == {"done": 6, "out of memory": 1, "application error": 2, "put back": 1}
    assert {each.verdict for each in found.retries} == {"out of memory", "application error"}


def test_a_template_without_attempts_says_so(database, workflow):
    found = use(database, workflow, "summarize")

    assert (found.attempts, found.memory.used, found.runtime.fit, found.advice) == (0, None, None, [])
    assert (found.requests, found.retries, found.verdicts) == ([], [], {})


@pytest.mark.parametrize("name", ["transforms", "", "nul\0", "half \udce9"])
def test_a_template_that_is_not_there_is_said_so(database, workflow, name):
    with pytest.raises(UnknownName, match="no tasks of a template") as caught:
        use(database, workflow, name)

    assert "transform" in caught.value.remedy


def test_many_attempts_are_represented_by_some(database, workflow, history, monkeypatch):
    monkeypatch.setattr(template, "MEASURED", 3)
    monkeypatch.setattr(samples, "_NEIGHBOURS", 1)

    found = use(database, workflow)

    assert found.attempts == 9
    assert found.sampled < 9
    assert found == use(database, workflow)


# --- its attempts -----------------------------------------------------------------------------------------------


def test_every_attempt_is_a_point(database, workflow, ids, history):
    found = shown(database, workflow, named=["location", "nothing"])

    assert (found.attempts, found.sampled, found.failed, found.failed_sampled) == (9, 9, 3, 3)
    verdicts = [found.verdict.words[at] for at in found.verdict.at]
    by_attempt = dict(zip(zip(found.task_id, found.number, strict=True), verdicts, strict=True))
    assert by_attempt[ids[0], 1] == "out of memory"
    assert by_attempt[ids[0], 2] == by_attempt[ids[1], 1] == "done"
    assert by_attempt[ids[6], 1] == by_attempt[ids[6], 2] == "application error"
    assert found.memory[found.task_id.index(ids[1])] == 0.75 * GIB
    assert {found.requests[at].memory for at in found.request} == {GIB}
    locations = [found.args["location"].words[at] for at in found.args["location"].at]
    assert locations[found.task_id.index(ids[6])] == "3"
    assert found.args["nothing"].words == [""]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"verdict": ["done"]}, 6),
        ({"verdict": ["done", "out of memory"]}, 7),
        ({"attempt": [2]}, 2),
        ({"args": {"location": ["0"]}}, 3),
        ({"args": {"location": ["0"], "sex": ["2"]}}, 1),
        ({"args": {"nothing": ["0"]}}, 0),
        ({"verdict": ["done"], "attempt": [1], "args": {"location": ["0"]}}, 1),
    ],
)
def test_points_can_be_chosen_and_so_can_lines(database, workflow, history, wanted, count):
    assert len(shown(database, workflow, **wanted).attempt_id) == count
    assert len(lines(database, workflow, **wanted)) == count


def test_lines_say_all_of_each_attempt(database, workflow, ids, history):
    first, second, *others = lines(database, workflow)

    assert (first.task_id, first.number, first.verdict, first.memory) == (ids[0], 1, "out of memory", GIB)
    assert (second.runtime, second.cpu, second.asked_memory, second.asked_runtime) == (60.0, 30.0, GIB, 600)
    assert second.node == "n1"
    assert second.submitted < second.ended
    assert second.node_args == {"location": "0", "sex": "1"}
    assert len(others) == 7


def test_of_many_points_those_that_failed_are_more_than_their_share(database, workflow, history, monkeypatch):
    monkeypatch.setattr(points, "MOST", 0)

    found = shown(database, workflow)

    assert (found.attempts, found.sampled) == (9, 3)
    assert "done" not in found.verdict.words
