"""A single command that runs in the process of an Airflow task, or in an engine beside the triggerer."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk.exceptions import AirflowException

from jobmon_airflow.client import registry
from jobmon_airflow.dags.about import about, this_try
from jobmon_airflow.dags.attempt import attempt_of, in_words
from jobmon_airflow.dags.defining import bound
from jobmon_airflow.dags.folders import log_folder
from jobmon_airflow.dags.live_log import told
from jobmon_airflow.dags.remedies import clear_command
from jobmon_airflow.dags.wishes import Wishes
from jobmon_airflow.engine.attending import Attendance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from airflow.sdk import Context

    from jobmon_airflow.dags.commands import Command
    from jobmon_airflow.engine.attending import Definition
    from jobmon_airflow.operators.command import CommandOperator
    from jobmon_airflow.store.airflow_tasks import Place

KEY: Final = "jobmon"  #: of what is kept in Airflow's task state store


def run_here(operator: CommandOperator, context: Context) -> dict[str, Any]:
    """Run an operator's command in this process."""
    facts, this = about(context), this_try(context["ti"])
    database = registry.database(operator.database)
    command = operator.as_command(this.place.dag_id, this.place.map_index)
    store: Any = context.get("task_state_store")
    memory: Any = store.get(KEY) if store is not None else None
    clears = getattr(context["dag_run"], "clear_number", 0) or 0
    operator._attendance = attendance = Attendance(  # noqa: SLF001 - it is what on_kill ends
        database,
        this,
        partial(define, command, this.place, facts, operator.database, operator.workflow_args),
        Wishes().heard(facts["params"], facts["conf"]).options(),
        # Airflow tries again what it believes to have failed: only a person who clears it wants it done twice.
        repeats=bool(memory) and memory.get("clear_number", 0) < clears,
        cancel_on_kill=operator.cancel_on_kill,
        again=clear_command(this.place),
    )
    with environment(operator.env), told_live(command, this.place, operator.log.info):
        outcome = attendance.run()
    facts_of_attempt = attempt_of(database, outcome)
    if store is not None:
        store.set(KEY, {**facts_of_attempt, "clear_number": clears})
    operator.log.info("%s", in_words(facts_of_attempt))
    if not outcome.is_done:
        raise AirflowException(f"{in_words(facts_of_attempt)}\n{outcome.message}")
    return facts_of_attempt


def define(
    command: Command,
    place: Place,
    facts: Mapping[str, Any],
    database: str | None,
    own_args: str | None = None,
) -> Definition:
    """The command as a workflow in the database: one for each task instance of Airflow."""
    index = "" if place.map_index < 0 else f" {place.map_index}"
    args = f"{own_args or f'{place.dag_id} {place.run_id}'} {place.task_id}{index}"
    workflow = with_log_files(command, place).workflow(args, facts, database)
    return bound(workflow, args, facts)


def with_log_files(command: Command, place: Place) -> Command:
    """The same command, whose output goes to files that can be read while it runs."""
    asked = command.compute_resources
    if callable(asked):
        return command
    folder = str(log_folder(place))
    return replace(command, compute_resources={"stdout": folder, "stderr": folder, **asked})


def told_live(command: Command, place: Place, tell: Callable[[str], object]) -> AbstractContextManager[None]:
    """Tell what the command writes, as long as the block runs."""
    asked = command.compute_resources
    folder = log_folder(place) if callable(asked) else Path(asked.get("stdout", log_folder(place)))
    return told(folder, command.task_name, tell)


@contextmanager
def environment(env: Mapping[str, str]) -> Iterator[None]:
    """Let commands find these variables; they inherit this process's environment, so that no table holds them."""
    before = {name: os.environ.get(name) for name in env}
    os.environ.update({name: str(value) for name, value in env.items()})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
