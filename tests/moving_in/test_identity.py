"""A script that is run here finds what was brought, and goes on with what is not done."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from jobmon_airflow import Tool, resume_workflow
from jobmon_airflow.errors import WorkflowAlreadyComplete, WorkflowAlreadyExists
from jobmon_airflow.moving_in.bringing import bring
from jobmon_airflow.testing import SimulatedClock, SimulatedCluster, simulate
from tests.moving_in import burden

if TYPE_CHECKING:
    from jobmon_airflow.store.database import Database
    from tests.moving_in.originals import Original


def test_a_script_finds_its_workflow_and_runs_what_is_not_done(original: Original, ours: Database) -> None:
    burden.there(original)
    bring(ours, original.address)
    workflow = burden.here(ours)
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=60)

    with pytest.raises(WorkflowAlreadyExists):
        simulate(workflow, cluster, clock)
    status = simulate(workflow, cluster, clock, resume=True)

    assert (status, workflow.workflow_id) == ("D", 1)
    assert cluster.attempts == {**{f"transform_year-{year}": 1 for year in burden.FAILED}, "aggregate": 1}
    assert burden.asked(ours, "SELECT count(*) FROM workflow") == [(1,)]
    assert burden.asked(ours, "SELECT DISTINCT status FROM task") == [("D",)]
    # The command is the script's: a changed op arg is no other task.
    assert burden.asked(ours, "SELECT command FROM task WHERE name = 'transform_year-1999'") == [
        ("transform.py --out /data --year 1999 --verbose 3",)
    ]


def test_a_workflow_that_was_done_is_done_here(original: Original, ours: Database) -> None:
    its = burden.there(original, status="D")
    original.stand(its, **dict.fromkeys(its.tasks, "D"))
    bring(ours, original.address)

    with pytest.raises(WorkflowAlreadyComplete):
        burden.here(ours).run(resume=True)


@pytest.mark.parametrize(
    "change",
    [
        {"args": "release 17"},
        {"tool": "another"},
    ],
    ids=str,
)
def test_other_args_or_another_tool_are_another_workflow(
    original: Original, ours: Database, change: dict[str, str]
) -> None:
    burden.there(original)
    bring(ours, original.address)

    workflow = burden.here(ours, **change)
    workflow.bind()

    assert workflow.workflow_id == 2
    assert {task.initial_status for task in workflow.tasks} == {"G"}


def test_another_value_of_a_task_arg_is_another_workflow(original: Original, ours: Database) -> None:
    burden.there(original)
    bring(ours, original.address)
    tool = Tool("burden", database=ours.engine.url.render_as_string(hide_password=False))
    tool.set_default_cluster_name("slurm")
    transform = tool.get_task_template(
        "transform", burden.COMMAND, node_args=["year"], task_args=["out"], op_args=["verbose"]
    )
    aggregate = tool.get_task_template("aggregate", "aggregate.py {what}", task_args=["what"])
    workflow = tool.create_workflow(workflow_args="release 16", name="burden_2024")
    workflow.add_tasks(transform.create_tasks(year=burden.YEARS, out="/elsewhere", verbose=3))
    workflow.add_task(aggregate.create_task(what="all years", upstream_tasks=workflow.tasks))

    workflow.bind()

    assert workflow.workflow_id == 2
    # The graph is a word, and the same.
    assert burden.asked(ours, "SELECT count(*) FROM dag") == [(1,)]


def test_the_latest_version_of_a_tool_is_the_latest_here(original: Original, ours: Database) -> None:
    burden.there(original, versions=3)
    bring(ours, original.address)

    workflow = burden.here(ours)
    workflow.bind()

    assert workflow.workflow_id == 1
    assert len(workflow.tool.tool_version_ids) == 3


def test_a_tool_that_was_used_here_before_keeps_what_scripts_find_by_its_name(
    original: Original, ours: Database
) -> None:
    mine = burden.here(ours, args="made here")
    mine.bind()
    burden.there(original, versions=3)

    bring(ours, original.address)

    again, brought = burden.here(ours, args="made here"), burden.here(ours)
    again.bind()
    brought.bind()
    assert again.workflow_id == mine.workflow_id
    assert brought.workflow_id != mine.workflow_id
    assert {task.initial_status for task in brought.tasks} == {"D", "F", "G"}
    assert len(brought.tool.tool_version_ids) == 3
    # A new version goes on from what was made here, whatever came from elsewhere in between.
    number = brought.tool.get_new_tool_version()
    assert brought.tool.tool_version_ids[-1] == number


def test_a_workflow_that_was_defined_here_already_keeps_its_place(
    original: Original, ours: Database, caplog: pytest.LogCaptureFixture
) -> None:
    mine = burden.here(ours)
    mine.bind()
    its = burden.there(original)

    with caplog.at_level(logging.WARNING):
        report = bring(ours, original.address)

    assert report.brought["workflow"] == 1
    [remark] = report.remarks()
    assert "which is the one that scripts find" in remark
    assert remark.endswith(f": 1 (workflow {its.id}, here 2).")
    found = burden.here(ours)
    found.bind()
    assert found.workflow_id == mine.workflow_id
    assert {task.initial_status for task in found.tasks} == {"G"}
    assert burden.asked(ours, "SELECT count(*) FROM task WHERE workflow_id = 2 AND status = 'D'") == [(7,)]


def test_an_unfinished_workflow_goes_on_by_its_number(original: Original, ours: Database) -> None:
    version = original.add_tool("local")[0]
    queue = original.add_queue("multiprocess", "multiprocess", "null.q")
    request = original.add_request(queue_id=queue, memory=1, runtime=60, cores=1)
    first = original.add_template(version, "first", "true {number}", node_args=["number"])
    last = original.add_template(version, "last", "true")
    its = original.add_workflow(
        version,
        {
            "first_number-1": (first, {"number": 1}, ()),
            "first_number-2": (first, {"number": 2}, ()),
            "last": (last, {}, ("first_number-1", "first_number-2")),
        },
        request,
        status="R",
    )
    original.run(its, "R")
    original.attempt(its, "first_number-1", "D")
    original.attempt(its, "first_number-2", "R")
    original.stand(its, **{"first_number-1": "D", "first_number-2": "R"})
    bring(ours, original.address)
    before = burden.asked(ours, "SELECT id, task_id FROM task_instance ORDER BY id")

    status = resume_workflow(1, database=ours.engine.url.render_as_string(hide_password=False))

    assert status == "D"
    assert burden.asked(ours, "SELECT name, status FROM task ORDER BY id") == [
        ("first_number-1", "D"),
        ("first_number-2", "D"),
        ("last", "D"),
    ]
    after = burden.asked(ours, "SELECT id, task_id FROM task_instance ORDER BY id")
    assert after[: len(before)] == before
    assert [task_id for _, task_id in after[len(before) :]] == [2, 3]


def test_templates_that_cannot_be_read_here_have_their_history(original: Original, ours: Database) -> None:
    version = original.add_tool("odd")[0]
    odd = original.add_template(version, "odd", "run.py {year:04d}", node_args=["year"])
    its = original.add_workflow(
        version, {"odd_1990": (odd, {"year": 1990}, ())}, original.add_request(memory=1)
    )
    original.run(its)
    original.attempt(its, "odd_1990", "D")

    report = bring(ours, original.address)

    assert (report.brought["task"], report.brought["task_instance"]) == (1, 1)
    assert [remark.split(",")[0] for remark in report.remarks()] == [
        "Command templates that cannot be read here"
    ]
    assert burden.asked(ours, "SELECT command FROM task") == [("run.py 1990",)]
