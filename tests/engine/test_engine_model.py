"""Whatever goes wrong and whoever interferes, a resume brings every workflow to its end, and nothing is done twice."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import select

from jobmon_airflow.engine.session import Result
from jobmon_airflow.errors import (
    LeaseLost,
    StoreIsGone,
    WorkflowAlreadyComplete,
    WorkflowNotResumable,
    WorkflowTimeout,
)
from jobmon_airflow.states import TASK, TaskInstanceStatus, TaskStatus, WorkflowRunStatus
from jobmon_airflow.store import tasks, workflow_runs
from jobmon_airflow.store.schema import task_instance
from jobmon_airflow.swarm.swarm import INFRASTRUCTURE_FAILURES
from jobmon_airflow.testing import SimulatedClock, SimulatedCluster
from tests.engine.plays import TEMPLATES, Play, played
from tests.engine.simulated import BRISK, drawn, run_statuses, session
from tests.engine.world_controllers import Controller, PowerCut
from tests.engine.worlds import World, worlds
from tests.workflows import migrated

if TYPE_CHECKING:
    from pathlib import Path

# Read before the tests' environment is cleaned.
CAMPAIGN: Final = int(os.environ.get("JOBMON_TEST_WORLDS", "60"))

_COUNTED: Final = {"application error", "out of memory", "out of time", "done"}
_INFRASTRUCTURE: Final = {"node failed", "lost", "internal error", "not submitted"}
_IN_ORDER: Final = (LeaseLost, StoreIsGone, WorkflowAlreadyComplete, WorkflowNotResumable, WorkflowTimeout)


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("worlds") / "tables.db"
    migrated(f"sqlite:///{path}")
    return path


@settings(max_examples=100, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(world=worlds())
def test_every_world_comes_to_a_good_end(tables: Path, world: World) -> None:
    with played(world, tables) as play:
        refuse_disorder(play)


@pytest.mark.long
@settings(max_examples=CAMPAIGN, suppress_health_check=[HealthCheck.too_slow])
@given(world=worlds())
def test_many_worlds_come_to_a_good_end(tables: Path, world: World) -> None:
    with played(world, tables) as play:
        refuse_disorder(play)


@pytest.mark.parametrize("cold", [False, True], ids=["hot", "cold"])
def test_a_run_that_is_done_as_it_is_asked_to_make_way_says_that_it_has(url: str, cold: bool) -> None:
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=99.9)
    workflow = drawn("a", url)
    first = session(workflow, cluster, clock, rhythm=BRISK)
    second = session(workflow, cluster.another_access(), clock, rhythm=BRISK, resume=True, cold=cold)

    async def asked_in_the_last_moment() -> list[str]:
        running = asyncio.create_task(first.run())
        await asyncio.sleep(99.5)
        later = await second.run()
        return [(await running).status, later.status]

    assert clock.run(asked_in_the_last_moment()) == ["T", "D"]
    assert clock.monotonic() < 99.9 + BRISK.lease
    assert (run_statuses(workflow), cluster.attempts) == ("TD", {"a": 1})


def refuse_disorder(play: Play) -> None:
    the_work_is_done(play)
    the_cluster_saw_nothing_twice_or_too_early(play)
    the_limits_were_kept(play)
    the_audit_is_a_walk(play)
    every_attempt_is_over_and_there_were_not_too_many(play)
    every_run_is_over(play)
    every_controller_ended_in_order(play)


def the_work_is_done(play: Play) -> None:
    assert statuses(play) == play.world.ends()
    done = {name for name, status in statuses(play).items() if status == "D"}
    assert done == play.cluster.succeeded
    assert play.status == ("D" if done == set(statuses(play)) else "F")


def the_cluster_saw_nothing_twice_or_too_early(play: Play) -> None:
    cluster = play.cluster
    assert cluster.overlapping == set()
    if play.world.outlives_us:  # else what a dead controller had not read yet is lost with it
        assert cluster.done_twice == set()
    assert cluster.too_early == []
    assert cluster.by_the_dead == []
    accepted = Counter(attempt.id for batch in cluster.submitted for attempt in batch.attempts)
    assert set(accepted.values()) <= {1}
    assert set(Counter(batch.token for batch in cluster.submitted).values()) <= {1}


def the_limits_were_kept(play: Play) -> None:
    held = play.cluster.most_held
    assert held["all"] <= play.world.most
    assert all(held[name] <= play.world.most_of(array) for array, name in enumerate(TEMPLATES))


def the_audit_is_a_walk(play: Play) -> None:
    with play.database.read() as connection:
        changes = tasks.changes(connection, play.workflow.workflow_id)
        now = tasks.statuses(connection, play.workflow.workflow_id)
    at = dict.fromkeys(now, TaskStatus.REGISTERING)
    for change in changes:
        assert change.previous == at[change.task_id]
        assert change.new in TASK.transitions[change.previous] | TASK.overrides[change.previous]
        at[change.task_id] = change.new
    assert at == now


def every_attempt_is_over_and_there_were_not_too_many(play: Play) -> None:
    rows = attempts(play)
    assert all(TaskInstanceStatus.of(row.status).is_final for row in rows)
    allowed = {task.task_id: task.max_attempts for task in play.workflow.tasks}
    for (task_id, _), group in groupby(sorted(rows, key=_of_run), key=_of_run):
        verdicts = [row.verdict for row in group]
        assert sum(verdict in _COUNTED for verdict in verdicts) <= allowed[task_id]
        assert sum(verdict in _INFRASTRUCTURE for verdict in verdicts) <= INFRASTRUCTURE_FAILURES + 1
    done = Counter(row.task_id for row in rows if row.status == TaskInstanceStatus.DONE)
    assert done == Counter(task for task, name in play.names.items() if statuses(play)[name] == "D")


def every_run_is_over(play: Play) -> None:
    with play.database.read() as connection:
        runs = workflow_runs.of_workflow(connection, play.workflow.workflow_id)
    found = [WorkflowRunStatus.of(run.status) for run in runs]
    assert all(status.is_final for status in found)
    assert found[-1] == ("D" if play.status == "D" else "E")
    assert found.count(WorkflowRunStatus.DONE) == (play.status == "D")


def every_controller_ended_in_order(play: Play) -> None:
    for controller in play.controllers:
        assert ended_in_order(controller), controller.outcome
        assert controller.archive.changed_when_over == []
    last = play.controllers[-1].outcome
    assert isinstance(last, Result | WorkflowAlreadyComplete)


def ended_in_order(controller: Controller) -> bool:
    match controller.outcome:
        case Result(status=status):
            return status.is_final
        case PowerCut() | asyncio.CancelledError():
            return controller.life.is_over
        case error:
            return isinstance(error, _IN_ORDER)


def statuses(play: Play) -> dict[str, str]:
    with play.database.read() as connection:
        found = tasks.statuses(connection, play.workflow.workflow_id)
    return {play.names[number]: status for number, status in found.items()}


def attempts(play: Play) -> list[Any]:
    with play.database.read() as connection:
        return list(connection.execute(select(task_instance).order_by(task_instance.c.id)))


def _of_run(row: Any) -> tuple[int, int]:
    return row.task_id, row.workflow_run_id
