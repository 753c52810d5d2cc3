"""``jobmon task explain`` says why a task asks for what it asks for, after it was really run."""

from __future__ import annotations

import pytest

from jobmon_airflow import Tool
from jobmon_airflow.cli import explain
from tests.workflows import close, migrated


@pytest.fixture
def url(sqlite_url):
    yield migrated(sqlite_url)
    close(sqlite_url)


def explained(url, **asked):
    """What is said of a task that ends as if for memory, each time that it is tried."""
    tool = Tool("hungry", database=url)
    tool.set_default_cluster_name("sequential")
    workflow = tool.create_workflow()
    workflow.add_task(tool.get_task_template("eat", "exit 137").create_task(max_attempts=2, **asked))
    assert workflow.run() == "E"
    return explain.task(workflow.tasks[0].task_id, database=url).data


def test_what_was_raised_is_told_with_the_failure_and_the_scale(url):
    found = explained(url, compute_resources={"memory": "1G", "cores": 1}, resource_scales={"memory": 1.5})

    first, second = (each["task_instance_id"] for each in found["attempts"])
    assert found["why_requested"] == [
        "It was defined so: by compute_resources of the task, or of its template, workflow or tool.",
        (
            f"Attempt {second} asked for memory 2.5G in place of 1G, because attempt {first} ended out of memory: "
            "its resource_scales let it grow by 150% each time."
        ),
    ]


def test_steps_are_told_as_steps(url):
    *_, why = explained(url, compute_resources={"memory": "1G"}, resource_scales={"memory": ["3G", "4G"]})[
        "why_requested"
    ]

    assert "asked for memory 3G in place of 1G" in why
    assert "it grows in the steps 3G, 4G" in why


def test_it_is_said_if_nothing_can_be_raised(url):
    *_, why = explained(url)["why_requested"]

    assert "no memory is asked for that could be raised" in why


def test_a_function_is_named_that_says_it(url):
    def much():
        return {"memory": "2G"}

    found = explained(url, compute_resources=much)

    assert "The function" in found["why_requested"][0]
    assert "much" in found["why_requested"][0]
