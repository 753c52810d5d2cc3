from __future__ import annotations

import pytest

from jobmon_airflow import Tool, add_task_attributes
from jobmon_airflow.errors import InvalidDefinition, UnknownName
from jobmon_airflow.store import attributes


def bound_task(url):
    tool = Tool("kitchen", database=url)
    tool.set_default_cluster_name("sequential")
    boil = tool.get_task_template("boil", "boil {what}", node_args=["what"])
    workflow = tool.create_workflow(workflow_args="breakfast")
    task = workflow.add_task(boil.create_task(what="water", task_attributes={"litres": 1, "salt": "none"}))
    workflow.bind()
    return task


def noted(task):
    with task.workflow.tool.database.read() as connection:
        return attributes.read(connection, "task", task.task_id)


def test_a_job_notes_facts_about_its_own_task(url, monkeypatch):
    task = bound_task(url)
    monkeypatch.setenv("JOBMON_TASK_ID", str(task.task_id))

    add_task_attributes({"litres": 2, "degrees": 100}, database=url)

    assert noted(task) == {"litres": "2", "salt": "none", "degrees": "100"}


def test_facts_are_noted_about_a_named_task_from_anywhere(url):
    task = bound_task(url)

    add_task_attributes(["checked"], task_id=task.task_id, database=url)

    assert noted(task) == {"litres": "1", "salt": "none", "checked": None}


def test_a_task_that_is_not_there_is_refused_and_nothing_is_noted(url):
    task = bound_task(url)

    with pytest.raises(UnknownName, match="no task 4711"):
        add_task_attributes({"litres": 2}, task_id=4711, database=url)

    assert noted(task) == {"litres": "1", "salt": "none"}


@pytest.mark.parametrize("number", ["", "seven"])
def test_outside_of_a_job_it_says_so(number, monkeypatch):
    monkeypatch.setenv("JOBMON_TASK_ID", number)

    with pytest.raises(InvalidDefinition, match="No task is running here"):
        add_task_attributes({"litres": 2})
