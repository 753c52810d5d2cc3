"""What a DAG run says: how its workflow is to be run, which one, and what may be known of the run."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.definitions.param import ParamsDict

from jobmon_airflow.dags.about import about, packed, this_try, unpacked
from jobmon_airflow.dags.defining import asked_for
from jobmon_airflow.dags.folders import log_folder
from jobmon_airflow.dags.remedies import clear_command
from jobmon_airflow.dags.wishes import Wishes
from jobmon_airflow.errors import InvalidDefinition
from jobmon_airflow.settings import engine_log_folder
from jobmon_airflow.store.airflow_tasks import Place, Try

NOON = datetime(2024, 2, 29, 12, tzinfo=UTC)

# --- wishes ---------------------------------------------------------------------------------------------------


def test_a_run_is_as_its_dag_says_unless_somebody_says_otherwise():
    wishes = Wishes(fail_fast=True, seconds_until_timeout=60.0)

    assert wishes.heard({}, {}) == wishes
    assert wishes.heard({"fail_fast": None, "release": 7}) == wishes


def test_the_last_word_counts_and_conf_comes_after_params():
    heard = Wishes().heard({"cold": False, "seconds_until_timeout": 60}, {"cold": True})

    assert heard == Wishes(cold=True, seconds_until_timeout=60.0)


def test_the_engine_is_told_all_of_it_and_to_resume():
    wishes = Wishes(
        fail_fast=True, seconds_until_timeout=60.0, resume_timeout=7.0, cold=True, increase_resources=False
    )

    options = wishes.options()

    assert (options.resume, options.cold, options.fail_fast) == (True, True, True)
    assert (options.timeout, options.resume_timeout, options.increase_resources) == (60.0, 7.0, False)
    assert Wishes(**json.loads(json.dumps(wishes.as_dict()))) == wishes


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("cold", "yes", "true or false"),
        ("cold", 1, "true or false"),
        ("resume_timeout", True, "a number of seconds"),
        ("resume_timeout", "60", "a number of seconds"),
        ("resume_timeout", 0, "a number of seconds"),
        ("seconds_until_timeout", float("nan"), "a number of seconds"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_name(name: str, value: Any, wanted: str):
    with pytest.raises(InvalidDefinition, match=f"triggered with {name} = ") as caught:
        Wishes().heard({name: value})

    assert wanted in str(caught.value)


# --- which workflow -------------------------------------------------------------------------------------------


def facts(*, conf: Any = None, params: Any = None) -> dict[str, Any]:
    return {"conf": conf or {}, "params": params or {}}


@pytest.mark.parametrize("said", [12, "12", " 12 "])
def test_a_workflow_is_asked_for_by_its_number(said: Any):
    assert asked_for(None, facts(conf={"workflow_id": said})) == 12
    assert asked_for(said, facts()) == 12


def test_who_triggers_is_heard_before_the_dag():
    assert asked_for(3, facts(conf={"workflow_id": 1}, params={"workflow_id": 2})) == 1
    assert asked_for(3, facts(params={"workflow_id": 2})) == 2
    assert asked_for(3, facts(params={"workflow_id": None})) == 3


@pytest.mark.parametrize("said", [None, "", "None"])
def test_a_template_that_renders_to_nothing_asks_for_nothing(said: Any):
    assert asked_for(said, facts(params={"workflow_id": said})) is None


@pytest.mark.parametrize("said", [0, -1, 1.5, True, "twelve", "1 2", [12], {"id": 12}])
def test_what_is_no_number_of_a_workflow_is_refused(said: Any):
    with pytest.raises(InvalidDefinition, match="the id of no workflow"):
        asked_for(None, facts(conf={"workflow_id": said}))


# --- what is known of the run ---------------------------------------------------------------------------------


def context(**of_run: Any) -> Any:
    dag_run = SimpleNamespace(
        dag_id="health.burden",
        run_id="manual__1",
        run_type=SimpleNamespace(value="manual"),
        conf=None,
        logical_date=None,
        run_after=NOON,
        data_interval_start=None,
        data_interval_end=None,
    )
    vars(dag_run).update(of_run)
    return {"dag_run": dag_run, "params": ParamsDict({"release": 7})}


def test_the_facts_of_a_run_travel_as_json_and_come_back_the_same():
    known = about(context(conf={"sex": [1, 2]}, data_interval_start=NOON))

    assert unpacked(json.loads(json.dumps(packed(known)))) == known
    assert (known["params"], known["conf"], known["run_type"]) == ({"release": 7}, {"sex": [1, 2]}, "manual")
    assert known["data_interval_start"] == NOON


def test_a_run_without_a_logical_date_has_the_day_on_which_it_may_begin():
    assert about(context())["ds"] == "2024-02-29"
    assert about(context(logical_date=datetime(2023, 1, 1, tzinfo=UTC)))["ds"] == "2023-01-01"
    assert about(context())["logical_date"] is None


def test_a_task_instance_that_is_not_mapped_has_no_index():
    known = SimpleNamespace(dag_id="d", run_id="r", task_id="t", map_index=None, try_number=2)

    assert this_try(known) == Try(place=Place(dag_id="d", run_id="r", task_id="t"), number=2)
    known.map_index = 0
    assert this_try(known).place.map_index == 0


# --- words that are typed, and folders ------------------------------------------------------------------------


def test_what_is_to_be_typed_is_quoted():
    place = Place(dag_id="health.burden", run_id="manual it's", task_id="run")

    assert (
        clear_command(place)
        == "airflow dags clear health.burden --run-id 'manual it'\"'\"'s' --only-failed --yes"
    )


@pytest.mark.parametrize("run_id", ["..", ".", "/etc", "../../etc", "~", "a/../../b", ".hidden"])
def test_no_name_leads_out_of_the_folder(run_id: str):
    folder = log_folder(Place(dag_id="d", run_id=run_id, task_id="t"))

    assert folder.resolve().relative_to(engine_log_folder().resolve()).parts[::2] == ("d", "t")
    assert not folder.parent.name.startswith((".", "~"))


def test_task_instances_have_folders_of_their_own():
    places = [
        Place(dag_id="d", run_id=run_id, task_id="t", map_index=index)
        for run_id in ("manual__2024-02-29T12:00:00+00:00", "a~1", "a_1")
        for index in (-1, 0, 1)
    ]

    assert len({log_folder(place) for place in places}) == len(places)
    assert log_folder(places[1]).name == "0"
