"""What a single command needs in order to be run by an engine: a workflow, log files, an environment."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobmon_airflow.client import registry
from jobmon_airflow.dags import live_log, reaching
from jobmon_airflow.dags.defining import bound
from jobmon_airflow.dags.folders import log_folder
from jobmon_airflow.distributors import inherited

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from jobmon_airflow.dags.commands import Command
    from jobmon_airflow.dags.reaching import Reached
    from jobmon_airflow.engine.outcomes import Definition
    from jobmon_airflow.store.airflow_tasks import Place
    from jobmon_airflow.store.database import Database


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
    folder = output_folder(command, place, registry.database(database), told)
    workflow = with_log_files(command, folder).workflow(args, facts, database)
    return bound(workflow, args, facts, told)


def output_folder(
    command: Command, place: Place, database: Database, told: Mapping[str, Reached | None] | None = None
) -> Path | None:
    """The folder in which the command's output is seen from here; None if it is not, until it has ended."""
    root, is_seen = reaching.log_root(database, command.cluster, told)
    return log_folder(place, root) if is_seen else None


def with_log_files(command: Command, folder: Path | None) -> Command:
    """The same command, whose output goes to files in this folder, so that it can be read while it runs."""
    asked = command.compute_resources
    if callable(asked) or folder is None:
        return command
    return replace(command, compute_resources={"stdout": str(folder), "stderr": str(folder), **asked})


def told_live(
    command: Command, folder: Path | None, tell: Callable[[str], object]
) -> AbstractContextManager[None]:
    """Tell what the command writes, as long as the block runs; the folder is that of its output."""
    asked = command.compute_resources
    named = None if callable(asked) else asked.get("stdout")
    if folder is None:
        return nullcontext()
    return live_log.told(Path(named or folder), command.task_name, tell)


def environment(env: Mapping[str, str]) -> AbstractContextManager[None]:
    """Let commands find these variables, wherever they run; no table holds them, and no other command sees them."""
    return inherited.added({name: str(value) for name, value in env.items()})
