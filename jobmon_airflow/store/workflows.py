"""Workflows and their arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from jobmon_airflow.states import WORKFLOW, WorkflowRunStatus, WorkflowStatus
from jobmon_airflow.store import moves, sets
from jobmon_airflow.store.schema import array, task, task_instance, workflow, workflow_run
from jobmon_airflow.store.words import digest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from jobmon_airflow.states import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What makes a workflow the one it is."""

    tool_version_id: int
    dag_id: int
    workflow_args: str
    task_hash: str

    @property
    def workflow_args_hash(self) -> str:
        return digest(self.workflow_args)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What may be said of a workflow without making it another one."""

    name: str
    description: str
    max_concurrently_running: int


def find(connection: Connection, identity: Identity) -> int | None:
    """The workflow that is this one, if it is there with all its tasks."""
    row = _row(connection, identity)
    return row[0] if row and row[1] is not None else None


def enter(
    connection: Connection, identity: Identity, description: Description, at: datetime
) -> tuple[int, bool]:
    """The id of the workflow that is this one, and whether its tasks are there. There is one now."""
    sets.insert(
        connection,
        workflow,
        ("tool_version_id", "dag_id", "workflow_args_hash", "task_hash", "workflow_args"),
        [
            (
                identity.tool_version_id,
                identity.dag_id,
                identity.workflow_args_hash,
                identity.task_hash,
                identity.workflow_args,
            )
        ],
        constants={
            "status": WorkflowStatus.REGISTERING,
            "status_date": at,
            "name": description.name,
            "description": description.description,
            "max_concurrently_running": description.max_concurrently_running,
        },
        keep_existing=True,
    )
    row = _row(connection, identity)
    assert row is not None
    return row[0], row[1] is not None


def lock(connection: Connection, workflow_id: int) -> None:
    """Let nobody else change the workflow until this transaction ends; who tries so too, waits."""
    moves.lock(connection, workflow, workflow_id)


def complete(connection: Connection, workflow_id: int, at: datetime) -> None:
    """Note that all tasks are there."""
    connection.execute(update(workflow).where(workflow.c.id == workflow_id).values(created_date=at))


def describe(connection: Connection, workflow_id: int, description: Description) -> None:
    """Say these things of a workflow, in place of earlier ones."""
    connection.execute(
        update(workflow)
        .where(workflow.c.id == workflow_id)
        .values(
            name=description.name,
            description=description.description,
            max_concurrently_running=description.max_concurrently_running,
        )
    )


def set_limit(connection: Connection, workflow_id: int, limit: int) -> None:
    """Let this many tasks of a workflow run at a time."""
    connection.execute(
        update(workflow).where(workflow.c.id == workflow_id).values(max_concurrently_running=limit)
    )


def advance(connection: Connection, ids: Iterable[int], target: WorkflowStatus, at: datetime) -> set[int]:
    """Move workflows to ``target``, and return those that went; those that may not go there stay."""
    return moves.move(connection, workflow, ids, WORKFLOW.sources_of(target), target, at)


def order(connection: Connection, ids: Iterable[int], order: Order[WorkflowStatus], at: datetime) -> set[int]:
    """Move workflows as a person or a resume orders it, and return those that went."""
    return moves.move(connection, workflow, ids, order.sources, order.target, at)


def row(connection: Connection, workflow_id: int) -> Row[Any] | None:
    """The workflow, if there is one of this id."""
    return connection.execute(select(workflow).where(workflow.c.id == workflow_id)).first()


def is_bound(connection: Connection, workflow_id: int) -> bool:
    """Whether all its tasks are there."""
    query = select(workflow.c.created_date).where(workflow.c.id == workflow_id)
    return connection.execute(query).scalar() is not None


def limits(connection: Connection, workflow_id: int) -> tuple[int, dict[int, int]]:
    """How many of its tasks may run at a time, of all and of each array."""
    of_all = select(workflow.c.max_concurrently_running).where(workflow.c.id == workflow_id)
    of_arrays = select(array.c.id, array.c.max_concurrently_running).where(array.c.workflow_id == workflow_id)
    return connection.execute(of_all).scalar_one(), sets.mapping(connection, of_arrays)


def others_with_these_args(connection: Connection, identity: Identity, workflow_id: int) -> list[int]:
    """The tool version's workflows with the same args and other tasks, oldest first."""
    query = (
        select(workflow.c.id)
        .where(
            workflow.c.workflow_args_hash == identity.workflow_args_hash,
            workflow.c.tool_version_id == identity.tool_version_id,
            workflow.c.id != workflow_id,
        )
        .order_by(workflow.c.id)
    )
    return list(connection.execute(query).scalars())


def is_being_run(connection: Connection, workflow_id: int) -> bool:
    """Whether a controller may be at work on it."""
    alive = [status for status in WorkflowRunStatus if status.is_alive]
    query = select(workflow_run.c.id).where(
        workflow_run.c.workflow_id == workflow_id, workflow_run.c.status.in_(alive)
    )
    return connection.execute(query.limit(1)).first() is not None


# --- arrays -----------------------------------------------------------------------------------------------


def bind_arrays(
    connection: Connection, workflow_id: int, arrays: Mapping[int, tuple[str, int]], at: datetime
) -> dict[int, int]:
    """The workflow's arrays, given as name and limit per template version; ids by template version."""
    sets.insert(
        connection,
        array,
        ("task_template_version_id", "name", "max_concurrently_running"),
        [(version_id, name, limit) for version_id, (name, limit) in sorted(arrays.items())],
        constants={"workflow_id": workflow_id, "created_date": at},
        keep_existing=True,
    )
    return array_ids(connection, workflow_id)


def array_names(connection: Connection, workflow_id: int) -> dict[int, str]:
    """The workflow's arrays by id: the names of their templates."""
    query = select(array.c.id, array.c.name).where(array.c.workflow_id == workflow_id)
    return sets.mapping(connection, query.order_by(array.c.id))


def array_ids(connection: Connection, workflow_id: int) -> dict[int, int]:
    """The workflow's arrays, by template version."""
    query = select(array.c.task_template_version_id, array.c.id).where(array.c.workflow_id == workflow_id)
    return sets.mapping(connection, query)


def set_array_limits(connection: Connection, limits: Mapping[int, int]) -> None:
    """Let this many tasks of each array (by id) run at a time."""
    sets.update(connection, array, "id", ("max_concurrently_running",), sorted(limits.items()))


def counts_by_status(
    connection: Connection, workflow_ids: Collection[int]
) -> dict[tuple[int, int], dict[str, int]]:
    """How many tasks of each workflow and array have each status."""
    query = (
        select(task.c.workflow_id, task.c.array_id, task.c.status, func.count())
        .where(task.c.workflow_id.in_(workflow_ids))
        .group_by(task.c.workflow_id, task.c.array_id, task.c.status)
    )
    counts: dict[tuple[int, int], dict[str, int]] = {}
    for workflow_id, array_id, status, count in connection.execute(query):
        counts.setdefault((workflow_id, array_id), {})[status] = count
    return counts


def retries(connection: Connection, ids: Collection[int]) -> dict[int, int]:
    """How often tasks of some workflows were tried again, in the runs that they were last in."""
    # Who was tried again has failed, which an index knows: most tasks need not be looked at.
    failed = select(task_instance.c.task_id).join(array, array.c.id == task_instance.c.array_id)
    query = (
        select(task.c.workflow_id, func.sum(task.c.num_attempts - 1))
        .where(
            task.c.id.in_(
                failed.where(array.c.workflow_id.in_(ids), task_instance.c.error_kind_id.is_not(None))
            ),
            task.c.num_attempts > 1,
            task.c.workflow_id.in_(ids),
        )
        .group_by(task.c.workflow_id)
    )
    return {number: int(count) for number, count in connection.execute(query)}


def statuses_in_arrays(
    connection: Connection, workflow_id: int, array_ids: Collection[int]
) -> dict[str, int]:
    """How many tasks of some arrays of a workflow have each status."""
    query = (
        select(task.c.status, func.count())
        .where(task.c.workflow_id == workflow_id, task.c.array_id.in_(array_ids))
        .group_by(task.c.status)
    )
    return sets.mapping(connection, query)


def _row(connection: Connection, identity: Identity) -> tuple[int, datetime | None] | None:
    query = select(workflow.c.id, workflow.c.created_date).where(
        workflow.c.tool_version_id == identity.tool_version_id,
        workflow.c.dag_id == identity.dag_id,
        workflow.c.workflow_args_hash == identity.workflow_args_hash,
        workflow.c.task_hash == identity.task_hash,
    )
    row = connection.execute(query).first()
    return (int(row[0]), row[1]) if row else None
