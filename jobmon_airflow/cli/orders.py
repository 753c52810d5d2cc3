"""``workflow limit``, ``workflow stop``, ``task done``, ``task again``: what the pages order, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobmon_airflow.cli.answers import Answer
from jobmon_airflow.client import registry
from jobmon_airflow.engine.ordering import Stop
from jobmon_airflow.settings import user_name
from jobmon_airflow.view import orders

if TYPE_CHECKING:
    from jobmon_airflow.view.orders import Ordered


def limit(
    workflow_id: int, tasks: int, *, template: str | None = None, database: str | None = None
) -> Answer:
    """Let so many tasks of a workflow, or of one of its templates, run at a time; 0 pauses."""
    return _said(orders.set_limit(registry.database(database), workflow_id, tasks, template, user_name()))


def stop(workflow_id: int, *, drain: bool = False, database: str | None = None) -> Answer:
    """Let the run of a workflow end: at once, or when what runs is over."""
    how = Stop.DRAIN if drain else Stop.KILL
    return _said(orders.stop(registry.database(database), workflow_id, how, user_name()))


def done(task_id: int, *, database: str | None = None) -> Answer:
    """Let a task count as done without having run."""
    return _said(orders.mark_done(registry.database(database), task_id, user_name()))


def again(task_id: int, *, alone: bool = False, database: str | None = None) -> Answer:
    """Let a task run again when its workflow is resumed, and all that was made of its result."""
    store = registry.database(database)
    return _said(orders.run_again(store, task_id, user_name(), downstream=not alone))


def _said(ordered: Ordered) -> Answer:
    later = " It is heard within seconds by whoever runs the workflow." if ordered.is_heard_later else ""
    return Answer(f"{ordered.message}{later}")
