"""What is under way there, broken or unknown is left or settled, and named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from jobmon_airflow.moving_in.bringing import bring
from jobmon_airflow.testing import SimulatedClock, SimulatedCluster, simulate
from tests.moving_in import burden
from tests.moving_in.originals import edge, node, task, workflow, workflow_run

if TYPE_CHECKING:
    from jobmon_airflow.store.database import Database
    from tests.moving_in.originals import Original


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


@pytest.mark.parametrize("status", ["L", "B", "I", "O", "R", "C", "H"])
def test_a_workflow_that_is_being_run_there_waits_for_its_end(
    original: Original, ours: Database, status: str
) -> None:
    its = burden.there(original, status="R")
    run = original.run(its, status, heartbeat_date=now() + timedelta(seconds=93))

    report = bring(ours, original.address)
    assert report.brought["workflow"] == 0
    [remark] = report.remarks()
    assert remark.startswith("Workflows that are being run there now")
    assert remark.endswith(f": 1 (workflow {its.id}).")
    assert burden.asked(ours, "SELECT count(*) FROM workflow") == [(0,)]

    original.change(workflow_run, run, status="D", heartbeat_date=now())
    original.change(workflow, its.id, status="D")
    original.stand(its, **dict.fromkeys(its.tasks, "D"))
    report = bring(ours, original.address)
    assert (report.brought["workflow"], report.remarks()) == (1, [])
    assert burden.asked(ours, "SELECT status FROM workflow") == [("D",)]


@pytest.mark.parametrize(
    ("status", "becomes"),
    [("R", "E"), ("B", "E"), ("I", "E"), ("O", "E"), ("L", "A"), ("G", "A"), ("C", "T")],
)
def test_a_workflow_whose_client_is_gone_can_be_resumed_here(
    original: Original, ours: Database, status: str, becomes: str
) -> None:
    its = burden.there(original, status="R")
    original.run(its, status, heartbeat_date=now() - timedelta(seconds=1))
    for name, letter in zip(its.tasks, "QIOREA", strict=False):
        original.stand(its, **{name: letter})
        original.attempt(its, name, {"Q": "Q", "I": "I", "O": "O", "R": "R", "E": "T", "A": "K"}[letter])

    report = bring(ours, original.address)

    assert burden.asked(ours, "SELECT status FROM workflow_run ORDER BY id") == [("E",), (becomes,)]
    assert burden.asked(ours, "SELECT status FROM workflow") == [("F",)]
    assert burden.asked(ours, "SELECT status, count(*) FROM task GROUP BY status ORDER BY status") == [
        ("D", 1),
        ("F", 3),
        ("G", 7),
    ]
    assert burden.asked(ours, "SELECT count(*) FROM task_instance WHERE status = 'U'") == [(6,)]
    assert [remark.split(":")[1].split()[0] for remark in report.remarks()] == ["1", "6", "6"]


def test_what_was_never_stored_as_a_whole_is_left(original: Original, ours: Database) -> None:
    whole, half = burden.there(original), burden.there(original, tool="other", created_date=None)

    report = bring(ours, original.address)

    assert report.brought["workflow"] == 1
    assert [name for each in report.left.values() for name in each.examples] == [f"workflow {half.id}"]
    assert whole.id != half.id


@pytest.mark.parametrize("missing", ["a node", "an edge", "all edges"])
def test_a_graph_that_is_not_whole_is_left_with_its_workflow(
    original: Original, ours: Database, missing: str
) -> None:
    whole, broken = burden.there(original), burden.there(original, tool="other")
    with original.engine.begin() as connection:
        match missing:
            case "a node":
                number = broken.nodes["transform_year-1990"]
                connection.execute(node.delete().where(node.c.id == number))
            case "an edge":
                number = broken.nodes["transform_year-1990"]
                connection.execute(
                    edge.delete().where(edge.c.dag_id == broken.dag_id, edge.c.node_id == number)
                )
            case _:
                connection.execute(edge.delete().where(edge.c.dag_id == broken.dag_id))

    report = bring(ours, original.address)

    assert report.brought["workflow"] == 1
    assert [name for each in report.left.values() for name in each.examples] == [f"workflow {broken.id}"]
    assert burden.asked(ours, "SELECT count(*) FROM workflow") == [(1,)]
    assert whole.id != broken.id


def test_what_went_on_there_comes_up_to_date(original: Original, ours: Database) -> None:
    its = burden.there(original)
    bring(ours, original.address)
    before = burden.everything(ours)

    original.run(its, "D")
    for name in ("transform_year-1997", "transform_year-1998", "transform_year-1999", "aggregate"):
        original.attempt(its, name, "D")
    original.stand(its, **dict.fromkeys(its.tasks, "D"))
    original.change(workflow, its.id, status="D")
    report = bring(ours, original.address)

    assert report.remarks() == []
    assert (report.brought["workflow_run"], report.brought["task"], report.brought["task_instance"]) == (
        1,
        0,
        4,
    )
    assert burden.asked(ours, "SELECT status FROM workflow") == [("D",)]
    assert burden.asked(ours, "SELECT status, count(*) FROM task GROUP BY status") == [("D", 11)]
    found = burden.here(ours)
    found.bind()
    assert found.workflow_id == 1
    after = burden.everything(ours)
    for name in ("task_instance", "task_instance_error_log", "workflow_run", "node", "edge", "imported"):
        assert set(before[name]) <= set(after[name]), name
    assert not any(bring(ours, original.address).brought.values())


def test_what_went_on_in_both_places_is_left(original: Original, ours: Database) -> None:
    its = burden.there(original)
    bring(ours, original.address)
    clock = SimulatedClock()
    assert simulate(burden.here(ours), SimulatedCluster(clock), clock, resume=True) == "D"
    before = burden.everything(ours)

    original.run(its, "E")
    report = bring(ours, original.address)

    assert burden.everything(ours) == before
    [remark] = report.remarks()
    assert remark.startswith("Workflows that went on both here and there")
    assert remark.endswith(f": 1 (workflow {its.id}).")


def test_requests_without_a_meaning_are_named(original: Original, ours: Database) -> None:
    its = burden.there(original)
    odd = original.add_request(memory=0, runtime=600, num_cores=4, nodes_wanted=[1])
    original.change(task, its.tasks["aggregate"], task_resources_id=odd)

    report = bring(ours, original.address)

    [remark] = report.remarks()
    assert remark.endswith(f": 1 (memory of task_resources {odd}).")
    assert burden.asked(
        ours,
        "SELECT requested_resources FROM task_resources JOIN task ON task.task_resources_id = task_resources.id "
        "WHERE task.name = 'aggregate'",
    ) == [('{"cores":4,"nodes_wanted":[1],"runtime":600}',)]


def test_five_are_named_and_all_are_counted(original: Original, ours: Database) -> None:
    version = original.add_tool("many")[0]
    for number in range(7):
        burden.of_version(original, version, args=str(number), created_date=None)

    report = bring(ours, original.address)

    [remark] = report.remarks()
    assert remark.endswith(": 7 (workflow 1, workflow 2, workflow 3, workflow 4, workflow 5, …).")
    assert report.as_data()["left"][0]["count"] == 7
