"""What was brought is seen as if it had been run here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from jobmon_airflow.moving_in.bringing import bring
from jobmon_airflow.store import tasks
from jobmon_airflow.view import activity, attempts, counting, critical_path, errors, plan, template, timeline
from jobmon_airflow.view.plan import How
from tests.moving_in import burden
from tests.moving_in.originals import AT, task

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from jobmon_airflow.store.database import Database
    from tests.moving_in.originals import Original

NOW = datetime.now(UTC)


@pytest.fixture
def brought(original: Original, ours: Database) -> Database:
    burden.there(original)
    bring(ours, original.address)
    return ours


def test_its_tasks_are_counted(brought: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "FEW", 1)
    with brought.read() as connection:
        counted = [counting.of_workflow(connection, 1) for _ in range(2)]

        assert counted[0] == counted[1]
        assert sorted(counts for by_status in counted[0].values() for counts in by_status.items()) == [
            ("D", 7),
            ("F", 3),
            ("G", 1),
        ]
        # The second time, without counting tasks.
        assert counting._known(connection, 1) is not None


def test_its_errors_are_grouped(brought: Database) -> None:
    with brought.read() as connection:
        found = errors.of_workflow(connection, 1)

    assert [group.text for group in found.items] == ["out of memory"]
    assert found.attempts == 6


def test_its_attempts_tell_what_they_used_and_where_they_came_from(brought: Database) -> None:
    with brought.read() as connection:
        found = attempts.of_task(connection, number_of(connection, "transform_year-1999"))

    assert [(each.verdict, each.used.memory, each.used.runtime) for each in found.items] == [
        ("out of memory", 1048576, 61.5)
    ] * 2
    assert "Task instance" in (found.items[0].evidence.detail or "")


def test_charts_tell_when_tasks_ended(brought: Database) -> None:
    with brought.read() as connection:
        went = activity.of_workflow(connection, 1, NOW)
        drawn = timeline.of_workflow(connection, 1)

    assert went.begin is not None
    assert went.begin.replace(tzinfo=None) >= AT
    assert [row.name for row in drawn.rows] == ["transform"]


def test_a_plan_says_what_a_resume_would_do(brought: Database) -> None:
    with brought.read() as connection:
        found = plan.of_workflow(connection, 1, How.HOT)

    assert found.again == 4
    assert [(request.tasks, request.resource) for request in found.requests if request.before] == [
        (3, "memory")
    ]


def test_what_its_templates_use_is_known(brought: Database) -> None:
    with brought.read() as connection:
        found = template.of_workflow(connection, 1, "transform")

    assert found.name == "transform"


def test_its_length_came_from_what_ended_last(original: Original, ours: Database) -> None:
    from datetime import timedelta

    its = burden.there(original, status="D")
    original.attempt(its, "aggregate", "D")
    for place, number in enumerate(its.tasks.values()):
        original.change(task, number, status="D", status_date=AT + timedelta(hours=10 - place % 10))
    original.change(task, its.tasks["aggregate"], status_date=AT + timedelta(hours=12))
    bring(ours, original.address)

    with ours.read() as connection:
        path = critical_path.of_workflow(connection, 1)

    assert [step.task_name for step in path.steps][-1] == "aggregate"
    # Changes are told in the order of their moments, whatever the order in which tasks came.
    assert burden.asked(ours, "SELECT entered_at FROM task_status_audit ORDER BY id") == sorted(
        burden.asked(ours, "SELECT entered_at FROM task_status_audit")
    )


def number_of(connection: Connection, name: str) -> int:
    [number] = [row.id for row in tasks.page(connection, 1) if row.name == name]
    return number
