"""How mirrors end, and which of them a person has cleared."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from jobmon_airflow.dags import mirroring
from jobmon_airflow.dags.clearing import PATIENCE, cleared_mirrors
from jobmon_airflow.dags.mirroring import End, View, ending, facts
from jobmon_airflow.engine.outcomes import Cleared
from jobmon_airflow.engine.progress import TemplateCounts
from jobmon_airflow.store import airflow_tasks
from jobmon_airflow.store.airflow_tasks import Place, Try
from jobmon_airflow.store.database import Database
from tests.workflows import migrated

if TYPE_CHECKING:
    from collections.abc import Iterator

AT = datetime(2024, 2, 29, 12, tzinfo=UTC)
RUN = Place(dag_id="health.burden", run_id="manual__1", task_id="run")

# --- ending ---------------------------------------------------------------------------------------------------


def view(run_state: str | None, counts: str = "", **more: Any) -> View:
    """What mirrors see; ``10 4 1`` is ten tasks of which four are done and one has failed."""
    known = {}
    if counts:
        total, done, failed = map(int, counts.split())
        active = 0 if run_state in {"success", "failed"} else total - done - failed
        known["step"] = TemplateCounts(name="step", total=total, done=done, active=active, failed=failed)
    return View(run_state=run_state, **{"workflow_id": 7, "workflow_run_id": 8, "counts": known, **more})


@pytest.mark.parametrize(
    ("run_state", "counts", "end", "reason"),
    [
        ("running", "10 0 0", None, ""),
        ("running", "10 9 1", None, ""),
        ("running", "10 10 0", "success", "All is done: 10 tasks of 'step'."),
        ("deferred", "1 1 0", "success", "All is done: 1 task of 'step'."),
        ("queued", "10 3 0", None, ""),
        ("up_for_retry", "10 3 1", None, "Airflow tries again"),
        ("success", "10 10 0", "success", "All is done"),
        ("failed", "10 10 0", "success", "All is done"),
        ("failed", "10 9 1", "failed", "1 of 10 tasks of 'step' failed for good"),
        ("failed", "10 0 10", "failed", "10 of 10 tasks"),
        (
            "failed",
            "10 4 0",
            "failed",
            "6 of 10 tasks of 'step' were not run, because tasks before them failed",
        ),
        ("failed", "10 0 0", "skipped", "None of 10 tasks of 'step' was run"),
        ("removed", "10 0 0", "skipped", "None of 10 tasks"),
        ("running", "", "skipped", "Workflow 7 has no tasks of 'step'."),
        ("running", "0 0 0", "skipped", "Workflow 7 has no tasks of 'step'."),
    ],
)
def test_a_mirror_ends_as_its_template_does(run_state: str, counts: str, end: str | None, reason: str):
    found = ending(view(run_state, counts), "step", "step")

    assert (found and found.end) == end
    assert found is None or reason in found.reason


@pytest.mark.parametrize(
    ("run_state", "end"),
    [(None, None), ("running", None), ("failed", "skipped"), ("upstream_failed", "skipped")],
)
def test_a_mirror_waits_for_the_workflow_to_be_built_as_long_as_it_may_be(
    run_state: str | None, end: str | None
):
    found = ending(view(run_state, workflow_id=None), "step", "step")

    assert (found and found.end) == end
    assert found is None or f"The task that runs it is {run_state}".lower() in found.reason.lower()


def test_a_mirror_that_was_cleared_does_not_see_what_was_before():
    unheeded = {"unheeded": frozenset({"step", "other"})}

    assert ending(view("running", "10 10 0", **unheeded), "step", "step") is None
    assert ending(view("running", "10 10 0", **unheeded), "step", "step_2").end is End.SUCCESS
    assert ending(view("success", "10 10 0", **unheeded), "step", "step").end is End.SUCCESS


def test_words_tell_how_far_a_template_is():
    assert mirroring.in_words(view("queued"), "step") == (
        "Waiting for the workflow: the task that runs it is queued."
    )
    assert mirroring.in_words(view("running", "1000 4 1"), "step") == (
        "Workflow 7, step: 4 of 1,000 tasks done, 995 active, 1 failed."
    )


def test_facts_are_ids_and_counts():
    assert facts(view("failed", "10 9 1"), "step") == {
        "workflow_id": 7,
        "workflow_run_id": 8,
        "template": "step",
        "total": 10,
        "done": 9,
        "failed": 1,
    }
    assert facts(view("failed"), "step")["total"] == 0


def test_all_states_of_airflow_are_known_as_final_or_not():
    from airflow.sdk.api.datamodels._generated import TaskInstanceState, TerminalTIState

    from jobmon_airflow.dags.airflow_states import FINAL, WAITING

    states = {str(state.value) for state in TaskInstanceState}
    assert {*(str(state.value) for state in TerminalTIState), "upstream_failed"} == FINAL
    assert states - FINAL - WAITING == {"running", "deferred"} | (states & {"awaiting_input"})


# --- clearing -------------------------------------------------------------------------------------------------


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    found = Database.open(migrated(sqlite_url))
    yield found
    found.close()


def place(task_id: str) -> Place:
    return Place(dag_id=RUN.dag_id, run_id=RUN.run_id, task_id=task_id)


def begins(database: Database, task_id: str, number: int) -> None:
    database.write(lambda it: airflow_tasks.claim_mirror(it, Try(place=place(task_id), number=number), AT))


def ends(database: Database, task_id: str, number: int) -> None:
    database.write(
        lambda it: airflow_tasks.note(it, Try(place=place(task_id), number=number), AT, outcome="{}")
    )


class Airflow:
    """What Airflow says of the mirrors' states; each look may find others."""

    def __init__(self, *looks: dict[str, str | None]) -> None:
        self.looks = list(looks)
        self.slept = 0.0

    def ask(self, run: Place, task_ids: list[str]) -> dict[str, str | None]:
        assert run == RUN
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


def found(database: Database, airflow: Airflow) -> list[Cleared]:
    mirrors = {"transform": "transform", "Sum up": "sum_up"}
    return cleared_mirrors(database, RUN, mirrors, ask=airflow.ask, sleep=airflow.sleep)


def test_in_a_first_run_nobody_is_asked(database: Database):
    begins(database, "other", 1)
    airflow = Airflow()

    assert cleared_mirrors(database, RUN, {"transform": "transform"}, ask=airflow.ask) == []


def test_a_mirror_that_is_at_its_end_was_not_cleared(database: Database):
    begins(database, "transform", 1)
    ends(database, "transform", 1)

    assert found(database, airflow := Airflow({"transform": "success"})) == []
    assert airflow.slept == 0


def test_a_mirror_that_had_not_ended_needs_no_notice(database: Database):
    begins(database, "transform", 1)

    assert found(database, airflow := Airflow({"transform": "deferred"})) == []
    assert airflow.slept == 0


@pytest.mark.parametrize("state", [None, "scheduled", "queued"])
def test_a_mirror_that_waits_for_its_next_try_was_cleared(database: Database, state: str | None):
    begins(database, "sum_up", 1)
    ends(database, "sum_up", 1)

    assert found(database, Airflow({"sum_up": state})) == [
        Cleared(template="Sum up", place=place("sum_up"), number=2)
    ]


def test_a_mirror_whose_next_try_has_begun_was_cleared(database: Database):
    begins(database, "transform", 1)
    ends(database, "transform", 1)
    begins(database, "transform", 2)

    assert found(database, Airflow({"transform": "deferred"})) == [
        Cleared(template="transform", place=place("transform"), number=2)
    ]


def test_what_was_heeded_is_not_found_again(database: Database):
    begins(database, "transform", 1)
    ends(database, "transform", 1)
    begins(database, "transform", 2)
    database.write(lambda it: airflow_tasks.heed(it, place("transform"), 2, AT))

    assert found(database, Airflow({"transform": "deferred"})) == []


def test_a_mirror_that_has_just_said_how_it_ends_shows_it_in_a_moment(database: Database):
    begins(database, "transform", 1)
    ends(database, "transform", 1)
    airflow = Airflow({"transform": "deferred"}, {"transform": "running"}, {"transform": "success"})

    assert found(database, airflow) == []
    assert airflow.slept == 1.0


def test_a_mirror_whose_next_try_is_about_to_begin_shows_it_in_a_moment(database: Database):
    begins(database, "transform", 1)
    ends(database, "transform", 1)
    airflow = Airflow({"transform": "deferred"})

    def sleep(seconds: float) -> None:
        airflow.sleep(seconds)
        begins(database, "transform", 2)

    cleared = cleared_mirrors(database, RUN, {"transform": "transform"}, ask=airflow.ask, sleep=sleep)

    assert cleared == [Cleared(template="transform", place=place("transform"), number=2)]


def test_nobody_waits_for_ever_for_airflow_to_make_up_its_mind(database: Database):
    for task_id in ("transform", "sum_up"):
        begins(database, task_id, 1)
        ends(database, task_id, 1)
    airflow = Airflow({"transform": "deferred", "sum_up": "queued"})

    assert found(database, airflow) == [Cleared(template="Sum up", place=place("sum_up"), number=2)]
    assert airflow.slept == PATIENCE
