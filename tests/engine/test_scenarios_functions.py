"""Functions that say what a task asks for, when it is about to run."""

from __future__ import annotations

import pytest

from jobmon_airflow.errors import InvalidDefinition
from jobmon_airflow.testing import SimulatedClock, SimulatedCluster
from tests.engine.simulated import (
    attempts,
    drawn,
    errors,
    pass_by,
    session,
    simulate,
    statuses,
    tries,
)


class Recipe:
    """A function for resources that notes when it was asked."""

    def __init__(self, clock, answer):
        self.asked_at = []
        self._clock = clock
        self._answer = answer
        self.__module__, self.__qualname__ = "recipes", "measured"

    def __call__(self):
        self.asked_at.append(self._clock.monotonic())
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer() if callable(self._answer) else self._answer


def test_the_function_is_asked_once_when_the_task_is_ready_and_not_before(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=60, fail_first={"b": 1})
    recipe = Recipe(clock, {"memory": "7G"})
    workflow = drawn("a>b>c", url, each={"b": {"compute_resources": recipe}})

    assert recipe.asked_at == []
    assert simulate(workflow, cluster, clock).status == "D"

    assert recipe.asked_at == [60]
    assert [str(asked.memory) for asked in cluster.requests["b"]] == ["7G", "7G"]
    assert [asked.memory for asked in cluster.requests["a"] + cluster.requests["c"]] == [None, None]
    assert tries(workflow) == {"a": "D", "b": "ED", "c": "D"}


def test_the_function_may_read_what_an_upstream_wrote(url, tmp_path):
    clock = SimulatedClock()
    written = tmp_path / "rows.txt"

    def write(attempt, _):
        if attempt.name == "a":
            written.write_text("12")
        return 60

    def rows_as_gibibytes():
        return {"memory": f"{written.read_text()}G"}

    cluster = SimulatedCluster(clock, takes=write)
    workflow = drawn("a>b", url, each={"b": {"compute_resources_callable": rows_as_gibibytes}})

    assert simulate(workflow, cluster, clock).status == "D"

    assert [str(asked.memory) for asked in cluster.requests["b"]] == ["12G"]


def test_the_function_may_say_everything_and_what_it_does_not_say_stays(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock)
    everything = {"memory": "3G", "runtime": "2h", "cores": 4, "queue": "long.q", "project": "proj_x"}
    workflow = drawn(
        "a b c",
        url,
        of_workflow={"default_compute_resources_set": {"multiprocess": {"memory": "1G", "queue": "all.q"}}},
        each={
            "a": {"compute_resources": lambda: everything},
            "b": {"compute_resources": lambda: {"runtime": "5m"}},
        },
    )

    assert simulate(workflow, cluster, clock).status == "D"

    (a,), (b,), (c,) = (cluster.requests[letter] for letter in "abc")
    assert (str(a.memory), str(a.runtime), a.cores, a.queue) == ("3G", "2h", 4, "long.q")
    assert a.extra == {"project": "proj_x"}
    assert (str(b.memory), str(b.runtime), b.queue) == ("1G", "5m", "all.q")
    assert (str(c.memory), c.runtime, c.queue) == ("1G", None, "all.q")


def test_what_the_function_said_grows_like_any_other_request(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, needs_memory={"a": "80G"})
    recipe = Recipe(clock, {"memory": "40G"})
    workflow = drawn("a", url, each={"a": {"compute_resources": recipe}})

    assert simulate(workflow, cluster, clock).status == "D"

    assert [str(asked.memory) for asked in cluster.requests["a"]] == ["40G", "60G", "90G"]
    assert len(recipe.asked_at) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (FileNotFoundError("no such file: 'rows.txt'"), ["Traceback", "FileNotFoundError: no such file"]),
        ("4G", ["The function for the resources of task", "returned '4G'", "Let it return a dictionary"]),
        (None, ["returned None"]),
        ({"memory": "a lot"}, ["a lot"]),
        ({"memory": lambda: 4}, ["memory"]),
    ],
    ids=["raises", "text", "nothing", "no size", "nonsense"],
)
def test_a_function_that_fails_is_the_failure_of_its_task_and_not_of_the_run(url, answer, words):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=60)
    recipe = Recipe(clock, lambda: answer)
    if isinstance(answer, Exception):
        recipe = Recipe(clock, answer)
    workflow = drawn("a>b>c a>d>e", url, each={"b": {"compute_resources": recipe}})

    assert simulate(workflow, cluster, clock).status == "E"

    assert statuses(workflow) == {"a": "D", "b": "F", "c": "G", "d": "D", "e": "D"}
    assert cluster.attempts == {"a": 1, "d": 1, "e": 1}
    assert len(recipe.asked_at) == 1
    assert [row.verdict for row in attempts(workflow, "b")] == ["no request"]
    said = errors(workflow, "b")
    assert [word for word in ["The function for its resources failed", *words] if word not in said] == []


def test_a_resume_asks_the_function_again_because_its_inputs_may_be_others(url):
    clock = SimulatedClock()
    answers = iter([{"memory": "1G"}, {"memory": "2G"}])
    recipe = Recipe(clock, lambda: next(answers))
    cluster = SimulatedCluster(clock, fail_first={"a": 1})
    workflow = drawn("a", url, max_attempts=1, each={"a": {"compute_resources": recipe}})
    simulate(workflow, cluster, clock)
    pass_by(clock, 60)

    assert simulate(workflow, cluster, clock, resume=True).status == "D"

    assert [str(asked.memory) for asked in cluster.requests["a"]] == ["1G", "2G"]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"compute_resources": dict}, "the function builtins.dict for its resources"),
        (
            {"resource_scales": {"memory": lambda old: old}},
            "the functions in its resource_scales, .*<lambda>",
        ),
    ],
    ids=["resources", "scales"],
)
def test_functions_are_not_stored_so_a_resume_by_id_says_which_it_needs_and_what_to_do(url, settings, named):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, fail_first={"a": 1, "b": 1})
    workflow = drawn("a b", url, max_attempts=1, each={"a": settings})
    simulate(workflow, cluster, clock)

    with pytest.raises(InvalidDefinition, match=f"needs {named}") as refusal:
        clock.run(session(workflow, cluster, clock, by_id=True, resume=True).run())

    assert "Run the script that defines the workflow again" in refusal.value.remedy
    assert cluster.attempts == {"a": 1, "b": 1}
    assert simulate(workflow, cluster, clock, resume=True).status == "D"


def test_a_resume_by_id_needs_no_function_of_a_task_that_is_done(url):
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, fail_first={"b": 1})
    workflow = drawn("a b", url, max_attempts=1, each={"a": {"compute_resources": dict}})
    simulate(workflow, cluster, clock)

    assert simulate(workflow, cluster, clock, by_id=True, resume=True).status == "D"

    assert cluster.attempts == {"a": 1, "b": 2}
