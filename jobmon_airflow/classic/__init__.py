"""The words of Jobmon 1.x and 2.x, on top of today's: executors and their parameters, tasks without templates.

    >>> from jobmon_airflow.classic import BashTask, ExecutorParameters, UnknownWorkflow
    >>> workflow = UnknownWorkflow("quickstart", executor_class="MultiprocessExecutor")
    >>> parameters = ExecutorParameters(num_cores=1, m_mem_free="2G", max_runtime_seconds=60, queue="all.q")
    >>> write = BashTask("touch notes", executor_parameters=parameters)
    >>> workflow.add_tasks([write, BashTask("rm notes", upstream_tasks=[write])])
    >>> [task.command for task in workflow.tasks]
    ['touch notes', 'rm notes']

Scripts that import all this from `jobmon` need not be changed: see `jobmon_airflow.stand_in`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobmon_airflow.lazy import names_of

if TYPE_CHECKING:
    from jobmon_airflow.classic.client_logging import ClientLogging
    from jobmon_airflow.classic.parameters import ExecutorParameters
    from jobmon_airflow.classic.task_template import TaskTemplate
    from jobmon_airflow.classic.tasks import BashTask, PythonTask, RTask, StataTask
    from jobmon_airflow.classic.tool import Tool
    from jobmon_airflow.classic.workflow import UnknownWorkflow, Workflow

__all__ = [
    "BashTask",
    "ClientLogging",
    "ExecutorParameters",
    "PythonTask",
    "RTask",
    "StataTask",
    "TaskTemplate",
    "Tool",
    "UnknownWorkflow",
    "Workflow",
]

__getattr__ = names_of(
    __name__,
    {
        "BashTask": "tasks",
        "ClientLogging": "client_logging",
        "ExecutorParameters": "parameters",
        "PythonTask": "tasks",
        "RTask": "tasks",
        "StataTask": "tasks",
        "TaskTemplate": "task_template",
        "Tool": "tool",
        "UnknownWorkflow": "workflow",
        "Workflow": "workflow",
    },
)


def __dir__() -> list[str]:
    return sorted(__all__)
