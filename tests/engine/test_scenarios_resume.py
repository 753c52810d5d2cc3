"""Going on where a run ended."""

from __future__ import annotations

from itertools import pairwise

import pytest
from sqlalchemy import select, update

from jobmon_airflow.errors import WorkflowTimeout
from jobmon_airflow.states import TASK, WORKFLOW
from jobmon_airflow.store import tasks, workflows
from jobmon_airflow.store.schema import task
from jobmon_airflow.testing import SimulatedClock, SimulatedCluster
from tests.engine.simulated import (
    all_are,
    attempts,
    drawn,
    number,
    pass_by,
    run_statuses,
    session,
    simulate,
    statuses,
    story,
    tries,
    workflow_status,
)


def ordered(workflow, clock, letters, order):
    """Move tasks as a person orders it."""
    ids = [number(workflow, letter) for letter in letters]
    workflow.tool.database.write(lambda it: tasks.order(it, ids, TASK.orders[order], clock.now()))


def set_back(workflow, clock, letters):
    """Let these tasks, and with them a workflow that was done, wait again."""
    ordered(workflow, clock, letters, "set back")
    order = WORKFLOW.orders["set back"]
    workflow.tool.database.write(lambda it: workflows.order(it, [workflow.workflow_id], order, clock.now()))


# --- what is run again ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cold", [True, False])
def test_a_resume_runs_what_is_not_done_and_nothing_else(url, cold):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=60, fail_first={"c": 3})
    workflow = drawn("a>b>d a>c>d c>e f", url)
    assert simulate(workflow, cluster, clock).status == "E"
    assert statuses(workflow) == {"a": "D", "b": "D", "c": "F", "d": "G", "e": "G", "f": "D"}

    assert simulate(workflow, cluster, clock, resume=True, cold=cold).status == "D"

    assert statuses(workflow) == all_are("D", "abcdef")
    assert cluster.attempts == {"a": 1, "b": 1, "c": 4, "d": 1, "e": 1, "f": 1}
    assert (cluster.done_twice, cluster.overlapping) == (set(), set())
    assert (run_statuses(workflow), workflow_status(workflow)) == ("ED", "D")


def test_a_resume_gives_tasks_all_their_attempts_again(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=60, fail_first={"a": 3})
    workflow = drawn("a>b", url, max_attempts=2)
    simulate(workflow, cluster, clock)

    assert simulate(workflow, cluster, clock, resume=True).status == "D"

    assert tries(workflow) == {"a": "EEED", "b": "D"}
    assert story(workflow, "a") == "GIRGIRF" + "GIRGIRD"


def test_a_new_op_arg_takes_effect_in_the_same_workflow(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, exit_code=lambda attempt, _: int("broken" in attempt.command))
    before = drawn("a>b", url, flag="broken")
    assert simulate(before, cluster, clock).status == "E"

    now = drawn("a>b", url, flag="mended")
    assert simulate(now, cluster, clock, resume=True).status == "D"

    assert now.workflow_id == before.workflow_id
    commands = [attempt.command for batch in cluster.submitted for attempt in batch.attempts]
    assert commands == ["true a broken"] * 3 + ["true a mended", "true b mended"]


def test_what_is_done_keeps_the_command_that_it_was_done_with(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, fail_first={"b": 3})
    simulate(drawn("a>b", url, flag="old"), cluster, clock)

    workflow = drawn("a>b", url, flag="new")
    simulate(workflow, cluster, clock, resume=True)

    with workflow.tool.database.read() as connection:
        commands = connection.execute(select(task.c.command).order_by(task.c.id)).scalars().all()
    assert commands == ["true a old", "true b new"]


def test_a_task_that_a_person_marked_as_done_lets_its_downstreams_go(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, fail_first={"a": 99})
    workflow = drawn("a>b>c", url)
    simulate(workflow, cluster, clock)
    ordered(workflow, clock, "a", "mark done")

    assert simulate(workflow, cluster, clock, resume=True).status == "D"

    assert cluster.attempts == {"a": 3, "b": 1, "c": 1}
    assert tries(workflow)["a"] == "EEE"


def test_a_task_that_a_person_set_back_is_run_again_with_its_downstreams(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock)
    workflow = drawn("a>b>c a>d", url)
    simulate(workflow, cluster, clock)
    set_back(workflow, clock, "bc")

    assert simulate(workflow, cluster, clock, resume=True).status == "D"

    assert cluster.attempts == {"a": 1, "b": 2, "c": 2, "d": 1}
    assert [start.task for start in cluster.starts][-2:] == ["b", "c"]


def test_a_resume_that_finds_everything_done_has_nothing_to_do(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, fail_first={"b": 99})
    workflow = drawn("a>b", url)
    simulate(workflow, cluster, clock)
    ordered(workflow, clock, "b", "mark done")

    assert simulate(workflow, cluster, clock, resume=True).status == "D"

    assert cluster.attempts == {"a": 1, "b": 3}
    assert workflow_status(workflow) == "D"


# --- what still runs ------------------------------------------------------------------------------------------


def left_running(url, *, grace=0, picture="a>b>c a>d", **settings):
    """A workflow whose run ended after 150 seconds, with b and d on the cluster."""
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100, grace=grace)
    workflow = drawn(picture, url, **settings)
    with pytest.raises(WorkflowTimeout):
        simulate(workflow, cluster, clock, timeout=150)
    assert sorted(cluster.running) == ["b", "d"]
    return clock, cluster, workflow


def test_a_hot_resume_takes_over_what_runs(url):
    clock, cluster, workflow = left_running(url)
    pass_by(clock, 20)

    assert simulate(workflow, cluster, clock, resume=True, cold=False).status == "D"

    assert clock.monotonic() == 300
    assert cluster.attempts == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert tries(workflow) == all_are("D", "abcd")
    assert (cluster.done_twice, cluster.overlapping) == (set(), set())


def test_a_hot_resume_learns_how_those_ended_that_nobody_watched(url):
    clock, cluster, workflow = left_running(url)
    pass_by(clock, 5000)

    assert simulate(workflow, cluster, clock, resume=True, cold=False).status == "D"

    assert clock.monotonic() == 5250
    assert tries(workflow) == all_are("D", "abcd")
    assert cluster.attempts == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert [row.wallclock for row in attempts(workflow, "b")] == [100]


def test_a_task_that_failed_while_nobody_watched_is_tried_again_once(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100, fail_first={"a": 1, "b": 1})
    workflow = drawn("a>c b>c", url)
    with pytest.raises(WorkflowTimeout):
        simulate(workflow, cluster, clock, timeout=50)
    pass_by(clock, 5000)

    assert simulate(workflow, cluster, clock, resume=True, cold=False).status == "D"

    assert cluster.attempts == {"a": 2, "b": 2, "c": 1}
    assert tries(workflow) == {"a": "ED", "b": "ED", "c": "D"}
    assert cluster.overlapping == set()


def test_a_cold_resume_ends_first_what_runs_and_begins_it_again(url):
    clock, cluster, workflow = left_running(url, grace=30)

    assert simulate(workflow, cluster, clock, resume=True).status == "D"

    assert clock.monotonic() == 150 + 30 + 200
    assert cluster.attempts == {"a": 1, "b": 2, "c": 1, "d": 2}
    assert tries(workflow) == {"a": "D", "b": "FD", "c": "D", "d": "FD"}
    assert (cluster.done_twice, cluster.overlapping) == (set(), set())
    assert story(workflow, "b") == "GIRGIRD"


def test_a_cold_resume_does_not_run_again_what_ended_well_while_nobody_watched(url):
    clock, cluster, workflow = left_running(url)
    pass_by(clock, 5000)

    assert simulate(workflow, cluster, clock, resume=True).status == "D"

    assert tries(workflow) == all_are("D", "abcd")
    assert cluster.done_twice == set()


def test_an_attempt_that_was_taken_over_still_counts_against_its_task(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=100, fail_first={"a": 99})
    workflow = drawn("a>b", url, max_attempts=2)
    with pytest.raises(WorkflowTimeout):
        simulate(workflow, cluster, clock, timeout=50)

    assert simulate(workflow, cluster, clock, resume=True, cold=False).status == "E"

    assert tries(workflow) == {"a": "EE"}
    assert statuses(workflow) == {"a": "F", "b": "G"}


def test_jobs_on_two_clusters_are_taken_over_on_both(url):
    clock = SimulatedClock()
    here, there = SimulatedCluster(clock, takes=100), SimulatedCluster(clock, takes=100)
    workflow = drawn("a>c b>c", url, each={"b": {"cluster_name": "sequential"}})
    with pytest.raises(WorkflowTimeout):
        simulate(workflow, here, clock, others={"sequential": there}, timeout=50)

    again = session(workflow, here, clock, others={"sequential": there}, resume=True, cold=False)
    assert clock.run(again.run()).status == "D"

    assert (here.attempts, there.attempts) == ({"a": 1, "c": 1}, {"b": 1})
    assert clock.monotonic() == 200


# --- ids ------------------------------------------------------------------------------------------------------


def test_ids_that_cross_a_power_of_ten_keep_their_order(url):
    clock = SimulatedClock()
    before = drawn("x", url, args="before")
    before.tool.database.write(lambda it: it.execute(update(task).values(id=9_700)))
    workflow = _lanes(url, lanes=53, length=17)
    ids = sorted(each.task_id for each in workflow.tasks)
    assert (ids[0], ids[-1]) == (9_701, 10_601)
    cluster = SimulatedCluster(clock, takes=10)
    with pytest.raises(WorkflowTimeout):
        simulate(workflow, cluster, clock, timeout=85)

    assert simulate(workflow, cluster, clock, resume=True, cold=False).status == "D"

    assert set(statuses(workflow).values()) == {"D"}
    assert set(cluster.attempts.values()) == {1}
    began = {start.task: start.at for start in cluster.starts}
    ended = {end.task: end.at for end in cluster.ends}
    lanes = [[f"t{lane}_{step}" for step in range(17)] for lane in range(53)]
    assert all(ended[one] <= began[other] for lane in lanes for one, other in pairwise(lane))


def _lanes(url, *, lanes, length):
    """Chains side by side: the tasks of each are as far apart as can be."""
    workflow = drawn("a", url, args="lanes", bind=False)
    (first,) = workflow.tasks
    template = first._version.task_template
    workflow = workflow.tool.create_workflow(workflow_args="lanes", default_cluster_name="multiprocess")
    made = {
        (lane, step): template.create_task(name=f"t{lane}_{step}", letter=f"{lane}_{step}", flag="once")
        for step in range(length)
        for lane in range(lanes)
    }
    workflow.add_tasks(made.values())
    for (lane, step), each in made.items():
        if step:
            made[lane, step - 1].add_downstream(each)
    return workflow.bind()
