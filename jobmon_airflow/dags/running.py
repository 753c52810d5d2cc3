"""Workflows and single commands that run in the process of an Airflow task."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from jobmon_airflow.client import registry
from jobmon_airflow.dags import commanding, reaching, telemetry
from jobmon_airflow.dags.about import about, this_try
from jobmon_airflow.dags.attempt import attempt_of, in_words, last_words
from jobmon_airflow.dags.clearing import cleared_mirrors
from jobmon_airflow.dags.defining import define
from jobmon_airflow.dags.remedies import clear_command
from jobmon_airflow.dags.wishes import Wishes
from jobmon_airflow.engine.attending import Attendance
from jobmon_airflow.errors import InvalidDefinition
from jobmon_airflow.operators.links import page_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import Context

    from jobmon_airflow.engine.outcomes import Outcome
    from jobmon_airflow.operators.command import CommandOperator
    from jobmon_airflow.operators.workflow import WorkflowOperator

KEY: Final = "jobmon"  #: of what is kept in Airflow's task state store


def run_workflow(operator: WorkflowOperator, context: Context) -> dict[str, Any]:
    """Run an operator's workflow in this process."""
    with _refusals():
        operator._attendance = attendance = _attendance_of(operator, context)  # noqa: SLF001 - it is what on_kill ends
        outcome = attendance.run()
    return _told(operator, context, outcome)


def _told(operator: WorkflowOperator, context: Context, outcome: Outcome) -> dict[str, Any]:
    """Ids and counts of a run that has done all; an error of Airflow's if it has not, which leaves them too."""
    say = operator.log.info if outcome.is_done else operator.log.error
    for line in outcome.message.splitlines():
        say("%s", line)
    telemetry.tell(registry.database(operator.database), context, outcome)
    if not outcome.is_done:
        context["ti"].xcom_push(key="return_value", value=outcome.facts())
        raise AirflowException(outcome.message.partition("\n")[0])
    return outcome.facts()


def run_command(operator: CommandOperator, context: Context) -> dict[str, Any]:
    """Run an operator's command in this process."""
    facts, this = about(context), this_try(context["ti"])
    operator.log.info("The workflow's page: %s", page_of(this.place))
    database = registry.database(operator.database)
    command = operator.as_command(this.place.dag_id)
    ways = reaching.ways(database, [command.cluster])
    command = reaching.settled(command, ways)
    folder = commanding.output_folder(command, this.place, database, ways)
    store: Any = context.get("task_state_store")
    memory: Any = store.get(KEY) if store is not None else None
    clears = getattr(context["dag_run"], "clear_number", 0) or 0
    operator._attendance = attendance = Attendance(  # noqa: SLF001 - it is what on_kill ends
        database,
        this,
        partial(
            commanding.define, command, this.place, facts, operator.database, operator.workflow_args, ways
        ),
        Wishes().options(),
        # Airflow tries again what it believes to have failed: only a person who clears it wants it done twice.
        # What it remembers may have been removed when it succeeded.
        repeats=clears > (memory or {}).get("clear_number", 0),
        cancel_on_kill=operator.cancel_on_kill,
        again=clear_command(this.place),
    )
    with (
        _refusals(),
        commanding.environment(operator.env),
        commanding.told_live(command, folder, operator.log.info),
    ):
        outcome = attendance.run()
    facts_of_attempt = attempt_of(database, outcome)
    if folder is None:
        for line in last_words(database, facts_of_attempt):
            operator.log.info("%s", line)
    telemetry.tell(database, context, outcome)
    if store is not None:
        store.set(KEY, {**facts_of_attempt, "clear_number": clears})
    operator.log.info("%s", in_words(facts_of_attempt))
    if not outcome.is_done:
        raise AirflowException(f"{in_words(facts_of_attempt)}\n{outcome.message}")
    return facts_of_attempt


def _attendance_of(operator: WorkflowOperator, context: Context) -> Attendance:
    facts, this = about(context), this_try(context["ti"])
    operator.log.info("The workflow's page: %s", page_of(this.place))
    database = registry.database(operator.database)
    return Attendance(
        database,
        this,
        partial(define, operator, database, facts),
        operator.wishes.heard(facts["params"], facts["conf"]).options(),
        cleared=cleared_mirrors(database, this.place, operator.template_task_ids),
        cancel_on_kill=operator.cancel_on_kill,
        again=clear_command(this.place),
    )


@contextmanager
def _refusals() -> Iterator[None]:
    """Fail a task for good whose definition is wrong: trying again would not mend it."""
    try:
        yield
    except InvalidDefinition as error:
        raise AirflowFailException(str(error)) from error
