"""What the pages tell to type into an Airflow, typed as printed, with a metadata database and a folder of DAGs."""

from __future__ import annotations

import json

import pytest

from tests.docs import running
from tests.docs.pages import ROOT, blocks

pytestmark = pytest.mark.long
HERE = "tests/docs/test_in_airflow.py"
STARTED, AIRFLOW, SLURM = (ROOT / "docs" / f"{name}.md" for name in ("getting-started", "airflow", "slurm"))


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The folder of an Airflow without examples and without processes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    (tmp_path / "dags").mkdir()
    return tmp_path


def tried_here(page, kind):
    return [block.text for block in blocks(page) if block.tried_by == HERE and block.kind == kind]


def test_the_first_dag_file_runs_in_a_terminal(home):
    [file] = tried_here(STARTED, "python")
    (home / "dags" / "numbers.py").write_text(file)

    [script] = tried_here(STARTED, "sh")
    running.run_script(script)

    [found] = json.loads(running.run_script("jobmon workflow status -o json"))
    assert (found["name"], found["status"]) == ("greetings", "DONE")


def test_a_dag_of_params_is_triggered_with_others(home):
    [script] = tried_here(AIRFLOW, "sh")
    pages = [block for block in blocks(AIRFLOW) if block.kind == "python"]
    built = next(number for number, block in enumerate(pages) if "@workflow_dag" in block.text)
    (home / "dags" / "burden.py").write_text("\n".join(block.text for block in pages[: built + 1]))
    running.run_script("airflow db migrate; airflow dags reserialize")

    said = running.run_script(f"{script.strip()} -o json | tail -n 1")

    [run] = json.loads(said)
    assert (run["dag_id"], run["state"]) == ("burden.by_release", "queued")


def test_the_connections_to_slurm_can_be_added(home):
    first, second = tried_here(SLURM, "sh")
    running.run_script("airflow db migrate")

    running.run_script(first, {"TOKEN": "of-scontrol"})
    assert set(listed()) == {"slurm_default", "cluster_a", "cluster_b"}
    running.run_script("airflow connections delete cluster_a")
    running.run_script(second)

    found = listed()
    assert found["login_node"]["conn_type"] == "ssh"
    assert found["cluster_a"]["conn_type"] == "slurm"


def listed():
    """The connections that Airflow knows, by their ids."""
    said = running.run_script("airflow connections list -o json | tail -n 1")
    return {each["conn_id"]: each for each in json.loads(said)}
