"""DAGs of workflows in a real Airflow: built from params when they run, joined with others' tasks, or task by task."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.long

EVIL = '"; touch {folder}/evil; echo "$(touch {folder}/evil)'

BUILT = """
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import Param

from jobmon_airflow import Tool
from jobmon_airflow.dags import templates, workflow_dag

tool = Tool("built_{how}")
tool.set_default_compute_resources_from_dict("multiprocess", {{"memory": "1G", "runtime": "1m"}})
write = tool.get_task_template("write", "echo {{place}} > {{file}}", node_args=["place", "file"])
count = tool.get_task_template("count", "cat {{folder}}/*.txt > {{folder}}/all", node_args=["folder"])


@workflow_dag(
    templates=write >> count,
    dag_id="dags_built_{how}",
    params={{"places": Param(["US"], type="array")}},
    deferrable={deferrable},
)
def built(places, run_id, ds, folder={folder!r}):
    workflow = tool.create_workflow(name="built")
    tasks = [write.create_task(place=place, file=f"{{folder}}/{{n}}.txt") for n, place in enumerate(places)]
    workflow.add_tasks(tasks)
    workflow.add_task(count.create_task(folder=folder, upstream_tasks=tasks))
    workflow.add_attributes({{"run": run_id, "day": ds}})
    return workflow


with built:
    notify = EmptyOperator(task_id="notify")
templates(built)["count"] >> notify
"""


@pytest.mark.parametrize("how", ["worker", "triggerer"])
def test_a_workflow_is_built_of_the_params_of_its_run_and_values_are_no_commands(airflow, tmp_path, how):
    airflow.write_dag(
        f"built_{how}", BUILT.format(how=how, deferrable=how == "triggerer", folder=str(tmp_path))
    )
    evil = EVIL.format(folder=tmp_path)

    run = airflow.run(f"dags_built_{how}", conf={"places": ["Côte d'Ivoire", evil]})

    assert run.states() == dict.fromkeys(["run", "write", "count", "notify"], "success")
    assert (tmp_path / "all").read_text().splitlines() == ["Côte d'Ivoire", evil]
    assert not (tmp_path / "evil").exists()


WRONG = """
from jobmon_airflow import Tool
from jobmon_airflow.dags import workflow_dag

tool = Tool("wrong")
shown, hidden = (tool.get_task_template(name, "true {it}", node_args=["it"]) for name in ("shown", "hidden"))

@workflow_dag(templates=shown, dag_id="dags_wrong")
def wrong():
    workflow = tool.create_workflow(default_cluster_name="sequential")
    workflow.add_task(hidden.create_task(it=1))
    return workflow
"""


def test_a_template_that_was_not_declared_fails_the_run_with_the_remedy(airflow):
    airflow.write_dag("wrong", WRONG)

    run = airflow.run("dags_wrong", state="failed")

    assert "workflow_dag(templates=[…, hidden])" in run.log("run")


EXPANDED = """
from jobmon_airflow import Tool

tool = Tool("expanded")
tool.set_default_compute_resources_from_dict("multiprocess", {{"memory": "1G", "runtime": "1m"}})
write = tool.get_task_template("write", "echo {{n}} >> {{folder}}/{{n}}.txt", node_args=["n"], task_args=["folder"])
fail = tool.get_task_template("fail", "test -e {{folder}}/seen || {{{{ touch {{folder}}/seen; false; }}}}", ["folder"])
count = tool.get_task_template("count", "cat {{folder}}/*.txt | wc -l > {{folder}}/all", node_args=["folder"])
workflow = tool.create_workflow(name="expanded", workflow_args="1")
tasks = write.create_tasks(n=range(3), folder={folder!r})
tasks.append(fail.create_task(folder={folder!r}, upstream_tasks=tasks, max_attempts=2))
workflow.add_tasks(tasks)
workflow.add_task(count.create_task(folder={folder!r}, upstream_tasks=tasks))
dag = workflow.to_dag("dags_expanded", granularity="task")
"""


def test_each_task_is_a_task_of_airflows_with_tries_of_its_own(airflow, tmp_path):
    airflow.write_dag("expanded", EXPANDED.format(folder=str(tmp_path)))

    run = airflow.run("dags_expanded")

    states = run.states()
    assert len(states) == 5
    assert set(states.values()) == {"success"}
    assert (tmp_path / "all").read_text().strip() == "3"
    tries = {task.task_id: task.try_number for task in run.tasks()}
    assert sorted(tries.values()) == [1, 1, 1, 1, 2]


OF_2_X = """
# A script of Jobmon 2.x, whose last line is for Airflow.
from jobmon.client.api import BashTask, ExecutorParameters, Tool

tool = Tool.create_tool(name="of_2_x")
workflow = tool.create_workflow(name="echoes")
workflow.set_executor(executor_class="MultiprocessExecutor", project="proj_scicomp", stdout="{folder}")
parameters = ExecutorParameters(num_cores=1, queue="all.q", max_runtime_seconds=60, m_mem_free="128M")
echo = tool.get_task_template("echo", "echo {{output}}", task_args=["output"])
first = echo.create_task(executor_parameters=parameters, name="first", output="first")
second = echo.create_task(executor_parameters=parameters, name="second", output="second", upstream_tasks=[first])
workflow.add_tasks([first, second, BashTask("echo third", upstream_tasks=[second], name="third")])

dag = workflow.to_dag("dags_of_2_x", deferrable={deferrable})
"""


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_script_of_2_x_is_a_dag_file(airflow, tmp_path, deferrable):
    airflow.write_dag("of_2_x", OF_2_X.format(folder=tmp_path, deferrable=deferrable))

    run = airflow.run("dags_of_2_x")

    assert run.states() == dict.fromkeys(["run", "echo", "bash_task"], "success")
    assert sorted(path.read_text() for path in tmp_path.glob("*.o*")) == ["first\n", "second\n", "third\n"]
