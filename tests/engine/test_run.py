"""``workflow.run()`` with real commands on this machine."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from jobmon_airflow.errors import EmptyWorkflow, WorkflowAlreadyComplete, WorkflowAlreadyExists
from jobmon_airflow.states import WorkflowRunStatus
from tests.engine.real import children, commanded, open_files, python
from tests.engine.simulated import attempts, errors, run_statuses, statuses, tries, workflow_status

if TYPE_CHECKING:
    from pathlib import Path

    from jobmon_airflow import Workflow

both_clusters = pytest.mark.parametrize("cluster", ["multiprocess", "sequential"])


# --- that it ends well ----------------------------------------------------------------------------------------


@both_clusters
def test_a_workflow_of_one_task_runs_to_its_end_and_says_so(
    url: str, cluster: str, capsys: pytest.CaptureFixture[str]
) -> None:
    workflow = commanded(url, {"a": "echo 1"}, cluster=cluster)

    status = workflow.run()

    assert status == "D"
    assert status == WorkflowRunStatus.DONE
    assert workflow.task_errors == {}
    assert [task.final_status for task in workflow.tasks] == ["D"]
    assert (workflow_status(workflow), run_statuses(workflow)) == ("D", "D")
    assert attempts(workflow)[0].stdout_log == "1\n"
    assert capsys.readouterr() == ("", "The task is done.\n")


@both_clusters
def test_no_command_begins_before_those_it_waits_for_have_ended(
    url: str, tmp_path: Path, cluster: str
) -> None:
    log = tmp_path / "log"
    commands = {name: f"sleep 0.05; echo {name} >> {log}" for name in "abcxyz"}
    workflow = commanded(url, commands, "a>b>c x>y x>z y>c", cluster=cluster)

    assert workflow.run() == "D"

    order = log.read_text().split()
    assert sorted(order) == [*"abcxyz"]
    assert all(order.index(first) < order.index(then) for first, then in ("ab", "bc", "xy", "xz", "yc"))


def test_workflows_with_other_args_are_others_and_run_their_own_tasks(url: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    first, second = (commanded(url, {"a": f"echo {args} >> {log}"}, args=args) for args in ("v1", "v2"))

    assert [first.run(), second.run()] == ["D", "D"]

    assert log.read_text().split() == ["v1", "v2"]
    assert first.workflow_id != second.workflow_id
    assert first.last_workflow_run_id != second.last_workflow_run_id
    assert first.tasks[0].task_id != second.tasks[0].task_id


def test_tasks_of_two_templates_and_two_clusters_run_in_one_workflow(url: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    workflow = commanded(url, {"a": f"echo a >> {log}", "b": f"echo b >> {log}"}, "a>b")
    other = workflow.tool.get_task_template("say", "echo {what} >> {log}", ["what"], [], ["log"])
    said = other.create_tasks(what=["c", "d"], log=log, upstream_tasks=workflow.tasks[:1])
    workflow.add_tasks(said)
    last = other.create_task(what="e", log=log, cluster_name="sequential", upstream_tasks=[*workflow.tasks])
    workflow.add_task(last)

    assert workflow.run() == "D"

    order = log.read_text().split()
    assert (order[0], sorted(order[1:4]), order[4]) == ("a", ["b", "c", "d"], "e")


# --- that it is not run twice ---------------------------------------------------------------------------------


def test_an_empty_workflow_is_refused(url: str) -> None:
    with pytest.raises(RuntimeError, match="No nodes were found in the dag") as refusal:
        commanded(url, {}).run()

    assert isinstance(refusal.value, EmptyWorkflow)


def test_a_workflow_that_is_done_is_complete_whoever_asks_and_runs_no_more(url: str, tmp_path: Path) -> None:
    commands = {"a": f"echo a >> {tmp_path}/log"}
    commanded(url, commands).run()

    again = commanded(url, commands)
    for resume in (True, False):
        with pytest.raises(WorkflowAlreadyComplete, match="is done since"):
            again.run(resume=resume)

    assert (tmp_path / "log").read_text() == "a\n"
    assert commanded(url, commands).bind().workflow_id == 1
    assert run_statuses(commanded(url, commands).bind()) == "D"


def test_a_workflow_that_was_begun_is_not_run_again_without_resume(url: str) -> None:
    first = commanded(url, {"a": "false"}, max_attempts=1)
    first.run()

    with pytest.raises(WorkflowAlreadyExists, match=r"resume=True"):
        commanded(url, {"a": "false"}, max_attempts=1).run()

    assert run_statuses(first) == "E"


def test_a_resume_with_nothing_to_resume_warns_and_runs_as_new(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    workflow = commanded(url, {"a": "echo 1"})

    with caplog.at_level(logging.WARNING):
        assert workflow.run(resume=True) == "D"

    assert "nothing to resume" in caplog.text


def test_the_same_args_with_another_task_or_other_edges_are_another_workflow(url: str) -> None:
    commands = {"a": "echo a", "b": "echo b"}
    first = commanded(url, commands)
    more = commanded(url, {**commands, "c": "echo c"})
    chained = commanded(url, commands, "a>b")

    assert [first.run(), more.run(), chained.run()] == ["D", "D", "D"]

    assert len({first.workflow_id, more.workflow_id, chained.workflow_id}) == 3


# --- failing --------------------------------------------------------------------------------------------------


def test_what_fails_for_good_stops_its_descendants_and_is_told_at_the_end(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = {name: f"echo {name}" for name in ("a", "b0", "b2", "c0", "c1", "c2", "d")}
    commands["b1"] = "echo all is lost; echo 'OSError: no draws in draw_17.csv' >&2; exit 3"
    workflow = commanded(
        url,
        commands,
        "a>b0>c0>d a>b1>c1>d a>b2>c2>d",
        max_attempts=2,
        compute_resources={"stderr": str(tmp_path / "logs")},
    )

    assert workflow.run() == "E"

    assert statuses(workflow) == {
        **dict.fromkeys(("a", "b0", "b2", "c0", "c2"), "D"),
        "b1": "F",
        **dict.fromkeys(("c1", "d"), "G"),
    }
    assert {task.name: task.final_status for task in workflow.tasks} == statuses(workflow)
    assert tries(workflow)["b1"] == "EE"
    assert workflow.task_errors.keys() == {"b1"}
    error = workflow.task_errors["b1"]
    assert error is not None
    assert "no draws in draw_17.csv" in error["error_log"][0]["description"]
    assert (workflow_status(workflow), run_statuses(workflow)) == ("F", "E")
    last = attempts(workflow, "b1")[-1]
    said = capsys.readouterr().err
    for words in (
        "1 task of 8 failed for good, 5 are done, 2 were not run because something before them failed.",
        "1. 1 task: OSError: no draws in <path>",
        "of shell (1)",
        f"such as b1: task {last.task_id}, attempt {last.id} on {last.nodename}: application error, exit code 3",
        "| OSError: no draws in draw_17.csv",
        f"its log: {tmp_path}/logs/b1.e{last.id}",
        "To run again what is not done:\n  workflow.run(resume=True)",
    ):
        assert words in said


def test_a_command_that_fails_once_is_tried_again_and_leaves_no_error(url: str, tmp_path: Path) -> None:
    once = tmp_path / "failed once"
    commands = {"a": "echo a", "b": f"test -e '{once}' || {{ touch '{once}'; exit 1; }}", "c": "echo c"}
    workflow = commanded(url, commands, "a>b>c")

    assert workflow.run() == "D"

    assert tries(workflow) == {"a": "D", "b": "ED", "c": "D"}
    assert workflow.task_errors == {}


def test_max_attempts_is_how_often_a_command_runs(url: str, tmp_path: Path) -> None:
    fails = "echo . >> {0}/{1}; test $(wc -l < {0}/{1}) -ge 4"
    workflow = commanded(
        url,
        {name: fails.format(tmp_path, name) for name in ("four", "three", "one")},
        each={"four": {"max_attempts": 4}, "one": {"max_attempts": 1}},
    )

    assert workflow.run() == "E"

    assert tries(workflow) == {"four": "EEED", "one": "E", "three": "EEE"}


def test_fail_fast_ends_what_runs_at_the_first_failure(url: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    workflow = commanded(
        url,
        {
            "a": f"echo a >> {log}",
            "b": f"until test -e {tmp_path}/runs; do sleep 0.02; done; exit 1",
            "sibling": f"touch {tmp_path}/runs; sleep 20; echo sibling >> {log}",
            "c": f"echo c >> {log}",
        },
        "a>b>c a>sibling",
        max_attempts=1,
        cluster="multiprocess",
    )

    assert workflow.run(fail_fast=True) == "E"

    assert log.read_text() == "a\n"
    assert tries(workflow) == {"a": "D", "b": "E", "sibling": "F"}
    assert workflow.task_errors.keys() == {"b"}
    assert (workflow_status(workflow), run_statuses(workflow)) == ("F", "E")


def test_a_workflow_that_takes_too_long_says_so_in_jobmons_words_and_can_be_resumed(
    url: str, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    commands = {"a": "echo a", "b": f"test -e {go} || sleep 60"}
    workflow = commanded(url, commands, "a>b")

    with pytest.raises(RuntimeError) as timeout:
        workflow.run(seconds_until_timeout=2)

    assert str(timeout.value).startswith(
        "Not all tasks completed within the given workflow timeout length (2 seconds). Submitted tasks will still "
        "run, but the workflow will need to be restarted."
    )
    assert run_statuses(workflow) == "E"
    go.touch()
    assert workflow.run(resume=True) == "D"
    assert tries(workflow)["a"] == "D"


def test_a_mended_op_arg_goes_on_where_the_workflow_failed(url: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    commands = {"a": f"echo a >> {log}", "b": f"echo broken >> {log}; exit 1"}
    broken = commanded(url, commands, "a>b")
    assert broken.run() == "E"

    mended = commanded(url, {**commands, "b": f"echo mended >> {log}"}, "a>b")
    assert mended.run(resume=True) == "D"

    assert mended.workflow_id == broken.workflow_id
    assert log.read_text().split() == ["a", *["broken"] * 3, "mended"]
    assert tries(mended) == {"a": "D", "b": "EEED"}
    assert mended.get_tasks_by_node_args("shell", name_="b")[0].resource_usage()["num_attempts"] == 1


# --- resources ------------------------------------------------------------------------------------------------


def asked(workflow: Workflow, name: str) -> list[dict[str, Any]]:
    """What each attempt at a task asked for, oldest first; memory in GiB."""
    from jobmon_airflow.store import clusters

    rows = attempts(workflow, name)
    with workflow.tool.database.read() as connection:
        requests = clusters.requests(connection, {row.task_resources_id for row in rows})
    return [json.loads(requests[row.task_resources_id].requested_resources) for row in rows]


def test_a_command_that_takes_more_memory_than_it_asked_for_gets_more_of_it(url: str) -> None:
    greedy = python(
        'import time; block = bytearray(96 << 20); block[::4096] = b"x" * len(block[::4096]); time.sleep(1)'
    )
    workflow = commanded(
        url,
        {"a": greedy},
        compute_resources={"memory": "50M", "runtime": "10m", "cores": 1},
        resource_scales={"memory": 0.6},
        max_attempts=4,
    )

    assert workflow.run() == "D"

    assert tries(workflow) == {"a": "ZZD"}
    requests = asked(workflow, "a")
    assert [request.pop("memory") for request in requests] == [50 / 1024, 80 / 1024, 128 / 1024]
    assert requests[0] == requests[1] == requests[2]
    first = attempts(workflow, "a")[0]
    assert first.verdict == "out of memory"
    assert "it had asked for 50 MiB" in json.loads(first.evidence)["detail"]


def test_a_command_that_takes_longer_than_it_asked_for_gets_more_time(url: str) -> None:
    workflow = commanded(
        url,
        {"a": "exec sleep 2"},
        compute_resources={"memory": "1G", "runtime": "1s"},
        resource_scales={"runtime": 4.0},
    )

    assert workflow.run() == "D"

    assert tries(workflow) == {"a": "ZD"}
    assert [(request["memory"], request["runtime"]) for request in asked(workflow, "a")] == [(1, 1), (1, 5)]
    assert attempts(workflow, "a")[0].verdict == "out of time"


def test_a_function_for_resources_is_asked_when_its_upstreams_are_done(url: str, tmp_path: Path) -> None:
    needs = tmp_path / "needs.json"
    commands = {"a": f"""echo '{{"memory": "2G", "runtime": "5m"}}' > {needs}""", "b": "echo b"}
    workflow = commanded(
        url, commands, "a>b", each={"b": {"compute_resources": lambda: json.loads(needs.read_text())}}
    )

    assert workflow.run() == "D"

    assert asked(workflow, "b") == [{"memory": 2, "runtime": 300}]


def test_a_function_for_resources_that_fails_is_the_failure_of_its_task(url: str, tmp_path: Path) -> None:
    commands = {"a": "echo a", "odd": "echo odd", "missing": "echo missing"}
    workflow = commanded(
        url,
        commands,
        each={
            "odd": {"compute_resources": lambda: "much"},
            "missing": {"compute_resources": lambda: json.loads((tmp_path / "nothing").read_text())},
        },
    )

    assert workflow.run() == "E"

    assert statuses(workflow) == {"a": "D", "odd": "F", "missing": "F"}
    assert "returned 'much'" in errors(workflow, "odd")
    assert "FileNotFoundError" in errors(workflow, "missing")


@pytest.mark.parametrize("cores", [1, 2])
def test_commands_share_the_cores_that_they_ask_for(url: str, tmp_path: Path, cores: int) -> None:
    log = tmp_path / "log"
    commands = dict.fromkeys("abcd", f"echo in >> {log}; sleep 0.3; echo out >> {log}")
    limited(url, cores=2)
    workflow = commanded(url, commands, compute_resources={"cores": cores})

    assert workflow.run() == "D"

    assert most_at_a_time(log) == 2 // cores


def test_a_sequential_cluster_runs_one_command_at_a_time(url: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    commands = dict.fromkeys("abc", f"echo in >> {log}; sleep 0.1; echo out >> {log}")
    workflow = commanded(url, commands, cluster="sequential")

    assert workflow.run() == "D"

    assert most_at_a_time(log) == 1


def test_a_workflow_runs_no_more_at_a_time_than_its_limit(url: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    commands = dict.fromkeys("abc", f"echo in >> {log}; sleep 0.1; echo out >> {log}")
    limited(url, cores=3)
    workflow = commanded(url, commands, of_workflow={"max_concurrently_running": 1})

    assert workflow.run() == "D"

    assert most_at_a_time(log) == 1


def limited(url: str, *, cores: int) -> None:
    """Let the cluster 'multiprocess' have so many cores, whatever the machine has."""
    from sqlalchemy import text

    from jobmon_airflow.client import registry

    registry.database(url).write(
        lambda it: it.execute(
            text("UPDATE cluster SET connection_parameters = :how WHERE name = 'multiprocess'"),
            {"how": json.dumps({"cores": cores})},
        )
    )


def most_at_a_time(log: Path) -> int:
    """How many were in at a time, by their notes of when they came and went."""
    inside = [0]
    for word in log.read_text().split():
        inside.append(inside[-1] + (1 if word == "in" else -1))
    return max(inside)


# --- what is kept of it ---------------------------------------------------------------------------------------


def test_output_is_kept_whole_in_files_and_its_end_in_the_database(url: str, tmp_path: Path) -> None:
    speaks = python(
        'import sys; sys.stdout.buffer.write(("x" + "é" * 12000 + "\\n").encode()); '
        'sys.stderr.buffer.write("漢字 😀\\n".encode())'
    )
    workflow = commanded(
        url,
        {"a": speaks, "b": "printf 'unkept: \\377'"},
        each={"a": {"compute_resources": {"stdout": str(tmp_path / "out"), "stderr": str(tmp_path / "err")}}},
    )

    assert workflow.run() == "D"

    [kept] = attempts(workflow, "a")
    out, err = tmp_path / "out" / f"a.o{kept.id}", tmp_path / "err" / f"a.e{kept.id}"
    assert (kept.stdout, kept.stderr) == (str(out), str(err))
    assert out.read_text(encoding="utf-8") == "x" + "é" * 12_000 + "\n"
    assert kept.stdout_log == "é" * 9_999 + "\n"
    assert err.read_text(encoding="utf-8") == kept.stderr_log == "漢字 😀\n"
    [other] = attempts(workflow, "b")
    assert (other.stdout, other.stdout_log) == (None, "unkept: \\xff")


def test_a_command_knows_who_it_is_and_finds_its_environment_and_directory(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROM_THE_SCRIPT", "inherited")
    words = ("TASK_ID", "TASK_INSTANCE_ID", "WORKFLOW_ID", "WORKFLOW_RUN_ID")
    says = " ".join([*(f"$JOBMON_{word}" for word in words), "$FROM_THE_SCRIPT", '"$WHAT"', "$(pwd)"])
    workflow = commanded(
        url,
        {"a": f"echo {says}"},
        compute_resources={"env": {"WHAT": "it's me, é"}, "working_dir": str(tmp_path)},
    )

    assert workflow.run() == "D"

    [attempt] = attempts(workflow)
    ids = (attempt.task_id, attempt.id, workflow.workflow_id, workflow.last_workflow_run_id)
    said = f"{' '.join(map(str, ids))} inherited it's me, é {tmp_path}\n"
    assert attempt.stdout_log == said


def test_a_task_and_its_template_tell_what_was_used(url: str) -> None:
    burns = python("import time; block = bytearray(64 << 20); time.sleep(0.3); sum(range(10 ** 6))")
    workflow = commanded(url, {"a": burns, "b": burns})

    assert workflow.run() == "D"

    for task in workflow.tasks:
        usage = task.resource_usage()
        assert usage["memory"] > 64 << 20
        assert usage["runtime"] >= 0.3
        assert usage["cpu"] > 0
        assert usage["num_attempts"] == 1
        assert usage["nodename"]
    template = workflow.arrays["shell"].task_template_version.task_template
    usage = template.resource_usage()
    assert (usage["num_tasks"], usage["num_attempts"]) == (2, 2)
    assert usage["min_runtime"] >= 0.3
    assert usage["suggested"].keys() == {"memory", "runtime"}


# --- that nothing is left -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_two_thousand_tasks_run_and_leave_no_process_thread_or_open_file(url: str) -> None:
    from threading import enumerate as threads

    commanded(url, {"first": "true"}, args="opens the database").run()
    before = children(), {thread.name for thread in threads()}, open_files()
    workflow = commanded(url, {})
    template = workflow.tool.get_task_template("tiny", "true {number}", node_args=["number"])
    workflow.add_tasks(template.create_tasks(number=range(2000)))
    limited(url, cores=2)

    assert workflow.run() == "D"

    assert {task.final_status for task in workflow.tasks} == {"D"}
    assert (children(), {thread.name for thread in threads()}, open_files()) == before
