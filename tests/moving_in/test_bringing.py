"""What an original's database has is brought, whatever databases there and here are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from jobmon_airflow.moving_in.bringing import Selection, bring
from jobmon_airflow.store import attributes, imported
from tests.moving_in import burden
from tests.moving_in.conftest import database_at
from tests.moving_in.originals import (
    AT,
    Original,
    task_attribute,
    task_attribute_type,
    workflow_attribute,
    workflow_attribute_type,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobmon_airflow.store.database import Database

NOON = AT.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("there", "here"),
    [("sqlite", "sqlite"), ("sqlite", "postgresql"), ("sqlite", "mariadb"), ("mariadb", "sqlite")],
)
def test_a_workflow_comes_with_all_that_is_known_of_it(
    there: str, here: str, address_of: Callable[[str], str]
) -> None:
    original, ours = Original.at(address_of(there)), database_at(address_of(here))
    its = burden.there(original, description="naïve Ω 🚀", max_concurrently_running=50)
    kind = original.insert(workflow_attribute_type, name="release")
    original.insert(workflow_attribute, workflow_id=its.id, workflow_attribute_type_id=kind, value="16")
    kind = original.insert(task_attribute_type, name="sex")
    number = its.tasks["aggregate"]
    original.insert(task_attribute, task_id=number, task_attribute_type_id=kind, value="both")

    report = bring(ours, original.address)

    assert report.remarks() == []
    brought = {"workflow": 1, "workflow_run": 1, "task": 11, "task_instance": 13, "node": 11, "dag": 1}
    assert {kind: report.brought[kind] for kind in brought} == brought
    assert burden.asked(ours, "SELECT name, workflow_args, description, status FROM workflow") == [
        ("burden_2024", "release 16", "naïve Ω 🚀", "F")
    ]
    assert burden.asked(ours, "SELECT max_concurrently_running FROM workflow") == [(50,)]
    assert burden.asked(ours, "SELECT workflow_run.user, jobmon_version, status FROM workflow_run") == [
        ("ada", "3.6.1", "E")
    ]
    assert burden.asked(ours, "SELECT status, count(*) FROM task GROUP BY status ORDER BY status") == [
        ("D", 7),
        ("F", 3),
        ("G", 1),
    ]
    assert burden.asked(
        ours,
        "SELECT status, verdict, count(*), min(wallclock), min(maxrss), min(cpu) FROM task_instance "
        "GROUP BY status, verdict ORDER BY status",
    ) == [("D", "done", 7, 61.5, 1048576, 58.0), ("Z", "out of memory", 6, 61.5, 1048576, 58.0)]
    assert burden.asked(ours, "SELECT name FROM error_kind") == [("out of memory",)]
    assert burden.asked(ours, "SELECT count(*), min(description) FROM task_instance_error_log") == [
        (6, "slurmstepd: error: Detected 1 oom_kill event")
    ]
    assert burden.asked(ours, "SELECT sum(attempts) FROM usage_by_hour") == [(13,)]
    assert burden.asked(
        ours,
        "SELECT previous_status, new_status, tasks FROM moves_by_minute ORDER BY new_status",
    ) == [("G", "D", 7), ("G", "F", 3)]
    assert burden.asked(
        ours, "SELECT new_status, count(*) FROM task_status_audit GROUP BY new_status ORDER BY new_status"
    ) == [("D", 7), ("F", 3)]
    assert burden.asked(ours, "SELECT command FROM task WHERE name = 'transform_year-1990'") == [
        ("transform.py --out /data --year 1990 --verbose 1",)
    ]
    origin = ours.write(lambda connection: imported.origin_id(connection, report.origin, NOON))
    with ours.read() as connection:
        found = imported.ids(connection, origin, "task", [number])
        assert attributes.read(connection, "workflow", 1) == {"release": "16"}
        assert attributes.read(connection, "task", found[number]) == {"sex": "both"}
    # Once more, and nothing has changed.
    before = burden.everything(ours)
    again = bring(ours, original.address)
    assert burden.everything(ours) == before
    assert not any(again.brought.values())
    assert (again.known["workflow"], again.known["task"], again.known["task_instance"]) == (1, 11, 13)
    original.engine.dispose()


def test_the_next_import_adds_what_is_new_and_changes_nothing_else(
    original: Original, ours: Database
) -> None:
    its = burden.there(original)
    bring(ours, original.address)
    before = burden.everything(ours)

    later = burden.of_version(original, its.tool_version_id, args="release 17")
    report = bring(ours, original.address)

    assert (report.brought["workflow"], report.brought["task"]) == (1, 11)
    after = burden.everything(ours)
    for name, rows in before.items():
        assert set(rows) <= set(after[name]), name
    assert burden.asked(ours, "SELECT workflow_args FROM workflow ORDER BY id") == [
        ("release 16",),
        ("release 17",),
    ]
    assert later.id != its.id


def test_moments_are_those_of_the_originals_clock(original: Original, ours: Database) -> None:
    from zoneinfo import ZoneInfo

    burden.there(original)

    bring(ours, original.address, zone=ZoneInfo("America/Los_Angeles"))

    from sqlalchemy import select

    from jobmon_airflow.store.schema import task_instance, workflow

    with ours.read() as connection:
        created = connection.execute(select(workflow.c.created_date)).scalar_one()
        ended = connection.execute(select(task_instance.c.status_date)).scalars().first()
    assert created == NOON + timedelta(hours=8)
    assert ended == NOON + timedelta(hours=8, minutes=5)


def test_only_some_workflows_are_brought(original: Original, ours: Database) -> None:
    burden.there(original)
    other = burden.there(original, tool="other")
    burden.there(original, tool="third")

    report = bring(ours, original.address, only=Selection(tools=["other"]))
    assert report.brought["workflow"] == 1
    assert burden.asked(
        ours,
        "SELECT tool.name FROM workflow JOIN tool_version ON tool_version.id = workflow.tool_version_id "
        "JOIN tool ON tool.id = tool_version.tool_id",
    ) == [("other",)]

    report = bring(ours, original.address, only=Selection(workflow_ids=[other.id, 1]))
    assert (report.brought["workflow"], report.known["workflow"]) == (1, 1)


def test_a_name_stands_for_an_address_that_may_change(original: Original, ours: Database, tmp_path) -> None:
    burden.there(original)
    bring(ours, original.address, name="the old one")
    moved = tmp_path / "moved.db"
    moved.write_bytes((tmp_path / "original.db").read_bytes())

    report = bring(ours, f"sqlite:///{moved}", name="the old one")

    assert report.origin == "the old one"
    assert (report.brought["workflow"], report.known["workflow"]) == (0, 1)
    assert burden.asked(ours, "SELECT name FROM origin") == [("the old one",)]


def test_an_attempt_says_what_it_was_called_there(original: Original, ours: Database) -> None:
    its = burden.there(original)
    number = original.attempt(its, "aggregate", "E", ["KeyError: 'draw_7'"])

    bring(ours, original.address, name="there")

    assert burden.asked(ours, "SELECT evidence, verdict FROM task_instance WHERE status = 'E'") == [
        (f'{{"detail": "Task instance {number} of there."}}', "application error")
    ]
    assert burden.asked(ours, "SELECT name FROM error_kind ORDER BY name") == [
        ("KeyError: '...'",),
        ("out of memory",),
    ]


def test_attempts_of_one_task_keep_their_order_and_their_words(original: Original, ours: Database) -> None:
    its = burden.there(original)
    for number in range(5):
        original.attempt(
            its, "aggregate", "E", [f"try {number}", f"again {number}"], distributor_id=str(number)
        )

    bring(ours, original.address)

    assert burden.asked(
        ours,
        "SELECT distributor_id, description FROM task_instance "
        "JOIN task_instance_error_log ON task_instance_error_log.task_instance_id = task_instance.id "
        "WHERE task_instance.status = 'E' ORDER BY task_instance_error_log.id",
    ) == [(str(number), f"{words} {number}") for number in range(5) for words in ("try", "again")]


def test_columns_that_came_later_are_not_missed(original: Original, ours: Database) -> None:
    burden.there(original)
    with original.engine.begin() as connection:
        for name in ("stdout_log", "stderr_log", "process_group_id", "report_by_date"):
            connection.exec_driver_sql(f"ALTER TABLE task_instance DROP COLUMN {name}")
        connection.exec_driver_sql("ALTER TABLE task DROP COLUMN fallback_queues")
        connection.exec_driver_sql("DROP TABLE task_attribute")

    report = bring(ours, original.address)

    assert (report.brought["task"], report.brought["task_instance"]) == (11, 13)
    assert burden.asked(ours, "SELECT DISTINCT stderr_log, report_by_date FROM task_instance") == [
        (None, None)
    ]


def test_progress_is_told_after_each_group(original: Original, ours: Database, monkeypatch) -> None:
    from jobmon_airflow.moving_in import bringing

    monkeypatch.setattr(bringing, "WORKFLOWS_OF_A_GROUP", 2)
    version = original.add_tool("many")[0]
    for number in range(5):
        burden.of_version(original, version, args=f"release {number}")
    told: list[int] = []

    bring(ours, original.address, tell=lambda report: told.append(report.brought["workflow"]))

    assert told == [2, 4, 5]


def test_dates_of_the_future_and_of_nowhere_are_no_trouble(original: Original, ours: Database) -> None:
    its = burden.there(original, status_date=None)
    original.attempt(its, "aggregate", "D", status_date=None, submitted_date=None, wallclock="unknown")

    bring(ours, original.address)

    [(latest,)] = burden.asked(ours, "SELECT max(status_date) FROM task_instance")
    assert str(datetime.now(UTC).year) in str(latest)
