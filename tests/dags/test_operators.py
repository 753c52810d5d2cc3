"""What operators and triggers are told, and what Airflow keeps of it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG, Asset
from airflow.serialization.serialized_objects import DagSerialization

from jobmon_airflow.dags.loading import operator_in, whereabouts
from jobmon_airflow.errors import InvalidAddress, InvalidDefinition
from jobmon_airflow.operators.command import (
    CommandOperator,
    MultiprocessOperator,
    SequentialOperator,
    SlurmOperator,
)
from jobmon_airflow.operators.template import TemplateOperator
from jobmon_airflow.operators.workflow import WorkflowOperator
from jobmon_airflow.plugins.listener import _passed_over
from jobmon_airflow.triggers.command import CommandTrigger
from jobmon_airflow.triggers.template import TemplateTrigger
from jobmon_airflow.triggers.workflow import WorkflowTrigger
from jobmon_airflow.units import Memory

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "postgresql+psycopg://ada:secret@host/jobmon"

# --- retries --------------------------------------------------------------------------------------------------


def test_attempts_are_airflow_s_tries_and_begin_at_once():
    operator = MultiprocessOperator(task_id="t", command="true", max_attempts=3)

    assert (operator.retries, operator.retry_delay) == (2, timedelta(0))


def test_retries_may_be_said_in_airflow_s_own_words():
    operator = MultiprocessOperator(task_id="t", command="true", retries=4, retry_delay=timedelta(minutes=2))

    assert (operator.retries, operator.retry_delay) == (4, timedelta(minutes=2))


def test_a_delay_that_a_dag_gives_all_its_tasks_is_kept():
    with DAG("d", default_args={"retry_delay": timedelta(minutes=7), "retries": 5}):
        ours = MultiprocessOperator(task_id="ours", command="true", max_attempts=2)
        its = MultiprocessOperator(task_id="its", command="true")

    assert (ours.retries, ours.retry_delay) == (1, timedelta(minutes=7))
    assert (its.retries, its.retry_delay) == (5, timedelta(minutes=7))


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"max_attempts": 2, "retries": 1}, "'t' has max_attempts=2 and retries"),
        ({"max_attempts": 0}, "'t' has max_attempts=0"),
    ],
)
def test_tries_are_said_once_and_there_is_one_at_least(how: dict[str, Any], words: str):
    with pytest.raises(InvalidDefinition, match=words):
        MultiprocessOperator(task_id="t", command="true", **how)


def test_what_is_mapped_is_tried_as_often_as_it_says():
    with DAG("d"):
        mapped = MultiprocessOperator.partial(task_id="t", max_attempts=3).expand(command=["true", "false"])

    assert mapped.retries == 2
    with pytest.raises(InvalidDefinition, match="max_attempts=3 and retries"):
        MultiprocessOperator.partial(task_id="t", max_attempts=3, retries=1)


# --- what is refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: MultiprocessOperator(task_id="t", command="true", database=SECRET, deferrable=True),
        lambda: WorkflowOperator(task_id="t", workflow_id=7, database=SECRET, deferrable=True),
        lambda: TemplateOperator(task_id="t", template="t", database=SECRET),
    ],
    ids=["command", "workflow", "template"],
)
def test_a_password_is_not_given_to_the_triggerer(make: Any):
    with pytest.raises(InvalidAddress, match="'t' runs in the triggerer") as error:
        make()

    assert "secret" not in str(error.value)


def test_what_runs_in_a_worker_may_have_a_password():
    assert WorkflowOperator(task_id="t", workflow_id=7, database=SECRET).database == SECRET


def test_a_task_that_runs_nothing_is_refused():
    with pytest.raises(InvalidDefinition, match="which workflow the task 't' runs"):
        WorkflowOperator(task_id="t")
    with pytest.raises(InvalidDefinition, match="which workflow the task 't' runs"):
        WorkflowOperator(task_id="t", workflow_id=7, family=("tool", "name"))
    with pytest.raises(InvalidDefinition, match="where the command of 't' is to run"):
        CommandOperator(task_id="t", command="true")


def test_functions_do_not_go_to_the_triggerer():
    with pytest.raises(InvalidDefinition, match="lives in the DAG file alone"):
        MultiprocessOperator(
            task_id="t", command="true", compute_resources=lambda: {"memory": "1G"}, deferrable=True
        )


def test_an_asset_that_would_never_hear_of_a_mirror_is_refused():
    with pytest.raises(InvalidDefinition, match=r"'t' has outlets.*\n.*EmptyOperator"):
        TemplateOperator(task_id="t", template="t", outlets=[Asset("draws")])


def test_a_mirror_is_not_tried_again_and_waits_for_nobody():
    with DAG("d", default_args={"retries": 3, "trigger_rule": "all_success"}):
        mirror = TemplateOperator(task_id="t", template="t")

    assert (mirror.retries, mirror.trigger_rule) == (0, "always")


@pytest.mark.parametrize(
    ("kind", "cluster"),
    [
        (SlurmOperator, "slurm_default"),
        (MultiprocessOperator, "multiprocess"),
        (SequentialOperator, "sequential"),
    ],
)
def test_an_operator_is_called_after_its_cluster(kind: type[CommandOperator], cluster: str):
    assert kind(task_id="t", command="true").as_command("d").cluster == cluster
    assert kind(task_id="t", command="true", cluster_name="other").as_command("d").cluster == "other"


# --- triggers -------------------------------------------------------------------------------------------------


def triggers() -> list[Any]:
    with DAG("d"):
        return [
            SlurmOperator(
                task_id="command",
                command=["echo", "{{ ds }}"],
                compute_resources={"memory": Memory.parse("2G")},
                resource_scales={"memory": [Memory.parse("4G")]},
                env={"A": "b"},
                deferrable=True,
            ),
            WorkflowOperator(
                task_id="workflow",
                family=("health", "burden"),
                template_task_ids={"fit": "fit"},
                cancel_on_kill=False,
                deferrable=True,
            ),
            TemplateOperator(task_id="template", template="fit", poll_interval=2.5),
        ]


@pytest.mark.parametrize(
    ("number", "kind"), [(0, CommandTrigger), (1, WorkflowTrigger), (2, TemplateTrigger)]
)
def test_a_trigger_is_made_again_from_what_airflow_keeps(number: int, kind: type[Any]):
    told = triggers()[number].start_trigger_args
    path, _, name = told.trigger_cls.rpartition(".")
    assert (path, name) == (kind.__module__, kind.__name__)
    trigger = kind(**json.loads(json.dumps(told.trigger_kwargs)))

    path, kept = trigger.serialize()

    assert path == told.trigger_cls
    assert kind(**json.loads(json.dumps(kept))).serialize() == (path, kept)
    assert kept == json.loads(json.dumps(told.trigger_kwargs))


def test_a_dag_of_such_tasks_is_serialized_the_same_twice():
    def serialized() -> str:
        with DAG("d", start_date=datetime(2024, 1, 1, tzinfo=UTC)) as dag:
            MultiprocessOperator(task_id="a", command="true", deferrable=True, env={"x": "1", "b": "2"})
            MultiprocessOperator.partial(task_id="b", max_attempts=2).expand(command=["true"])
        return json.dumps(DagSerialization.to_dict(dag), sort_keys=True)

    assert serialized() == serialized()


# --- loading --------------------------------------------------------------------------------------------------

DAG_FILE = """
from airflow.sdk import DAG
from jobmon_airflow.operators.command import MultiprocessOperator

with DAG("mine") as dag:
    MultiprocessOperator(task_id="fit", command="true")
"""


@pytest.fixture
def dag_file(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "sub").mkdir()
    path = tmp_path / "sub" / "mine.py"
    path.write_text(DAG_FILE)
    return {"path": str(path), "relative_path": "sub/mine.py"}


def test_an_operator_is_found_in_the_file_that_defines_it(dag_file: dict[str, str]):
    operator = operator_in(dag_file, "mine", "fit")

    assert (type(operator).__name__, operator.command) == ("MultiprocessOperator", "true")


@pytest.mark.parametrize(("dag_id", "task_id"), [("other", "fit"), ("mine", "other")])
def test_an_operator_that_the_file_does_not_define_any_more_is_named(
    dag_file: dict[str, str], dag_id: str, task_id: str
):
    with pytest.raises(
        InvalidDefinition, match=f"does not define the task '{task_id}' of the DAG '{dag_id}' any more"
    ):
        operator_in(dag_file, dag_id, task_id)


def test_a_file_that_cannot_be_imported_says_why(dag_file: dict[str, str], tmp_path: Path):
    (tmp_path / "sub" / "mine.py").write_text("import nothing_of_that_name")

    with pytest.raises(InvalidDefinition, match="No module named 'nothing_of_that_name'"):
        operator_in(dag_file, "mine", "fit")


def test_a_file_that_is_gone_is_named(dag_file: dict[str, str], tmp_path: Path):
    path = tmp_path / "sub" / "mine.py"
    path.unlink()

    with pytest.raises(InvalidDefinition, match=f"has no file {path}"):
        operator_in(dag_file, "mine", "fit")


def test_a_dag_tells_where_it_is_defined():
    dag = SimpleNamespace(fileloc="/dags/sub/a.py", relative_fileloc="sub/a.py")

    assert whereabouts(dag) == {"path": "/dags/sub/a.py", "relative_path": "sub/a.py"}


# --- listening ------------------------------------------------------------------------------------------------


def instance(task_id: str, operator: str, state: str | None) -> Any:
    return SimpleNamespace(task_id=task_id, operator=operator, state=state)


def cleared_along(*instances: Any) -> list[str]:
    with DAG("d") as dag:
        WorkflowOperator(task_id="run", workflow_id=7)
        mirrors = [TemplateOperator(task_id=name, template=name) for name in ("fit", "sum")]
        others = [MultiprocessOperator(task_id=name, command="true") for name in ("mail", "report", "alone")]
    mirrors[0] >> mirrors[1] >> others[0] >> others[1]
    return [each.task_id for each in _passed_over(instances, dag)]


RUN = instance("run", "WorkflowOperator", None)
REST = (
    instance("fit", "TemplateOperator", "failed"),
    instance("sum", "TemplateOperator", "skipped"),
    instance("mail", "MultiprocessOperator", "skipped"),
    instance("report", "MultiprocessOperator", "upstream_failed"),
    instance("alone", "MultiprocessOperator", "skipped"),
)


def test_skipped_mirrors_and_what_was_passed_over_because_of_them_begin_again_with_their_workflow():
    assert cleared_along(RUN, *REST) == ["sum", "mail", "report"]


@pytest.mark.parametrize("state", ["success", "running", "failed"])
def test_nothing_begins_again_if_the_workflow_does_not(state: str):
    assert cleared_along(instance("run", "WorkflowOperator", state), *REST) == []


def test_what_has_ended_of_itself_is_left_alone():
    done = (
        instance("sum", "TemplateOperator", "skipped"),
        instance("mail", "MultiprocessOperator", "success"),
    )

    assert cleared_along(RUN, *done) == ["sum"]
    assert cleared_along(RUN, instance("mail", "MultiprocessOperator", "skipped")) == []


# --- importing ------------------------------------------------------------------------------------------------

_IMPORT = """
import sys
import airflow.sdk
import airflow.triggers.base
airflow.sdk.BaseOperator
before = set(sys.modules)
import jobmon_airflow.operators.command
import jobmon_airflow.operators.template
import jobmon_airflow.operators.workflow
print(*sorted(set(sys.modules) - before))
"""


def test_a_dag_file_that_imports_operators_loads_nothing_heavy():
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _IMPORT], capture_output=True, text=True, check=True
    )
    loaded = answer.stdout.splitlines()[-1].split()

    heavy = ("sqlalchemy", "alembic", "flask", "fastapi", "airflow.models", "psycopg", "pymysql")
    ours = tuple(
        f"jobmon_airflow.{name}"
        for name in ("store", "engine", "client", "swarm", "distributors", "triggers")
    )
    assert [name for name in loaded if name.startswith((*heavy, *ours))] == []
    assert "jobmon_airflow.operators.workflow" in loaded
    assert len(loaded) < 30, loaded


_START = """
import sys
from types import SimpleNamespace

import jobmon_airflow.plugins.jobmon
from jobmon_airflow.plugins import listener

def heavy():
    return sum(name.startswith(("jobmon_airflow.engine", "jobmon_airflow.store")) for name in sys.modules)

before = heavy()
listener.on_starting(component={component})
after, known = heavy(), set(sys.modules)
import jobmon_airflow
from jobmon_airflow.distributors import registry
from jobmon_airflow.dags import running
jobmon_airflow.Tool, jobmon_airflow.Workflow, jobmon_airflow.TaskTemplate
registry.distributor("multiprocess", "multiprocess", {})
print(before, after, *sorted(set(sys.modules) - known))
"""


@pytest.mark.parametrize(
    ("component", "is_preloaded"), [("SimpleNamespace(job_type=None)", True), ("object()", False)]
)
def test_a_component_loads_what_those_need_that_it_forks_and_a_task_does_not(
    component: str, is_preloaded: bool
):
    program = _START.replace("{component}", component)
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True
    )
    before, after, *loaded_later = answer.stdout.splitlines()[-1].split()

    assert before == "0"
    assert (int(after) > 20, not loaded_later) == (is_preloaded, is_preloaded)
