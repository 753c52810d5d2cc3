"""Task templates whose tasks may be given executor parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.classic.parameters import TODAYS_WORDS, settings_of
from jobmon_airflow.client import task_template

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobmon_airflow.classic.parameters import ExecutorParameters
    from jobmon_airflow.client.task import Task

    Parameters = ExecutorParameters | Callable[..., Any] | None

_SETTINGS: Final = (*TODAYS_WORDS, "resource_scales")


class TaskTemplate(task_template.TaskTemplate):
    """A task template, as `jobmon_airflow.TaskTemplate` and as Jobmon 2.x had it."""

    def create_task(self, *args: Any, executor_parameters: Parameters = None, **kwargs: Any) -> Task:
        """One task; ``executor_parameters`` may be a function, which is asked when the task is about to run."""
        return super().create_task(*args, **_with(executor_parameters, kwargs))

    def create_tasks(self, *args: Any, executor_parameters: Parameters = None, **kwargs: Any) -> list[Task]:
        """One task for every combination of the node args that are given as lists."""
        return super().create_tasks(*args, **_with(executor_parameters, kwargs))


def _with(executor_parameters: Parameters, given: dict[str, Any]) -> dict[str, Any]:
    """What was given, as today's templates take it."""
    if executor_parameters is None and given.get("max_attempts") != 0:
        return given
    settings: Any = {name: given.pop(name) for name in _SETTINGS if name in given}
    return given | settings_of({"executor_parameters": executor_parameters, **settings})
