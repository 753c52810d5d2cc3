"""Every Python example of Jobmon's documents of 1.0 and 2.x runs, and does what its document says."""

from __future__ import annotations

import json
import logging

import pytest

from jobmon_airflow.errors import WorkflowAlreadyComplete
from jobmon_airflow.resources import Resources
from jobmon_airflow.scales import ResourceScales
from tests.classic.printed import MENDS, NAMES, example, examples

CREATE_1 = "# Create a Workflow\nuser"
RESUME_1 = "# Re-instantiate your Workflow with the same WorkflowArgs\n"
TEMPLATES = 'Tool.create_tool(name="example tool")'
PARAMETERS = "#Create task and assign the ExecutorParameter to it"
CONTEXT = "sge_add_args"
PHASES = "def tool_template_example"
LOGGING = "ClientLogging().attach()"
RETRIES = "workflow_with_many_retries"
DYNAMIC = "def assign_resources"
STARVED = "resource_starved_workflow"
RESUME_2 = "Re-instantiate your Workflow with the same WorkflowArgs but add the resume flag"
FAIL_FAST = "fail_fast=True"

TOLD = (CREATE_1, RESUME_1, TEMPLATES, PARAMETERS, CONTEXT, PHASES, LOGGING, RETRIES, DYNAMIC, STARVED)
ALL = (*TOLD, RESUME_2, FAIL_FAST)

#: a hundredth of the time, on both sides
SHORTER = (("max_runtime_seconds=100,", "max_runtime_seconds=1,"), ('"sleep 120"', '"sleep 1.2"'))


def test_every_example_is_told_about_here():
    assert sorted(map(example, ALL)) == sorted(examples())


def test_nothing_is_mended_that_is_not_printed():
    texts = [each.text for each in examples()]

    assert [sum(written in text for text in texts) for written, _ in MENDS] == [1] * len(MENDS)
    assert [sum(text.startswith(words) for text in texts) for words in NAMES] == [1] * len(NAMES)


# 1.0


def test_a_workflow_of_1_0_runs_its_commands_in_order_and_keeps_what_they_print(place):
    names = place.play(example(CREATE_1))

    assert set(place.statuses().values()) == {"D"}
    assert (place.folder / "cpof_jobmon_qs.txt").exists()
    assert not (place.folder / "jobmon_qs.txt").exists()
    (printed,) = (place.folder / "ihme/scratch/users" / names["user"] / "sgeoutput").glob("python_task*.o*")
    assert printed.read_text() == "1 1 2\n"
    assert (
        names["write_task"].compute_resources
        == Resources.parse(
            {"cores": 2, "memory": "4G", "project": "proj_jenkins", **_output(place, names)}
        ).as_dict()
    )
    assert names["copy_task"].compute_resources["cores"] == 1
    assert str(names["copy_task"].compute_resources["memory"]) == "2G"
    assert names["copy_task"].max_attempts == 3


def _output(place, names):
    folder = f"{place.folder}/ihme/scratch/users/{names['user']}/sgeoutput"
    return {"stdout": folder, "stderr": folder}


def test_a_workflow_of_1_0_goes_on_where_it_was_left(place):
    script = place.folder / "runme.py"
    whole = script.read_text()
    script.write_text("raise SystemExit('a bug')")

    first = place.play(example(CREATE_1))
    script.write_text(whole)
    again = place.play(example(RESUME_1))

    assert first["my_wf"].workflow_id == again["my_wf"].workflow_id
    assert place.asked("select status from workflow_run order by id") == [("E",), ("D",)]
    assert sorted(place.attempts().values()) == ["D", "D", "D", "EEED"]


def test_a_workflow_of_1_0_that_is_done_says_so(place):
    place.play(example(CREATE_1))

    with pytest.raises(WorkflowAlreadyComplete):
        place.play(example(RESUME_1))


# 2.x


def test_templates_with_executor_parameters_make_tasks(place):
    names = place.play(example(TEMPLATES))

    workflow = names["workflow"]
    assert place.attempts() == {"task1": "D", "task2": "D", "task3": "D"}
    assert [task.command for task in workflow.tasks[:2]] == ["echo task1", "echo task2"]
    assert workflow.tasks[1].upstream_tasks == {workflow.tasks[0]}
    assert {name: str(value) for name, value in names["task3"].compute_resources.items()} == {
        "cores": "2",
        "memory": "2G",
        "queue": "all.q",
        "runtime": "16m40s",
        "project": "proj_scicomp",
        "stdout": f"{place.folder}/ihme/scratch/users/{names['user']}/{names['wf_uuid']}",
        "stderr": f"{place.folder}/ihme/scratch/users/{names['user']}/{names['wf_uuid']}",
    }
    (printed,) = (place.folder / "ihme/scratch/users" / names["user"]).rglob("task3.o*")
    assert printed.read_text() == "['--args1', 'val1', '--args2', 'val2']\n"


def test_a_bash_task_is_given_executor_parameters(place):
    task = place.play(example(PARAMETERS))["task1"]

    assert task.command == "echo task1"
    assert {name: str(value) for name, value in task.compute_resources.items()} == {
        "cores": "1",
        "memory": "1G",
        "queue": "all.q",
        "runtime": "1m",
    }


def test_a_host_that_sge_was_told_is_a_node(place):
    parameters = place.play(example(CONTEXT))["executor_parameters_example"]

    assert parameters.compute_resources["nodelist"] == "<hostname>"


def test_three_phases_run_one_after_the_other(place):
    place.play(example(PHASES))

    attempts = place.attempts()
    assert len(attempts) == 31
    assert set(attempts.values()) == {"D"}
    assert [name for name in attempts if name.startswith("summarize")] == ["summarize_0"]
    assert place.asked(
        "select a.name, count(*) from task t join array a on a.id = t.array_id group by 1"
    ) == [
        ("aggregate", 10),
        ("summarize", 1),
        ("transform", 20),
    ]
    assert place.asked(
        "select y.name, a.value, count(*) from task_attribute a "
        "join task_attribute_type y on y.id = a.task_attribute_type_id group by 1, 2"
    ) == [("location_set_version_id", "35", 10), ("release_id", "3", 20)]


def test_the_engine_shows_what_it_logs(place, capsys):
    ours = logging.getLogger("jobmon_airflow")
    before = ours.handlers[:], ours.level
    try:
        place.play(example(LOGGING))
        place.play(example(LOGGING))
        logging.getLogger("jobmon_airflow.engine").info("run.begun", extra={"workflow_run_id": 7})
    finally:
        ours.handlers[:], ours.level = before

    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith("INFO    : run.begun workflow_run_id=7")


def test_a_task_is_tried_until_it_succeeds(place):
    place.play(example(RETRIES))

    assert place.attempts() == {"retry_task": "EEED"}
    (written,) = (place.folder / "ihme/scratch/users").glob("*/retry_output")
    assert written.read_text().split() == ["retry_task"] * 4


def test_a_function_says_what_a_task_asks_for_when_it_is_about_to_run(place):
    place.play(example(DYNAMIC))

    assert place.attempts() == {"task_to_assign_resources": "D", "dynamic_resource_task": "D"}
    asked = place.asked(
        "select r.requested_resources, q.name from task_instance i "
        "join task t on t.id = i.task_id join task_resources r on r.id = i.task_resources_id "
        "join queue q on q.id = r.queue_id where t.name = 'dynamic_resource_task'"
    )
    assert [(json.loads(resources), queue) for resources, queue in asked] == [
        ({"cores": 2, "memory": 2, "runtime": 30}, "long.q")
    ]


def test_a_task_that_had_too_little_time_has_more_the_next_time(place):
    text = example(STARVED).runnable(place.folder)
    for printed, shorter in SHORTER:
        assert text.count(printed) == 1
        text = text.replace(printed, shorter)

    names = place.play_text(text)

    assert list(place.attempts().values()) == ["ZD"]
    scales = ResourceScales.parse(names["sleepy_params"].scales)
    printed = Resources.parse({"runtime": 100, "memory": "1G"})
    assert scales.scaled(printed, "runtime", 0).runtime.seconds == 160


def test_a_workflow_of_2_x_says_itself_that_it_goes_on(place, caplog):
    names = place.play(example(RESUME_2))

    assert list(place.statuses().values()) == ["D", "D", "D"]
    assert "There is nothing to resume" in caplog.text
    assert names["workflow"].name == "template_workflow"


def test_a_workflow_may_fail_at_the_first_failure(place):
    place.play(example(FAIL_FAST))

    assert place.statuses() == {"not a command 1": "F", "sleep 10": "G"}
    assert place.asked("select status from workflow_run") == [("E",)]
