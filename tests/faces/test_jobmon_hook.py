"""The tables from any DAG, by a connection or by the settings."""

from __future__ import annotations

import json

import pytest
from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from jobmon_airflow import settings
from jobmon_airflow.errors import InvalidDefinition, InvalidSetting, UnknownName
from jobmon_airflow.hooks.jobmon import JobmonHook, _address
from jobmon_airflow.store import workflows
from tests.faces import stored
from tests.workflows import close


@pytest.fixture
def hook(monkeypatch, url, workflow):
    """A hook whose connection leads to the database with the workflow."""
    connect(monkeypatch, "tables", extra={"url": url})
    return JobmonHook("tables")


def connect(monkeypatch, name, **fields):
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps({"conn_type": "jobmon", **fields}))


# --- which database ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        (
            {"host": "db", "port": 5433, "login": "ada", "password": "a@b/c", "schema": "jobmon"},
            "postgresql+psycopg://ada:a%40b%2Fc@db:5433/jobmon",
        ),
        ({"host": "db", "schema": "j", "extra": {"dialect": "mysql"}}, "mysql+pymysql://db/j"),
        ({"host": "db", "schema": "j", "extra": {"dialect": "mariadb"}}, "mysql+pymysql://db/j"),
        ({"schema": "/srv/jobmon.db"}, "sqlite:////srv/jobmon.db"),
        ({"host": "ignored", "extra": {"url": "sqlite://"}}, "sqlite://"),
    ],
)
def test_a_connection_s_fields_are_an_address(fields, address):
    extra = json.dumps(fields.pop("extra", {}))

    assert _address(Connection(conn_id="c", conn_type="jobmon", extra=extra, **fields)) == address


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"host": "db"}, "names no database"),
        ({"host": "db", "schema": "j", "extra": '{"dialect": "oracle"}'}, "dialect 'oracle'"),
    ],
)
def test_a_connection_that_leads_nowhere_is_refused(fields, problem):
    with pytest.raises(InvalidSetting, match=problem):
        _address(Connection(conn_id="c", conn_type="jobmon", **fields))


def test_without_a_connection_the_settings_name_the_database(monkeypatch, url, workflow):
    monkeypatch.setenv(settings.AIRFLOW_VARIABLE, url)

    assert JobmonHook().status(workflow.workflow_id)["name"] == "looked at"


def test_the_default_connection_goes_before_the_settings(monkeypatch, url, workflow):
    monkeypatch.setenv(settings.AIRFLOW_VARIABLE, "sqlite:////nowhere/jobmon.db")
    connect(monkeypatch, "jobmon_default", extra={"url": url})

    assert JobmonHook().status(workflow.workflow_id)["name"] == "looked at"


def test_a_connection_that_was_named_must_be_there():
    with pytest.raises(AirflowNotFoundException, match="elsewhere"):
        JobmonHook("elsewhere").database  # noqa: B018 - asking is the point


# --- testing ----------------------------------------------------------------------------------------------------


def test_a_connection_to_our_tables_is_good(hook):
    is_good, said = hook.test_connection()

    assert (is_good, said.split(" in ")[0]) == (True, "The Jobmon tables")


def test_a_connection_to_other_tables_says_what_to_type(monkeypatch, tmp_path):
    connect(monkeypatch, "empty", extra={"url": f"sqlite:///{tmp_path}/empty.db"})

    is_good, said = JobmonHook("empty").test_connection()

    assert not is_good
    assert "has no Jobmon tables yet" in said


def test_a_database_that_does_not_answer_is_no_good_and_its_password_is_not_told(monkeypatch):
    connect(monkeypatch, "gone", host="127.0.0.1", port=1, login="ada", password="hush", schema="jobmon")

    is_good, said = JobmonHook("gone").test_connection()

    assert not is_good
    assert "hush" not in said


def test_a_password_in_an_address_is_kept_out_of_logs(monkeypatch):
    from airflow.sdk._shared.secrets_masker import redact

    connect(monkeypatch, "whole", extra={"url": "postgresql+psycopg://ada:correct-horse@db/jobmon"})

    assert JobmonHook("whole").address

    assert "correct-horse" not in str(redact("it is correct-horse"))


def test_airflow_finds_the_hook_by_the_type_of_the_connection(monkeypatch, url):
    connect(monkeypatch, "typed", extra={"url": url})

    hook = JobmonHook.get_connection("typed").get_hook()

    assert type(hook).__name__ == "JobmonHook"
    assert hook.jobmon_conn_id == "typed"


# --- asking -----------------------------------------------------------------------------------------------------


def test_the_status_is_a_word_and_numbers(hook, workflow):
    status = hook.status(workflow.workflow_id)

    assert status["status"] == "FAILED"
    assert list(status["templates"]) == ["good", "bad", "after"]
    assert status["templates"]["good"]["DONE"] == 2
    assert json.loads(json.dumps(status)) == status


def test_the_summary_is_what_the_run_said(hook, workflow):
    assert "1 task of 4 failed for good" in hook.summary(workflow.workflow_id)


def test_errors_are_those_of_the_workflow(hook, workflow):
    assert hook.errors(workflow.workflow_id) == workflow.get_errors()
    with pytest.raises(UnknownName):
        hook.errors(999)


def test_tasks_are_told_page_by_page(hook, workflow):
    first, second = hook.tasks(workflow.workflow_id, templates=["good"])
    assert (first["template"], first["status"], first["num_attempts"]) == ("good", "DONE", 1)
    assert hook.tasks(workflow.workflow_id, templates=["good"], after=first["task_id"]) == [second]

    [failed] = hook.tasks(workflow.workflow_id, statuses=["F"])
    assert failed["template"] == "bad"
    with pytest.raises(UnknownName, match="no template 'other'"):
        hook.tasks(workflow.workflow_id, templates=["other"])


def test_resource_usage_is_asked_without_the_script_and_writes_nothing(hook, workflow):
    template = workflow.tool.active_task_templates["good"]

    assert hook.resource_usage("faces", "good") == template.resource_usage()
    assert hook.resource_usage("faces", "good")["num_tasks"] == 2
    for tool, name in [("faces", "goood"), ("nobody", "good")]:
        with pytest.raises(UnknownName):
            hook.resource_usage(tool, name)
    with workflow.tool.database.read() as connection:
        assert connection.exec_driver_sql("SELECT name FROM tool").scalars().all() == ["faces"]


# --- changing ---------------------------------------------------------------------------------------------------


def test_limits_are_set_for_a_workflow_and_for_a_template(hook, workflow):
    hook.set_limit(workflow.workflow_id, 7)
    hook.set_limit(workflow.workflow_id, 0, template="bad")

    with hook.database.read() as connection:
        of_all, of_arrays = workflows.limits(connection, workflow.workflow_id)
    assert of_all == 7
    assert of_arrays[workflow.arrays["bad"].array_id] == 0
    assert of_arrays[workflow.arrays["good"].array_id] == settings.UNLIMITED


@pytest.mark.parametrize("limit", [-1, 1.5, "all"])
def test_a_limit_that_is_none_is_refused(hook, workflow, limit):
    with pytest.raises(InvalidDefinition):
        hook.set_limit(workflow.workflow_id, limit)


def test_a_resume_runs_here(monkeypatch, url, tmp_path):
    workflow = stored.failed_workflow(url, mended_by=str(tmp_path / "file"))
    connect(monkeypatch, "tables", extra={"url": url})
    (tmp_path / "file").touch()

    assert JobmonHook("tables").resume(workflow.workflow_id) == "D"
    close(url)
