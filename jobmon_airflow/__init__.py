"""Jobmon inside Apache Airflow: workflows of hundreds of thousands of tasks, defined as Jobmon users know it.

    >>> from jobmon_airflow import Tool
    >>> tool = Tool("hello")
    >>> greet = tool.get_task_template("greet", "echo hello {name_of}", node_args=["name_of"])
    >>> workflow = tool.create_workflow(workflow_args="readme")
    >>> workflow.add_tasks(greet.create_tasks(name_of=["Ada", "Grace"]))
    >>> [task.command for task in workflow.tasks]
    ['echo hello Ada', 'echo hello Grace']

Importing this package is cheap: nothing is loaded before it is used, and Airflow not at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobmon_airflow.lazy import names_of

if TYPE_CHECKING:
    from jobmon_airflow.client.array import Array
    from jobmon_airflow.client.job import add_task_attributes
    from jobmon_airflow.client.resuming import resume_workflow
    from jobmon_airflow.client.task import Task
    from jobmon_airflow.client.task_generator import task_generator
    from jobmon_airflow.client.task_template import TaskTemplate
    from jobmon_airflow.client.tool import Tool
    from jobmon_airflow.client.workflow import Workflow
    from jobmon_airflow.errors import JobmonError
    from jobmon_airflow.states import WorkflowRunStatus
    from jobmon_airflow.units import Memory, Runtime

__version__ = "0.1.0"

__all__ = [
    "Array",
    "JobmonError",
    "Memory",
    "Runtime",
    "Task",
    "TaskTemplate",
    "Tool",
    "Workflow",
    "WorkflowRunStatus",
    "__version__",
    "add_task_attributes",
    "resume_workflow",
    "task_generator",
]

__getattr__ = names_of(
    __name__,
    {
        "Array": "client.array",
        "JobmonError": "errors",
        "Memory": "units",
        "Runtime": "units",
        "Task": "client.task",
        "TaskTemplate": "client.task_template",
        "Tool": "client.tool",
        "Workflow": "client.workflow",
        "WorkflowRunStatus": "states",
        "add_task_attributes": "client.job",
        "resume_workflow": "client.resuming",
        "task_generator": "client.task_generator",
    },
)


def __dir__() -> list[str]:
    return sorted(__all__)
