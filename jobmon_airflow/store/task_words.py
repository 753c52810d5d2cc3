"""What makes a task's command: its template, and its own args."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from jobmon_airflow.store import sets
from jobmon_airflow.store.schema import arg, array, task_arg, task_template_version

if TYPE_CHECKING:
    from sqlalchemy import Connection


def template_of(connection: Connection, array_id: int) -> tuple[str, str]:
    """The name of the template of an array, and its command template."""
    query = (
        select(array.c.name, task_template_version.c.command_template)
        .join(task_template_version, task_template_version.c.id == array.c.task_template_version_id)
        .where(array.c.id == array_id)
    )
    name, command_template = connection.execute(query).one()
    return name, command_template


def args_of(connection: Connection, task_id: int) -> dict[str, str]:
    """The task args of a task, by name."""
    query = (
        select(arg.c.name, task_arg.c.val)
        .join(arg, arg.c.id == task_arg.c.arg_id)
        .where(task_arg.c.task_id == task_id)
        .order_by(arg.c.name)
    )
    return sets.mapping(connection, query)
