"""Which try of an Airflow task may act for a workflow, on every database: several may believe that they do."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from jobmon_airflow.store import airflow_tasks
from jobmon_airflow.store.airflow_tasks import Claim, Place, Try
from tests.store.building import AT, Chain, chain
from tests.store.racing import at_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobmon_airflow.store.database import Database

SOON = AT + timedelta(seconds=60)
LATER = SOON + timedelta(microseconds=1)
ONE, OTHER = "node1, process 1", "node1, process 2"

FIRST_OF_ALL = Claim(is_superseded=False)
SUPERSEDED = Claim(is_superseded=True)


@pytest.fixture
def place(new: Callable[[str], str]) -> Place:
    return Place(dag_id=new("dag"), run_id="manual__1", task_id="run")


def claim(database: Database, place: Place, number: int, **how: Any) -> Claim:
    this = Try(place=place, number=number)
    return database.write(lambda it: airflow_tasks.claim(it, this, AT, **how))


def mirror(database: Database, place: Place, number: int) -> Claim:
    return database.write(lambda it: airflow_tasks.claim_mirror(it, Try(place=place, number=number), AT))


def note(database: Database, place: Place, number: int, **values: Any) -> bool:
    return database.write(lambda it: airflow_tasks.note(it, Try(place=place, number=number), AT, **values))


def act(database: Database, place: Place, number: int, engine: str, at=AT, **how: Any) -> bool:
    this = Try(place=place, number=number)
    return database.write(
        lambda it: airflow_tasks.act_through(it, this, engine, at + timedelta(seconds=60), at, **how)
    )


def beat(database: Database, place: Place, number: int, engine: str) -> bool:
    this = Try(place=place, number=number)
    return database.write(lambda it: airflow_tasks.beat(it, this, engine, LATER))


def heed(database: Database, place: Place, number: int) -> None:
    database.write(lambda it: airflow_tasks.heed(it, place, number, AT))


def row(database: Database, place: Place) -> Any:
    with database.read() as connection:
        return airflow_tasks.row(connection, place)


def test_a_place_is_named_as_people_name_it() -> None:
    place = Place(dag_id="health.burden", run_id="manual__1", task_id="run")

    assert str(place) == "health.burden.run of run manual__1"
    assert str(Place(dag_id="d", run_id="r", task_id="t", map_index=3)) == "d.t[3] of run r"


# --- claiming --------------------------------------------------------------------------------------------------


def test_the_first_try_has_the_place_and_is_nobody_s_clear(database: Database, place: Place) -> None:
    assert claim(database, place, 1) == FIRST_OF_ALL

    found = row(database, place)
    assert (found.try_number, found.heeded, found.map_index) == (1, 1, -1)
    assert (found.engine, found.heartbeat_date, found.outcome, found.workflow_id) == (None,) * 4


def test_a_try_that_comes_first_although_others_were_before_it_is_nobody_s_clear(
    database: Database, place: Place
) -> None:
    assert claim(database, place, 4) == FIRST_OF_ALL


def test_a_try_that_claims_twice_finds_the_same(database: Database, place: Place) -> None:
    claim(database, place, 1)
    act(database, place, 1, ONE)
    before = row(database, place)

    assert claim(database, place, 1) == FIRST_OF_ALL
    assert row(database, place) == before


def test_an_earlier_try_is_superseded_and_changes_nothing(database: Database, place: Place) -> None:
    claim(database, place, 1)
    claim(database, place, 2)
    act(database, place, 2, OTHER)
    before = row(database, place)

    assert claim(database, place, 1) == SUPERSEDED
    assert not note(database, place, 1, outcome="{}")
    assert not act(database, place, 1, ONE)
    assert not beat(database, place, 1, ONE)
    assert row(database, place) == before


def test_a_later_try_finds_what_the_earlier_one_has_begun(database: Database, place: Place) -> None:
    bound = chain(database)
    claim(database, place, 1)
    act(database, place, 1, ONE)
    run = _run_of(database, bound)
    note(database, place, 1, workflow_id=bound.workflow_id, workflow_run_id=run)

    found = claim(database, place, 2)

    assert found == Claim(is_superseded=False, is_heeded=False, workflow_run_id=run)
    assert row(database, place).engine is None
    assert row(database, place).workflow_id == bound.workflow_id


def test_the_outcome_is_that_of_the_try_that_ended(database: Database, place: Place) -> None:
    claim(database, place, 1)
    assert note(database, place, 1, outcome='{"status": "D"}')

    assert claim(database, place, 1).outcome == '{"status": "D"}'
    assert claim(database, place, 2).outcome is None
    assert row(database, place).outcome is None


def test_a_try_after_an_end_needs_no_notice(database: Database, place: Place) -> None:
    claim(database, place, 1)
    note(database, place, 1, outcome="{}")

    assert claim(database, place, 2).is_heeded
    assert row(database, place).heeded == 2


def test_a_try_after_an_end_needs_notice_if_the_work_is_to_be_repeated(
    database: Database, place: Place
) -> None:
    claim(database, place, 1)
    note(database, place, 1, outcome="{}")

    assert not claim(database, place, 2, repeats=True).is_heeded
    assert row(database, place).heeded == 1
    note(database, place, 2, heeded=2)
    assert claim(database, place, 2, repeats=True).is_heeded


def test_a_try_that_was_not_heeded_when_it_died_leaves_the_next_one_unheeded(
    database: Database, place: Place
) -> None:
    claim(database, place, 1)
    claim(database, place, 2)

    assert not claim(database, place, 3).is_heeded


def test_mapped_task_instances_have_places_of_their_own(database: Database, place: Place) -> None:
    elements = [
        Place(dag_id=place.dag_id, run_id=place.run_id, task_id="run", map_index=index) for index in (0, 1)
    ]
    claim(database, elements[0], 1)
    claim(database, elements[1], 2)

    assert [row(database, each).try_number for each in elements] == [1, 2]
    assert row(database, place) is None


def test_of_many_tries_that_claim_at_once_the_last_one_has_the_place(
    database: Database, place: Place
) -> None:
    answers = at_once([partial(claim, database, place, number) for number in (1, 2, 3, 4)])

    assert all(isinstance(answer, Claim) for answer in answers), answers
    assert not answers[3].is_superseded
    assert row(database, place).try_number == 4


# --- mirrors ---------------------------------------------------------------------------------------------------


def test_a_mirror_that_was_cleared_after_its_end_waits_for_notice(database: Database, place: Place) -> None:
    assert mirror(database, place, 1).is_heeded
    note(database, place, 1, outcome="{}")

    assert not mirror(database, place, 2).is_heeded
    assert not mirror(database, place, 2).is_heeded
    heed(database, place, 2)
    assert mirror(database, place, 2).is_heeded


def test_a_mirror_that_was_cleared_before_its_end_changes_nothing_for_the_workflow(
    database: Database, place: Place
) -> None:
    mirror(database, place, 1)

    assert mirror(database, place, 2).is_heeded
    assert mirror(database, place, 1).is_superseded


def test_a_mirror_is_heeded_before_it_begins(database: Database, place: Place) -> None:
    """The workflow was quicker than Airflow, which had not begun the mirror's next try."""
    mirror(database, place, 1)
    note(database, place, 1, outcome="{}")

    heed(database, place, 2)

    assert mirror(database, place, 2).is_heeded


def test_what_was_heeded_stays_heeded(database: Database, place: Place) -> None:
    mirror(database, place, 3)

    heed(database, place, 2)
    heed(database, Place(dag_id=place.dag_id, run_id="nowhere", task_id="run"), 2)

    assert row(database, place).heeded == 3


# --- acting ----------------------------------------------------------------------------------------------------


def test_one_process_acts_for_a_try_and_no_other(database: Database, place: Place) -> None:
    claim(database, place, 1)

    assert act(database, place, 1, ONE)
    assert not act(database, place, 1, OTHER, at=SOON)
    assert act(database, place, 1, ONE, at=SOON)
    assert (row(database, place).engine, row(database, place).heartbeat_date) == (
        ONE,
        SOON + timedelta(seconds=60),
    )


def test_a_process_that_was_not_heard_of_is_replaced_and_learns_it(database: Database, place: Place) -> None:
    claim(database, place, 1)
    act(database, place, 1, ONE)

    assert act(database, place, 1, OTHER, at=LATER)
    assert not beat(database, place, 1, ONE)
    assert beat(database, place, 1, OTHER)
    assert row(database, place).heartbeat_date == LATER


def test_a_process_that_is_known_to_be_gone_is_replaced_at_once(database: Database, place: Place) -> None:
    claim(database, place, 1)
    act(database, place, 1, ONE)

    assert not act(database, place, 1, OTHER, is_gone=lambda engine: engine != ONE)
    assert act(database, place, 1, OTHER, is_gone=lambda engine: engine == ONE)
    assert row(database, place).engine == OTHER


def test_nobody_acts_for_a_place_that_nobody_has_claimed(database: Database, place: Place) -> None:
    assert not act(database, place, 1, ONE)
    assert not beat(database, place, 1, ONE)
    assert not note(database, place, 1, outcome="{}")
    assert row(database, place) is None


def test_who_acts_is_attended_until_the_end(database: Database, place: Place) -> None:
    claim(database, place, 1)
    assert not airflow_tasks.is_attended(row(database, place), AT)

    act(database, place, 1, ONE)
    assert airflow_tasks.is_attended(row(database, place), SOON)
    assert not airflow_tasks.is_attended(row(database, place), LATER)

    note(database, place, 1, outcome="{}")
    assert not airflow_tasks.is_attended(row(database, place), AT)


CLAIM = """
import sys
from datetime import UTC, datetime, timedelta
from jobmon_airflow.store import airflow_tasks
from jobmon_airflow.store.airflow_tasks import Place, Try
from jobmon_airflow.store.database import Database

database = Database.open(sys.argv[1])
this = Try(place=Place(dag_id=sys.argv[2], run_id="manual__1", task_id="run"), number=1)
now = datetime.now(UTC)
print("ready", flush=True)
sys.stdin.readline()

def both(connection):
    claim = airflow_tasks.claim(connection, this, now)
    return airflow_tasks.act_through(connection, this, sys.argv[3], now + timedelta(minutes=1), now)

print(database.write(both))
"""


def test_of_two_processes_that_want_to_act_for_one_try_one_does(database: Database, place: Place) -> None:
    url = database.engine.url.render_as_string(hide_password=False)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIM, url, place.dag_id, engine],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for engine in (ONE, OTHER)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"

    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60)[0].strip() for process in processes]

    assert sorted(answers) == ["False", "True"]
    assert row(database, place).engine == (ONE, OTHER)[answers.index("True")]


# --- asking ----------------------------------------------------------------------------------------------------


def test_the_task_instances_of_a_dag_run_and_those_of_a_workflow_are_found(
    database: Database, place: Place
) -> None:
    bound = chain(database)
    mirrored = Place(dag_id=place.dag_id, run_id=place.run_id, task_id="step")
    elsewhere = Place(dag_id=place.dag_id, run_id="manual__2", task_id="run")
    for each in (place, mirrored, elsewhere):
        claim(database, each, 1)
    note(database, place, 1, workflow_id=bound.workflow_id)
    note(database, elsewhere, 1, workflow_id=bound.workflow_id)

    with database.read() as connection:
        of_run = airflow_tasks.of_run(connection, place.dag_id, place.run_id)

    assert [each.task_id for each in of_run] == ["run", "step"]


def _run_of(database: Database, bound: Chain) -> int:
    from jobmon_airflow.store import workflow_runs

    return database.write(lambda it: workflow_runs.register(it, bound.workflow_id, "ada", "1.0", AT))
