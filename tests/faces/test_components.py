"""Every component of Airflow loads the plugin, and none of them loads a page of it before it is asked for."""

from __future__ import annotations

import re

import httpx
import pytest

from jobmon_airflow.testing.airflow_home import AirflowHome
from jobmon_airflow.testing.local_airflow import LocalAirflow

pytestmark = [pytest.mark.long, pytest.mark.airflow]

# Imported by the plugin, which itself is imported in a way that Python does not write down.
PLUGIN = "jobmon_airflow.operators.links"
PAGES = "jobmon_airflow.web"
STORE = "jobmon_airflow.store"


class Talkative(AirflowHome):
    """An Airflow whose processes write down each module that they import."""

    def environment(self):
        return super().environment() | {"PYTHONPROFILEIMPORTTIME": "1"}


def imported(home, component):
    [log] = [file for file in home.logs.iterdir() if file.name.startswith(component)]
    # A triggerer repeats what its runner says as a line of its own log.
    line = re.compile(r"import time: [^|]*\|[^|]*\|\s+([\w.]+)(?: +\[task\.stderr\])?$", re.MULTILINE)
    return set(line.findall(log.read_text(errors="replace")))


@pytest.fixture(scope="module")
def airflow(tmp_path_factory):
    home = Talkative(tmp_path_factory.mktemp("talkative"))
    home.configure()
    home.cli("db", "migrate")
    with LocalAirflow(home) as airflow:
        yield airflow


@pytest.mark.parametrize("component", ["scheduler", "dag-processor", "triggerer"])
def test_a_component_has_the_plugin_and_nothing_of_its_pages(airflow, component):
    airflow.wait_for(lambda: PLUGIN in imported(airflow.home, component), within=60)

    assert modules_of(airflow, component, PAGES) == set()


def test_the_api_server_loads_them_when_they_are_asked_for(airflow):
    assert PLUGIN in imported(airflow.home, "api-server")
    # The others load what the processes need that they fork; this one runs no tasks.
    assert modules_of(airflow, "api-server", PAGES, STORE) == set()

    assert httpx.get(f"{airflow.home.url}/jobmon/", trust_env=False, timeout=60).status_code == 401

    assert f"{PAGES}.app" in imported(airflow.home, "api-server")


def modules_of(airflow, component, *packages):
    return {name for name in imported(airflow.home, component) if name.startswith(packages)}
