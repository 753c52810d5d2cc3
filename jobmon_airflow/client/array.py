"""Arrays: all tasks of one template version in one workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobmon_airflow.client.defaults import checked_limit
from jobmon_airflow.errors import DuplicateNodeArgsError, DuplicateTask, InvalidArguments, InvalidDefinition
from jobmon_airflow.settings import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobmon_airflow.client.task import Task
    from jobmon_airflow.client.task_template_version import TaskTemplateVersion
    from jobmon_airflow.client.workflow import Workflow


class Array:
    """The tasks of one template in a workflow, which makes arrays as tasks are added to it.

    >>> from jobmon_airflow import Tool
    >>> tool = Tool("health")
    >>> template = tool.get_task_template(
    ...     "transform", "run {location} {year}", node_args=["location", "year"]
    ... )
    >>> workflow = tool.create_workflow()
    >>> workflow.add_tasks(template.create_tasks(location=["US", "US-CA"], year=[1990, 1991]))
    >>> array = workflow.arrays["transform"]
    >>> len(array.tasks), [task.command for task in array.get_tasks_by_node_args(location="US", year=1990)]
    (4, ['run US 1990'])
    """

    def __init__(self, task_template_version: TaskTemplateVersion, workflow: Workflow) -> None:
        self.task_template_version = task_template_version
        self.workflow = workflow
        self.max_concurrently_running = UNLIMITED
        self.array_id: int | None = None
        self._tasks: dict[int, Task] = {}
        self._index: dict[str, dict[str, list[Task]]] = {}
        self._indexed = 0

    def __repr__(self) -> str:
        return f"<Array {self.name} of {len(self._tasks)} tasks>"

    @property
    def name(self) -> str:
        """The template's name."""
        return self.task_template_version.task_template.template_name

    @property
    def tasks(self) -> list[Task]:
        """The tasks, in the order in which they were added."""
        return list(self._tasks.values())

    def add_task(self, task: Task) -> None:
        """Add one of this template's tasks to the workflow."""
        if task.task_template_version.digest != self.task_template_version.digest:
            raise InvalidDefinition(
                f"{task.name} is not of the task template '{self.name}' as this array has it.",
                remedy="Add it with workflow.add_task, which finds the array.",
            )
        self.workflow.add_task(task)

    def create_tasks(self, **kwargs: Any) -> list[Task]:
        """Make this template's tasks, as `TaskTemplate.create_tasks` does, and add them."""
        tasks = self.task_template_version.task_template.create_tasks(**kwargs)
        self.workflow.add_tasks(tasks)
        return tasks

    @staticmethod
    def expand_dict(**args: Any) -> list[dict[str, Any]]:
        """Every combination of args that are given as lists, as `create_tasks` makes them."""
        from jobmon_airflow.client.task_template_version import crossed

        return list(crossed(args))

    def get_tasks_by_node_args(self, **node_args: Any) -> list[Task]:
        """The tasks whose node args are these; a list means any of its values."""
        if unknown := sorted(node_args.keys() - set(self.task_template_version.node_args)):
            raise InvalidArguments(
                f"The task template '{self.name}' has no node arg {', '.join(unknown)}.",
                remedy=f"It has {', '.join(self.task_template_version.node_args) or 'none'}.",
            )
        if not node_args:
            return self.tasks
        first, *others = [self._having(arg, value) for arg, value in node_args.items()]
        wanted = [set(map(id, tasks)) for tasks in others]
        return [task for task in first if all(id(task) in tasks for tasks in wanted)]

    def kinds(self) -> dict[tuple[int, int], Task]:
        """The first task of each kind: what it asks for, all others of its kind ask for too."""
        kinds: dict[tuple[int, int], Task] = {}
        for task in self._tasks.values():
            kinds.setdefault(task.kind, task)
        return kinds

    def take(self, task: Task) -> None:
        """Count the task in, if its place is free; for the workflow, which has checked the rest."""
        other = self._tasks.setdefault(task._key, task)
        if other is not task:
            _refuse(task, other)
        task.array = self
        if (limit := task._settings.max_concurrently_running) is not None:
            self.max_concurrently_running = limit

    def limit_to(self, max_concurrently_running: int) -> None:
        """Let this many of the tasks run at a time; 0 pauses."""
        self.max_concurrently_running = checked_limit(max_concurrently_running)

    def _having(self, arg: str, value: Any) -> list[Task]:
        from jobmon_airflow.client.task_template_version import is_many

        self._bring_index_up_to_date()
        by_value = self._index.get(arg, {})
        values: Iterable[Any] = value if is_many(value) else (value,)
        return [task for text in dict.fromkeys(map(str, values)) for task in by_value.get(text, ())]

    def _bring_index_up_to_date(self) -> None:
        """Looking through all tasks for each location would be the square of their number."""
        tasks = self.tasks[self._indexed :]
        for position, arg in enumerate(self.task_template_version.node_args):
            by_value = self._index.setdefault(arg, {})
            for task in tasks:
                by_value.setdefault(task._values[position], []).append(task)
        self._indexed = len(self._tasks)


def _refuse(task: Task, other: Task) -> None:
    if task.task_args == other.task_args:
        raise DuplicateTask(
            f"The workflow has this task already: {task.command}",
            remedy="Add each task once. Tasks with the same node args are the same task; what makes them "
            "differ belongs into node_args.",
        )
    raise DuplicateNodeArgsError(
        f"Two tasks of '{task.task_template_version.task_template.template_name}' have the node args "
        f"{task.node_args}, with the task args {other.task_args} and {task.task_args}.",
        remedy="Node args say which place in the graph a task has, and each place has one task: declare what "
        "makes the two differ in node_args.",
    )
