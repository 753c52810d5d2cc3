"""Going on with a workflow in Airflow: what its DAG is told, and what to type where no DAG knows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from jobmon_airflow.engine import claims
from jobmon_airflow.engine.standing import resume_command
from jobmon_airflow.store import workflow_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a workflow is to go on."""

    cold: bool = False  #: what still runs is ended first
    increase_resources: bool = True  #: of what died of too little
    fail_fast: bool = False
    timeout: float = 36_000  #: seconds
    resume_timeout: float = 300  #: seconds that another run has to give way

    def conf(self, workflow_id: int) -> dict[str, Any]:
        """What a run of its DAG is told."""
        return {
            "workflow_id": workflow_id,
            "cold": self.cold,
            "increase_resources": self.increase_resources,
            "fail_fast": self.fail_fast,
            "seconds_until_timeout": self.timeout,
            "resume_timeout": self.resume_timeout,
        }

    def command(self, workflow_id: int) -> str:
        """What to type to go on in a terminal."""
        words = [f"{resume_command(workflow_id)} --here"]
        words += ["--cold"] if self.cold else []
        words += [] if self.increase_resources else ["--keep-resources"]
        words += ["--fail-fast"] if self.fail_fast else []
        words += [f"--execution-timeout {self.timeout:g}"] if self.timeout != 36_000 else []
        return " ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """A workflow that goes on in a run of a DAG; or the command to type, if no DAG of Airflow can run it."""

    workflow_id: int
    message: str
    dag_id: str | None = None
    run_id: str | None = None
    is_paused: bool = False  #: the DAG is, so that its run begins when somebody unpauses it
    command: str | None = None


def runs_so_far(connection: Connection, workflow_id: int) -> int:
    """How often a workflow was run; an error if it is done, or there is none of this id."""
    claims.refuse_complete(claims.known(connection, workflow_id))
    return len(workflow_runs.of_workflow(connection, workflow_id))


def in_airflow(workflow_id: int, dag_id: str, run_id: str, *, is_new: bool, is_paused: bool) -> Resumed:
    """It goes on in this run."""
    goes = "goes on" if is_new else "goes on already"
    message = f"Workflow {workflow_id} {goes} in run {run_id} of the DAG {dag_id}."
    if is_paused:
        message += " The DAG is paused: it begins when somebody unpauses it."
    return Resumed(
        workflow_id=workflow_id, message=message, dag_id=dag_id, run_id=run_id, is_paused=is_paused
    )


def by_hand(workflow_id: int, wish: Wish) -> Resumed:
    """No DAG can run it."""
    return Resumed(
        workflow_id=workflow_id,
        message="No DAG of this Airflow runs this workflow. Go on where its cluster can be reached, by this command; "
        "or configure the bundle jobmon_airflow.dags.bundle.JobmonDagBundle, which makes a DAG of it.",
        command=wish.command(workflow_id),
    )
