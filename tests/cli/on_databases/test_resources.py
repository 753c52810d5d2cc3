"""What ``jobmon workflow resources usage`` and ``resources yaml`` answer."""

from __future__ import annotations

import pytest
import yaml

from jobmon_airflow import Tool
from jobmon_airflow.cli import resources
from jobmon_airflow.engine.verdict import DONE, MEMORY
from jobmon_airflow.errors import InvalidArguments, InvalidQuestion, UnknownName, UnknownVersion
from jobmon_airflow.store import clusters, workflows
from tests.view.past import ended


@pytest.fixture
def measured(database, url, new):
    """Three tasks on a cluster of Slurm, which took 1, 2 and 6 GiB; one had too little first."""
    cluster = new("slurm")
    database.write(lambda it: clusters.register(it, cluster, "slurm"))
    tool = Tool(new("measured"), database=url)
    fit = tool.get_task_template("fit", "fit {place}", node_args=["place"], default_cluster_name=cluster)
    workflow = tool.create_workflow()
    usual = {"memory": "8G", "runtime": "1h", "cores": 2, "queue": "all.q"}
    workflow.add_tasks(fit.create_tasks(place=["here", "there"], compute_resources=usual))
    workflow.add_task(
        fit.create_task(place="nowhere", compute_resources=usual | {"cores": 6, "queue": "long.q"})
    )
    workflow.bind()
    first, second, third = (task.task_id for task in workflow.tasks)
    ended(database, first, MEMORY, kind=MEMORY.words, gib=1, wallclock=10.0)
    ended(database, first, DONE, gib=2, wallclock=100.0)
    ended(database, second, DONE, gib=2, wallclock=110.0)
    ended(database, third, DONE, gib=6, wallclock=600.0)
    return workflow, cluster


def version_of(database, workflow):
    with database.read() as connection:
        [number] = workflows.array_ids(connection, workflow.workflow_id)
    return number


# --- usage ------------------------------------------------------------------------------------------------------


def test_usage_is_told_of_a_version_by_its_number_and_of_a_template_by_its_name(database, url, measured):
    workflow, _ = measured

    by_name = resources.usage("fit", workflow_ids=[workflow.workflow_id], database=url)
    by_number = resources.usage(str(version_of(database, workflow)), ci=0.95, database=url)

    assert by_name.data["num_tasks"] == by_number.data["num_tasks"] == 3
    assert by_name.data["max_mem"] == f"{6 * 2**30}B"
    assert by_name.data["median_runtime"] == 105.0
    figures = {row["FIGURE"]: row for row in by_name.table.rows}
    assert figures["max"] == {"FIGURE": "max", "MEMORY": "6,144.0 MiB", "RUNTIME": "600.0 s"}
    assert {"ci low", "ci high"} <= {row["FIGURE"] for row in by_number.table.rows}
    assert "Suggested: memory" in by_name.text


def test_usage_is_told_of_tasks_with_some_node_args_alone(url, measured):
    workflow, _ = measured
    asked = {"workflow_ids": [workflow.workflow_id], "database": url}

    one = resources.usage("fit", node_args='{"place": "nowhere"}', **asked)
    two = resources.usage("fit", node_args='{"place": ["here", "there"]}', **asked)

    assert (one.data["num_tasks"], one.data["min_runtime"]) == (1, 600.0)
    assert (two.data["num_tasks"], two.data["max_runtime"]) == (2, 110.0)


def test_questions_about_usage_that_mean_nothing_are_refused(url, measured):
    workflow, _ = measured
    number = workflow.workflow_id

    with pytest.raises(InvalidQuestion, match="many tools"):
        resources.usage("fit", database=url)
    with pytest.raises(UnknownName, match="no template 'fat'"):
        resources.usage("fat", workflow_ids=[number], database=url)
    with pytest.raises(UnknownVersion):
        resources.usage(str(10**9), database=url)
    for text in ("place=here", "[1]"):
        with pytest.raises(InvalidQuestion, match="no JSON object"):
            resources.usage("fit", workflow_ids=[number], node_args=text, database=url)
    with pytest.raises(InvalidArguments, match="no node arg when"):
        resources.usage("fit", workflow_ids=[number], node_args='{"when": 1}', database=url)


# --- yaml -------------------------------------------------------------------------------------------------------


def test_a_file_asks_for_the_mean_of_memory_and_the_most_of_runtime(database, url, measured, tmp_path):
    workflow, cluster = measured
    file = tmp_path / "resources.yaml"

    answer = resources.yaml(workflow_id=workflow.workflow_id, file=str(file), database=url)

    asked = yaml.safe_load(file.read_text())["task_template_resources"]["fit"][cluster]
    assert asked == {"memory": "2.75G", "cores": 3, "runtime": "10m", "queue": "all.q"}
    assert str(file) in answer.text
    assert "memory" not in answer.text, "it was not asked for on stdout"


@pytest.mark.parametrize(
    ("strategy", "memory", "cores", "runtime"),
    [("min", "1G", 2, "10s"), ("avg", "2.75G", 3, "3m30s"), ("max", "6G", 6, "10m")],
)
def test_each_resource_has_a_strategy(database, url, measured, strategy, memory, cores, runtime):
    workflow, cluster = measured

    answer = resources.yaml(
        template=str(version_of(database, workflow)),
        mem_strategy=strategy,
        core_strategy=strategy,
        runtime_strategy=strategy,
        database=url,
    )

    found = answer.data["fit"][cluster]
    assert (found["memory"], found["cores"], found["runtime"]) == (memory, cores, runtime)


def test_what_is_suggested_holds_nearly_all_with_room_to_spare(url, measured):
    workflow, cluster = measured

    answer = resources.yaml(
        workflow_id=workflow.workflow_id, mem_strategy="suggested", runtime_strategy="suggested", database=url
    )

    usage = resources.usage("fit", workflow_ids=[workflow.workflow_id], database=url)
    found = answer.data["fit"][cluster]
    assert {name: found[name] for name in ("memory", "runtime")} == usage.data["suggested"]


def test_a_file_is_for_other_clusters_too(url, measured):
    workflow, cluster = measured

    found = resources.yaml(
        workflow_id=workflow.workflow_id, clusters=["multiprocess", cluster], database=url
    ).data["fit"]

    assert list(found) == ["multiprocess", cluster]
    assert found["multiprocess"] == {"memory": "2.75G", "cores": 3, "runtime": "10m"}, (
        "its queues are unknown"
    )


def test_a_tool_reads_the_file(url, measured, tmp_path):
    workflow, cluster = measured
    file = tmp_path / "resources.yaml"
    resources.yaml(workflow_id=workflow.workflow_id, file=str(file), database=url)

    template = Tool("reader", database=url).get_task_template("fit", "fit {place}", node_args=["place"])
    template.set_default_compute_resources_from_yaml(file, cluster)

    read = template.default_compute_resources_set[cluster]
    assert (str(read["memory"]), read["queue"]) == ("2.75G", "all.q")


def test_what_was_never_tried_and_what_cannot_be_written_are_refused(url, workflow, measured, tmp_path):
    with pytest.raises(InvalidQuestion, match="nobody knows"):
        resources.yaml(workflow_id=workflow.workflow_id, database=url)
    with pytest.raises(InvalidQuestion, match="It takes a workflow"):
        resources.yaml(database=url)
    with pytest.raises(InvalidQuestion, match="cannot be written"):
        resources.yaml(
            workflow_id=measured[0].workflow_id, file=str(tmp_path / "no" / "where.yaml"), database=url
        )
