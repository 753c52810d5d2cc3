"""The real ``airflow`` command knows us, wherever it lists what it has."""

from __future__ import annotations

import json

import pytest

from jobmon_airflow import settings
from jobmon_airflow.provider import get_provider_info
from tests.faces import stored
from tests.workflows import close

OPTIONS = get_provider_info()["config"]["jobmon"]["options"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("providers list", ["jobmon-airflow"]),
        (
            "providers hooks",
            ["jobmon_airflow.hooks.jobmon.JobmonHook", "jobmon_airflow.hooks.slurm.SlurmHook"],
        ),
        ("providers links", ["jobmon_airflow.operators.links.JobmonLink"]),
        ("providers notifications", ["jobmon_airflow.notifications.jobmon.JobmonNotifier"]),
        ("providers triggers", ["jobmon_airflow.triggers.workflow", "jobmon_airflow.triggers.template"]),
        ("providers widgets", ["extra__slurm__partition", "extra__jobmon__dialect"]),
        ("providers behaviours", ["jobmon", "slurm"]),
        ("plugins", ["jobmon", "/jobmon/run?dag_id={DAG_ID}&run_id={RUN_ID}"]),
        ("jobmon --help", ["workflow", "task", "db", "reap"]),
        ("jobmon task explain --help", ["TASK_ID", "--output"]),
        ("jobmon workflow status --help", ["--workflow-id", "--watch", "--to", "csv"]),
        ("jobmon workflow_status --help", ["--workflow_id", "--user"]),
        ("jobmon workflow resume --help", ["--cold", "--keep-resources", "--fail-fast", "--here"]),
    ],
)
def test_airflow_lists_what_we_have(typed, words, expected):
    done = typed(*words.split(), *(["-o", "json"] if "help" not in words else []))

    assert done.returncode == 0, done.stderr
    assert [name for name in expected if name not in done.stdout] == []
    assert "rror" not in done.stderr


def test_airflow_documents_every_option(typed):
    said = typed("config", "list", "--section", "jobmon", "--include-descriptions", "--defaults").stdout

    assert [name for name in OPTIONS if f"AIRFLOW__JOBMON__{name.upper()}" not in said] == []
    assert [name for name, option in OPTIONS.items() if option["description"] not in said] == []


def test_airflow_and_scripts_read_the_same_options(typed, home):
    folder = typed("config", "get-value", "jobmon", "engine_log_folder").stdout.strip()

    assert folder == str(settings.engine_log_folder(home.environment()))


def test_the_tables_were_made_by_airflow_s_own_migration(typed, home):
    done = typed("jobmon", "db", "check")

    assert done.returncode == 0, done.stderr
    assert "as they should be" in done.stdout
    assert (
        typed("jobmon", "db", "address").stdout.strip()
        == f"{home.jobmon_url}, from {settings.AIRFLOW_VARIABLE}"
    )


def test_commands_answer_and_exit_as_they_should(typed, home, tmp_path):
    workflow = stored.failed_workflow(home.jobmon_url, mended_by=str(tmp_path / "file"))
    close(home.jobmon_url)
    number = str(workflow.workflow_id)

    [found] = json.loads(typed("jobmon", "workflow", "status", number, "-o", "json").stdout)
    assert found["status"] == "FAILED"
    assert stored.SAID in typed("jobmon", "workflow", "errors", number).stdout

    old = typed("jobmon", "workflow_status", "-w", number, "-n")
    assert json.loads(old.stdout) == [found]
    assert "Today one types 'airflow jobmon workflow status'." in old.stderr

    again = typed("jobmon", "workflow", "resume", number, "--here")
    assert (again.returncode, again.stdout.strip()) == (1, f"workflow {number}: ERROR (E)")

    # Nobody made the family's DAG known to this Airflow.
    triggered = typed("jobmon", "workflow", "resume", number)
    assert triggered.returncode == 2
    assert "could not run the DAG faces.looked_at" in triggered.stderr
    assert "Traceback" not in triggered.stderr

    (tmp_path / "file").touch()
    mended = typed("jobmon", "workflow", "resume", number, "--here")
    assert (mended.returncode, mended.stdout.strip()) == (0, f"workflow {number}: DONE (D)")

    unknown = typed("jobmon", "workflow", "status", "999")
    assert unknown.returncode == 2
    assert "There is no workflow 999" in unknown.stderr


def test_a_database_that_does_not_answer_is_no_failed_task(typed):
    done = typed(
        "jobmon", "workflow", "status", "--database", "postgresql+psycopg://jobmon@127.0.0.1:1/nowhere"
    )

    assert done.returncode == 2
    assert "does not answer" in done.stderr
    assert "Traceback" not in done.stderr
