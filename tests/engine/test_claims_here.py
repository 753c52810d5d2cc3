"""Processes that say where they are, and whether they are gone."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from jobmon_airflow.engine import claims

NOW = datetime(2024, 2, 29, tzinfo=UTC)


def process(number: int) -> str:
    return claims.here().replace(str(os.getpid()), str(number))


def ended() -> subprocess.Popen[bytes]:
    """A process that has ended, and that nobody has asked about yet."""
    child = subprocess.Popen([sys.executable, "-S", "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    return child


def test_this_process_is_here_and_not_gone() -> None:
    assert claims.here().endswith(f", process {os.getpid()}")
    assert not claims.is_gone(claims.here())


def test_a_process_that_has_ended_is_gone_even_if_nobody_has_asked_how() -> None:
    child = ended()
    assert claims.is_gone(process(child.pid))

    child.wait()
    assert claims.is_gone(process(child.pid))


@pytest.mark.parametrize(
    "said", [None, "", "nonsense", "elsewhere, process 999999999", "elsewhere pid:[1], process 1"]
)
def test_nobody_knows_whether_a_process_of_another_machine_is_gone(said: str | None) -> None:
    assert not claims.is_gone(said)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_a_process_of_another_user_lives_although_it_may_not_be_looked_at() -> None:
    program = (
        "import os; from jobmon_airflow.engine import claims; os.setuid(65534); "
        f"print(claims.is_gone({claims.here()!r}))"
    )

    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "False"


def test_a_run_has_a_controller_as_long_as_it_is_heard_of_and_its_process_lives() -> None:
    child = ended()
    child.wait()

    def run(controller: str | None, heard_until: datetime | None) -> SimpleNamespace:
        return SimpleNamespace(controller=controller, heartbeat_date=heard_until)

    assert claims.has_controller(run(claims.here(), NOW), NOW)
    assert claims.has_controller(run("elsewhere, process 1", NOW), NOW)
    assert not claims.has_controller(run(process(child.pid), NOW + timedelta(hours=1)), NOW)
    assert not claims.has_controller(run(claims.here(), NOW - timedelta(seconds=1)), NOW)
    assert not claims.has_controller(run(claims.here(), None), NOW)
