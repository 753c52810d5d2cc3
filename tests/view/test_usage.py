"""What was asked for and used over time, on every database. Tests share its tables: each sees its own workflow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from jobmon_airflow.engine.verdict import APPLICATION
from jobmon_airflow.errors import InvalidQuestion
from jobmon_airflow.view import usage
from jobmon_airflow.view.usage import UsageBy
from tests.attempts import AT
from tests.view.past import ended
from tests.workflows import three_phases

SINCE, UNTIL = AT - timedelta(days=1), AT + timedelta(days=1)


@pytest.fixture
def workflow(url, new):
    """Transform asks for 1 GiB, aggregate for 2; both for ten minutes and one core."""
    return three_phases(url, new("usage")).bind()


@pytest.fixture
def history(database, workflow):
    """An hour each of two tasks of transform, of which one failed, and two hours of aggregate, one later."""
    transforms = [task.task_id for task in workflow.arrays["transform"].tasks]
    aggregates = [task.task_id for task in workflow.arrays["aggregate"].tasks]
    ended(database, transforms[0], wallclock=3600.0, cpu=1800.0, gib=0.5)
    ended(database, transforms[1], APPLICATION, kind="x", wallclock=3600.0)
    ended(database, aggregates[0], wallclock=3600.0, cpu=3600.0, gib=1.5)
    ended(database, aggregates[1], wallclock=3600.0, cpu=3600.0, gib=1.5, after=3600.0)


def only(workflow):
    """Whoever may see this workflow alone."""
    return lambda origin: origin.dag_ids == frozenset({f"only {workflow.workflow_id}"})


@pytest.fixture
def may_read(database, workflow, new):
    from jobmon_airflow.store import airflow_tasks
    from jobmon_airflow.store.airflow_tasks import Place, Try

    this = Try(place=Place(dag_id=f"only {workflow.workflow_id}", run_id="r", task_id="t"), number=1)
    database.write(lambda it: airflow_tasks.claim(it, this, AT))
    database.write(lambda it: airflow_tasks.note(it, this, AT, workflow_id=workflow.workflow_id))
    return only(workflow)


def used(database, may_read, by=UsageBy.TEMPLATE, since=SINCE, until=UNTIL):
    with database.read() as connection:
        return usage.over_time(connection, may_read, by, since, until)


def saved(database, may_read, **page):
    with database.read() as connection:
        return usage.savings(connection, may_read, SINCE, UNTIL, **page)


def test_usage_is_summed_up_by_template_and_hour(database, history, may_read):
    found = used(database, may_read)

    assert (found.step_hours, found.steps[0]) == (1, SINCE.replace(minute=0, second=0, microsecond=0))
    assert [group.name for group in found.groups] == ["aggregate", "transform"]
    aggregate, transform = found.groups
    assert (aggregate.total.attempts, transform.total.attempts) == (2, 2)
    assert aggregate.total.memory_hours_asked == pytest.approx(4)
    assert aggregate.total.memory_hours_used == pytest.approx(3)
    assert aggregate.total.memory_unused == pytest.approx(0.25)
    at = found.steps.index(AT.replace(minute=0, second=0, microsecond=0))
    assert aggregate.memory_hours_asked[at : at + 2] == pytest.approx([2, 2])
    assert transform.attempts[at : at + 2] == [2, 0]
    assert sum(transform.attempts) == 2


def test_who_was_not_measured_is_not_said_to_have_used_nothing(database, history, may_read):
    [transform] = [group for group in used(database, may_read).groups if group.name == "transform"]

    assert transform.total.memory_hours_asked == pytest.approx(2)
    assert transform.total.memory_hours_used == pytest.approx(0.5)
    assert transform.total.memory_unused == pytest.approx(0.5)


def test_usage_may_be_seen_by_tool_and_by_user(database, history, may_read):
    assert [group.name for group in used(database, may_read, UsageBy.TOOL).groups] == ["health"]
    assert [group.name for group in used(database, may_read, UsageBy.USER).groups] == ["ada"]


def test_only_what_one_may_see_is_counted(database, history):
    found = used(database, lambda _: False)

    assert (found.groups, found.total.attempts) == ([], 0)


def test_who_may_see_all_sees_the_same_of_each(database, history, may_read):
    [mine] = used(database, may_read, UsageBy.TOOL).groups
    [all_of_them] = [
        group for group in used(database, lambda _: True, UsageBy.TOOL).groups if group.name == "health"
    ]

    assert all_of_them.total.attempts >= mine.total.attempts


@pytest.mark.parametrize(("days", "hours"), [(3, 1), (4, 24), (200, 24), (201, 168), (3650, 168)])
def test_a_longer_time_has_longer_steps_and_the_same_sum(database, history, may_read, days, hours):
    found = used(database, may_read, since=UNTIL - timedelta(days=days))

    assert found.step_hours == hours
    assert found.total.memory_hours_asked == pytest.approx(6)
    assert sum(sum(group.memory_hours_asked) for group in found.groups) == pytest.approx(6, abs=0.001)


def test_beyond_the_time_nothing_is_counted(database, history, may_read):
    assert used(database, may_read, since=AT + timedelta(hours=2)).total.attempts == 0
    assert used(database, may_read, until=AT - timedelta(hours=2)).total.attempts == 0


@pytest.mark.parametrize(
    ("since", "until"),
    [(UNTIL, SINCE), (AT, AT), (datetime(1990, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))],
)
def test_a_time_that_means_nothing_is_refused(database, since, until):
    with pytest.raises(InvalidQuestion):
        used(database, lambda _: True, since=since, until=until)


@pytest.mark.parametrize("moment", [datetime.min, datetime.max])  # noqa: DTZ901
def test_moments_at_the_end_of_time_are_refused_in_words(database, moment):
    with pytest.raises(InvalidQuestion):
        used(database, lambda _: True, since=moment, until=None)


def test_a_moment_without_a_zone_is_in_utc(database, history, may_read):
    found = used(database, may_read, since=SINCE.replace(tzinfo=None))

    assert found == used(database, may_read)


def test_many_groups_are_shown_as_others(database, history, may_read, monkeypatch):
    monkeypatch.setattr(usage, "GROUPS", 1)

    found = used(database, may_read)

    assert [group.name for group in found.groups] == ["aggregate", "all others"]
    assert (found.others, found.groups[1].total.attempts) == (1, 2)


def test_who_could_save_most_comes_first(database, workflow, history, may_read):
    first, second = saved(database, may_read).items

    assert (first.template, first.tool, first.user) == ("aggregate", "health", "ada")
    assert first.workflow_id == workflow.workflow_id
    assert first.memory_hours_unused == pytest.approx(1.0)
    assert second.memory_hours_unused == pytest.approx(1.0)
    assert (second.amounts.attempts, second.amounts.failed_core_hours) == (2, 0)


def test_savings_come_in_pages(database, history, may_read):
    whole = saved(database, may_read)
    first = saved(database, may_read, limit=1)
    second = saved(database, may_read, limit=1, after=first.next)

    assert [*first.items, *second.items] == whole.items
    assert (whole.next, second.next) == (None, None)
