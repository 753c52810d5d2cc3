"""What a single command needs in order to be run by an engine: a workflow, log files, an environment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobmon_airflow.dags.defining import bound
from jobmon_airflow.dags.folders import log_folder
from jobmon_airflow.dags.live_log import told
from jobmon_airflow.distributors import inherited

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from jobmon_airflow.dags.commands import Command
    from jobmon_airflow.dags.reaching import Reached
    from jobmon_airflow.engine.outcomes import Definition
    from jobmon_airflow.store.airflow_tasks import Place


def define(
    command: Command,
    place: Place,
    facts: Mapping[str, Any],
    database: str | None,
    own_args: str | None = None,
    told: Mapping[str, Reached | None] | None = None,
) -> Definition:
    """The command as a workflow in the database: one for each task instance of Airflow."""
    index = "" if place.map_index < 0 else f" {place.map_index}"
    args = f"{own_args or f'{place.dag_id} {place.run_id}'} {place.task_id}{index}"
    workflow = with_log_files(command, place).workflow(args, facts, database)
    return bound(workflow, args, facts, told)


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


def environment(env: Mapping[str, str]) -> AbstractContextManager[None]:
    """Let commands find these variables, wherever they run; no table holds them, and no other command sees them."""
    return inherited.added({name: str(value) for name, value in env.items()})
