"""``workflow limit``, ``stop``, ``reset``, ``task done``, ``again``: what the pages order, too.

Who asks is whom the kernel says, and whether they may is asked in the transaction that changes something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobmon_airflow.cli.answers import Answer
from jobmon_airflow.client import registry
from jobmon_airflow.engine import ownership
from jobmon_airflow.engine.ordering import Stop
from jobmon_airflow.settings import user_name
from jobmon_airflow.view import orders

if TYPE_CHECKING:
    from jobmon_airflow.view.orders import Ordered


def limit(
    workflow_id: int, tasks: int, *, template: str | None = None, database: str | None = None
) -> Answer:
    """Let so many tasks of a workflow, or of one of its templates, run at a time; 0 pauses."""
    store, user = registry.database(database), user_name()
    permit = ownership.who_ran_it_if_anybody(user)
    return told(orders.set_limit(store, workflow_id, tasks, template, user, permit=permit))


def stop(workflow_id: int, *, drain: bool = False, database: str | None = None) -> Answer:
    """Let the run of a workflow end: at once, or when what runs is over."""
    store, user = registry.database(database), user_name()
    how = Stop.DRAIN if drain else Stop.KILL
    return told(orders.stop(store, workflow_id, how, user, permit=ownership.who_ran_it_if_anybody(user)))


def reset(workflow_id: int, *, partial: bool = False, database: str | None = None) -> Answer:
    """Let a workflow begin from its beginning when it is resumed; a partial reset leaves what is done."""
    store, user = registry.database(database), user_name()
    permit = ownership.who_did_not_finish_it(user)
    return told(orders.reset(store, workflow_id, user, but_done=partial, permit=permit))


def done(task_id: int, *, database: str | None = None) -> Answer:
    """Let a task count as done without having run."""
    store, user = registry.database(database), user_name()
    return told(orders.mark_done(store, task_id, user, permit=ownership.who_ran_it(user)))


def again(task_id: int, *, alone: bool = False, database: str | None = None) -> Answer:
    """Let a task run again when its workflow is resumed, and all that was made of its result."""
    store, user = registry.database(database), user_name()
    permit = ownership.who_ran_it(user)
    return told(orders.run_again(store, task_id, user, downstream=not alone, permit=permit))


def told(ordered: Ordered) -> Answer:
    """What came of an order, in words."""
    later = " It is heard within seconds by whoever runs the workflow." if ordered.is_heard_later else ""
    return Answer(
        f"{ordered.message}{later}",
        data={
            "workflow_id": ordered.workflow_id,
            "message": ordered.message,
            "tasks": ordered.tasks,
            "is_heard_later": ordered.is_heard_later,
        },
    )
