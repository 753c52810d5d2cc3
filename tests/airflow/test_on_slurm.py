"""Single commands and a workflow of a real Airflow on a real Slurm, which a connection leads to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from jobmon_airflow.store import clusters
from jobmon_airflow.store.database import Database
from tests.slurm.box import obstacle, own_box
from tests.slurm.conftest import SLURM_IS_REQUIRED

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.long, pytest.mark.slurm]

COMMANDS = """
from airflow.sdk import DAG
from jobmon_airflow.operators.command import SlurmOperator

with DAG("commands_on_slurm", schedule=None) as dag:
    for number in range({count}):
        SlurmOperator(
            task_id=f"say_{{number}}",
            slurm_conn_id="box",
            command="echo $WHO on $(hostname)",
            env={{"WHO": f"number {{number}}"}},
            compute_resources={{"memory": "64M", "runtime": "5m"}},
            deferrable=True,
            poll_interval=1,
            retries=0,
        )
"""
WORKFLOW = """
from jobmon_airflow import Tool

tool = Tool("on_slurm")
tool.set_default_cluster_name("box")
tool.set_default_compute_resources_from_dict("box", {"memory": "64M", "runtime": "5m"})
first = tool.get_task_template("first", "test -n {n}", node_args=["n"])
then = tool.get_task_template("then", "true")
workflow = tool.create_workflow(name="yearly")
firsts = first.create_tasks(n=range(40))
workflow.add_tasks([*firsts, then.create_task(upstream_tasks=firsts)])
dag = workflow.to_dag("workflow_on_slurm", deferrable=DEFERRABLE)
"""


@pytest.fixture(scope="module")
def on_slurm(airflows, tmp_path_factory) -> Iterator:
    """An Airflow on whose machine Slurm's commands lead to a box."""
    if found := obstacle():
        (pytest.fail if SLURM_IS_REQUIRED else pytest.skip)(found)
    way = {"partition": "all.q", "spool": str(tmp_path_factory.mktemp("spool"))}
    with own_box() as box, pytest.MonkeyPatch.context() as patched:
        for name, value in box.environment.items():
            patched.setenv(name, value)
        with airflows.running() as airflow:
            airflow.cli("connections", "add", "box", "--conn-type", "slurm", "--conn-extra", json.dumps(way))
            yield airflow


def test_deferred_commands_run_as_jobs_and_share_one_engine(on_slurm):
    on_slurm.write_dag("commands_on_slurm", COMMANDS.format(count=20))
    run = on_slurm.trigger("commands_on_slurm")

    on_slurm.wait_until_ended(run, within=300)

    assert set(run.states().values()) == {"success"}
    assert "number 7 on n" in run.log("say_7")
    assert {run.xcom(f"say_{number}")["verdict"] for number in range(20)} == {"done"}
    assert len(on_slurm.running("jobmon_airflow.dags.shared_engine")) == 1


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_workflow_runs_on_the_cluster_that_a_connection_leads_to(on_slurm, deferrable):
    on_slurm.write_dag("workflow_on_slurm", WORKFLOW.replace("DEFERRABLE", str(deferrable)))

    run = on_slurm.run("workflow_on_slurm", within=300)

    assert (run.xcom("run")["done"], run.xcom("run")["status"]) == (41, "D")
    database = Database.open(on_slurm.jobmon_url)
    with database.read() as connection:
        kind, parameters = clusters.connection_of(connection, "box")
    database.close()
    assert (kind, parameters["partition"]) == ("slurm", "all.q")
