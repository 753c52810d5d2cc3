"""What became of a workflow reaches people by Airflow's own notifiers."""

from __future__ import annotations

import email
import json
import re
import socketserver
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import DAG, BaseNotifier

from jobmon_airflow import settings
from jobmon_airflow.notifications.jobmon import JobmonNotifier
from jobmon_airflow.store import overviews
from tests.faces import stored

RUN = "manual__2026-11-27"


@pytest.fixture(autouse=True)
def _the_tables_are_there(monkeypatch, url):
    monkeypatch.setenv(settings.AIRFLOW_VARIABLE, url)


@pytest.fixture
def acted(workflow):
    """The workflow, which a run of a DAG acted for."""
    stored.acted_for(workflow, "study", RUN)
    return workflow


def of_run(run_id=RUN, **more):
    """What Airflow tells a callback of a DAG, where it knows no more than that."""
    return {"dag": DAG("study", schedule=None), "run_id": run_id, "reason": "task_failure", **more}


def of_task(task_id="run", map_index=-1, **more):
    instance = SimpleNamespace(dag_id="study", run_id=RUN, task_id=task_id, map_index=map_index)
    return {"dag": DAG("study", schedule=None), "ti": instance, "task_instance": instance, **more}


class Told(BaseNotifier):
    """A notifier of somebody else's, with a template."""

    template_fields = ("text",)

    def __init__(self, text):
        super().__init__()
        self.text = text
        self.messages = []

    def notify(self, context):
        self.messages.append(self.text)


# --- the story --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("context", [of_run(), of_task()])
def test_templates_know_what_became_of_the_workflow(acted, context):
    told = Told("{{ jobmon.subject }}|{{ jobmon.workflow_id }}|{{ jobmon.status }}|{{ jobmon.counts.FATAL }}")

    JobmonNotifier(told)(context)

    number = acted.workflow_id
    subject = f"Jobmon: faces: looked at, workflow {number}: FAILED, 1 of 4 tasks failed"
    assert told.messages == [f"{subject}|{number}|FAILED|1"]


def test_the_summary_says_what_failed_and_what_to_type(acted):
    summary = JobmonNotifier().story(of_task()).summary

    assert f"Workflow {acted.workflow_id} (faces: looked at) by task run of run {RUN} of DAG study" in summary
    assert "1 task of 4 failed for good" in summary
    assert stored.SAID in summary
    assert f"airflow jobmon workflow resume {acted.workflow_id}" in summary


def test_the_link_leads_to_the_view(acted, monkeypatch):
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.org/here/")

    story = JobmonNotifier().story(of_run())

    assert story.link == f"https://airflow.example.org/here/jobmon/workflow/{acted.workflow_id}"
    assert story.link in story.summary


def test_a_task_tells_of_its_own_workflow(url, acted):
    other = stored.failed_workflow(url, "other")
    stored.acted_for(other, "study", RUN, "second", 3)

    assert JobmonNotifier().story(of_task("run")).workflow_id == acted.workflow_id
    assert JobmonNotifier().story(of_task("second", 3)).workflow_id == other.workflow_id


def test_a_success_is_told_too(acted):
    done = acted.tool.create_workflow("done", name="fine")
    done.add_tasks(acted.tool.active_task_templates["good"].create_tasks(number=[9]))
    done.run()
    stored.acted_for(done, "study", "second run")

    story = JobmonNotifier().story(of_run("second run"))

    assert story.subject.endswith(": DONE")
    assert "The task is done." in story.summary


def test_without_notifiers_the_summary_is_logged(acted, caplog, capsys):
    JobmonNotifier()(of_run())

    # Wherever Airflow's logging leads, which is another place once a task was run in this process.
    assert "1 task of 4 failed for good" in caplog.text + capsys.readouterr().out


# --- a failure is told whatever happens ---------------------------------------------------------------------------


def test_a_run_without_a_workflow_is_told_with_airflow_s_reason():
    told = Told("{{ jobmon.summary }}|{{ jobmon.workflow_id }}")

    JobmonNotifier(told)(of_task("prepare", exception=ValueError("no such release")))

    [message] = told.messages
    assert "task prepare of run" in message
    assert "No workflow was bound." in message
    assert message.endswith("no such release|None")


def test_tables_that_do_not_answer_are_part_of_the_story(monkeypatch):
    monkeypatch.setenv(settings.AIRFLOW_VARIABLE, "postgresql+psycopg://ada:hush@127.0.0.1:1/jobmon")
    told = Told("{{ jobmon.summary }}")

    JobmonNotifier(told)(of_run())

    assert "The Jobmon tables could not be asked" in told.messages[0]
    assert "task_failure" in told.messages[0]
    assert "hush" not in told.messages[0]


def test_a_notifier_that_fails_keeps_no_other_from_being_told(acted):
    told = Told("{{ jobmon.status }}")

    def fails(_):
        raise OSError("no route to host")

    with pytest.raises(OSError, match="no route"):
        JobmonNotifier(fails, told)(of_run())

    assert told.messages == ["FAILED"]


def test_a_second_story_is_not_the_first_one_again(url, acted):
    other = stored.failed_workflow(url, "other")
    stored.acted_for(other, "study", "second run")
    told = Told("{{ jobmon.workflow_id }}")
    notifier = JobmonNotifier(told)

    notifier(of_run())
    notifier(of_run("second run"))

    assert told.messages == [str(acted.workflow_id), str(other.workflow_id)]


def test_finding_a_workflow_s_dags_asks_for_those_that_acted(acted):
    with acted.tool.database.read() as connection:
        assert overviews.airflow_dags(connection, [acted.workflow_id]) == {acted.workflow_id: {"study"}}


# --- by mail ----------------------------------------------------------------------------------------------------


@contextmanager
def mail_server():
    """An SMTP server that takes every letter; gives its port and the letters."""
    letters = []

    class Conversation(socketserver.StreamRequestHandler):
        def handle(self):
            self._say("220 here")
            while word := self.rfile.readline().decode().split(" ")[0].strip().upper():
                match word:
                    case "DATA":
                        self._say("354 go on")
                        letters.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                        self._say("250 taken")
                    case "QUIT":
                        self._say("221 bye")
                        return
                    case _:
                        self._say("250 fine")

        def _say(self, line):
            self.wfile.write(f"{line}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1], letters
        finally:
            server.shutdown()
            thread.join()


def test_a_failure_is_sent_by_mail(acted, monkeypatch):
    with mail_server() as (port, letters):
        extra = {"disable_ssl": True, "disable_tls": True, "from_email": "jobmon@example.org"}
        mail = {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(mail))
        by_mail = SmtpNotifier(
            to="ada@example.org",
            subject="{{ jobmon.subject }}",
            html_content="<pre>{{ jobmon.summary | e }}</pre>",
        )

        JobmonNotifier(by_mail)(of_run())

    [letter] = [email.message_from_bytes(raw) for raw in letters]
    [body] = [part.get_payload(decode=True).decode() for part in letter.walk() if not part.is_multipart()]
    assert letter["To"] == "ada@example.org"
    assert re.sub(r"\s+", " ", letter["Subject"]).startswith(
        f"Jobmon: faces: looked at, workflow {acted.workflow_id}"
    )
    assert "no such &lt;b&gt;file&lt;/b&gt; &amp;" in body
    assert "<b>" not in body
