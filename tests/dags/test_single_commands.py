"""Single commands: what is known of them, how they travel, and what they write while they run."""

from __future__ import annotations

import json
import os
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from jobmon_airflow import Tool
from jobmon_airflow.dags import commanding, live_log
from jobmon_airflow.dags.commands import Command, as_text
from jobmon_airflow.dags.engine import Order
from jobmon_airflow.dags.wishes import Wishes
from jobmon_airflow.distributors import inherited
from jobmon_airflow.engine.outcomes import Cleared
from jobmon_airflow.errors import InvalidDefinition
from jobmon_airflow.store.airflow_tasks import Place
from jobmon_airflow.units import Memory, Runtime
from tests.workflows import close, migrated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLACE = Place(dag_id="health", run_id="manual__1", task_id="fit")
FACTS = {"dag_id": "health", "run_id": "manual__1", "conf": {}, "params": {}}


@pytest.fixture
def url(sqlite_url: str) -> Iterator[str]:
    yield migrated(sqlite_url)
    close(sqlite_url)


def of_text(text: str = "fit {a}", **more: Any) -> Command:
    return Command.of_text(text, tool="health", template="fit", **{"cluster": "sequential", **more})


# --- as a workflow --------------------------------------------------------------------------------------------


def test_a_command_is_a_workflow_of_one_task_and_one_attempt(url: str):
    workflow = of_text("fit {a} > 'x y'").workflow("args", FACTS, url)

    (task,) = workflow.tasks
    assert (task.command, task.max_attempts, task.cluster_name) == ("fit {a} > 'x y'", 1, "sequential")
    assert (workflow.tool.name, workflow.name, workflow.workflow_args) == ("health", "fit", "args")


@pytest.mark.parametrize("task_id", ["group.fit", "2nd_fit", "fit-it", "fit it"])
def test_whatever_airflow_calls_a_task_is_a_template_and_a_name(url: str, task_id: str):
    command = Command.of_text("true", tool="health", template=task_id, cluster="sequential")

    assert commanding.define(command, PLACE, FACTS, url).workflow_id
    assert command.task_name


def test_a_command_of_a_workflow_is_the_same_task_there_and_alone(url: str):
    tool = Tool("health", database=url)
    template = tool.get_task_template(
        "fit", "{script} {place} --data {data}", ["place"], ["data"], ["script"]
    )
    task = template.create_task(
        place=7,
        data="d",
        script="fit.py",
        cluster_name="multiprocess",
        compute_resources={"memory": "2G"},
        resource_scales={"memory": 0.1},
        name="fit_7",
    )
    workflow = tool.create_workflow("args", name="burden")
    workflow.add_task(task)

    (alone,) = Command.of_task(task).workflow("args", FACTS, url).tasks

    assert (alone.name, alone.command, alone.cluster_name) == (task.name, task.command, "multiprocess")
    assert (alone.node_args, alone.task_args, alone.op_args) == (task.node_args, task.task_args, task.op_args)
    assert alone.max_attempts == 1
    assert alone.workflow.name == "burden"


def test_each_task_instance_has_a_workflow_of_its_own(url: str):
    places = [
        PLACE,
        Place(dag_id="health", run_id="manual__1", task_id="fit", map_index=0),
        Place(dag_id="health", run_id="manual__2", task_id="fit"),
    ]

    ids = {commanding.define(of_text(), place, FACTS, url).workflow_id for place in places}

    assert len(ids) == 3
    assert commanding.define(of_text(), PLACE, FACTS, url).workflow_id in ids


def test_what_a_command_writes_goes_to_the_folder_of_its_task_instance_unless_it_has_another():
    from jobmon_airflow.dags.folders import log_folder

    folder = str(log_folder(PLACE))

    assert commanding.with_log_files(of_text(), log_folder(PLACE)).compute_resources == {
        "stdout": folder,
        "stderr": folder,
    }
    asked = of_text(compute_resources={"stdout": "/mine", "memory": "1G"})
    assert commanding.with_log_files(asked, log_folder(PLACE)).compute_resources == {
        "stdout": "/mine",
        "stderr": folder,
        "memory": "1G",
    }


def test_an_environment_is_the_command_s_and_not_this_process_s(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MINE", "before")
    monkeypatch.delenv("OTHER", raising=False)

    with commanding.environment({"MINE": "1", "OTHER": 2}):  # type: ignore[dict-item]
        found = inherited.environment()
        assert (found["MINE"], found["OTHER"], found["JOBMON_EXPORT"]) == ("1", "2", "MINE,OTHER")
        assert os.environ["MINE"] == "before"

    assert inherited.environment()["MINE"] == "before"
    assert "OTHER" not in inherited.environment()


# --- travelling -----------------------------------------------------------------------------------------------


def test_a_command_travels_as_json():
    command = of_text(
        "fit",
        compute_resources={"memory": Memory.parse("2G"), "runtime": Runtime.parse("1h"), "cores": 2},
        resource_scales={"memory": [Memory.parse("3G"), Memory.parse("9G")], "runtime": 0.5},
        fallback_queues=["long.q"],
    )

    packed = json.loads(json.dumps(command.packed()))

    assert packed["compute_resources"] == {"memory": "2G", "runtime": "1h", "cores": 2}
    assert packed["resource_scales"] == {"memory": ["3G", "9G"], "runtime": 0.5}
    assert Command(**packed).packed() == packed


@pytest.mark.parametrize(
    ("how", "name"),
    [
        ({"compute_resources": lambda: {"memory": "1G"}}, "compute_resources"),
        ({"resource_scales": {"memory": lambda before: before * 2}}, "resource_scales"),
        ({"compute_resources": {"memory": object()}}, "compute_resources"),
        ({"resource_scales": {"cores": count(2)}}, "resource_scales"),
    ],
    ids=["function", "function of a scale", "object", "iterator without an end"],
)
def test_what_lives_in_the_dag_file_alone_does_not_travel(how: dict[str, Any], name: str):
    with pytest.raises(InvalidDefinition, match=f"{name} has .*, which lives in the DAG file alone") as error:
        of_text(**how).packed()

    assert "deferrable=False" in str(error.value)


def test_a_list_of_words_becomes_a_line_that_a_shell_reads_as_these_words():
    assert as_text("a 'b c'") == "a 'b c'"
    assert as_text(["echo", "b c", 7, "$HOME"]) == "echo 'b c' 7 '$HOME'"


def test_an_order_arrives_as_it_was_given():
    order = Order(
        place=PLACE,
        try_number=2,
        facts={**FACTS, "logical_date": None, "run_after": "2024-02-29T12:00:00+00:00"},
        wishes=Wishes(cold=True).as_dict(),
        cancel_on_kill=False,
        workflow_id=7,
        family=["health", "burden"],
        dag_file={"path": "/dags/a.py", "relative_path": "a.py"},
        command=of_text(compute_resources={"memory": "2G"}),
        env={"A": "it's"},
        workflow_args="args",
        cleared=[Cleared(template="fit", place=PLACE, number=3)],
    )

    arrived = Order.from_json(order.to_json())

    assert arrived.facts["run_after"].isoformat() == "2024-02-29T12:00:00+00:00"
    assert {name: getattr(arrived, name) for name in _names(order) - {"facts"}} == {
        name: getattr(order, name) for name in _names(order) - {"facts"}
    }


def _names(order: Order) -> set[str]:
    from dataclasses import fields

    return {field.name for field in fields(order)}


# --- what it writes -------------------------------------------------------------------------------------------


def tail(folder: Path, said: list[str], name: str = "fit") -> Any:
    return live_log._Tail(folder, name, said.append)


def test_lines_are_told_when_they_are_complete(tmp_path: Path):
    said: list[str] = []
    its = tail(tmp_path, said)
    file = tmp_path / "fit.o1"

    file.write_text("first\nsec")
    its.tell()
    assert said == ["first"]
    file.write_text("first\nsecond\nthi")
    its.tell()
    its.tell()
    assert said == ["first", "second"]
    its.tell(is_last=True)
    its.tell(is_last=True)
    assert said == ["first", "second", "thi"]


def test_all_attempts_that_begin_now_are_told_and_no_other_file(tmp_path: Path):
    (tmp_path / "fit.o1").write_text("old\n")
    said: list[str] = []
    its = tail(tmp_path, said)

    for name in ("fit.o2", "fit.e2", "fit.o3"):
        (tmp_path / name).write_text(f"{name}\n")
    for name in ("fit.o", "fit.x4", "fit2.o4", "fit.sh", "other.o4", "fit.old5"):
        (tmp_path / name).write_text("not told\n")
    (tmp_path / "fit.o1").write_text("old\nstill old\n")
    its.tell(is_last=True)

    assert sorted(said) == ["fit.e2", "fit.o2", "fit.o3"]


def test_nothing_is_told_of_a_folder_that_is_not_there_or_a_file_that_goes(tmp_path: Path):
    said: list[str] = []
    its = tail(tmp_path / "later", said)
    its.tell()
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "fit.o1").write_text("a\n")
    its.tell()
    (tmp_path / "later" / "fit.o1").unlink()
    its.tell(is_last=True)

    assert said == ["a"]


def test_a_long_text_is_told_in_pieces_of_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live_log, "_AT_A_TIME", 16)
    said: list[str] = []
    its = tail(tmp_path, said)
    lines = [f"line {number}" for number in range(100)]
    (tmp_path / "fit.o1").write_text("\n".join(lines))

    its.tell()
    assert said == lines[:-1]
    its.tell(is_last=True)
    assert said == lines


def test_a_command_that_writes_too_much_is_cut_and_the_file_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(live_log, "_AT_A_TIME", 16)
    monkeypatch.setattr(live_log, "MOST", 40)
    said: list[str] = []
    its = tail(tmp_path, said)
    (tmp_path / "fit.o1").write_text("1234567\n" * 100)
    (tmp_path / "fit.e1").write_text("an error\n")

    its.tell()
    its.tell(is_last=True)

    assert said.count("1234567") in {5, 6}
    assert said.count(f"The rest of what the command writes is in {tmp_path / 'fit.o1'}.") == 1
    assert "an error" in said


def test_what_is_written_while_the_block_runs_is_told_before_it_ends(tmp_path: Path):
    said: list[str] = []

    with live_log.told(tmp_path, "fit", said.append):
        (tmp_path / "fit.o1").write_text("a\nb")

    assert said == ["a", "b"]
