"""Workflows in the database: what is written, what is found again, what makes another workflow."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from jobmon_airflow import Tool
from jobmon_airflow.errors import DuplicateTask, InvalidDefinition, ResourcesDoNotFit, UnknownCluster
from jobmon_airflow.queues import QueueLimits
from jobmon_airflow.states import TASK, TaskStatus, WorkflowRunStatus
from jobmon_airflow.store import attributes, clusters, schema, tasks, workflow_runs
from jobmon_airflow.store.database import Database
from tests.workflows import all_to_all, contents, three_phases

if TYPE_CHECKING:
    from jobmon_airflow import TaskTemplate

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


# --- what is written ------------------------------------------------------------------------------------------


def test_a_bound_workflow_stands_in_the_database_as_it_was_defined(url: str) -> None:
    workflow = three_phases(url, locations=2).bind()

    found = contents(url)

    assert found["workflows"] == [("health", "three_phases", "three phases", 2147483647, "G", False)]
    assert len(found["tasks"]) == 4 + 2 + 1
    assert found["tasks"][0] == (
        "three phases",
        "aggregate",
        "aggregate_location-0",
        "run.py aggregate 0",
        3,
        0,
        "G",
        "null.q",
        '{"memory":2,"runtime":600}',
        "",
        "",
    )
    assert found["edges"] == sorted(
        [
            ("three phases", f"transform_location-{location}_sex-{sex}", f"aggregate_location-{location}")
            for location in (0, 1)
            for sex in (1, 2)
        ]
        + [("three phases", f"aggregate_location-{location}", "summarize") for location in (0, 1)]
    )
    assert ("three phases", "transform_location-1_sex-2", "folder", "/data/it's here") in found["task args"]
    assert ("three phases", "transform_location-1_sex-2", "place", "12") in found["task attributes"]
    assert found["workflow attributes"] == [("three phases", "release", "7")]
    assert workflow.is_bound
    assert sorted(task.task_id for task in workflow.tasks) == [task.task_id for task in workflow.tasks]


def test_every_task_knows_its_own_id(url: str) -> None:
    workflow = three_phases(url).bind()

    with workflow.tool.database.read() as connection:
        stored = {row.id: row.command for row in tasks.page(connection, workflow.workflow_id)}

    assert {task.task_id: task.command for task in workflow.tasks} == stored


def test_all_to_all_is_stored_once_and_read_whole(url: str) -> None:
    workflow = all_to_all(url, width=20).bind()
    first, second = workflow.arrays["first"].tasks, workflow.arrays["second"].tasks

    with workflow.tool.database.read() as connection:
        upstreams, downstreams = tasks.dependencies(connection, second[7].task_id)
        _, downstreams_of_first = tasks.dependencies(connection, first[3].task_id)

    assert upstreams == {task.task_id for task in first}
    assert downstreams == set()
    assert downstreams_of_first == {task.task_id for task in second}
    assert len(contents(url)["edges"]) == 20 * 20
    assert contents(url)["counts"][0][:4] == (40, 40, 1, 1)


def test_odd_values_come_back_exactly(url: str) -> None:
    values = [
        "it's",
        'say "hi"',
        "two\nlines\tand a tab",
        "back\\slash",
        "100 %s %(x)s %%",
        ":colon :name",
        "naïve 🚀 日本語",
        "x" * 100_000,
        "",
        " spaces ",
        "[1, 2]",
        "NULL",
    ]
    tool = Tool("odd values", database=url)
    tool.set_default_cluster_name("sequential")
    template = tool.get_task_template("odd", "echo {a:q} {b}", node_args=["a"], task_args=["b"])
    workflow = tool.create_workflow(workflow_args="\n".join(values))
    workflow.add_tasks(template.create_task(a=value, b=value) for value in values)

    workflow.bind()

    found = contents(url)
    assert sorted(row[3] for row in found["tasks"]) == sorted(task.command for task in workflow.tasks)
    assert sorted(row[3] for row in found["node args"]) == sorted(values)
    assert sorted(row[3] for row in found["task args"]) == sorted(values)
    assert [row[2] for row in found["workflows"]] == ["\n".join(values)]


# --- what is found again --------------------------------------------------------------------------------------


def test_binding_again_finds_the_same_workflow(url: str) -> None:
    first = three_phases(url).bind()
    before = contents(url)

    again = three_phases(url).bind()

    assert (again.workflow_id, again.dag_id) == (first.workflow_id, first.dag_id)
    assert [task.task_id for task in again.tasks] == [task.task_id for task in first.tasks]
    assert contents(url) == before
    assert first.bind().workflow_id == again.workflow_id


def test_the_order_of_definition_does_not_matter(lite: str) -> None:
    def bound(numbers: list[int]) -> dict[str, int | None]:
        tool = Tool("order", database=lite)
        tool.set_default_cluster_name("sequential")
        template = tool.get_task_template("t", "t {n}", node_args=["n"])
        workflow = tool.create_workflow(workflow_args="order")
        made = {n: template.create_task(n=n) for n in numbers}
        for n, task in made.items():
            if n + 1 in made:
                task.add_downstream(made[n + 1])
            workflow.add_task(task)
        workflow.bind()
        return {task.command: task.task_id for task in workflow.tasks}

    assert bound([1, 2, 3, 4]) == bound([3, 1, 4, 2])


def test_workflows_with_the_same_tasks_share_one_graph(url: str) -> None:
    one = three_phases(url, "v1").bind()
    two = three_phases(url, "v2").bind()

    assert one.workflow_id != two.workflow_id
    assert one.dag_id == two.dag_id
    assert {task.task_id for task in one.tasks}.isdisjoint(task.task_id for task in two.tasks)


def test_other_tasks_make_another_workflow_which_is_said(lite: str, caplog: pytest.LogCaptureFixture) -> None:
    first = three_phases(lite, locations=2).bind()

    with caplog.at_level(logging.WARNING):
        other = three_phases(lite, locations=3).bind()

    assert other.workflow_id != first.workflow_id
    assert f"were used with other tasks by workflow {first.workflow_id}" in caplog.text


def test_other_edges_make_another_workflow(lite: str) -> None:
    first = three_phases(lite)
    first.bind()
    other = three_phases(lite)
    transform, summarize = other.tasks[0], other.tasks[-1]
    summarize.add_upstream(transform)

    assert other.bind().workflow_id != first.workflow_id
    assert other.task_hash == first.task_hash


def test_a_new_tool_version_makes_another_workflow(lite: str) -> None:
    first = three_phases(lite).bind()
    first.tool.get_new_tool_version()

    assert three_phases(lite).bind().workflow_id != first.workflow_id


def test_a_workflow_without_args_is_a_new_one_each_time(lite: str) -> None:
    assert three_phases(lite, "").bind().workflow_id != three_phases(lite, "").bind().workflow_id


# --- what may change --------------------------------------------------------------------------------------------


def test_a_fixed_script_is_the_same_workflow_and_takes_effect(url: str) -> None:
    broken = three_phases(url, script="broken.py").bind()
    fixed = three_phases(url, script="fixed.py", release=8).bind()

    found = contents(url)

    assert fixed.workflow_id == broken.workflow_id
    assert {row[3].split()[0] for row in found["tasks"]} == {"fixed.py"}
    assert found["workflow attributes"] == [("three phases", "release", "8")]


def test_what_is_done_keeps_the_command_that_did_it(url: str) -> None:
    workflow = three_phases(url, script="old.py").bind()
    done = workflow.tasks[0]
    mark_done = TASK.orders["mark done"]
    workflow.tool.database.write(lambda connection: tasks.order(connection, [done.task_id], mark_done, NOW))

    again = three_phases(url, script="new.py").bind()

    scripts = {row[2]: row[3].split()[0] for row in contents(url)["tasks"]}
    assert scripts.pop(done.name) == "old.py"
    assert set(scripts.values()) == {"new.py"}
    assert again.tasks[0].initial_status == TaskStatus.DONE
    assert again.tasks[1].initial_status == TaskStatus.REGISTERING


def test_a_run_that_is_going_on_keeps_what_it_began_with(url: str) -> None:
    workflow = three_phases(url, script="old.py").bind()
    database = workflow.tool.database
    run = database.write(
        lambda connection: workflow_runs.register(connection, workflow.workflow_id, "ada", "1", NOW)
    )
    database.write(
        lambda connection: workflow_runs.advance(connection, [run], WorkflowRunStatus.LINKING, NOW)
    )

    three_phases(url, script="new.py").bind()

    assert {row[3].split()[0] for row in contents(url)["tasks"]} == {"old.py"}


def test_attributes_are_replaced_by_name_and_others_stay(url: str) -> None:
    first = three_phases(url, release=7)
    first.add_attributes({"location_set": 35})
    first.bind()
    again = three_phases(url, release=8).bind()
    again.add_attributes({"year": 2026})

    with again.tool.database.read() as connection:
        found = attributes.read(connection, "workflow", again.workflow_id)

    assert found == {"location_set": "35", "release": "8", "year": "2026"}


def test_limits_are_written_when_bound_and_at_once_afterwards(url: str) -> None:
    workflow = three_phases(url)
    workflow.set_max_concurrently_running(50)
    workflow.set_task_template_max_concurrency_limit("transform", 5)
    workflow.bind()
    assert _limits(url) == {
        "three phases": 50,
        "transform": 5,
        "aggregate": 2**31 - 1,
        "summarize": 2**31 - 1,
    }

    workflow.set_max_concurrently_running(0)
    workflow.set_task_template_max_concurrency_limit("transform", 6)

    assert _limits(url) == {"three phases": 0, "transform": 6, "aggregate": 2**31 - 1, "summarize": 2**31 - 1}


# --- where tasks go ---------------------------------------------------------------------------------------------


def test_tasks_of_one_workflow_may_go_to_several_clusters(lite: str) -> None:
    tool = Tool("two clusters", database=lite)
    template = tool.get_task_template("t", "t {n}", node_args=["n"])
    workflow = tool.create_workflow(default_cluster_name="multiprocess")
    workflow.add_task(template.create_task(n=1))
    workflow.add_task(
        template.create_task(n=2, cluster_name="slurm", compute_resources={"queue": "all.q", "memory": "4G"})
    )

    workflow.bind()

    assert [(row[7], row[8]) for row in contents(lite)["tasks"]] == [
        ("null.q", "{}"),
        ("all.q", '{"memory":4}'),
    ]


def test_an_unknown_cluster_is_refused_with_those_that_are_known(lite: str) -> None:
    tool = Tool("lost", database=lite)
    workflow = tool.create_workflow(default_cluster_name="slurmm")
    workflow.add_task(tool.get_task_template("t", "t").create_task())

    with pytest.raises(UnknownCluster, match="multiprocess, sequential, slurm"):
        workflow.bind()

    assert contents(lite)["workflows"] == []


def test_a_workflow_without_a_cluster_is_refused_before_anything_is_written(lite: str) -> None:
    tool = Tool("lost", database=lite)
    workflow = tool.create_workflow()
    workflow.add_task(tool.get_task_template("t", "t").create_task())

    with pytest.raises(UnknownCluster, match="Nobody said where the task t is to run"):
        workflow.bind()


def test_what_no_queue_can_hold_is_refused_with_the_limits_named(lite: str) -> None:
    database = Database.open(lite)
    limits = [
        QueueLimits.from_parameters(name, {"memory": (1, most)})
        for name, most in (("all.q", 750), ("long.q", 900))
    ]
    database.write(
        lambda connection: clusters.set_limits(connection, clusters.cluster_id(connection, "slurm"), limits)
    )
    database.close()
    tool = Tool("greedy", database=lite)
    template = tool.get_task_template("t", "t {n}", node_args=["n"])
    workflow = tool.create_workflow(default_cluster_name="slurm")
    fits = {"queue": "all.q", "memory": "800G"}
    workflow.add_task(template.create_task(n=1, compute_resources=fits, fallback_queues=["long.q"]))
    workflow.bind()

    workflow.add_task(
        template.create_task(n=2, compute_resources={**fits, "memory": "1T"}, fallback_queues=["long.q"])
    )
    with pytest.raises(
        ResourcesDoNotFit, match=r"750G that queue 'all.q' allows.*900G that queue 'long.q' allows"
    ):
        workflow.bind()


def _limits(url: str) -> dict[str, int]:
    database = Database.open(url)
    with database.read() as connection:
        rows = [
            *connection.execute(
                select(schema.workflow.c.workflow_args, schema.workflow.c.max_concurrently_running)
            ),
            *connection.execute(select(schema.array.c.name, schema.array.c.max_concurrently_running)),
        ]
    database.close()
    return dict(map(tuple, rows))


def test_two_tools_of_one_name_are_one_tool(lite: str) -> None:
    def transform(memory: str) -> TaskTemplate:
        return Tool("twice", database=lite).get_task_template(
            "transform",
            "transform {n}",
            node_args=["n"],
            default_cluster_name="multiprocess",
            default_compute_resources={"memory": memory},
        )

    small, large = transform("1G"), transform("2G")
    workflow = small.tool.create_workflow(workflow_args="twice")
    workflow.add_tasks([small.create_task(n=1), large.create_task(n=2)])

    with pytest.raises(DuplicateTask):
        workflow.add_task(large.create_task(n=1))
    workflow.bind()

    assert [(row[3], row[8]) for row in contents(lite)["tasks"]] == [
        ("transform 1", '{"memory":1}'),
        ("transform 2", '{"memory":2}'),
    ]
    assert len(workflow.arrays["transform"].tasks) == 2


def test_a_template_of_another_database_is_refused(lite: str) -> None:
    elsewhere = Tool("twice").get_task_template("transform", "transform")
    workflow = Tool("twice", database=lite).create_workflow()

    with pytest.raises(InvalidDefinition, match="Get the template from the workflow's own tool"):
        workflow.add_task(elsewhere.create_task())
