"""Runs of workflows: starting them, hearing from them, ending them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, select, update

from jobmon_airflow.states import WORKFLOW_RUN, WorkflowRunStatus
from jobmon_airflow.store import moves, workflows
from jobmon_airflow.store.schema import workflow_run

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection, Row

ALIVE: Final = [status for status in WorkflowRunStatus if status.is_alive]


def register(
    connection: Connection,
    workflow_id: int,
    user: str,
    version: str,
    at: datetime,
    *,
    controller: str | None = None,
    until: datetime | None = None,
) -> int:
    """A new run of a workflow; its controller will be heard of ``until`` then."""
    result = connection.execute(
        insert(workflow_run).values(
            workflow_id=workflow_id,
            user=user,
            jobmon_version=version,
            controller=controller,
            heartbeat_date=until,
            status=WorkflowRunStatus.REGISTERED,
            created_date=at,
            status_date=at,
        )
    )
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])


def advance(connection: Connection, ids: Iterable[int], target: WorkflowRunStatus, at: datetime) -> set[int]:
    """Move runs to ``target``, and return those that went; those that may not go there stay."""
    return moves.move(connection, workflow_run, ids, WORKFLOW_RUN.sources_of(target), target, at)


def go(connection: Connection, run_id: int, target: WorkflowRunStatus, at: datetime) -> WorkflowRunStatus:
    """Move a run to ``target`` and its workflow with it; return the status that the run then has."""
    if advance(connection, [run_id], target, at) and (follows := target.workflow_status) is not None:
        query = select(workflow_run.c.workflow_id).where(workflow_run.c.id == run_id)
        workflows.advance(connection, [connection.execute(query).scalar_one()], follows, at)
    return status(connection, run_id)


def lock(connection: Connection, run_id: int) -> None:
    """Let nobody else change the run until this transaction ends."""
    moves.lock(connection, workflow_run, run_id)


def status(connection: Connection, run_id: int) -> WorkflowRunStatus:
    """The status of a run."""
    query = select(workflow_run.c.status).where(workflow_run.c.id == run_id)
    return WorkflowRunStatus.of(connection.execute(query).scalar_one())


def orders(connection: Connection, run_id: int) -> tuple[WorkflowRunStatus, bool]:
    """The status of a run, and whether somebody wants it to begin nothing more."""
    query = select(workflow_run.c.status, workflow_run.c.stop_asked_date).where(workflow_run.c.id == run_id)
    letter, asked = connection.execute(query).one()
    return WorkflowRunStatus.of(letter), asked is not None


def ask_to_drain(connection: Connection, run_id: int, at: datetime) -> None:
    """Let a run begin nothing more, and end when what runs is over."""
    connection.execute(update(workflow_run).where(workflow_run.c.id == run_id).values(stop_asked_date=at))


def row(connection: Connection, run_id: int) -> Row[Any]:
    """A run."""
    return connection.execute(select(workflow_run).where(workflow_run.c.id == run_id)).one()


def alive(connection: Connection, workflow_id: int) -> Row[Any] | None:
    """The run that holds the workflow, if one does."""
    query = select(workflow_run).where(
        workflow_run.c.workflow_id == workflow_id, workflow_run.c.status.in_(ALIVE)
    )
    return connection.execute(query.order_by(workflow_run.c.id.desc()).limit(1)).first()


def beat(connection: Connection, run_id: int, until: datetime) -> bool:
    """Say that the run's controller is well, and will be heard of ``until`` then; False if the run is over."""
    result = connection.execute(
        update(workflow_run)
        .where(workflow_run.c.id == run_id, workflow_run.c.status.in_(ALIVE))
        .values(heartbeat_date=until)
    )
    return result.rowcount == 1


def silent(connection: Connection, at: datetime) -> list[Row[Any]]:
    """The runs that should have been heard of by now."""
    query = select(workflow_run).where(workflow_run.c.status.in_(ALIVE), workflow_run.c.heartbeat_date < at)
    return list(connection.execute(query.order_by(workflow_run.c.id)))


def of_workflow(connection: Connection, workflow_id: int) -> list[Row[Any]]:
    """The workflow's runs, oldest first."""
    query = select(workflow_run).where(workflow_run.c.workflow_id == workflow_id)
    return list(connection.execute(query.order_by(workflow_run.c.id)))


def last_user(connection: Connection, workflow_id: int) -> str | None:
    """Who began the workflow's last run; None if it was never run."""
    query = select(workflow_run.c.user).where(workflow_run.c.workflow_id == workflow_id)
    return connection.execute(query.order_by(workflow_run.c.id.desc()).limit(1)).scalar()


def has_run_by(connection: Connection, workflow_id: int, user: str) -> bool:
    """Whether somebody ever began a run of the workflow."""
    mine = (workflow_run.c.workflow_id == workflow_id, workflow_run.c.user == user)
    return connection.execute(select(workflow_run.c.id).where(*mine).limit(1)).first() is not None


def last_unfinished(connection: Connection, workflow_id: int) -> Row[Any] | None:
    """The latest of the workflow's runs that did not, or not yet, come to its end with everything done."""
    query = select(workflow_run).where(
        workflow_run.c.workflow_id == workflow_id, workflow_run.c.status != WorkflowRunStatus.DONE
    )
    return connection.execute(query.order_by(workflow_run.c.id.desc()).limit(1)).first()


def latest_of(connection: Connection, workflow_id: int, limit: int) -> list[Row[Any]]:
    """So many of the workflow's runs, the last one first."""
    query = select(workflow_run).where(workflow_run.c.workflow_id == workflow_id)
    return list(connection.execute(query.order_by(workflow_run.c.id.desc()).limit(limit)))
