"""Tools are found by name, have versions, and write nothing before somebody asks for an id."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jobmon_airflow import Tool
from jobmon_airflow.errors import InvalidDefinition, InvalidName, SchemaIsMissing, UnknownVersion
from jobmon_airflow.settings import user_name
from jobmon_airflow.store import migrations
from jobmon_airflow.store.database import Database


def test_a_tool_without_a_name_is_called_after_its_user():
    assert Tool().name == f"unknown-{user_name()}"


@pytest.mark.parametrize("name", ["", " codem", "codem ", "co\0dem", "x" * 256, 7])
def test_a_tool_is_not_called_like_this(name):
    with pytest.raises(InvalidName):
        Tool(name)


def test_a_tool_may_be_called_in_any_language():
    assert Tool("Krankheitslast 疾病 😀").id


def test_a_tool_says_who_it_is():
    tool = Tool("codem")

    assert (repr(tool), str(tool)) == ("<Tool codem>", "tool 'codem'")
    assert repr(tool.active_tool_version) == "<ToolVersion of codem>"


def test_defining_writes_nothing():
    tool = Tool("codem")
    template = tool.get_task_template("fit", "fit {cause}", node_args=["cause"])
    workflow = tool.create_workflow("v1")
    workflow.add_tasks(template.create_tasks(cause=range(3)))

    assert not Path(os.environ["AIRFLOW_HOME"]).exists()


def test_one_name_is_one_tool_with_one_version_until_a_new_one_is_made():
    first, second, other = Tool("codem"), Tool("codem"), Tool("codcorrect")

    assert first.id == second.id != other.id
    assert first.active_tool_version_id == second.active_tool_version_id != other.active_tool_version_id
    assert first.tool_version_ids == [first.active_tool_version_id]


def test_a_new_version_becomes_the_active_and_the_latest_one():
    tool = Tool("codem")
    first = tool.active_tool_version_id

    second = tool.get_new_tool_version()

    assert second > first
    assert tool.active_tool_version_id == tool.active_tool_version.id == second
    assert tool.tool_version_ids == [first, second]
    assert Tool("codem").active_tool_version_id == second


def test_a_new_version_has_also_the_name_that_the_manual_gives_it():
    tool = Tool("codem")

    assert tool.create_new_tool_version() == tool.active_tool_version_id


def test_an_earlier_version_can_be_made_active_again():
    tool = Tool("codem")
    first, second = tool.active_tool_version_id, tool.get_new_tool_version()

    assert Tool("codem", first).active_tool_version_id == first
    assert Tool("codem", active_tool_version_id="latest").active_tool_version_id == second
    tool.set_active_tool_version_id(first)
    assert tool.active_tool_version_id == first
    tool.set_active_tool_version_id("latest")
    assert tool.active_tool_version_id == second


def test_a_version_that_is_not_there_is_refused_with_those_that_are():
    tool = Tool("codem")
    first, second = tool.active_tool_version_id, tool.get_new_tool_version()

    with pytest.raises(ValueError, match=f"one of {first}, {second}, or 'latest'"):
        tool.set_active_tool_version_id(99)
    with pytest.raises(UnknownVersion, match="'codem' has no version 99"):
        Tool("codem", 99)
    assert tool.active_tool_version_id == second


def test_a_version_of_another_tool_is_refused():
    other = Tool("codcorrect").active_tool_version_id
    tool = Tool("codem")
    assert tool.active_tool_version_id != other

    with pytest.raises(UnknownVersion):
        tool.set_active_tool_version_id(other)


def test_templates_are_kept_by_name():
    tool = Tool("codem")
    fit = tool.get_task_template("fit", "fit {cause}", node_args=["cause"])
    mail = tool.get_task_template("mail", "mail")

    assert tool.active_task_templates == {"fit": fit, "mail": mail}
    assert tool.get_task_template("fit", "fit {cause}", node_args=["cause"]) is fit


def test_a_template_that_cannot_be_read_is_not_kept():
    tool = Tool("codem")

    with pytest.raises(InvalidDefinition):
        tool.get_task_template("fit", "fit {", node_args=["cause"])

    assert tool.active_task_templates == {}


def test_a_new_version_begins_without_templates():
    tool = Tool("codem")
    old = tool.get_task_template("fit", "fit {cause}", node_args=["cause"])

    tool.get_new_tool_version()
    new = tool.get_task_template("fit", "fit {cause}", node_args=["cause"])

    assert tool.active_task_templates == {"fit": new}
    assert old.id != new.id
    assert old.tool_version.id != new.tool_version.id == tool.active_tool_version_id


def test_a_workflow_gets_all_that_its_tool_is_told():
    workflow = Tool("codem").create_workflow(
        workflow_args="v1",
        name="nightly",
        description="All causes.",
        workflow_attributes={"release": 9},
        max_concurrently_running=50,
        chunk_size=10,
        default_cluster_name="slurm",
        default_compute_resources_set={"slurm": {"cores": 2}},
        default_resource_scales_set={"slurm": {"cores": 1}},
        default_max_attempts=7,
    )

    assert (workflow.workflow_args, workflow.name, workflow.description) == ("v1", "nightly", "All causes.")
    assert workflow.workflow_attributes == {"release": "9"}
    assert workflow.max_concurrently_running == 50
    assert workflow.default_cluster_name == "slurm"
    assert workflow.default_compute_resources_set == {"slurm": {"cores": 2}}
    assert workflow.default_resource_scales_set == {"slurm": {"cores": 1}}
    assert workflow.default_max_attempts == 7


def test_a_workflow_belongs_to_the_version_that_was_active_when_it_was_made():
    tool = Tool("codem")
    workflow = tool.create_workflow("v1")

    second = tool.get_new_tool_version()

    assert workflow.tool is tool
    assert tool.tool_version_ids == [workflow.tool_version.id, second]


def test_a_tool_may_name_the_database_it_goes_to(sqlite_url):
    migrations.migrate(Database.open(sqlite_url))
    tool, elsewhere = Tool("codem", database=sqlite_url), Tool("codcorrect")

    assert elsewhere.id
    assert tool.id == 1
    assert Tool("codem", database=sqlite_url).id == tool.id
    assert sqlite_url.endswith(tool.database.engine.url.database)


def test_a_database_that_somebody_named_is_not_filled_with_tables_behind_his_back(sqlite_url):
    with pytest.raises(SchemaIsMissing):
        Tool("codem", database=sqlite_url).id  # noqa: B018 - asking is the point
