"""Who may change a workflow from a terminal: whoever ran it. Asked in the transaction that changes it.

Airflow's pages have rules of their own, by the rights on DAGs, and ask them before they order anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from jobmon_airflow.engine import claims
from jobmon_airflow.errors import NotYourWorkflow
from jobmon_airflow.store import workflow_runs

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: An error if somebody may not change the workflow of this id.
Permit = Callable[["Connection", int], None]


def anybody(connection: Connection, workflow_id: int) -> None:
    """Whoever asks was let in before."""


def who_ran_it(user: str) -> Permit:
    """Whoever ever began a run of the workflow."""

    def require(connection: Connection, workflow_id: int) -> None:
        claims.known(connection, workflow_id)
        if not workflow_runs.has_run_by(connection, workflow_id, user):
            raise _refusal(connection, workflow_id, user)

    return require


def who_ran_it_if_anybody(user: str) -> Permit:
    """The same; of a workflow that was never run, everybody."""

    def require(connection: Connection, workflow_id: int) -> None:
        if workflow_runs.last_user(connection, workflow_id) is not None:
            who_ran_it(user)(connection, workflow_id)

    return require


def who_did_not_finish_it(user: str) -> Permit:
    """Whoever began the latest run that did not come to its end with everything done."""

    def require(connection: Connection, workflow_id: int) -> None:
        claims.known(connection, workflow_id)
        run = workflow_runs.last_unfinished(connection, workflow_id)
        if run is None:
            raise NotYourWorkflow(
                f"No run of workflow {workflow_id} has failed, so that nobody may reset it.",
                remedy="Let single tasks run again: jobmon task update -s G. For a new workflow, give it other "
                "workflow_args.",
            )
        if run.user != user:
            raise NotYourWorkflow(
                f"The last run of workflow {workflow_id} that failed is {run.user}'s, and you are {user}.",
                remedy=_ASK.format(owner=run.user),
            )

    return require


_ASK = "Let {owner} do it. In Airflow's pages it may be done by whoever has the right to edit the workflow's DAG."


def _refusal(connection: Connection, workflow_id: int, user: str) -> NotYourWorkflow:
    owner = workflow_runs.last_user(connection, workflow_id)
    if owner is None:
        return NotYourWorkflow(
            f"Workflow {workflow_id} was never run, so that its tasks are nobody's to change.",
            remedy="Run it first.",
        )
    return NotYourWorkflow(
        f"Workflow {workflow_id} was run by {owner}, and never by you, {user}.",
        remedy=_ASK.format(owner=owner),
    )
