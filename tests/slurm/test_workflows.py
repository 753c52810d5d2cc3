"""Whole workflows on a real Slurm, as a script runs them."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from functools import partial

import pytest

from jobmon_airflow import Tool
from jobmon_airflow.resources import Resources
from tests.workflows import close, migrated, rows_of

pytestmark = pytest.mark.long

ATTEMPTS = (
    "SELECT task.name, task_instance.verdict FROM task_instance JOIN task ON task.id = task_id "
    "ORDER BY task_instance.id"
)
ASKED = (
    "SELECT queue.name, requested_resources FROM task_instance "
    "JOIN task_resources ON task_resources.id = task_instance.task_resources_id "
    "JOIN queue ON queue.id = queue_id ORDER BY task_instance.id"
)


@pytest.fixture
def url(box, sqlite_url, tmp_path, monkeypatch):
    monkeypatch.setenv("JOBMON_SPOOL", str(tmp_path / "spool"))
    yield migrated(sqlite_url)
    close(sqlite_url)


@pytest.fixture
def ask(url):
    """Ask the database."""
    return partial(rows_of, url)


def holds(mb, then=":"):
    """A command that holds so much memory for a moment."""
    eater = f"x = bytearray({mb} << 20); x[::4096] = b'1' * len(x[::4096])"
    return f'python3 -c "{eater}" && {then}'


def workflow_of(url, commands, *, args="it", resources=None, template="shell", **settings):
    """A workflow of shell commands, by the names of their tasks."""
    tool = Tool("real", database=url)
    shell = tool.get_task_template(template, ": {number}\n{command}", ["number"], [], ["command"])
    workflow = tool.create_workflow(workflow_args=args, default_cluster_name="slurm")
    workflow.add_tasks(
        shell.create_task(
            name=name,
            number=name,
            command=command,
            compute_resources={"runtime": "5m", "memory": "100M", **(resources or {})},
            **settings,
        )
        for name, command in commands.items()
    )
    return workflow


def verdicts(ask):
    """How the attempts of each task ended, one after the other."""
    found = {}
    for name, verdict in ask(ATTEMPTS):
        found.setdefault(name, []).append(verdict)
    return found


@contextmanager
def running(workflow):
    """Run it in a thread, which is waited for at the end of the block; its status is in the list."""
    status = []
    thread = threading.Thread(target=lambda: status.append(workflow.run()))
    thread.start()
    try:
        yield status
    finally:
        thread.join()


def until(holds, within=120):
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


# --- resources that grow ------------------------------------------------------------------------------------------


def test_only_memory_grows_until_it_is_enough(url, ask):
    commands = {"large": holds(250), "small": "true", "wrong": "exit 3"}

    status = workflow_of(url, commands, max_attempts=4, resource_scales={"memory": 1.0, "runtime": 1.0}).run()

    ends = verdicts(ask)
    assert status == "E"
    assert ends == {
        "large": ["out of memory", "out of memory", "done"],
        "small": ["done"],
        "wrong": ["application error"] * 4,
    }
    asked = ask(ASKED.replace("FROM task_instance", ", task_id FROM task_instance"))
    by_task = {}
    for _, resources, task in asked:
        by_task.setdefault(task, []).append(resources)
    assert [memory_and_runtime(each) for each in by_task[1]] == [
        ("100M", "5m"),
        ("200M", "5m"),
        ("400M", "5m"),
    ]
    assert len(set(by_task[3])) == 1


def memory_and_runtime(resources):
    found = Resources.from_json(resources)
    return str(found.memory), str(found.runtime)


def test_a_task_is_tried_as_often_as_it_may_be_and_not_more(url, ask):
    status = workflow_of(
        url, {"greedy": holds(600)}, max_attempts=2, resource_scales={"memory": ["150M"]}
    ).run()

    assert status == "E"
    assert verdicts(ask) == {"greedy": ["out of memory"] * 2}


def test_a_raised_request_goes_to_a_larger_queue(url, ask):
    workflow = workflow_of(
        url,
        {"grows": holds(300)},
        resources={"queue": "small.q", "memory": "150M"},
        fallback_queues=["short.q", "all.q"],
        resource_scales={"memory": 1.0},
        max_attempts=4,
    )

    assert workflow.run() == "D"
    assert [queue for queue, _ in ask(ASKED)] == ["small.q", "all.q", "all.q"]


def test_what_queues_can_hold_is_read_and_refused_when_the_next_is_bound(url, ask):
    assert workflow_of(url, {"one": "true"}).run() == "D"

    with pytest.raises(Exception, match=r"short\.q"):
        workflow_of(
            url, {"one": "true"}, args="too large", resources={"queue": "short.q", "memory": "1G"}
        ).bind()


# --- packing ------------------------------------------------------------------------------------------------------


def test_each_of_a_packs_tasks_has_its_own_end_usage_output_and_retry(url, ask):
    commands = {
        "good": "echo good",
        "bad": "echo bad >&2; exit 3",
        "large": holds(200, "echo fits"),
        "slow": "[ $JOBMON_TASK_INSTANCE_ID -gt 6 ] || sleep 60",
        "last": "sleep 0.3; echo last",
    }

    status = workflow_of(
        url,
        commands,
        resources={"pack": 5, "runtime": "5s"},
        max_attempts=2,
        resource_scales={"memory": 3.0, "runtime": 1.0},
    ).run()

    said = ask(
        "SELECT task.name, stdout_log, stderr_log, wallclock, maxrss, nodename FROM task_instance "
        "JOIN task ON task.id = task_id ORDER BY task_instance.id"
    )
    assert status == "E"
    assert verdicts(ask) == {
        "good": ["done"],
        "bad": ["application error"] * 2,
        "large": ["out of memory", "done"],
        "slow": ["out of time", "done"],
        "last": ["done"],
    }
    last = {name: rest for name, *rest in said}
    assert (last["good"][0], last["bad"][1], last["large"][0], last["last"][0]) == (
        "good\n",
        "bad\n",
        "fits\n",
        "last\n",
    )
    assert 0.3 <= last["last"][2] < 5
    assert last["large"][3] > 190 << 20 > last["last"][3]
    assert all(node.startswith("n") for *_, node in said)


def test_how_many_are_packed_is_learnt_from_earlier_runs(url, ask, box):
    def run(number):
        commands = {f"task_{task}": "sleep 0.05" for task in range(100)}
        assert workflow_of(url, commands, args=f"run {number}", resources={"pack": "auto"}).run() == "D"
        names = ask(
            "SELECT distributor_id FROM task_instance JOIN workflow_run ON workflow_run.id = workflow_run_id "
            f"JOIN workflow ON workflow.id = workflow_id WHERE workflow_args = 'run {number}'"
        )
        return len({name.partition("#")[0] for (name,) in names})

    assert run(1) == 50  # two in each, since nothing is known
    assert run(2) <= 10


# --- live limits --------------------------------------------------------------------------------------------------


def test_limits_are_heeded_while_it_runs_and_are_slurms_own(url, ask, box):
    commands = {f"task_{number}": "sleep 1.5" for number in range(60)}
    workflow = workflow_of(url, commands)
    workflow.bind()
    workflow.set_task_template_max_concurrency_limit("shell", 3)
    same = workflow_of(url, commands).bind()

    def runs():
        return len(box.command("squeue", "-h", "-t", "R", "-o", "%i").split())

    def throttles():
        shown = box.command("scontrol", "show", "job", "-o").splitlines()
        return {word for line in shown for word in line.split() if word.startswith("ArrayTaskThrottle=")}

    with running(workflow) as status:
        until(lambda: runs() == 3)
        at_first = throttles()
        most = max(runs() for _ in range(20) if not time.sleep(0.1))
        same.set_task_template_max_concurrency_limit("shell", 8)
        until(lambda: runs() > 3)
        until(lambda: "ArrayTaskThrottle=8" in throttles())
        same.set_task_template_max_concurrency_limit("shell", 0)
        until(lambda: runs() == 0)
        time.sleep(3)
        paused = runs()
        done = ask("SELECT COUNT(*) FROM task WHERE status = 'D'")[0][0]
        same.set_task_template_max_concurrency_limit("shell", 50)

    assert status == ["D"]
    assert (at_first, most, paused) == ({"ArrayTaskThrottle=3"}, 3, 0)
    assert done < 60


# --- infrastructure -----------------------------------------------------------------------------------------------


def test_a_node_that_dies_costs_no_attempt_and_the_retry_goes_elsewhere(url, ask, box):
    commands = {"only": "[ $SLURMD_NODENAME != n1 ] || sleep 600"}
    workflow = workflow_of(url, commands, max_attempts=1)
    for node in ("n2", "n3", "n4"):
        box.drain(node)

    with running(workflow) as status:
        until(lambda: ask("SELECT 1 FROM task_instance WHERE status = 'R'"))
        for node in ("n2", "n3", "n4"):
            box.resume(node)
        box.down("n1")

    assert status == ["D"]
    assert verdicts(ask) == {"only": ["node failed", "done"]}
    assert ask("SELECT num_attempts FROM task") == [(1,)]
