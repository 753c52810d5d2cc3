"""How tasks came to stand as they do: originals keep that since 3.7."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from jobmon_airflow.moving_in.bringing import bring
from tests.moving_in import burden
from tests.moving_in.originals import AT, task, workflow

if TYPE_CHECKING:
    from jobmon_airflow.store.database import Database
    from tests.moving_in.originals import Original

CHANGES = """
    SELECT task.name, previous_status, new_status FROM task_status_audit JOIN task ON task.id = task_id
    ORDER BY task_status_audit.id
"""
SUMS = (
    "SELECT previous_status, new_status, sum(tasks) FROM moves_by_minute GROUP BY previous_status, new_status"
)
COUNTED = """
    SELECT previous_status, new_status, count(*) FROM task_status_audit GROUP BY previous_status, new_status
"""


def went(database: Database) -> dict[str, str]:
    """The letters that each task went through."""
    found: dict[str, str] = {}
    for name, before, after in burden.asked(database, CHANGES):
        assert found.setdefault(name, "G")[-1] == before
        found[name] += after
    return found


def test_every_change_comes_along_and_is_summed_up(original: Original, ours: Database) -> None:
    its = burden.there(original)
    original.keep_changes(its, "transform_year-1990", "GQIORGQIORD")
    original.keep_changes(its, "transform_year-1999", "QIORF", begin=AT - timedelta(minutes=1))

    report = bring(ours, original.address)

    letters = went(ours)
    assert letters["transform_year-1990"] == "GQIORGQIORD"
    assert letters["transform_year-1999"] == "GQIORF"
    assert letters["transform_year-1991"] == "GD"  # nothing is known of it but its end
    assert report.brought["task_status_audit"] == 15
    assert sorted(burden.asked(ours, SUMS)) == sorted(burden.asked(ours, COUNTED))
    moments = burden.asked(ours, "SELECT entered_at FROM task_status_audit ORDER BY id")
    assert moments == sorted(moments)


def test_what_was_under_way_and_waits_here_is_no_longer_seen_running(
    original: Original, ours: Database
) -> None:
    its = burden.there(original)
    original.stand(its, aggregate="R")
    original.keep_changes(its, "aggregate", "GQIOR")

    bring(ours, original.address)

    assert went(ours)["aggregate"] == "GQIORG"


def test_changes_that_mean_nothing_here_are_left(original: Original, ours: Database) -> None:
    its = burden.there(original)
    original.keep_changes(its, "transform_year-1990", "G?D")

    assert bring(ours, original.address).brought["task_status_audit"] == 0
    assert went(ours)["transform_year-1990"] == "GD"


def test_a_workflow_that_went_on_there_has_its_changes_once(original: Original, ours: Database) -> None:
    its = burden.there(original)
    original.keep_changes(its, "aggregate", "GQ")
    bring(ours, original.address)
    original.keep_changes(its, "aggregate", "IORD", before="Q", begin=AT + timedelta(hours=1))
    original.change(task, its.tasks["aggregate"], status="D", status_date=AT + timedelta(hours=2))
    original.change(workflow, its.id, status="D")
    original.run(its, "D")

    bring(ours, original.address)
    bring(ours, original.address)

    assert went(ours)["aggregate"] == "GQIORD"
