"""Tries of an Airflow task that run a workflow: alone, one after the other, and at the same time."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import pytest
from sqlalchemy.exc import OperationalError

from jobmon_airflow.engine import attending
from jobmon_airflow.engine.attending import Attendance
from jobmon_airflow.engine.outcomes import Cleared, Definition, Outcome
from jobmon_airflow.engine.progress import Lines
from jobmon_airflow.engine.running import functions_of
from jobmon_airflow.engine.session import Options, Session
from jobmon_airflow.errors import InvalidDefinition, StoreIsGone, TrySuperseded, WorkflowNotResumable
from jobmon_airflow.states import WorkflowRunStatus
from jobmon_airflow.store import airflow_tasks, set_back, workflow_runs
from jobmon_airflow.store.airflow_tasks import Place, Try
from jobmon_airflow.store.database import Database
from tests.engine.real import MARK, PATIENCE, eventually, marked
from tests.engine.scripts import ROOT
from tests.engine.simulated import all_are, run_statuses, statuses, tries, workflow_status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from jobmon_airflow import Workflow

PLACE = Place(dag_id="health.burden", run_id="manual__1", task_id="run")
DONE, ERROR, STOPPED = WorkflowRunStatus.DONE, WorkflowRunStatus.ERROR, WorkflowRunStatus.STOPPED


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attending, "_LOOK", 0.1)


def of_templates(
    url: str, commands: Mapping[str, str], edges: str = "", *, cluster: str = "multiprocess", **settings: Any
) -> Workflow:
    """A workflow of commands with a template for each; ``a>b`` says that b waits for a."""
    from jobmon_airflow import Tool

    tool = Tool("attended", database=url)
    workflow = tool.create_workflow("attended", default_cluster_name=cluster)
    made = {
        name: tool.get_task_template(name, "{command}", op_args=["command"]).create_task(
            name=name, command=command, **{"max_attempts": 1, **settings}
        )
        for name, command in commands.items()
    }
    workflow.add_tasks(made.values())
    for edge in edges.split():
        upstream, _, downstream = edge.partition(">")
        made[upstream].add_downstream(made[downstream])
    return workflow


def attendance(workflow: Workflow, number: int = 1, **how: Any) -> Attendance:
    """What a try does for a workflow that its process defines."""

    def define() -> Definition:
        workflow.bind()
        return Definition(
            workflow_id=workflow.workflow_id, functions=functions_of(workflow), refresh=workflow.bind
        )

    how = {"display": Lines(), "again": "airflow dags clear", **how}
    define = how.pop("define", define)
    options = Options(resume=True, cold=False, resume_timeout=PATIENCE)
    return Attendance(
        workflow.tool.database, Try(place=PLACE, number=number), define, how.pop("options", options), **how
    )


class Other(threading.Thread):
    """A try that acts in a thread of its own, while the test's own try does as well."""

    def __init__(self, its: Attendance) -> None:
        super().__init__(daemon=True)
        self.its = its
        self.ended: Any = None
        self.start()

    def run(self) -> None:
        try:
            self.ended = self.its.run()
        except Exception as error:  # noqa: BLE001 - it is how it ended
            self.ended = error

    def end(self) -> Any:
        """How it ended, when it has."""
        self.join(PATIENCE)
        assert not self.is_alive()
        return self.ended


def row(workflow: Workflow, place: Place = PLACE) -> Any:
    with workflow.tool.database.read() as connection:
        return airflow_tasks.row(connection, place)


def begun(file: Path) -> bool:
    return eventually(file.exists)


def waiting(folder: Path, name: str = "go") -> str:
    """A command that leaves a file `begun` and waits for another."""
    return (
        f"echo x >> {folder}/times; touch {folder}/begun; until test -e {folder}/{name}; do sleep 0.05; done"
    )


def times(folder: Path) -> int:
    """How often that command was begun."""
    return len((folder / "times").read_text().split())


# --- one try ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cluster", ["multiprocess", "sequential", "dummy"])
def test_a_try_runs_the_workflow_and_notes_how_it_ended(url: str, cluster: str) -> None:
    workflow = of_templates(url, {"a": "true", "b": "true"}, "a>b", cluster=cluster)

    outcome = attendance(workflow).run()

    run_id = row(workflow).workflow_run_id
    assert outcome.is_done
    assert (outcome.workflow_id, outcome.workflow_run_id) == (workflow.workflow_id, run_id)
    assert (outcome.total, outcome.done, outcome.failed) == (2, 2, 0)
    assert outcome.templates == {name: {"total": 1, "done": 1, "failed": 0} for name in "ab"}
    assert row(workflow).workflow_id == workflow.workflow_id
    assert Outcome.from_json(row(workflow).outcome) == outcome
    assert run_statuses(workflow) == "D"


def test_the_facts_of_an_outcome_are_plain_and_hold_no_message(url: str) -> None:
    workflow = of_templates(url, {"a": "true"})

    facts = attendance(workflow).run().facts()

    assert (facts["status"], facts["label"], facts["message"], facts["done"]) == ("D", "DONE", "", 1)


def test_a_try_whose_tasks_fail_says_what_and_how_to_go_on(url: str) -> None:
    workflow = of_templates(url, {"a": "echo no space left >&2; exit 3", "b": "true"}, "a>b")

    outcome = attendance(workflow).run()

    assert (outcome.status, outcome.done, outcome.failed) == (ERROR, 0, 1)
    for words in ("no space left", "exit code 3", "airflow dags clear"):
        assert words in outcome.message


def test_the_same_try_called_again_tells_its_outcome_and_runs_nothing(url: str, tmp_path: Path) -> None:
    workflow = of_templates(url, {"a": f"echo x >> {tmp_path}/times; false"})
    outcome = attendance(workflow).run()

    assert attendance(workflow).run() == outcome

    assert times(tmp_path) == 1
    assert run_statuses(workflow) == "E"


def test_a_definition_that_fails_is_noted_with_its_error(url: str) -> None:
    workflow = of_templates(url, {"a": "true"})

    def define() -> Definition:
        raise InvalidDefinition("There is no release 7.", remedy="Take release 8.")

    with pytest.raises(InvalidDefinition):
        attendance(workflow, define=define).run()

    noted = attendance(workflow).run()
    assert noted.status is ERROR
    assert "There is no release 7." in noted.message
    assert "Take release 8." in noted.message


def test_an_error_of_somebody_s_own_function_is_noted_with_its_traceback(url: str) -> None:
    workflow = of_templates(url, {"a": "true"})

    def define() -> Definition:
        return {}["release"]

    with pytest.raises(KeyError):
        attendance(workflow, define=define).run()

    assert "in define" in Outcome.from_json(row(workflow).outcome).message


def test_a_workflow_that_is_done_is_left_as_it_is(url: str) -> None:
    workflow = of_templates(url, {"a": "true"})
    workflow.run()

    outcome = attendance(workflow).run()

    assert (outcome.is_done, outcome.done) == (True, 1)
    assert run_statuses(workflow) == "D"


# --- a try after another ---------------------------------------------------------------------------------------


def test_a_new_try_goes_on_with_what_has_failed(url: str, tmp_path: Path) -> None:
    again = f"echo x >> {tmp_path}/times; test -e {tmp_path}/mended"
    workflow = of_templates(url, {"a": "true", "b": again, "c": "true"}, "a>b b>c")
    assert attendance(workflow).run().status is ERROR
    (tmp_path / "mended").touch()

    outcome = attendance(workflow, 2).run()

    assert outcome.is_done
    assert run_statuses(workflow) == "ED"
    assert tries(workflow) == {"a": "D", "b": "ED", "c": "D"}
    assert times(tmp_path) == 2


def test_an_earlier_try_may_begin_nothing(url: str) -> None:
    workflow = of_templates(url, {"a": "true"})
    workflow.bind()
    database = workflow.tool.database
    database.write(lambda it: airflow_tasks.claim(it, Try(place=PLACE, number=2), datetime.now(UTC)))

    with pytest.raises(TrySuperseded, match=r"Try 1 of health\.burden\.run of run manual__1"):
        attendance(workflow).run()

    assert run_statuses(workflow) == ""


def test_a_try_that_is_superseded_while_it_defines_runs_nothing(url: str) -> None:
    workflow = of_templates(url, {"a": "true"})
    workflow.bind()
    database = workflow.tool.database

    def define() -> Definition:
        database.write(lambda it: airflow_tasks.claim(it, Try(place=PLACE, number=2), datetime.now(UTC)))
        return Definition(workflow_id=workflow.workflow_id)

    with pytest.raises(TrySuperseded):
        attendance(workflow, define=define).run()

    assert run_statuses(workflow) == ""
    assert row(workflow).outcome is None


def test_a_try_that_is_superseded_in_its_last_moment_takes_no_workflow(url: str) -> None:
    workflow = of_templates(url, {"a": "true"})
    workflow.bind()
    database = workflow.tool.database

    class Late(Lines):
        """Enters when all is ready but the run."""

        def __enter__(self) -> Self:
            database.write(lambda it: airflow_tasks.claim(it, Try(place=PLACE, number=2), datetime.now(UTC)))
            return self

    with pytest.raises(TrySuperseded):
        attendance(workflow, display=Late()).run()

    assert run_statuses(workflow) == ""
    assert workflow_status(workflow) == "G"


def test_of_two_processes_of_one_try_the_second_is_refused(url: str, tmp_path: Path) -> None:
    workflow = of_templates(url, {"a": "true"})
    workflow.bind()
    this, now = Try(place=PLACE, number=1), datetime.now(UTC)

    def elsewhere(connection: Any) -> None:
        airflow_tasks.claim(connection, this, now)
        airflow_tasks.act_through(connection, this, "elsewhere, process 1", now + attending.HEARD_OF, now)

    workflow.tool.database.write(elsewhere)

    with pytest.raises(TrySuperseded, match="or another process"):
        attendance(workflow).run()

    assert run_statuses(workflow) == ""


# --- a try beside another --------------------------------------------------------------------------------------


def test_a_try_that_finds_a_live_run_watches_it_and_repeats_nothing(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    workflow = of_templates(url, {"a": waiting(tmp_path), "b": "true"}, "a>b")
    first = Other(attendance(workflow))
    assert begun(tmp_path / "begun")
    second = Other(attendance(workflow, 2))
    assert eventually(lambda: "watching it" in caplog.text)

    (tmp_path / "go").touch()

    assert second.end().is_done
    assert isinstance(first.end(), TrySuperseded)
    assert run_statuses(workflow) == "D"
    assert times(tmp_path) == 1
    assert row(workflow).outcome == second.ended.to_json()


def test_a_try_that_watches_a_run_to_its_bad_end_tells_it(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    workflow = of_templates(url, {"a": f"{waiting(tmp_path)}; false"})
    Other(attendance(workflow))
    assert begun(tmp_path / "begun")
    second = Other(attendance(workflow, 2))
    assert eventually(lambda: "watching it" in caplog.text)

    (tmp_path / "go").touch()

    assert second.end().status is ERROR
    assert (second.ended.failed, run_statuses(workflow)) == (1, "E")


def test_a_try_that_does_not_watch_ends_the_live_run_first(url: str, tmp_path: Path) -> None:
    workflow = of_templates(url, {"a": waiting(tmp_path), "b": "true"}, "a>b")
    first = Other(attendance(workflow))
    assert begun(tmp_path / "begun")
    (tmp_path / "begun").unlink()

    second = Other(attendance(workflow, 2, watches=False))
    assert begun(tmp_path / "begun")
    (tmp_path / "go").touch()

    assert second.end().is_done
    assert isinstance(first.end(), TrySuperseded)
    assert run_statuses(workflow) == "TD"
    assert times(tmp_path) == 2
    assert tries(workflow)["a"] == "FD"


def test_a_run_that_comes_to_its_end_when_it_is_asked_to_make_way_is_the_end(
    url: str, tmp_path: Path
) -> None:
    """Its last task heeds no signal, so that nothing is left for the one who asked."""
    deaf = f"trap : TERM; {waiting(tmp_path)}; exit 0"
    workflow = of_templates(url, {"a": deaf})
    first = Other(attendance(workflow))
    assert begun(tmp_path / "begun")

    second = Other(attendance(workflow, 2, watches=False))
    assert eventually(lambda: run_statuses(workflow) == "C")
    (tmp_path / "go").touch()

    assert second.end().is_done
    first.end()
    assert statuses(workflow) == {"a": "D"}
    assert times(tmp_path) == 1


def test_a_run_of_somebody_else_makes_way_when_it_is_asked(url: str, tmp_path: Path) -> None:
    workflow = of_templates(url, {"a": waiting(tmp_path)})
    workflow.bind()
    script = Session(workflow.tool.database, workflow.workflow_id, Options())
    other = threading.Thread(target=lambda: asyncio.run(script.run()), daemon=True)
    other.start()
    assert begun(tmp_path / "begun")

    ours = Other(attendance(workflow))
    other.join(PATIENCE)
    (tmp_path / "go").touch()

    assert ours.end().is_done
    assert run_statuses(workflow)[0] in "TH"
    assert run_statuses(workflow)[1] == "D"


# --- what was cleared ------------------------------------------------------------------------------------------


def mirror(workflow: Workflow, template: str) -> Cleared:
    """A mirror that had ended with its template, and that a person has cleared since."""
    place = Place(dag_id=PLACE.dag_id, run_id=PLACE.run_id, task_id=template)
    now = datetime.now(UTC)

    def go(connection: Any) -> None:
        airflow_tasks.claim_mirror(connection, Try(place=place, number=1), now)
        airflow_tasks.note(connection, Try(place=place, number=1), now, outcome="{}")

    workflow.tool.database.write(go)
    return Cleared(template=template, place=place, number=2)


def test_a_green_template_that_was_cleared_runs_again_with_what_depends_on_it(url: str) -> None:
    workflow = of_templates(url, dict.fromkeys("abcd", "true"), "a>b b>c a>d")
    attendance(workflow).run()
    cleared = mirror(workflow, "b")

    outcome = attendance(workflow, 2, cleared=[cleared]).run()

    assert outcome.is_done
    assert tries(workflow) == {"a": "D", "b": "DD", "c": "DD", "d": "D"}
    assert row(workflow, cleared.place).heeded == 2


def test_a_template_that_was_cleared_and_was_not_green_only_goes_on(url: str, tmp_path: Path) -> None:
    workflow = of_templates(url, {"a": "true", "b": f"test -e {tmp_path}/mended", "c": "true"}, "a>b b>c")
    attendance(workflow).run()
    cleared = [mirror(workflow, "b"), mirror(workflow, "c")]
    (tmp_path / "mended").touch()

    assert attendance(workflow, 2, cleared=cleared).run().is_done

    assert tries(workflow) == {"a": "D", "b": "ED", "c": "D"}
    assert [row(workflow, each.place).heeded for each in cleared] == [2, 2]


def test_a_clear_is_heeded_once_although_the_try_that_heeds_it_dies(url: str, tmp_path: Path) -> None:
    workflow = of_templates(url, {"a": f"echo x >> {tmp_path}/times; test ! -e {tmp_path}/broken"})
    attendance(workflow).run()
    cleared = mirror(workflow, "a")
    (tmp_path / "broken").touch()
    assert attendance(workflow, 2, cleared=[cleared]).run().status is ERROR
    (tmp_path / "broken").unlink()

    assert attendance(workflow, 3).run().is_done

    assert tries(workflow) == {"a": "DED"}


def test_who_clears_a_green_template_does_not_wait_for_a_run_that_goes_on_without_it(
    url: str, tmp_path: Path
) -> None:
    """A worker was taken for dead, and lives; the person who clears means all of it to be done again."""
    once = f"echo x >> {tmp_path}/firsts"
    workflow = of_templates(url, {"a": once, "b": waiting(tmp_path)}, "a>b")
    first = Other(attendance(workflow))
    assert begun(tmp_path / "begun")
    (tmp_path / "begun").unlink()

    second = Other(attendance(workflow, 2, cleared=[mirror(workflow, "a")]))
    assert begun(tmp_path / "begun")
    (tmp_path / "go").touch()

    assert second.end().is_done
    first.end()
    assert (tmp_path / "firsts").read_text().count("x") == 2
    assert statuses(workflow) == all_are("D", "ab")


def test_what_is_done_is_repeated_for_a_person_and_not_for_airflow(url: str, tmp_path: Path) -> None:
    workflow = of_templates(url, {"a": f"echo x >> {tmp_path}/times"})
    assert attendance(workflow).run().is_done

    assert attendance(workflow, 2).run().is_done
    assert times(tmp_path) == 1
    assert attendance(workflow, 3, repeats=True).run().is_done
    assert times(tmp_path) == 2
    assert attendance(workflow, 3, repeats=True).run().is_done
    assert times(tmp_path) == 2


def test_what_is_to_be_repeated_is_not_set_back_under_a_run_that_came_in_between(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between making way and setting back somebody else takes the workflow, who has to make way as well."""
    workflow = of_templates(url, {"a": "true", "b": f"test ! -e {tmp_path}/hold || ({waiting(tmp_path)})"})
    attendance(workflow).run()
    second = attendance(workflow, 2, cleared=[mirror(workflow, "a")])
    make_way, others = Attendance._make_way, []

    def slowly(its: Attendance, workflow_id: int) -> None:
        make_way(its, workflow_id)
        if not others:
            (tmp_path / "hold").touch()
            _set_back_by_hand(workflow, "b")
            session = Session(workflow.tool.database, workflow.workflow_id, Options(resume=True))
            others.append(threading.Thread(target=lambda: asyncio.run(session.run()), daemon=True))
            others[0].start()
            assert begun(tmp_path / "begun")
            (tmp_path / "hold").unlink()

    monkeypatch.setattr(Attendance, "_make_way", slowly)

    assert second.run().is_done

    others[0].join(PATIENCE)
    assert run_statuses(workflow) == "DTD"
    assert tries(workflow) == {"a": "DD", "b": "DFD"}


def _set_back_by_hand(workflow: Workflow, template: str) -> None:
    workflow.tool.database.write(
        lambda it: set_back.templates(it, workflow.workflow_id, [template], datetime.now(UTC))
    )


# --- stopping --------------------------------------------------------------------------------------------------


def test_a_try_that_is_stopped_before_it_begins_runs_nothing_and_says_so(url: str) -> None:
    workflow = of_templates(url, {"a": "true"})
    its = attendance(workflow)
    its.stop()

    with pytest.raises(WorkflowNotResumable, match="stopped before it had taken"):
        its.run()

    assert statuses(workflow) == {"a": "G"}
    assert Outcome.from_json(row(workflow).outcome).status is ERROR
    assert attendance(workflow, 2).run().is_done


def test_a_try_that_is_stopped_ends_its_jobs_and_can_be_gone_on_with(url: str, tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    workflow = of_templates(url, {"a": f"export {MARK}={mark}; sh -c '{waiting(tmp_path)}'"})
    first = Other(attendance(workflow))
    assert begun(tmp_path / "begun")

    first.its.stop()
    first.its.stop()

    assert first.end().status is STOPPED
    assert "airflow dags clear" in first.ended.message
    assert eventually(lambda: not marked(mark))
    (tmp_path / "go").touch()
    assert attendance(workflow, 2).run().is_done
    assert tries(workflow) == {"a": "FD"}


def test_a_try_that_watches_and_is_stopped_ends_the_run_that_it_watches(url: str, tmp_path: Path) -> None:
    workflow = of_templates(url, {"a": waiting(tmp_path)})
    first = Other(attendance(workflow))
    assert begun(tmp_path / "begun")
    second = Other(attendance(workflow, 2))
    assert eventually(lambda: row(workflow).try_number == 2 and row(workflow).engine)

    second.its.stop()

    assert second.end().status is WorkflowRunStatus.TERMINATED
    assert isinstance(first.end(), TrySuperseded)
    assert run_statuses(workflow) == "T"
    assert statuses(workflow) == {"a": "G"}


def test_a_run_that_is_watched_is_left_for_others_if_jobs_are_to_outlive_a_kill(
    url: str, tmp_path: Path
) -> None:
    workflow = of_templates(url, {"a": waiting(tmp_path)})
    first = Other(attendance(workflow))
    assert begun(tmp_path / "begun")
    second = Other(attendance(workflow, 2, cancel_on_kill=False))
    assert eventually(lambda: row(workflow).try_number == 2 and row(workflow).engine)
    seen: list[str] = []

    second.its.stop()

    assert eventually(lambda: seen.append(run_statuses(workflow)) or seen[-1] == "T")
    assert "C" not in seen
    second.end()
    first.end()


# --- a process that dies ---------------------------------------------------------------------------------------

DIES = """
import sys
from jobmon_airflow.engine.attending import Attendance
from jobmon_airflow.engine.outcomes import Definition
from jobmon_airflow.engine.session import Options
from jobmon_airflow.store.airflow_tasks import Place, Try
from jobmon_airflow.store.database import Database

url, workflow_id, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
place = Place(dag_id="health.burden", run_id="manual__1", task_id="run")
define = lambda: Definition(workflow_id=workflow_id)
options = Options(resume=True, cold=False)
print(Attendance(Database.open(url), Try(place=place, number=number), define, options).run().status)
"""


@pytest.fixture
def start(url: str) -> Iterator[Callable[[Workflow, int], subprocess.Popen[bytes]]]:
    """What starts a try in a process of its own, which may be killed."""
    processes: list[subprocess.Popen[bytes]] = []
    mark = uuid.uuid4().hex

    def go(workflow: Workflow, number: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", DIES, url, str(workflow.workflow_id), str(number)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), MARK: mark}
        processes.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE))
        return processes[-1]

    yield go
    for process in processes:
        process.kill()
        process.communicate()
    for pid in marked(mark):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [1, 2], ids=["the same try", "a new try"])
def test_what_a_killed_process_has_left_is_gone_on_with_at_once(
    url: str,
    tmp_path: Path,
    start: Callable[[Workflow, int], subprocess.Popen[bytes]],
    number: int,
) -> None:
    workflow = of_templates(url, {"a": "true", "b": waiting(tmp_path)}, "a>b").bind()
    process = start(workflow, 1)
    assert begun(tmp_path / "begun")

    process.kill()
    process.wait()
    (tmp_path / "go").touch()
    since = time.monotonic()
    outcome = attendance(workflow, number).run()

    assert outcome.is_done
    assert time.monotonic() - since < 45, "Its hold lasts for 90 seconds, and its word for 60."
    assert tries(workflow)["a"] == "D"
    assert run_statuses(workflow) == "ED"


def test_a_try_that_watches_a_run_whose_process_is_killed_goes_on_with_it(
    url: str, tmp_path: Path, start: Callable[[Workflow, int], subprocess.Popen[bytes]]
) -> None:
    workflow = of_templates(url, {"a": waiting(tmp_path), "b": "true"}, "a>b").bind()
    process = start(workflow, 1)
    assert begun(tmp_path / "begun")
    second = Other(attendance(workflow, 2))
    assert eventually(lambda: row(workflow).try_number == 2 and row(workflow).engine)

    process.kill()
    process.wait()
    (tmp_path / "go").touch()

    assert second.end().is_done
    assert run_statuses(workflow) == "ED"


# --- a database that is away -----------------------------------------------------------------------------------


class Flaky(Database):
    """A database that does not answer for a while when it is told to."""

    def __init__(self, of: Database) -> None:
        super().__init__(of.engine)
        self.refusals = 0

    def _connect(self, *, writes: bool) -> Any:
        if self.refusals > 0:
            self.refusals -= 1
            raise OperationalError("SELECT 1", {}, Exception("the server is restarting"))
        return super()._connect(writes=writes)


def test_a_database_that_is_away_for_a_while_ends_no_try(url: str) -> None:
    workflow = of_templates(url, {"a": "true"})
    database = Flaky(workflow.bind().tool.database)

    class Away(Lines):
        def __enter__(self) -> Self:
            database.refusals = 3
            return self

        def __exit__(self, *_: object) -> None:
            database.refusals = 3

    def define() -> Definition:
        database.refusals = 2
        return Definition(workflow_id=workflow.workflow_id)

    its = Attendance(
        database, Try(place=PLACE, number=1), define, Options(resume=True, cold=False), display=Away()
    )
    database.refusals = 2

    assert its.run().is_done

    assert Outcome.from_json(row(workflow).outcome).is_done
    assert database.refusals == 0


def test_a_database_that_stays_away_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from jobmon_airflow.engine import archive

    monkeypatch.setattr(archive.Archive.__init__, "__kwdefaults__", {"threaded": True, "patience": 0.5})
    workflow = of_templates(url, {"a": "true"}).bind()
    database = Flaky(workflow.tool.database)

    def define() -> Definition:
        database.refusals = 1_000_000
        return Definition(workflow_id=workflow.workflow_id)

    with pytest.raises(StoreIsGone, match="the server is restarting"):
        Attendance(database, Try(place=PLACE, number=1), define, Options(resume=True)).run()

    assert row(workflow).outcome is None


def test_who_acts_says_so_again_and_again(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attending, "_BEAT", 0.1)
    workflow = of_templates(url, {"a": waiting(tmp_path)})
    first = Other(attendance(workflow))
    assert begun(tmp_path / "begun")
    heard = row(workflow).heartbeat_date

    assert eventually(lambda: row(workflow).heartbeat_date > heard)

    (tmp_path / "go").touch()
    assert first.end().is_done


def test_a_run_is_noted_in_the_moment_in_which_it_takes_the_workflow(url: str, tmp_path: Path) -> None:
    workflow = of_templates(url, {"a": waiting(tmp_path)})
    first = Other(attendance(workflow))
    assert begun(tmp_path / "begun")

    with workflow.tool.database.read() as connection:
        alive = workflow_runs.alive(connection, workflow.workflow_id)
    assert alive is not None
    assert row(workflow).workflow_run_id == alive.id

    first.its.stop()
    first.end()
