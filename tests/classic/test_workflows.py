"""Workflows and tasks of commands in the words of 1.x and 2.x."""

from __future__ import annotations

import pytest

from jobmon_airflow import JobmonError
from jobmon_airflow.classic import (
    BashTask,
    ExecutorParameters,
    PythonTask,
    RTask,
    StataTask,
    Tool,
    Workflow,
    executors,
    first,
)
from jobmon_airflow.distributors.slurm.options import options_of
from jobmon_airflow.errors import InvalidArguments, InvalidDefinition, InvalidValue, WorkflowAlreadyExists
from jobmon_airflow.resources import Resources


def resources(task):
    return {name: str(value) for name, value in task.compute_resources.items()}


# Where tasks run


@pytest.mark.parametrize(
    ("executor", "cluster"),
    [
        ("SequentialExecutor", "sequential"),
        ("MultiprocessExecutor", "multiprocess"),
        ("DummyExecutor", "dummy"),
        ("SGEExecutor", "cluster_a"),
    ],
)
def test_an_executor_is_a_cluster(executor, cluster, monkeypatch):
    monkeypatch.setenv("AIRFLOW__JOBMON__CLASSIC_CLUSTER", "cluster_a")

    assert Workflow(executor_class=executor).default_cluster_name == cluster


@pytest.mark.parametrize(("found", "cluster"), [("/usr/bin/sbatch", "slurm"), (None, "multiprocess")])
def test_sge_is_slurm_where_slurm_is(found, cluster, monkeypatch):
    monkeypatch.setattr(executors.shutil, "which", {"sbatch": found}.get)

    assert Workflow().default_cluster_name == cluster


def test_it_is_noted_once_where_tasks_go(monkeypatch, caplog):
    monkeypatch.setenv("AIRFLOW__JOBMON__CLASSIC_CLUSTER", "cluster_a")

    Workflow()
    Workflow()
    Workflow(executor_class="SequentialExecutor")

    (note,) = caplog.messages
    assert note == (
        "SGEExecutor stands for the cluster 'cluster_a' here. Another is named by AIRFLOW__JOBMON__CLASSIC_CLUSTER."
    )


def test_an_executor_that_is_none_is_refused_with_those_there_are():
    with pytest.raises(JobmonError, match="SGEExecutor, SequentialExecutor"):
        Tool("health").create_workflow().set_executor(executor_class="LSFExecutor")


def test_a_workflow_that_says_nothing_runs_where_sges_would(monkeypatch):
    monkeypatch.setenv("AIRFLOW__JOBMON__CLASSIC_CLUSTER", "cluster_a")
    workflow = Tool("health").create_workflow()
    workflow.add_task(BashTask("true"))

    assert workflow.validate() == []
    assert workflow.tasks[0].cluster_name == "cluster_a"


def test_a_workflow_that_names_a_cluster_runs_there():
    workflow = Tool("health").create_workflow(default_cluster_name="cluster_b")
    workflow.add_task(BashTask("true", executor_class="SGEExecutor"))

    assert workflow.validate() == []
    assert workflow.tasks[0].cluster_name == "cluster_b"


# What they ask for


def test_tasks_ask_for_a_core_and_a_gigabyte_unless_somebody_says_otherwise():
    tool = Tool("health")
    tool.update_default_compute_resources("sequential", memory="3G")
    workflow = tool.create_workflow()
    workflow.set_executor("SequentialExecutor", project="proj_x", stdout="/out", working_dir="/work")
    usual, large = BashTask("true"), BashTask("false", num_cores=2, m_mem_free="128M")
    workflow.add_tasks([usual, large])

    said = {"project": "proj_x", "stdout": "/out", "working_dir": "/work"}
    assert resources(usual) == {"cores": "1", "memory": "3G", **said}
    assert resources(large) == {"cores": "2", "memory": "128M", **said}

    unknown = Workflow(executor_class="SequentialExecutor")
    assert resources(unknown.add_task(BashTask("true"))) == {"cores": "1", "memory": "1G"}


def test_slurm_understands_what_was_asked_of_sge():
    parameters = ExecutorParameters(
        num_cores=2,
        m_mem_free="2G",
        max_runtime_seconds=120,
        queue="long.q",
        j_resource=True,
        context_args={"sge_add_args": "-l hostname=node-7"},
    )
    workflow = Workflow(executor_class="DummyExecutor", project="proj_x", stdout="/out", working_dir="/work")
    task = workflow.add_task(BashTask("true", executor_parameters=parameters))

    assert options_of(Resources.parse(task.compute_resources)) == {
        "account": "proj_x",
        "constraint": "archive",
        "cpus-per-task": "2",
        "mem": "2048M",
        "nodelist": "node-7",
        "no-requeue": None,
        "open-mode": "append",
        "partition": "long.q",
        "time": "2",
    }


def test_ten_thousand_tasks_run_at_a_time_unless_somebody_says_otherwise():
    assert Workflow(executor_class="DummyExecutor").max_concurrently_running == 10_000
    assert Tool("health").create_workflow().max_concurrently_running == 10_000
    assert Tool("health").create_workflow(max_concurrently_running=7).max_concurrently_running == 7


# Tasks of commands


def test_commands_are_put_together_of_their_pieces():
    python = PythonTask(
        "/opt/python", "fit.py", [1, "--x", 2], env_variables={"A": 1, "B": "b c", "C": "$HOME"}
    )

    assert python.command == 'A=1 B="b c" C=$HOME /opt/python fit.py 1 --x 2'
    assert PythonTask(script="~/fit.py").command.endswith("python ~/fit.py")
    assert RTask(script="fit.R", args=[7]).command == "Rscript fit.R 7"
    assert StataTask(script="fit.do").command == "stata-mp -b do fit.do"
    assert BashTask("a {b} | awk '{print $1}'").command == "a {b} | awk '{print $1}'"


def test_what_cannot_be_a_command_is_refused():
    with pytest.raises(InvalidValue, match="'1A' cannot be the name"):
        BashTask("true", env_variables={"1A": 2})
    with pytest.raises(InvalidArguments, match="PythonTask was made without a script"):
        PythonTask(args=[1])


def test_another_interpreter_leaves_the_task_what_it_is():
    one, other = PythonTask("/a/python", "fit.py"), PythonTask("/b/python", "fit.py")

    assert one.node_args == other.node_args == {"script": "fit.py"}
    assert one.op_args == {"interpreter": "/a/python"}


def test_a_task_has_a_name_attributes_and_a_tag():
    task = BashTask("true", name="first", task_attributes={18: 3, "year": 1990}, tag="blue")

    assert task.name == "first"
    assert task.task_attributes == {"18": "3", "year": "1990", "tag": "blue"}
    assert BashTask("true", task_attributes=["year"]).task_attributes == {"year": None}


def test_tasks_wait_for_each_other_in_all_the_ways_there_were():
    a, b, c = BashTask("a"), BashTask("b"), BashTask("c")
    b.add_upstream(a)
    d = BashTask("d", [b], name="d")
    d.add_upstream(c)

    assert d.upstream_tasks == {b, c}
    assert a.downstream_tasks == {b}


def test_a_script_may_have_tasks_of_its_own_kind():
    class Loud(BashTask):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.said = "made"

    workflow = Workflow(executor_class="DummyExecutor")
    workflow.add_task(task := Loud("true", name="loud"))

    assert (workflow.tasks, task.said) == ([task], "made")


def test_tasks_of_commands_go_into_workflows_of_any_tool():
    tool = Tool.create_tool(name="health")
    workflow = tool.create_workflow(workflow_args="mixed")
    fit = tool.get_task_template("fit", "fit {place}", node_args=["place"])
    begin = BashTask("true")
    workflow.add_tasks([begin, fit.create_task(place=7, upstream_tasks=[begin])])

    assert workflow.tasks[0].task_template_version.tool is tool
    assert sorted(workflow.arrays) == ["bash_task", "fit"]
    with pytest.raises(InvalidDefinition, match="is in another workflow"):
        tool.create_workflow().add_task(begin)


def test_a_template_without_node_args_tells_its_tasks_apart_by_their_task_args():
    tool = Tool("health")
    echo = tool.get_task_template("echo", "echo {words}", task_args=["words"])
    report = tool.get_task_template("report", "report {folder}", node_args=[], task_args=["folder"])

    assert echo.create_task(words="a").node_args == {"words": "a"}
    assert report.create_task(folder="a").task_args == {"folder": "a"}


# Runs


@pytest.fixture
def mixed(place):
    def made(workflow, broken):
        begin = BashTask("true", name="begin")
        end = PythonTask(
            "/bin/sh", place.folder / "end.sh", name="end", upstream_tasks=[begin], max_attempts=1
        )
        (place.folder / "end.sh").write_text("exit 1" if broken else "exit 0")
        workflow.add_tasks([begin, end])
        return workflow

    return made


def test_a_run_tells_how_it_ended_in_the_words_of_all_versions(mixed):
    ended = mixed(Workflow("told"), broken=False).run()

    assert ended == "D"
    assert (ended.status, ended.label, ended.workflow_run_id) == ("D", "DONE", 1)
    assert ended.status.label == "DONE"


def test_a_workflow_goes_on_if_it_says_so_itself_or_its_run_does(mixed, place):
    assert mixed(Workflow("again"), broken=True).execute() == "E"
    with pytest.raises(WorkflowAlreadyExists):
        mixed(Workflow("again"), broken=True).run()
    assert mixed(Workflow("again", resume=True), broken=True).run() == "E"
    assert mixed(Workflow("again"), broken=False).run(resume=True) == "D"

    assert place.attempts() == {"begin": "D", "end": "EED"}


def test_a_workflow_of_1_0_goes_on_by_itself(mixed, place, caplog):
    assert mixed(first.Workflow("again"), broken=True).run() == "E"
    assert mixed(first.Workflow("again"), broken=False).run() == "D"

    assert place.attempts() == {"begin": "D", "end": "ED"}
    assert "nothing to resume" not in caplog.text


def test_a_workflow_says_itself_how_it_runs(mixed, place):
    workflow = Workflow("quick", seconds_until_timeout=0.2, heartbeat_interval=90, requester_url="http://x")
    workflow.add_task(BashTask("sleep 30"))

    with pytest.raises(RuntimeError, match="Not all tasks completed"):
        workflow.run()
    with pytest.raises(TypeError, match="no argument 'seconds'"):
        Workflow("quick", seconds=3)


def test_several_kinds_of_python_tasks_know_how_they_ended(place):
    workflow = Workflow("kinds")
    workflow.add_tasks(
        [
            PythonTask("/bin/echo", "a"),
            PythonTask("/bin/echo", "a", args=["b"]),
            PythonTask(
                "/bin/echo", "a", env_variables={"C": 1}, executor_parameters=lambda: {"memory": "1G"}
            ),
        ]
    )

    assert workflow.run() == "D"
    assert [task.final_status for task in workflow.tasks] == ["D", "D", "D"]
