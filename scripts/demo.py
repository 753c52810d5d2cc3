"""A real Airflow on this machine that runs the example of three phases: what ``make demo`` does.

It lives in .demo, listens on 127.0.0.1, and stays there to be looked at until Ctrl-C or SIGTERM, which stop all of it.
With DEMO_ONCE=1 in the environment it stops by itself when the example is done: 0 says that it is, 1 that it is not.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import quote

from rich.console import Console
from rich.table import Table

from jobmon_airflow.engine import standing
from jobmon_airflow.errors import JobmonError
from jobmon_airflow.states import TaskBucket, WorkflowStatus
from jobmon_airflow.store import airflow_tasks, migrations
from jobmon_airflow.store.database import Database
from jobmon_airflow.testing.airflow_home import AirflowHome
from jobmon_airflow.testing.airflow_processes import kill_all, processes_of
from jobmon_airflow.testing.local_airflow import LocalAirflow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jobmon_airflow.engine.standing import Standing, Template
    from jobmon_airflow.testing.airflow_api import DagRun

ROOT: Final = Path(__file__).resolve().parents[1]
HOME: Final = ROOT / ".demo"
EXAMPLES: Final = ROOT / "dags_examples"
DAG_ID: Final = "three_phases.three_phases"
PORT: Final = 8080  #: if it is free
PARSED_WITHIN: Final = 60.0  #: seconds
DONE_WITHIN: Final = 600.0
ENDINGS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_began = time.monotonic()


def main() -> int:
    asked = arguments()
    try:
        with (
            stopped_by_signals(),
            alone(asked.home) as home,
            LocalAirflow(prepared(home, asked.dags)) as airflow,
        ):
            say("Airflow is ready.")
            is_done = show(airflow, asked.dag_id)
            if not asked.once:
                wait_for_a_signal()
            heed_no_more_signals()  # what would interrupt the stop would leave something behind
            say("Stopping it.")
    except KeyboardInterrupt:
        say("All of it is stopped.")
        return 0
    except JobmonError as error:
        print(error, file=sys.stderr)
        return 1
    say("All of it is stopped.")
    return 0 if is_done else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, default=HOME, help="where it lives")
    parser.add_argument("--dags", type=Path, default=EXAMPLES, help="the folder of the DAG files")
    parser.add_argument("--dag-id", default=DAG_ID, help="the DAG to run")
    parser.add_argument(
        "--once", action="store_true", default=os.environ.get("DEMO_ONCE") == "1", help="stop when it is done"
    )
    return parser.parse_args()


def say(sentence: str) -> None:
    print(f"[{time.monotonic() - _began:5.1f} s] {sentence}", flush=True)


@contextmanager
def alone(folder: Path) -> Iterator[Path]:
    """Refuse a second demo in the same home, and end what is left of one that was killed."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except PermissionError as error:
        raise JobmonError(
            f"The demo's home {folder} belongs to another user.", remedy=f"Remove it: sudo rm -r {folder}"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise JobmonError(
                f"A demo runs in {folder} already.", remedy="Stop it with Ctrl-C, where it was started."
            ) from error
        kill_all(lambda: processes_of(AirflowHome(folder)))
        yield folder


def prepared(folder: Path, dags: Path) -> AirflowHome:
    """A home with its tables, which are made when they are not there or of another version."""
    # Only the example is run; the others wait until somebody wants them.
    options = {"core.dags_folder": dags.resolve(), "core.dags_are_paused_at_creation": True}
    home = AirflowHome(folder, options=options, port=PORT)
    home.configure()
    wanted = f"apache-airflow {version('apache-airflow-core')}, jobmon {migrations.HEAD}"
    made = home.folder / "tables"
    if made.is_file() and made.read_text() == wanted:
        say(f"The databases in {home.folder} are there.")
    else:
        say(f"Making the databases in {home.folder}; the next time they are there.")
        home.migrate()
        made.write_text(wanted)
    say("Starting API server, scheduler, DAG processor and triggerer; that takes ten to thirty seconds.")
    return home


def show(airflow: LocalAirflow, dag_id: str) -> bool:
    """Run the DAG, say how far it is until it ends, and where to look. Whether it was done."""
    airflow.wait_for(lambda: dag_id in airflow.api.dag_ids(), within=PARSED_WITHIN)
    airflow.api.unpause(dag_id)
    run = airflow.api.trigger(dag_id, run_id=f"demo_{datetime.now(UTC):%Y-%m-%d_%H.%M.%S}")
    say(f"The scheduler has a run of '{dag_id}' to do.")
    database = Database.open(airflow.home.jobmon_url)
    try:
        airflow.wait_for(Progress(run, database).has_ended, within=DONE_WITHIN, every=0.5)
        found = workflow_of(run, database)
    finally:
        database.close()
    if found is None:
        raise JobmonError(
            f"The run of '{dag_id}' began no workflow.\n{airflow.describe()}", remedy="See its log above."
        )
    say(f"The run is marked {run.state()}, and workflow {found.workflow_id} is {found.status.label}.")
    print_table(found)
    where_to_look(airflow, run, found.workflow_id)
    return found.status is WorkflowStatus.DONE and run.state() == "success"


class Progress:
    """How far a run's workflow is, said whenever that changed."""

    def __init__(self, run: DagRun, database: Database) -> None:
        self.run, self.database = run, database
        self.said = ""

    def has_ended(self) -> bool:
        has_ended = self.run.has_ended()  # asked first, so that the last word is of the end
        far = ", ".join(
            f"{one.name} {done(one)} of {one.total}" for one in templates_of(self.run, self.database)
        )
        if far != self.said:
            say(far)
            self.said = far
        return has_ended


def workflow_of(run: DagRun, database: Database) -> Standing | None:
    """How the workflow of a run stands; None before the run has one."""
    with database.read() as connection:
        found = airflow_tasks.of_run(connection, run.dag_id, run.run_id)
        ids = [row.workflow_id for row in found if row.workflow_id is not None]
        return standing.of_workflow(connection, ids[0]) if ids else None


def templates_of(run: DagRun, database: Database) -> Sequence[Template]:
    found = workflow_of(run, database)
    return found.templates if found else ()


def done(template: Template) -> int:
    return template.counts[TaskBucket.DONE]


def print_table(workflow: Standing) -> None:
    table = Table("template", title=f"workflow {workflow.workflow_id}, {workflow.name}")
    for column in ("done", "failed", "tasks"):
        table.add_column(column, justify="right")
    for template in workflow.templates:
        failed = template.counts[TaskBucket.FATAL]
        table.add_row(template.name, str(done(template)), str(failed), str(template.total))
    table.add_section()
    table.add_row("in all", str(workflow.done), str(workflow.failed), str(workflow.total))
    Console().print(table)


def where_to_look(airflow: LocalAirflow, run: DagRun, workflow_id: int) -> None:
    home = airflow.home
    type_here = f"AIRFLOW_HOME={home.folder} {Path(sys.executable).parent / 'airflow'}"
    for line in (
        f"The run:    {home.url}/dags/{run.dag_id}/runs/{quote(run.run_id)}",
        f"The view:   {home.url}/plugin/jobmon",
        f"Log in as:  {airflow.api.user}, with the password {home.passwords()[airflow.api.user]}",
        f"Or type:    {type_here} jobmon workflow status {workflow_id}",
    ):
        print(line, flush=True)


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Take SIGTERM and a terminal that closes for Ctrl-C. Only the first one counts, so that the stop is complete."""
    before = {number: signal.signal(number, _stop) for number in ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def heed_no_more_signals() -> None:
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)


def wait_for_a_signal() -> NoReturn:
    print("Ctrl-C stops all of it.", flush=True)
    while True:
        signal.pause()


def _stop(*_: object) -> NoReturn:
    heed_no_more_signals()
    print(flush=True)
    say("Stopping it.")
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
