"""`make demo`, as a person sees it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from jobmon_airflow.testing.airflow_api import AirflowApi
from jobmon_airflow.testing.airflow_home import AirflowHome
from jobmon_airflow.testing.airflow_processes import end_of_logs, kill_all, processes_of

ROOT = Path(__file__).parents[2]
READY_WITHIN = 240
PATIENCE = 120  #: seconds, on a machine that has other things to do


@pytest.mark.airflow
@pytest.mark.long
def test_the_demo_runs_the_example_and_stays_until_it_is_told_to_stop(tmp_path):
    home, said = AirflowHome(tmp_path / "demo"), tmp_path / "said"
    command = [sys.executable, ROOT / "scripts" / "demo.py", "--home", home.folder]
    try:
        with said.open("w") as out, subprocess.Popen(command, stdout=out, stderr=out) as demo:
            try:
                wait_until_it_stays(demo, said, home)
                again = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
                view = asked_with_the_login(said.read_text())
                demo.send_signal(signal.SIGTERM)
                demo.wait(PATIENCE)
            finally:
                demo.kill()  # or whoever leaves this block waits for it

        assert demo.returncode == 0
        assert processes_of(home) == []
    finally:
        kill_all(lambda: processes_of(home))

    assert "workflow 1 is DONE." in said.read_text()
    assert rows(said.read_text()) == [
        ["transform", "80", "0", "80"],
        ["aggregate", "10", "0", "10"],
        ["summarize", "5", "0", "5"],
        ["in all", "95", "0", "95"],
    ]
    assert view.is_success
    assert [each["name"] for each in view.json()["items"]] == ["three_phases"]
    assert again.returncode == 1
    assert again.stderr.startswith(f"A demo runs in {home.folder} already.\n")


def asked_with_the_login(text: str) -> httpx.Response:
    """What the view answers to the user that was printed."""
    address = re.search(r"The view: +(http://[\d.:]+)/plugin/jobmon", text)[1]
    user, password = re.search(r"Log in as: +(\w+), with the password (\S+)", text).groups()
    api = AirflowApi(address, user, password)
    try:
        token = api.log_in()
    finally:
        api.close()
    return httpx.get(
        f"{address}/jobmon/api/v1/workflows", headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE
    )


def wait_until_it_stays(demo: subprocess.Popen, said: Path, home: AirflowHome) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while "Ctrl-C stops all of it." not in said.read_text():
        if demo.poll() is not None or time.monotonic() > deadline:
            demo.kill()
            pytest.fail(f"{said.read_text()}\n{end_of_logs(home)}")
        time.sleep(0.2)


def rows(text: str) -> list[list[str]]:
    """The cells of the table, whose borders are │."""
    return [
        [cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if line[0:1] == "│"
    ]
