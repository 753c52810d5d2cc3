"""What attempts used, summed up by the hour, on every database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from jobmon_airflow.states import TaskInstanceStatus, WorkflowRunStatus
from jobmon_airflow.store import error_kinds, turns, usage_by_hour, workflow_runs
from jobmon_airflow.store.schema import task_instance
from jobmon_airflow.store.schema import usage_by_hour as table
from jobmon_airflow.store.turns import ENDING, Ending, Intent, Turn
from tests.store.building import AT, chain

HOUR = AT.replace(minute=0, second=0, microsecond=0)


@pytest.fixture
def bound(database):
    return chain(database, 6)


@pytest.fixture
def run(database, bound):
    def begin(connection):
        number = workflow_runs.register(connection, bound.workflow_id, "ada", "1.0", AT)
        for status in (WorkflowRunStatus.LINKING, WorkflowRunStatus.BOUND, WorkflowRunStatus.RUNNING):
            workflow_runs.go(connection, number, status, AT)
        return number

    return database.write(begin)


@pytest.fixture
def attempts(database, bound, run):
    tasks = dict.fromkeys(bound.task_ids, 1)
    intent = Intent(array_id=bound.array_id, batch=1, resources_id=bound.resources_id, tasks=tasks)
    [found] = database.write(
        lambda it: turns.write(it, run, Turn(number=1, intents=[intent]), AT, AT)
    ).attempts
    return list(found.values())


def ending(attempt, status=TaskInstanceStatus.DONE, kind=None, **known):
    facts = tuple(known.get(name) for name in ENDING)
    return Ending(attempt_id=attempt, status=status, facts=facts, kind=kind)


def end(database, run, number, *endings, after=0.0):
    at = AT + timedelta(seconds=after)
    turn = Turn(number=number, endings=list(endings))
    database.write(lambda it: turns.write(it, run, turn, at, at))


def rows(database, bound):
    with database.read() as connection:
        query = (
            select(table).where(table.c.array_id == bound.array_id).order_by(table.c.hour, table.c.verdict)
        )
        return [row._asdict() for row in connection.execute(query)]


def test_a_turn_adds_what_its_attempts_used(database, bound, run, attempts):
    done = {"verdict": "done", "wallclock": 10.0, "cpu": 4.0, "maxrss": 100}
    end(database, run, 2, ending(attempts[0], **done), ending(attempts[1], verdict="done", wallclock=5.0))
    end(database, run, 3, ending(attempts[2], TaskInstanceStatus.ERROR, verdict="application error"))
    end(database, run, 4, ending(attempts[3], **done), after=3600.0)

    common = {"workflow_run_id": run, "array_id": bound.array_id, "task_resources_id": bound.resources_id}
    assert rows(database, bound) == [
        {
            **common,
            "verdict": "application error",
            "hour": HOUR,
            "attempts": 1,
            **dict.fromkeys(["wallclock", "cpu", "cpu_wallclock", "memory_time", "memory_wallclock"], 0.0),
        },
        {
            **common,
            "verdict": "done",
            "hour": HOUR,
            "attempts": 2,
            "wallclock": 15.0,
            "cpu": 4.0,
            "cpu_wallclock": 10.0,
            "memory_time": 1000.0,
            "memory_wallclock": 10.0,
        },
        {
            **common,
            "verdict": "done",
            "hour": HOUR + timedelta(hours=1),
            "attempts": 1,
            "wallclock": 10.0,
            "cpu": 4.0,
            "cpu_wallclock": 10.0,
            "memory_time": 1000.0,
            "memory_wallclock": 10.0,
        },
    ]


def test_what_is_written_twice_is_counted_once(database, bound, run, attempts):
    end(database, run, 2, ending(attempts[0], verdict="done", wallclock=10.0))
    end(database, run, 2, ending(attempts[0], verdict="done", wallclock=10.0))
    end(database, run, 3, ending(attempts[0], TaskInstanceStatus.ERROR, verdict="lost", wallclock=10.0))

    [row] = rows(database, bound)
    assert (row["verdict"], row["attempts"], row["wallclock"]) == ("done", 1, 10.0)


def test_what_was_summed_up_can_be_summed_up_anew(database, bound, run, attempts):
    end(database, run, 2, ending(attempts[0], verdict="done", wallclock=10.0, maxrss=2**40))
    end(database, run, 3, ending(attempts[1], verdict="done", wallclock=0.5), after=7200.0)
    known = rows(database, bound)

    database.write(usage_by_hour.rebuild)

    assert len(known) == 2
    assert rows(database, bound) == known


def test_attempts_are_counted_by_verdict(database, bound, run, attempts):
    end(database, run, 2, *(ending(attempt, verdict="done") for attempt in attempts[:2]))
    end(database, run, 3, ending(attempts[2], TaskInstanceStatus.ERROR), after=3600.0)

    with database.read() as connection:
        assert usage_by_hour.attempts_by_verdict(connection, [bound.array_id]) == {"done": 2, "": 1}
        assert usage_by_hour.attempts(connection, [bound.array_id]) == 3


def test_an_error_s_kind_is_kept_with_its_attempt(database, bound, run, attempts):
    failed = (TaskInstanceStatus.ERROR, "KeyError: '...'")
    end(database, run, 2, ending(attempts[0], *failed), ending(attempts[1], *failed), ending(attempts[2]))

    with database.read() as connection:
        query = select(task_instance.c.error_kind_id).where(task_instance.c.array_id == bound.array_id)
        first, second, third, *_ = connection.execute(query.order_by(task_instance.c.id)).scalars()
    assert first == second is not None
    assert third is None


def test_kinds_have_one_id_each_however_odd_they_are(database, new):
    odd = {new("nul\0"), new("half \udce9"), "x" * 400, "x" * 254 + " y", new("é")}

    first = database.write(lambda it: error_kinds.ids_of(it, odd))
    second = database.write(lambda it: error_kinds.ids_of(it, odd))

    assert first == second
    assert first.keys() == odd
    assert len(set(first.values())) == len(odd)
    with database.read() as connection:
        assert error_kinds.ids_of(connection, set()) == {}
