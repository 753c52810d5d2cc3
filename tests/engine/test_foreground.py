"""``workflow.run()`` where a script does more than run it, and workflows that go on without their script."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from jobmon_airflow import Tool, task_generator
from jobmon_airflow.cli.console import main
from jobmon_airflow.client import registry
from jobmon_airflow.engine.foreground import in_main_thread
from jobmon_airflow.errors import RunInsideTask
from jobmon_airflow.store import attributes, error_logs
from tests.engine.real import commanded, eventually
from tests.engine.scripts import Script
from tests.engine.simulated import run_statuses, statuses, tries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# --- beside a run ---------------------------------------------------------------------------------------------


def test_a_run_handles_signals_and_leaves_their_handlers_as_they_were(
    url: str,
) -> None:
    before = {number: signal.getsignal(number) for number in HEARD}
    during: dict[signal.Signals, object] = {}

    def look() -> dict[str, object]:
        during.update({number: signal.getsignal(number) for number in HEARD})
        return {}

    assert commanded(url, {"a": "echo a"}, compute_resources=look).run() == "D"
    assert commanded(url, {"a": "exit 1"}, args="fails", max_attempts=1).run() == "E"

    assert {number: signal.getsignal(number) for number in HEARD} == before
    assert all(during[number] is not before[number] for number in HEARD if before[number] != signal.SIG_IGN)


def test_a_signal_that_the_script_handles_itself_reaches_it_when_all_is_written(
    url: str, tmp_path: Path
) -> None:
    came: list[str] = []
    workflow = commanded(url, {"a": f"touch {tmp_path}/begun; sleep 60"})
    before = signal.signal(signal.SIGTERM, lambda *_: came.append(run_statuses(workflow)))
    try:
        with _when(tmp_path / "begun", lambda: os.kill(os.getpid(), signal.SIGTERM)):
            assert workflow.run() == "S"
    finally:
        signal.signal(signal.SIGTERM, before)

    assert came == ["S"]
    assert statuses(workflow) == {"a": "G"}


def test_a_workflow_runs_in_a_thread_which_hears_no_signals(url: str) -> None:
    workflow = commanded(url, {"a": "echo a", "b": "echo b"}, "a>b")
    before = {number: signal.getsignal(number) for number in HEARD}
    ended: list[str] = []

    thread = threading.Thread(target=lambda: ended.append(workflow.run()))
    thread.start()
    during = {number: signal.getsignal(number) for number in HEARD}
    thread.join()

    assert ended == ["D"]
    assert during == before


def test_what_no_other_thread_may_call_is_called_in_the_main_thread_while_a_workflow_runs(url: str) -> None:
    called_in: list[threading.Thread] = []

    def look() -> dict[str, int]:
        called_in.append(threading.current_thread())
        return {"cores": len(called_in)}

    def fail() -> None:
        raise ZeroDivisionError

    functions = {"a": lambda: in_main_thread(look), "b": lambda: in_main_thread(fail), "c": look}
    commands = {name: f"echo {name}" for name in functions}
    each = {name: {"compute_resources": function} for name, function in functions.items()}
    workflow = commanded(url, commands, each=each, max_attempts=1)

    assert workflow.run() == "E"

    assert called_in.count(threading.main_thread()) == 1
    assert statuses(workflow) == {"a": "D", "b": "F", "c": "D"}
    assert in_main_thread(look) == {"cores": 3}


def test_a_workflow_runs_where_an_event_loop_runs_already_as_in_a_notebook(url: str) -> None:
    workflow = commanded(url, {"a": "echo a", "b": "echo b"}, "a>b")

    async def cell() -> str:
        return workflow.run()

    assert asyncio.run(cell()) == "D"


def test_two_workflows_run_at_a_time_in_two_threads(url: str) -> None:
    workflows = [commanded(url, {"a": "echo a", "b": "echo b"}, "a>b", args=args) for args in ("v1", "v2")]
    threads = [threading.Thread(target=workflow.run) for workflow in workflows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [run_statuses(workflow) for workflow in workflows] == ["D", "D"]


def test_an_error_within_a_run_reaches_the_script_and_the_run_ends(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jobmon_airflow.engine.engine import Engine

    async def fails(*_: object) -> None:
        raise ZeroDivisionError

    workflow = commanded(url, {"a": "echo a"})
    with monkeypatch.context() as patched:
        patched.setattr(Engine, "_take_turn", fails)
        with pytest.raises(ZeroDivisionError):
            workflow.run()

    assert run_statuses(workflow) == "E"
    assert workflow.run(resume=True) == "D"


@contextmanager
def _when(file: Path, act: Callable[[], object]) -> Iterator[None]:
    """Do something in another thread as soon as there is a file."""
    thread = threading.Thread(target=lambda: eventually(file.exists) and act())
    thread.start()
    try:
        yield
    finally:
        thread.join()


# --- what is shown --------------------------------------------------------------------------------------------


def test_who_reads_a_log_is_told_lines_of_how_far_it_is(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="jobmon_airflow.progress"):
        commanded(url, {"a": "echo a", "b": "echo b"}, "a>b").run()

    lines = [record.getMessage() for record in caplog.records if record.name == "jobmon_airflow.progress"]
    assert lines[0].startswith("workflow 1, run 1: 0 of 2 done (0 %)")
    assert lines[-1].startswith("workflow 1, run 1: ended after ")
    assert lines[-1].endswith(": 2 of 2 done (100 %)")


def test_a_script_whose_output_goes_to_a_file_writes_plain_lines_and_its_own_words(
    url: str, tmp_path: Path
) -> None:
    script = Script(
        """\
from jobmon_airflow import Tool

tool = Tool("story")
shell = tool.get_task_template("shell", "{command}", node_args=["command"])
workflow = tool.create_workflow("story", default_cluster_name="multiprocess")
workflow.add_tasks(shell.create_tasks(command=["echo well", "echo badly >&2; exit 7"], max_attempts=1))
print("status:", workflow.run())
""",
        tmp_path,
        url,
    )
    ran = script.run()

    assert (ran.returncode, ran.stdout) == (0, "status: E\n"), ran.stderr
    assert "\x1b" not in ran.stderr
    assert "workflow 1, run 1: 0 of 2 done (0 %)" in ran.stderr
    assert "workflow 1, run 1: ended after " in ran.stderr
    assert "1 task of 2 failed for good, 1 is done." in ran.stderr
    assert "| badly" in ran.stderr
    assert "workflow.run(resume=True)" in ran.stderr
    script.close()


# --- functions that are tasks ---------------------------------------------------------------------------------


@task_generator(tool_name="functions", default_cluster_name="multiprocess")
def note(where: str, years: list[int], label: str = "it's é") -> None:
    """Write what was given, and say how much it was."""
    from pathlib import Path

    from jobmon_airflow import add_task_attributes

    Path(where).write_text(f"{years!r} {label!r}", encoding="utf-8")
    add_task_attributes({"years": len(years)})


def test_a_function_runs_as_a_task_with_what_it_was_given_and_notes_facts_about_itself(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOBMON__DB__SQLALCHEMY_DATABASE_URI", url)
    workflow = Tool("functions").create_workflow("functions")
    [task] = note.create_tasks(where=str(tmp_path / "note"), years=[[1990, 2020]])
    workflow.add_task(task)

    assert workflow.run() == "D", workflow.task_errors

    assert (tmp_path / "note").read_text(encoding="utf-8") == '[1990, 2020] "it\'s é"'
    with registry.database(url).read() as connection:
        assert task.task_id is not None
        assert attributes.read(connection, "task", task.task_id) == {"years": "2"}


GENERATES = """\
from jobmon_airflow import Tool, task_generator


@task_generator(tool_name="story", default_cluster_name="multiprocess", max_attempts=1)
def greet(who: str) -> None:
    print(f"hello {{who}}")


{guard}
    workflow = Tool("story").create_workflow("story")
    workflow.add_tasks(greet.create_tasks(who=["you", "me"]))
    print(workflow.run())
"""


def test_the_functions_of_a_script_run_as_tasks_and_its_main_part_does_not(url: str, tmp_path: Path) -> None:
    script = Script(GENERATES.format(guard='if __name__ == "__main__":'), tmp_path, url)
    ran = script.run()

    assert ran.stdout == "D\n", ran.stderr
    script.close()


def test_a_script_without_a_main_part_is_told_so_by_its_tasks(url: str, tmp_path: Path) -> None:
    script = Script(GENERATES.format(guard="if True:"), tmp_path, url)
    ran = script.run()

    assert ran.stdout == "E\n", ran.stderr
    assert RunInsideTask.__name__ in ran.stderr
    with registry.database(url).read() as connection:
        told = error_logs.of_workflow(connection, 1, None)
    assert len(told) == 2
    for text in told:
        assert "The module 'script' runs a workflow while it is imported for one of its own tasks." in str(
            text.description
        )
        assert "if __name__ == '__main__':" in str(text.description)
    script.close()


# --- without the script ---------------------------------------------------------------------------------------


def test_a_workflow_goes_on_by_its_id_alone(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = {"a": "echo a", "b": f"test -e {tmp_path}/go", "c": "echo c"}
    workflow = commanded(url, commands, "a>b>c", max_attempts=1)
    assert workflow.run() == "E"
    capsys.readouterr()
    resume = ["workflow", "resume", str(workflow.workflow_id), "--database", url]

    assert main(resume) == 1
    failed = capsys.readouterr()
    (tmp_path / "go").touch()
    assert main(resume) == 0

    assert failed.out == f"workflow {workflow.workflow_id}: ERROR (E)\n"
    assert f"jobmon workflow resume {workflow.workflow_id}" in failed.err
    assert capsys.readouterr().out == f"workflow {workflow.workflow_id}: DONE (D)\n"
    assert tries(workflow) == {"a": "D", "b": "EED", "c": "D"}
    assert run_statuses(workflow) == "EED"


def test_what_cannot_be_resumed_by_its_id_is_told_with_a_remedy(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    needy = commanded(url, {"a": "echo a"}, compute_resources=lambda: {"cores": 1}).bind()

    assert main(["workflow", "resume", "17", "--database", url]) == 2
    assert capsys.readouterr().err == (
        "There is no workflow 17 in this database.\nAsk `jobmon db address` which database is meant.\n"
    )
    assert main(["workflow", "resume", str(needy.workflow_id), "--database", url]) == 2
    assert "functions are not stored.\nRun the script" in capsys.readouterr().err
    assert needy.run(resume=True) == "D"
    assert main(["workflow", "resume", str(needy.workflow_id), "--database", url]) == 2
    assert "nothing is left to run" in capsys.readouterr().err


def test_the_command_line_of_the_engine_is_a_program(url: str, tmp_path: Path) -> None:
    workflow = commanded(url, {"a": "echo a"}).bind()
    command = [sys.executable, "-m", "jobmon_airflow", "workflow", "resume", str(workflow.workflow_id)]
    ran = subprocess.run([*command, "--database", url], capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stdout) == (0, f"workflow {workflow.workflow_id}: DONE (D)\n"), ran.stderr
    assert run_statuses(workflow) == "D"
