"""Who may run a workflow, on every database: it is asked by many at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from jobmon_airflow.engine import claims
from jobmon_airflow.errors import (
    LeaseLost,
    UnknownName,
    WorkflowAlreadyComplete,
    WorkflowAlreadyExists,
    WorkflowNotResumable,
)
from jobmon_airflow.states import WorkflowRunStatus, WorkflowStatus
from jobmon_airflow.store import turns, workflow_runs, workflows
from jobmon_airflow.store.turns import Turn
from tests.store.building import AT, Chain, chain
from tests.store.racing import at_once
from tests.workflows import end_silent_runs

if TYPE_CHECKING:
    from datetime import datetime

    from jobmon_airflow.store.database import Database

LEASE = timedelta(minutes=1)
IN_TIME = AT + LEASE
TOO_LATE = AT + LEASE + timedelta(microseconds=1)
LINKING, BOUND, RUNNING = WorkflowRunStatus.LINKING, WorkflowRunStatus.BOUND, WorkflowRunStatus.RUNNING
COLD, HOT = WorkflowRunStatus.COLD_RESUME, WorkflowRunStatus.HOT_RESUME


@pytest.fixture
def row(database: Database) -> Chain:
    return chain(database)


def take(database: Database, workflow_id: int, *, resume: bool = False, at: datetime = AT) -> int:
    return database.write(lambda it: claims.take(it, workflow_id, at, resume=resume, lease=LEASE))


def go(database: Database, run: int, *targets: WorkflowRunStatus) -> None:
    for target in targets:
        moved = database.write(partial(workflow_runs.go, run_id=run, target=target, at=AT))
        assert moved is target


def statuses(database: Database, of: Chain) -> str:
    """The workflow's letter, and those of its runs."""
    with database.read() as connection:
        workflow = workflows.row(connection, of.workflow_id)
        runs = workflow_runs.of_workflow(connection, of.workflow_id)
    assert workflow
    return f"{workflow.status} {''.join(run.status for run in runs)}"


# --- taking ----------------------------------------------------------------------------------------------------


def test_who_takes_a_workflow_holds_it_until_its_lease_is_over(database: Database, row: Chain) -> None:
    run = take(database, row.workflow_id)

    with database.read() as connection:
        found = workflow_runs.alive(connection, row.workflow_id)
    assert found
    assert (found.id, found.status, found.heartbeat_date, found.turn) == (run, LINKING, AT + LEASE, 0)
    assert f"process {os.getpid()}" in found.controller
    assert statuses(database, row) == "G L"


@pytest.mark.parametrize(
    ("resume", "error"), [(False, WorkflowAlreadyExists), (True, WorkflowNotResumable)], ids=["run", "resume"]
)
def test_a_workflow_that_is_held_is_refused(
    database: Database, row: Chain, resume: bool, error: type[Exception]
) -> None:
    run = take(database, row.workflow_id)
    before = statuses(database, row)

    with pytest.raises(error, match=f"is being run by run {run} of .* at .*, process {os.getpid()}"):
        take(database, row.workflow_id, resume=resume)

    assert statuses(database, row) == before


@pytest.mark.parametrize("end", [WorkflowRunStatus.ERROR, WorkflowRunStatus.STOPPED])
def test_a_workflow_that_rests_is_taken_by_a_resume_only(
    database: Database, row: Chain, end: WorkflowRunStatus
) -> None:
    go(database, take(database, row.workflow_id), BOUND, RUNNING, end)

    with pytest.raises(WorkflowAlreadyExists, match="was begun before; it is FAILED") as caught:
        take(database, row.workflow_id)

    assert "resume=True" in str(caught.value)
    take(database, row.workflow_id, resume=True)
    assert statuses(database, row) == f"G {end}L"


def test_a_workflow_that_is_done_is_left_alone(database: Database, row: Chain) -> None:
    go(database, take(database, row.workflow_id), BOUND, RUNNING, WorkflowRunStatus.DONE)

    for resume in (False, True):
        with pytest.raises(WorkflowAlreadyComplete, match="is done since 2024-02-29 12:00:00 UTC"):
            take(database, row.workflow_id, resume=resume)

    assert statuses(database, row) == "D D"


def test_a_workflow_that_is_not_there_is_refused(database: Database) -> None:
    with pytest.raises(UnknownName, match="no workflow -1"):
        take(database, -1)


@pytest.mark.parametrize("resume", [False, True], ids=["run", "resume"])
def test_of_many_who_take_a_workflow_one_gets_it(database: Database, row: Chain, resume: bool) -> None:
    if resume:
        go(database, take(database, row.workflow_id), WorkflowRunStatus.STOPPED)

    answers = at_once([partial(take, database, row.workflow_id, resume=resume)] * 4)

    refusal = WorkflowNotResumable if resume else WorkflowAlreadyExists
    assert sorted(type(answer).__name__ for answer in answers) == [*[refusal.__name__] * 3, "int"]
    assert statuses(database, row) == ("G SL" if resume else "G L")


TAKE = """
import sys
from datetime import UTC, datetime, timedelta
from jobmon_airflow.engine import claims
from jobmon_airflow.errors import WorkflowAlreadyExists
from jobmon_airflow.store.database import Database

database = Database.open(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
try:
    now, lease = datetime.now(UTC), timedelta(minutes=1)
    print(database.write(lambda it: claims.take(it, int(sys.argv[2]), now, resume=False, lease=lease)))
except WorkflowAlreadyExists:
    print("refused")
"""


def test_of_two_processes_that_take_a_workflow_one_gets_it(database: Database, row: Chain) -> None:
    url = database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", TAKE, url, str(row.workflow_id)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"

    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60)[0].strip() for process in processes]

    with database.read() as connection:
        (run,) = workflow_runs.of_workflow(connection, row.workflow_id)
    assert sorted(answers) == sorted([str(run.id), "refused"])


# --- ending what has no controller -----------------------------------------------------------------------------


def reap(database: Database, at: datetime) -> list[int]:
    return database.write(lambda it: end_silent_runs(it, at))


@pytest.mark.parametrize(
    ("way", "ends"),
    [
        ([], "A A"),
        ([BOUND], "F E"),
        ([BOUND, RUNNING], "F E"),
        ([BOUND, RUNNING, COLD], "H T"),
        ([BOUND, RUNNING, HOT], "H T"),
        ([COLD], "H T"),
    ],
    ids=lambda value: "".join(value) or "L" if isinstance(value, list) else None,
)
def test_a_run_that_was_not_heard_of_is_ended_so_that_it_can_be_resumed(
    database: Database, row: Chain, way: list[WorkflowRunStatus], ends: str
) -> None:
    run = take(database, row.workflow_id)
    go(database, run, *way)
    before = statuses(database, row)

    assert run not in reap(database, IN_TIME)
    assert statuses(database, row) == before
    assert run in reap(database, TOO_LATE)
    assert statuses(database, row) == ends
    assert run not in reap(database, TOO_LATE)

    take(database, row.workflow_id, resume=True)
    assert statuses(database, row) == f"{WorkflowStatus.REGISTERING} {ends[-1]}L"


def test_a_run_that_was_heard_of_lives_on(database: Database, row: Chain) -> None:
    run = take(database, row.workflow_id)
    go(database, run, BOUND)
    database.write(lambda it: turns.write(it, run, Turn(number=1), AT, TOO_LATE))

    assert run not in reap(database, TOO_LATE)
    assert statuses(database, row) == "Q B"


def test_a_controller_that_was_taken_for_dead_can_write_nothing_more(database: Database, row: Chain) -> None:
    run = take(database, row.workflow_id)
    go(database, run, BOUND, RUNNING)
    reap(database, TOO_LATE)
    take(database, row.workflow_id, resume=True)

    with pytest.raises(LeaseLost, match="ERROR"):
        database.write(lambda it: turns.write(it, run, Turn(number=1), AT, TOO_LATE))

    assert not database.write(lambda it: workflow_runs.beat(it, run, TOO_LATE))
    assert statuses(database, row) == "G EL"


def test_many_who_look_for_silent_runs_end_each_once(database: Database, row: Chain) -> None:
    run = take(database, row.workflow_id)
    go(database, run, BOUND, RUNNING)

    answers = at_once([partial(reap, database, TOO_LATE)] * 3)

    assert any(run in ended for ended in answers)
    assert statuses(database, row) == "F E"


def test_a_silent_run_is_ended_and_resumed_by_many_and_one_gets_it(database: Database, row: Chain) -> None:
    go(database, take(database, row.workflow_id), BOUND, RUNNING)

    def resume() -> int:
        reap(database, TOO_LATE)
        return take(database, row.workflow_id, resume=True, at=TOO_LATE)

    answers = at_once([resume] * 3)

    assert sorted(type(answer).__name__ for answer in answers) == [*["WorkflowNotResumable"] * 2, "int"]
    assert statuses(database, row) == "G EL"
