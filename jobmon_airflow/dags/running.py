"""A workflow that runs in the process of an Airflow task: what is to be run, and how."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowException

from jobmon_airflow.client import registry
from jobmon_airflow.dags.about import about, this_try
from jobmon_airflow.dags.clearing import cleared_mirrors
from jobmon_airflow.dags.defining import define
from jobmon_airflow.dags.remedies import clear_command
from jobmon_airflow.engine.attending import Attendance

if TYPE_CHECKING:
    from airflow.sdk import Context

    from jobmon_airflow.engine.attending import Outcome
    from jobmon_airflow.operators.workflow import WorkflowOperator


def attendance_of(operator: WorkflowOperator, context: Context) -> Attendance:
    """What the operator's task does for its workflow, in this process."""
    facts, this = about(context), this_try(context["ti"])
    database = registry.database(operator.database)
    mirrors = operator.template_task_ids
    return Attendance(
        database,
        this,
        partial(define, operator, database, facts),
        operator.wishes.heard(facts["params"], facts["conf"]).options(),
        cleared=cleared_mirrors(database, this.place, mirrors),
        cancel_on_kill=operator.cancel_on_kill,
        again=clear_command(this.place),
    )


def finished(outcome: Outcome) -> Outcome:
    """The outcome of a run that has done all; an error of Airflow's if it has not."""
    if not outcome.is_done:
        raise AirflowException(outcome.message)
    return outcome
