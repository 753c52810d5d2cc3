"""A DAG's tasks where Airflow's scheduler does the work: an operator for each task, in a group for each template.

For small workflows whose people want Airflow's own logs, retries and clears for each task. An operator costs Airflow
what a thousand tasks cost the engine, so there is a limit.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import TaskGroup

from jobmon_airflow.client.task import Join
from jobmon_airflow.dags.names import distinct_ids
from jobmon_airflow.errors import InvalidDefinition
from jobmon_airflow.operators.command import TaskOperator
from jobmon_airflow.settings import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from airflow.sdk import DAG, BaseOperator

    from jobmon_airflow.client.task import Task
    from jobmon_airflow.client.workflow import Workflow

MOST_TASKS: Final = 5_000  # with more, Airflow's scheduler is silent for longer than its health check allows
_LONGEST_GROUP: Final = 200


def refuse_unfit(workflow: Workflow) -> None:
    """Refuse what Airflow's scheduler could not do, or not as it was asked."""
    if (count := len(workflow.tasks)) > MOST_TASKS:
        raise InvalidDefinition(
            f"The {workflow} has {count:,} tasks, and granularity='task' would make an Airflow task of each.",
            remedy=f"Leave granularity out, so that one Airflow task runs all of them; {MOST_TASKS:,} are the most "
            "that Airflow's scheduler bears.",
        )
    for array in workflow.all_arrays:
        if array.max_concurrently_running != UNLIMITED:
            raise InvalidDefinition(
                f"The template '{array.name}' may have {array.max_concurrently_running} tasks running at a time, which "
                "Airflow's scheduler has no word for.",
                remedy="Leave out granularity='task', or limit the whole workflow: max_concurrently_running=….",
            )


def fill(dag: DAG, workflow: Workflow, **options: Any) -> None:
    """Give the DAG that is being made an operator for each task, and the tasks' own edges."""
    if "retry_delay" not in dag.default_args:
        options["retry_delay"] = timedelta(0)  # as the engine does: at once
    ids = dict(zip(workflow.tasks, distinct_ids(task.name for task in workflow.tasks), strict=True))
    operators = _operators(workflow, ids, options)
    for join, task_id in _joins(workflow.tasks, ids.values()):
        operators[join] = EmptyOperator(task_id=task_id)
        operators[join].set_upstream([operators[member] for member in join.members])
    for task in workflow.tasks:
        if upstreams := task.upstreams_and_joins:
            operators[task].set_upstream([operators[upstream] for upstream in upstreams])


def _operators(
    workflow: Workflow, ids: Mapping[Task, str], options: Mapping[str, Any]
) -> dict[Task | Join, BaseOperator]:
    """The tasks' operators, each in its template's group."""
    tasks_of: dict[str, list[Task]] = {}
    for task in workflow.tasks:
        tasks_of.setdefault(task.task_template_version.template_name, []).append(task)
    fit = [name.replace(".", "_") for name in tasks_of]
    groups = distinct_ids(fit, taken=ids.values(), longest=_LONGEST_GROUP)
    operators: dict[Task | Join, BaseOperator] = {}
    for group_id, (name, tasks) in zip(groups, tasks_of.items(), strict=True):
        with TaskGroup(group_id, group_display_name=name, prefix_group_id=False):
            for task in tasks:
                operators[task] = TaskOperator(
                    task=task, task_id=ids[task], retries=task.max_attempts - 1, **options
                )
    return operators


def _joins(tasks: list[Task], taken: Iterable[str]) -> Iterator[tuple[Join, str]]:
    """The lists of upstreams that tasks share, each with an id that says for whom it stands."""
    names: dict[Join, str] = {}
    for task in tasks:
        for upstream in task.upstreams_and_joins:
            if isinstance(upstream, Join):
                names.setdefault(upstream, f"all_before_{task.name}")
    return zip(names, distinct_ids(names.values(), taken), strict=True)
