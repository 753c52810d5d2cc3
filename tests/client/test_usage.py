"""What a scientist asks about memory and time after a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobmon_airflow import Tool
from jobmon_airflow.client.usage import suggested
from jobmon_airflow.errors import InvalidArguments, InvalidDefinition, UnknownName
from jobmon_airflow.states import TaskInstanceStatus
from jobmon_airflow.units import Memory, Runtime
from tests.attempts import attempt
from tests.workflows import three_phases

if TYPE_CHECKING:
    from jobmon_airflow import TaskTemplate, Workflow

GIB = 2**30
DONE, ERROR = TaskInstanceStatus.DONE, TaskInstanceStatus.ERROR


@pytest.fixture
def workflow(lite: str) -> Workflow:
    """Transforms of 4 locations and 2 sexes used (location + 1) GiB for (10 x sex) seconds."""
    workflow = three_phases(lite).bind()
    for task in workflow.arrays["transform"].tasks:
        location, sex = (int(value) for value in task.node_args.values())
        used(workflow, task.task_id, maxrss=(location + 1) * GIB, wallclock=10.0 * sex)
    return workflow


@pytest.fixture
def transform(workflow: Workflow) -> TaskTemplate:
    return workflow.arrays["transform"].task_template_version.task_template


def used(workflow: Workflow, task_id: int | None, status: TaskInstanceStatus = DONE, **amounts: Any) -> None:
    assert task_id is not None
    attempt(workflow.tool.database, task_id, status, **amounts)


# --- of a task --------------------------------------------------------------------------------------------------


def test_a_task_that_is_done_tells_what_it_used(workflow: Workflow) -> None:
    task = workflow.arrays["summarize"].tasks[0]
    used(workflow, task.task_id, ERROR, maxrss=1, wallclock=1.0)
    used(workflow, task.task_id, maxrss=3 * GIB, wallclock=61.5, cpu=120.25, nodename="node7")

    assert task.resource_usage() == {
        "memory": 3 * GIB,
        "nodename": "node7",
        "num_attempts": 0,
        "runtime": 61.5,
        "cpu": 120.25,
    }


def test_a_task_that_is_not_done_has_used_nothing_yet(workflow: Workflow) -> None:
    assert workflow.arrays["summarize"].tasks[0].resource_usage() == {
        "memory": None,
        "nodename": None,
        "num_attempts": 0,
        "runtime": None,
        "cpu": None,
    }


def test_a_task_that_is_not_in_the_database_says_what_to_do(lite: str) -> None:
    template = Tool("health", database=lite).get_task_template("alone", "alone {n}", node_args=["n"])

    with pytest.raises(InvalidDefinition, match=r"in no workflow\.\n.*workflow\.bind\(\)"):
        template.create_task(n=1).resource_usage()
    with pytest.raises(InvalidDefinition, match=r"is not bound\.\n.*workflow\.bind\(\)"):
        three_phases(lite).tasks[0].resource_usage()


# --- of a template ------------------------------------------------------------------------------------------------


def test_a_template_tells_what_its_tasks_used(transform: TaskTemplate) -> None:
    assert transform.resource_usage() == {
        "num_tasks": 8,
        "num_attempts": 8,
        "min_mem": f"{GIB}B",
        "max_mem": f"{4 * GIB}B",
        "mean_mem": f"{5 * GIB // 2}B",
        "median_mem": f"{5 * GIB // 2}B",
        "ci_mem": [None, None],
        "percentiles_mem": {
            "p50": f"{5 * GIB // 2}B",
            "p75": f"{13 * GIB // 4}B",
            "p90": f"{4 * GIB}B",
            "p95": f"{4 * GIB}B",
            "p99": f"{4 * GIB}B",
            "max": f"{4 * GIB}B",
        },
        "min_runtime": 10.0,
        "max_runtime": 20.0,
        "mean_runtime": 15.0,
        "median_runtime": 15.0,
        "ci_runtime": [None, None],
        "percentiles_runtime": {
            "p50": 15.0,
            "p75": 20.0,
            "p90": 20.0,
            "p95": 20.0,
            "p99": 20.0,
            "max": 20.0,
        },
        "suggested": {"memory": "4.875G", "runtime": "1m"},
    }


def test_failed_attempts_count_and_missing_or_zero_values_do_not(
    workflow: Workflow, transform: TaskTemplate
) -> None:
    first = workflow.arrays["transform"].tasks[0].task_id
    used(workflow, first, TaskInstanceStatus.RESOURCE_ERROR, maxrss=9 * GIB, wallclock=0.0)
    used(workflow, first, ERROR, maxrss=0)

    usage = transform.resource_usage()

    assert (usage["num_tasks"], usage["num_attempts"]) == (8, 10)
    assert (usage["min_mem"], usage["max_mem"]) == (f"{GIB}B", f"{9 * GIB}B")
    assert (usage["min_runtime"], usage["mean_runtime"]) == (10.0, 15.0)


def test_node_args_choose_the_tasks_that_count(transform: TaskTemplate) -> None:
    def of(**node_args: Any) -> tuple[int, str | None]:
        usage = transform.resource_usage(node_args=node_args)
        return usage["num_tasks"], usage["max_mem"]

    assert of(location=1) == (2, f"{2 * GIB}B")
    assert of(location=[0, 2], sex=[1]) == (2, f"{3 * GIB}B")
    assert of(location=range(4), sex="2") == (4, f"{4 * GIB}B")
    assert of(location="nowhere") == (0, None)


def test_workflows_choose_the_tasks_that_count(
    lite: str, workflow: Workflow, transform: TaskTemplate
) -> None:
    other = three_phases(lite, "another day", locations=1).bind()
    used(other, other.arrays["transform"].tasks[0].task_id, maxrss=50 * GIB, wallclock=1.0)

    def tasks(*workflows: int) -> Any:
        return transform.resource_usage(workflows=workflows)["num_tasks"]

    assert tasks(workflow.workflow_id) == 8
    assert tasks(other.workflow_id) == 1
    assert tasks(other.workflow_id, workflow.workflow_id, other.workflow_id) == 9
    assert tasks() == 0
    assert transform.resource_usage()["num_tasks"] == 9
    assert transform.resource_usage(other.workflow_id)["max_mem"] == f"{50 * GIB}B"


def test_the_interval_of_the_mean_is_students(transform: TaskTemplate) -> None:
    usage = transform.resource_usage(ci=0.95)

    # Eight values, half 10 and half 20: t(7) = 2.364624, standard error = sqrt(200 / 7 / 8)
    assert usage["ci_runtime"] == pytest.approx([15 - 4.46873, 15 + 4.46873], abs=1e-4)
    low, high = usage["ci_mem"]
    assert low < 2.5 * GIB < high


def test_a_template_that_never_ran_has_no_figures(lite: str) -> None:
    template = Tool("health", database=lite).get_task_template("idle", "idle {n}", node_args=["n"])

    usage = template.resource_usage(ci=0.9)

    assert (usage["num_tasks"], usage["min_mem"], usage["mean_runtime"]) == (0, None, None)
    assert (usage["ci_mem"], usage["suggested"]) == ([None, None], {})
    assert set(usage["percentiles_mem"].values()) == {None}


def test_a_suggestion_can_be_asked_for_as_it_is(transform: TaskTemplate) -> None:
    task = transform.create_task(
        location=9,
        sex=1,
        folder="/data",
        script="run.py",
        compute_resources=transform.resource_usage()["suggested"],
    )

    assert task.compute_resources == {"memory": Memory("4.875G"), "runtime": Runtime("1m")}


@pytest.mark.parametrize("ci", [0, 1, 1.5, -0.95, 95, "0.95", True, float("nan")])
def test_what_is_no_level_of_confidence_is_refused(transform: TaskTemplate, ci: Any) -> None:
    with pytest.raises(InvalidDefinition, match=r"(?s)no level of confidence.*ci=0\.95"):
        transform.resource_usage(ci=ci)


def test_a_node_arg_that_the_template_lacks_is_refused(transform: TaskTemplate) -> None:
    with pytest.raises(InvalidArguments, match=r"(?s)no node arg folder, year\..*It has location, sex\."):
        transform.resource_usage(node_args={"year": 1990, "folder": "/data", "sex": 1})


def test_a_workflow_without_such_tasks_is_refused_and_others_are_named(
    workflow: Workflow, transform: TaskTemplate, lite: str
) -> None:
    with pytest.raises(
        UnknownName, match=rf"(?s)'transform' .* in workflow 77, 78\..* {workflow.workflow_id};"
    ):
        transform.resource_usage(workflows=[workflow.workflow_id, 77, 78])

    idle = Tool("health", database=lite).get_task_template("idle", "idle {n}", node_args=["n"])
    with pytest.raises(UnknownName, match="bind one, or activate another version"):
        idle.resource_usage(workflows=[workflow.workflow_id])


# --- what is suggested --------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 2**41), min_size=1, max_size=50).map(sorted))
def test_a_suggestion_would_have_held_nearly_all_with_room_to_spare(amounts: list[int]) -> None:
    asked = suggested(amounts, amounts[:0])

    room = Memory(asked["memory"]) / 1.2
    held = [amount for amount in amounts if Memory.of_bytes(amount) <= room]
    assert len(held) >= 0.95 * len(amounts)
    assert "runtime" not in asked


@pytest.mark.parametrize(
    ("memory", "asked"),
    [(1, "1M"), (30 * 2**20, "36M"), (GIB, "1.25G"), (10 * GIB, "12G"), (100 * GIB, "120G")],
)
def test_memory_is_suggested_in_round_numbers(memory: int, asked: str) -> None:
    assert suggested([memory], []) == {"memory": asked}


@pytest.mark.parametrize(
    ("seconds", "asked"),
    [(0.004, "1m"), (40, "1m"), (60, "1m12s"), (600, "12m"), (3000, "1h"), (36_000, "12h"), (360_000, "5d")],
)
def test_runtime_is_suggested_in_round_numbers(seconds: float, asked: str) -> None:
    assert suggested([], [seconds]) == {"runtime": asked}
    assert Runtime(asked).seconds >= seconds * 1.2
