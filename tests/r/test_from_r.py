"""What R asks of Python, asked without R."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from jobmon_airflow import Tool, from_r

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def handler() -> Iterator[Any]:
    """That of whoever has SIGINT before."""
    before = signal.getsignal(signal.SIGINT)
    yield before
    signal.signal(signal.SIGINT, before)


def test_a_call_tells_its_value_and_reads_what_is_no_method() -> None:
    tool = Tool("calls")
    made = from_r.call(tool, "get_task_template", {"template_name": "t", "command_template": "run {a}"})
    task = from_r.call(made["value"], "create_task", {"a": 7.0})["value"]

    assert from_r.call(task, "command") == {"value": "run 7"}
    assert from_r.call(tool, "name", []) == {"value": "calls"}  # as R's empty lists arrive


def test_what_goes_wrong_is_told_with_its_kinds_and_a_remedy_in_r() -> None:
    workflow = Tool("calls").create_workflow()

    told = from_r.call(workflow, "task_errors")

    assert told.keys() == {"kinds", "problem", "remedy"}
    assert told["kinds"][-1] == "JobmonError"
    assert "workflow$bind()" in told["remedy"]


def test_arguments_that_nobody_takes_are_told_with_those_that_there_are() -> None:
    told = from_r.call(Tool("calls"), "create_workflow", {"nmae": "x"})

    assert told["problem"] == "create_workflow has no argument nmae."
    assert told["remedy"].startswith("It takes workflow_args, name,")


def test_what_is_wrong_in_another_way_is_raised_as_it_is() -> None:
    with pytest.raises(FileNotFoundError):
        from_r.call(
            Tool("calls"),
            "set_default_compute_resources_from_yaml",
            {"default_cluster_name": "slurm", "yaml_file": "/nowhere.yaml"},
        )


def test_an_interrupt_reaches_python_in_a_call_and_not_beside_it(handler: Any) -> None:
    class Target:
        def interrupted(self) -> None:
            os.kill(os.getpid(), signal.SIGINT)

    mine: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: mine.append(number))
    of_r = from_r._handler(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        from_r.call(Target(), "interrupted")

    assert mine == []
    assert from_r._handler(signal.SIGINT) == of_r


def test_whoever_ignores_interrupts_goes_on_so(handler: Any) -> None:
    class Target:
        def interrupted(self) -> str:
            os.kill(os.getpid(), signal.SIGINT)
            return "done"

    signal.signal(signal.SIGINT, signal.SIG_IGN)

    assert from_r.call(Target(), "interrupted") == {"value": "done"}


def test_another_thread_than_rs_leaves_signals_alone() -> None:
    told: list[Any] = []
    thread = threading.Thread(target=lambda: told.append(from_r.call(Tool("calls"), "name")))
    thread.start()
    thread.join()

    assert told == [{"value": "calls"}]


def test_the_environment_is_rs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBMON_TEST_GONE", "x")
    monkeypatch.setenv("JOBMON_TEST_NEW", "")
    of_r = {name: value for name, value in os.environ.items() if name != "JOBMON_TEST_GONE"}

    from_r.take_environment({**of_r, "JOBMON_TEST_NEW": "y"})

    assert "JOBMON_TEST_GONE" not in os.environ
    assert os.environ["JOBMON_TEST_NEW"] == "y"
