"""``jobmon doctor`` finds what is wrong with the database, Airflow and the clusters, and says what to do."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from jobmon_airflow import Tool
from jobmon_airflow.cli import doctor
from jobmon_airflow.cli.answers import Exit
from jobmon_airflow.cli.examining import airflow_side, store
from jobmon_airflow.store import clusters
from jobmon_airflow.store.database import Database
from jobmon_airflow.testing.fake_slurm import FakeSlurm
from tests.cli.on_databases.runs import going_on
from tests.workflows import close, migrated, three_phases


@pytest.fixture
def url(sqlite_url):
    yield migrated(sqlite_url)
    close(sqlite_url)


def found(**asked):
    """All findings, by what they are about."""
    answer = doctor.examine(**asked)
    return answer, {row["ABOUT"]: row for row in answer.data}


@contextmanager
def airflow_says(health, monkeypatch):
    """An API server that says this of its health, and lets nobody else in."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            is_known = self.path == "/api/v2/monitor/health"
            body = json.dumps(health).encode()
            self.send_response(200 if is_known else 401)
            self.end_headers()
            self.wfile.write(body if is_known else b"{}")

        def log_message(self, *_args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("AIRFLOW__JOBMON__API_URL", f"http://127.0.0.1:{server.server_port}")
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# --- the database -----------------------------------------------------------------------------------------------


def test_where_all_is_well_nothing_is_a_problem(url):
    answer, by_name = found(database=url)

    assert answer.code == Exit.OK
    assert by_name["tables"]["HEALTH"] == by_name["database"]["HEALTH"] == by_name["runs"]["HEALTH"] == "ok"
    assert by_name["address"]["FINDING"] == f"{url}, from the argument"
    assert "cores" in by_name["this machine"]["FINDING"]


def test_tables_that_are_missing_are_a_problem_with_a_command_to_type(sqlite_url):
    answer, by_name = found(database=sqlite_url)

    assert answer.code == Exit.COULD_NOT
    assert by_name["tables"]["HEALTH"] == "problem"
    assert "migrate" in by_name["tables"]["REMEDY"]
    assert "What to do:\n  tables: " in answer.text


def test_the_default_database_need_not_be_there(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))

    answer, by_name = found()

    assert answer.code == Exit.OK
    assert by_name["tables"]["HEALTH"] == "note"
    close(f"sqlite:///{tmp_path / 'jobmon.db'}")


def test_a_database_that_does_not_answer_is_a_problem():
    answer, by_name = found(database="postgresql+psycopg://ada:hush@127.0.0.1:1/nowhere")

    assert by_name["database"]["HEALTH"] == "problem"
    assert "hush" not in answer.text
    assert "this machine" not in by_name, "nobody knows of clusters then"


def test_an_address_that_cannot_be_read_is_a_problem_and_airflow_is_looked_at_all_the_same():
    _, by_name = found(database="nonsense")

    assert by_name["database"]["HEALTH"] == "problem"
    assert "airflow" in by_name


def test_runs_without_a_controller_are_a_warning(url):
    workflow = three_phases(url).bind()
    database = Database.open(url)
    run = going_on(database, workflow)
    database.write(
        lambda it: it.exec_driver_sql("UPDATE workflow_run SET heartbeat_date = '2024-01-01 00:00:00'")
    )
    database.close()

    answer, by_name = found(database=url)

    assert answer.code == Exit.OK
    assert by_name["runs"]["HEALTH"] == "warning"
    assert f"{workflow.workflow_id} (run {run} of " in by_name["runs"]["FINDING"]
    assert "jobmon reap" in by_name["runs"]["REMEDY"]


def test_a_file_of_sqlite_on_a_shared_file_system_is_a_warning(url, monkeypatch):
    monkeypatch.setattr(store, "file_system", lambda path: "nfs4")

    findings = [each for each in store.findings(url) if each.health == "warning"]

    assert ["locks do not hold" in each.says for each in findings] == [True]


@pytest.mark.parametrize(
    ("path", "kind"), [("/home/ada/jobmon.db", "nfs4"), ("/homework/jobmon.db", "ext4"), ("/tmp/a", "tmpfs")]
)
def test_the_file_system_is_that_of_the_nearest_mount(path, kind):
    mounts = "/dev/sda1 / ext4 rw 0 0\nsrv:/home /home nfs4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n"

    assert store.file_system(Path(path), mounts) == kind


# --- Airflow ----------------------------------------------------------------------------------------------------


def test_airflows_parts_say_how_they_are(url, monkeypatch):
    well = {"status": "healthy"}
    health = {"metadatabase": well, "scheduler": well, "triggerer": {"status": None}, "dag_processor": well}

    with airflow_says(health, monkeypatch):
        answer, by_name = found(database=url)

    assert answer.code == Exit.OK
    assert [by_name[part]["HEALTH"] for part in health] == ["ok", "ok", "warning", "ok"]
    assert "airflow triggerer" in by_name["triggerer"]["REMEDY"]


def test_an_api_server_that_was_named_and_does_not_answer_is_a_problem(url, monkeypatch):
    monkeypatch.setenv("AIRFLOW__JOBMON__API_URL", "http://127.0.0.1:1")

    answer, by_name = found(database=url)

    assert answer.code == Exit.COULD_NOT
    assert by_name["airflow's api"]["HEALTH"] == "problem"


def test_one_that_lets_nobody_in_is_a_problem(url, monkeypatch):
    monkeypatch.setenv("AIRFLOW__JOBMON__API_TOKEN", "old")

    with airflow_says({}, monkeypatch):
        answer, _ = found(database=url)

    assert answer.code == Exit.COULD_NOT


def test_the_bundle_is_found_in_the_configuration_and_in_the_environment(url, tmp_path, monkeypatch):
    bundle = json.dumps([{"name": "jobmon", "classpath": "jobmon_airflow.dags.bundle.JobmonDagBundle"}])
    assert found(database=url)[1]["dag bundle"]["HEALTH"] == "note"

    config = tmp_path / "airflow.cfg"
    config.write_text(f"[dag_processor]\ndag_bundle_config_list = {bundle}\n")
    monkeypatch.setenv("AIRFLOW_CONFIG", str(config))
    assert found(database=url)[1]["dag bundle"]["HEALTH"] == "ok"

    config.write_text("")
    monkeypatch.setenv(airflow_side._BUNDLES, bundle)
    assert found(database=url)[1]["dag bundle"]["HEALTH"] == "ok"


def test_variables_of_the_original_jobmon_that_nobody_heeds_are_named(url, monkeypatch):
    monkeypatch.setenv("JOBMON__HTTP__SERVICE_URL", "http://jobmon")

    assert "JOBMON__HTTP__SERVICE_URL is" in found(database=url)[1]["environment"]["FINDING"]


# --- clusters ---------------------------------------------------------------------------------------------------


def far_away(url, name="far"):
    """A cluster that can be reached by no way."""
    database = Database.open(url)
    way = {"transport": "rest", "host": "http://127.0.0.1:1", "user": "ada"}
    database.write(lambda it: clusters.register(it, name, "slurm", way))
    database.close()


def test_a_cluster_that_nobody_uses_is_no_problem_unless_it_is_named(url, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")  # no Slurm on this machine
    far_away(url)

    answer, by_name = found(database=url)
    named, by_name_then = found(database=url, clusters=["far"])

    assert answer.code == Exit.OK
    assert by_name["cluster far"]["HEALTH"] == "note"
    assert named.code == Exit.COULD_NOT
    assert by_name_then["cluster far"]["HEALTH"] == "problem"
    assert "cluster slurm" not in by_name_then


def test_a_cluster_that_is_used_and_cannot_be_reached_is_a_problem(url, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    far_away(url)
    tool = Tool("far away", database=url)
    workflow = tool.create_workflow(default_cluster_name="far")
    workflow.add_task(tool.get_task_template("one", "true").create_task())
    workflow.bind()

    answer, by_name = found(database=url)

    assert answer.code == Exit.COULD_NOT
    assert by_name["cluster far"]["HEALTH"] == "problem"
    assert by_name["cluster far"]["REMEDY"]


def test_a_cluster_that_is_not_known_is_said_so(url):
    answer, by_name = found(database=url, clusters=["nowhere"])

    assert answer.code == Exit.COULD_NOT
    assert "no cluster 'nowhere'" in by_name["clusters"]["FINDING"]


def test_a_cluster_that_answers_says_what_it_is(url, tmp_path, monkeypatch):
    with FakeSlurm(tmp_path / "fake") as slurm:
        monkeypatch.setenv("PATH", slurm.path)
        monkeypatch.setenv("JOBMON_SPOOL", str(tmp_path / "spool"))
        answer, by_name = found(database=url, clusters=["slurm"])

    assert answer.code == Exit.OK
    assert "'fake', Slurm" in by_name["cluster slurm"]["FINDING"]
    assert "all.q, long.q, short.q" in by_name["cluster slurm"]["FINDING"]


def test_a_shared_folder_that_cannot_be_written_is_a_problem(url, tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.touch()
    with FakeSlurm(tmp_path / "fake") as slurm:
        monkeypatch.setenv("PATH", slurm.path)
        monkeypatch.setenv("JOBMON_SPOOL", str(file))
        answer, by_name = found(database=url, clusters=["slurm"])

    assert answer.code == Exit.COULD_NOT
    assert str(file) in by_name["cluster slurm"]["FINDING"]
