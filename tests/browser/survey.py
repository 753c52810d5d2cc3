"""A survey in a real Airflow, for pages to show: it has run, failed, tried again, been resumed, and runs once more.

    measure (place, wave)  12 tasks  ->  combine (place)  6 tasks  ->  publish  1 task

The third place has a hostile name. A command whose fault is there fails with a hostile traceback; a flaky one fails
once; one whose gate is shut says a line every tenth of a second and waits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from jobmon_airflow.store.database import Database
from jobmon_airflow.store.schema import airflow_task, task, task_instance
from jobmon_airflow.testing.airflow_api import AirflowApi

if TYPE_CHECKING:
    from pathlib import Path

    from jobmon_airflow.testing.airflow_api import DagRun
    from tests.airflow.real_airflow import RealAirflow

DAG_ID: Final = "surveys.households"
HOSTILE: Final = "<img src=x onerror=\"document.title='owned'\">"
PLACES: Final = ("Kisumu", "Nairobi", HOSTILE, "=1+1", "Ørsta", "東京")
RUN_WITHIN: Final = 90.0  #: seconds

_FILE: Final = """
from jobmon_airflow import Tool

tool = Tool("surveys", database=None)
tool.set_default_cluster_name("multiprocess")
tool.set_default_compute_resources_from_dict(
    "multiprocess",
    {{"memory": "256M", "runtime": "2h", "cores": 1, "stdout": "{folder}/said", "stderr": "{folder}/said"}},
)


def template(name, *args):
    shown = " ".join(f"--{{arg}} {{{{{{arg}}:q}}}}" for arg in args)
    return tool.get_task_template(
        name, "sh {folder}/command " + name + "-{{key}} " + shown, node_args=list(args), op_args=["key"]
    )


measure, combine, publish = template("measure", "place", "wave"), template("combine", "place"), template("publish")
workflow = tool.create_workflow(
    name="households",
    description="A survey of <b>households</b>.",
    workflow_attributes={{"release": "7", "who": "<i>me</i>"}},
)
combined = []
for number, place in enumerate({places!r}):
    measured = [
        measure.create_task(place=place, wave=wave, key=f"{{number}}-{{wave}}", max_attempts=2,
                            task_attributes={{"weight": str(number)}})
        for wave in (1, 2)
    ]
    combined.append(combine.create_task(place=place, key=number, upstream_tasks=measured, max_attempts=2))
    workflow.add_tasks([*measured, combined[-1]])
workflow.add_task(publish.create_task(key="all", upstream_tasks=combined, max_attempts=1))
dag = workflow.to_dag({dag_id!r}, poll_interval=1)
"""

_COMMAND: Final = r"""
echo "$1 begins: $*"
printf '\033[32mgreen\033[0m <script>document.title="owned"</script>\n'
number=0
while test -e "{folder}/shut-$1"; do
    number=$((number + 1)); echo "line $number of $1"; sleep 0.1
done
fail() {{
    printf 'Traceback (most recent call last):\n  File "/home/me/survey.py", line 17, in main\n' >&2
    printf '    answers = read("%s")\nKeyError: "answer %s of <b>nobody</b>"\n' "$1" "$$" >&2
    exit 1
}}
if test -e "{folder}/flaky-$1"; then rm "{folder}/flaky-$1"; fail "$1"; fi
if test -e "{folder}/fault-$1"; then fail "$1"; fi
echo "$1 ends"
"""


@dataclass(slots=True)
class Survey:
    """The survey, in an Airflow and a folder of its own."""

    airflow: RealAirflow
    folder: Path
    failed: int = 0  #: the workflow that failed for good in its second run
    live: int = 0  #: the workflow that runs
    failed_run: DagRun | None = None
    last_run: DagRun | None = None  #: the one that was begun last

    @classmethod
    def conducted(cls, airflow: RealAirflow, folder: Path) -> Survey:
        """The survey with one workflow that failed, was resumed and failed again, and one that runs and waits."""
        survey = cls(airflow, folder)
        (folder / "command").write_text(_COMMAND.format(folder=folder))
        airflow.write_dag("survey", _FILE.format(folder=folder, places=PLACES, dag_id=DAG_ID))
        survey._fail_twice()
        survey._begin_another()
        return survey

    def lay(self, kind: str, *keys: str) -> None:
        """Lay ``shut``, ``flaky`` or ``fault`` for these commands."""
        for key in keys:
            (self.folder / f"{kind}-{key}").touch()

    def lift(self, kind: str, *keys: str) -> None:
        """Take them away again; all of the kind, if none is named."""
        for file in [self.folder / f"{kind}-{key}" for key in keys] or self.folder.glob(f"{kind}-*"):
            file.unlink(missing_ok=True)

    def task(self, workflow_id: int, command: str) -> int:
        """The task of a workflow whose command's key begins like this."""
        where = task.c.workflow_id == workflow_id, task.c.command.contains(f"/command {command}")
        return int(self._ask(select(task.c.id).where(*where))[0])

    def status(self, task_id: int) -> str:
        return str(self._ask(select(task.c.status).where(task.c.id == task_id))[0])

    def attempts(self, task_id: int) -> int:
        """How many attempts there were at a task."""
        return len(self._ask(select(task_instance.c.id).where(task_instance.c.task_id == task_id)))

    def wait_until(self, task_id: int, *statuses: str, within: float = RUN_WITHIN) -> None:
        """Wait until the task has one of these statuses."""
        self.airflow.wait_for(lambda: self.status(task_id) in statuses, within=within)

    def _fail_twice(self) -> None:
        self.lay("flaky", "measure-0-1")
        self.lay("fault", "measure-2-1", "measure-4-2")
        run = self.airflow.run(DAG_ID, state="failed", within=RUN_WITHIN)
        self.failed, self.failed_run = self._workflow_of(run), run
        self.lift("fault", "measure-4-2")
        run.clear(only_failed=True)
        mended = self.task(self.failed, "measure-4-2")
        self.wait_until(mended, "D")
        self.airflow.wait_until_ended(run, "failed", within=RUN_WITHIN)
        self.lift("fault")

    def another(self) -> int:
        """Begin one more run of the DAG; the workflow that it runs."""
        self.last_run = self.airflow.trigger(DAG_ID)
        return self.airflow.wait_for(lambda: self._workflow_of(self.last_run), within=RUN_WITHIN)

    def token_of(self, user: str) -> str:
        """What a user's browser shows who it belongs to."""
        home = self.airflow.home
        api = AirflowApi(home.url, user, home.passwords()[user])
        try:
            return api.log_in()
        finally:
            api.close()

    def _begin_another(self) -> None:
        self.lay("shut", "measure-1-1")
        self.live = self.another()
        self.wait_until(self.task(self.live, "measure-1-1"), "R")

    def _workflow_of(self, run: DagRun | None) -> int:
        assert run is not None
        found = self._ask(select(airflow_task.c.workflow_id).where(airflow_task.c.run_id == run.run_id))
        return next((number for number in found if number is not None), 0)

    def _ask(self, query: Any) -> list[Any]:
        database = Database.open(self.airflow.jobmon_url)
        try:
            with database.read() as connection:
                return list(connection.execute(query).scalars())
        finally:
            database.close()
