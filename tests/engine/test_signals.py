"""Scripts that run a workflow, and are told to end while they do."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from jobmon_airflow.cli.console import main
from jobmon_airflow.client import registry
from jobmon_airflow.store import workflow_runs
from tests.engine.real import PATIENCE, eventually
from tests.engine.scripts import SLOW, Script

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine.scripts import Terminal

ASKS = "Are you sure you want to exit (y/n)?"


@pytest.fixture
def script(url: str, tmp_path: Path) -> Iterator[Script]:
    script = Script(SLOW, tmp_path, url)
    yield script
    script.close()


@pytest.fixture
def terminal(script: Script) -> Iterator[Terminal]:
    """One in which the slow task runs."""
    terminal = script.start_in_terminal()
    assert script.has_begun(), terminal.said
    yield terminal
    terminal.hang_up()


@pytest.fixture
def patient_cluster(url: str) -> None:
    """Let commands have longer to end than anybody waits here."""
    statement = text("UPDATE cluster SET connection_parameters = :how WHERE name = 'multiprocess'")
    registry.database(url).write(lambda it: it.execute(statement, {"how": json.dumps({"grace": 1000})}))


def runs(url: str) -> str:
    """The statuses of the workflow's runs, oldest first."""
    with registry.database(url).read() as connection:
        return "".join(run.status for run in workflow_runs.of_workflow(connection, 1))


def attempts(url: str) -> list[str]:
    """The statuses of all attempts, oldest first, each behind its task's name."""
    query = text(
        "SELECT task.name, task_instance.status FROM task_instance JOIN task ON task.id = task_id "
        "ORDER BY task_instance.id"
    )
    with registry.database(url).read() as connection:
        return [f"{name} {status}" for name, status in connection.execute(query)]


def forget_the_controller(url: str) -> None:
    """Let the time go by after which a silent controller counts as gone."""
    statement = text("UPDATE workflow_run SET heartbeat_date = '2000-01-01 00:00:00.000000'")
    registry.database(url).write(lambda it: it.execute(statement))


def be_elsewhere(url: str) -> None:
    """Let the runs' controllers be processes of another machine."""
    statement = text("UPDATE workflow_run SET controller = 'another-machine, process 1'")
    registry.database(url).write(lambda it: it.execute(statement))


# --- with nobody at a terminal --------------------------------------------------------------------------------


def test_an_interrupt_stops_the_run_and_the_script_goes_on_and_a_second_one_finishes_the_work(
    url: str, script: Script
) -> None:
    process = script.start()
    assert script.has_begun()
    process.send_signal(signal.SIGINT)
    said, told = process.communicate(timeout=PATIENCE)

    assert (process.returncode, said) == (0, "it ended S, and the script goes on\n"), told
    assert ASKS not in told
    assert "1 of 2 is done, 1 is left." in told
    assert "workflow.run(resume=True)" in told
    assert script.left() == set()
    assert (runs(url), attempts(url)) == ("S", ["quick D", "slow F"])

    script.may_end()
    second = script.run("resume")

    assert (second.returncode, second.stdout) == (0, "it ended D, and the script goes on\n"), second.stderr
    assert (runs(url), attempts(url)) == ("SD", ["quick D", "slow F", "slow D"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_processes_ends_the_run_first(
    url: str, script: Script, number: signal.Signals
) -> None:
    process = script.start()
    assert script.has_begun()
    process.send_signal(number)
    said, told = process.communicate(timeout=PATIENCE)

    assert (process.returncode, said) == (-number, "")
    assert f"{number.name}: the run stops." in told
    assert script.left() == set()
    assert (runs(url), attempts(url)) == ("S", ["quick D", "slow F"])


def test_a_hangup_that_is_ignored_stays_ignored(url: str, script: Script) -> None:
    process = script.start(before=["nohup"])
    assert script.has_begun()
    process.send_signal(signal.SIGHUP)
    script.may_end()
    said, told = process.communicate(timeout=PATIENCE)

    assert (process.returncode, said) == (0, "it ended D, and the script goes on\n"), told
    assert runs(url) == "D"


def test_a_killed_script_leaves_no_process_and_its_workflow_can_be_resumed_at_once(
    url: str, script: Script
) -> None:
    process = script.start()
    assert script.has_begun()
    process.kill()
    process.communicate(timeout=PATIENCE)

    assert eventually(lambda: not script.left())
    assert runs(url) == "R"

    script.may_end()
    second = script.run("resume")

    assert second.stdout == "it ended D, and the script goes on\n", second.stderr
    assert runs(url) == "ED"
    assert attempts(url)[0] == "quick D"
    assert attempts(url)[2:] == ["slow D"]


def test_a_run_of_another_machine_gives_way_when_its_hold_has_run_out(
    url: str, script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    process = script.start()
    assert script.has_begun()
    process.kill()
    process.communicate(timeout=PATIENCE)
    be_elsewhere(url)  # from here, nobody sees whether that machine's process is gone

    script.may_end()
    assert main(["workflow", "resume", "1", "--database", url, "--resume-timeout", "0.1"]) == 2
    assert "did not give way within 0.1 seconds" in capsys.readouterr().err
    forget_the_controller(url)
    second = script.run("resume")

    assert second.stdout == "it ended D, and the script goes on\n", second.stderr
    assert runs(url) == "TD"


def test_runs_whose_controller_is_gone_are_reaped_and_nothing_else(
    url: str, script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    process = script.start()
    assert script.has_begun()
    assert main(["reap", "--database", url]) == 0
    assert capsys.readouterr().out == "runs that were ended: none\n"

    process.kill()
    forget_the_controller(url)
    assert main(["reap", "--database", url]) == 0

    assert capsys.readouterr().out == "runs that were ended: 1\n"
    assert runs(url) == "E"
    script.may_end()
    assert main(["workflow", "resume", "1", "--database", url]) == 0
    assert runs(url) == "ED"


def test_who_watches_for_runs_without_a_controller_ends_those_that_lose_it_later(
    url: str, script: Script
) -> None:
    process = script.start()
    assert script.has_begun()
    words = [sys.executable, "-m", "jobmon_airflow", "reap", "--watch", "0.3", "--database", url]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as reaper:
        try:
            assert reaper.stdout is not None
            assert reaper.stdout.readline() == "runs that were ended: none\n"
            process.kill()
            forget_the_controller(url)
            assert reaper.stdout.readline() == "runs that were ended: 1\n"
            reaper.send_signal(signal.SIGINT)
            assert reaper.wait(PATIENCE) == 130
        finally:
            reaper.kill()
    assert runs(url) == "E"


# --- with a person at a terminal ------------------------------------------------------------------------------


def test_who_presses_control_c_is_asked_and_may_think_better_of_it(
    url: str, script: Script, terminal: Terminal
) -> None:
    for _ in range(2):
        terminal.type("\x03")
        assert terminal.shows(ASKS)
        terminal.type("n\r")
        assert terminal.shows("so far")
    script.may_end()

    assert terminal.ends() == 0
    assert "it ended D" in terminal.said
    assert runs(url) == "D"


def test_who_presses_control_c_and_is_sure_stops_the_run(
    url: str, script: Script, terminal: Terminal
) -> None:
    terminal.type("\x03")
    assert terminal.shows(ASKS)
    terminal.type("y\r")

    assert terminal.ends() == 0
    assert "it ended S" in terminal.said
    assert script.left() == set()
    assert runs(url) == "S"


@pytest.mark.usefixtures("patient_cluster")
@pytest.mark.parametrize("answer", ["y\r", ""], ids=["after the answer", "at the question"])
def test_a_second_control_c_waits_for_nobody(url: str, script: Script, answer: str) -> None:
    terminal = script.start_in_terminal("deaf")
    assert script.has_begun(), terminal.said
    terminal.type("\x03")
    assert terminal.shows(ASKS)
    if answer:
        terminal.type(answer)
        assert terminal.shows("The run stops")
    terminal.type("\x03")

    assert terminal.ends() == 0
    assert "it ended S" in terminal.said
    assert script.left() == set()
    assert (runs(url), attempts(url)[0]) == ("S", "quick D")
    terminal.hang_up()


def test_who_is_asked_can_still_be_told_to_end(url: str, script: Script, terminal: Terminal) -> None:
    terminal.type("\x03")
    assert terminal.shows(ASKS)
    terminal.process.terminate()

    assert terminal.ends() == -signal.SIGTERM
    assert script.left() == set()
    assert runs(url) == "S"


@pytest.mark.parametrize("is_asked", [False, True], ids=["while it runs", "at the question"])
def test_a_terminal_that_is_closed_ends_the_run_first(
    url: str, script: Script, terminal: Terminal, *, is_asked: bool
) -> None:
    if is_asked:
        terminal.type("\x03")
        assert terminal.shows(ASKS)
    terminal.hang_up()

    assert terminal.ends() == -signal.SIGHUP
    assert script.left() == set()
    assert runs(url) == "S"


def test_a_person_sees_the_templates_and_how_far_they_are(script: Script, terminal: Terminal) -> None:
    assert terminal.shows("1/2")
    assert terminal.shows("workflow 1, run 1: 1 of 2 done (50 %), 1 active")
    script.may_end()

    assert terminal.ends() == 0
    assert "2/2" in terminal.said
    assert "workflow 1, run 1: 2 of 2 done (100 %)" in terminal.said
    assert "All 2 tasks are done." in terminal.said
