"""Families of workflows as files that Airflow finds DAGs in. What it does with them: tests/airflow/test_bundle.py."""

from __future__ import annotations

import ast
import json
import shutil

import pytest
from sqlalchemy import update

from jobmon_airflow import Tool
from jobmon_airflow.client import registry
from jobmon_airflow.client.shape import Shape
from jobmon_airflow.dags import JobmonDagBundle, run_of
from jobmon_airflow.dags.files import file_of
from jobmon_airflow.dags.names import dag_id_of
from jobmon_airflow.dags.stored import stored_dag
from jobmon_airflow.dags.watching import ALL_AGAIN_AFTER, FamilyWatch
from jobmon_airflow.errors import InvalidAddress, SchemaIsMissing
from jobmon_airflow.store import schema
from jobmon_airflow.store.database import Database
from tests.dags.parsing import arrows, parsed, version
from tests.workflows import close, migrated, three_phases


@pytest.fixture
def url(tmp_path, monkeypatch):
    """The usual database, where bundles look."""
    address = f"sqlite:///{tmp_path / 'jobmon.db'}"
    monkeypatch.setenv("AIRFLOW__JOBMON__SQL_ALCHEMY_CONN", address)
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH", str(tmp_path / "bundles"))
    yield migrated(address)
    close(address)


def bundle():
    made = JobmonDagBundle(name="jobmon")
    made.initialize()
    return made


def files():
    return {file.name.removesuffix(".py"): file for file in sorted(bundle().path.iterdir())}


def bind(url, tool, name, templates="ab", *, args="1", arrows=True):
    """A workflow with a task for each template, which wait for each other in a row."""
    owner = Tool(tool, database=url)
    owner.set_default_cluster_name("sequential")
    workflow, before = owner.create_workflow(name=name, workflow_args=args), []
    for each in templates:
        task = owner.get_task_template(each, f"{each} {{it}}", node_args=["it"]).create_task(
            it=1, upstream_tasks=before if arrows else []
        )
        workflow.add_task(task)
        before = [task]
    return workflow.bind()


# --- files ------------------------------------------------------------------------------------------------------


def test_each_family_is_a_dag(url):
    three_phases(url).bind()
    three_phases(url, workflow_args="another").bind()
    bind(url, "kitchen", "")

    found = files()

    assert sorted(found) == ["health.three_phases", "kitchen"]
    dags = {**parsed(found["health.three_phases"])["dags"], **parsed(found["kitchen"])["dags"]}
    assert {dag_id: dag["tasks"] for dag_id, dag in dags.items()} == {
        "health.three_phases": ["aggregate", "run", "summarize", "transform"],
        "kitchen": ["a", "b", "run"],
    }
    assert dags["kitchen"]["file"] == str(found["kitchen"])


def test_names_that_airflow_does_not_know_are_files_and_dags_too(url):
    odd = [("a tool", 'it\'s "odd"\n{} \\ %s'), ("ä", "/../x"), ("x" * 255, "y" * 255), ("dags.airflow", ".")]
    for tool, name in odd:
        bind(url, tool, name, templates=["a b", "run"])

    found = files()

    assert set(found) == {dag_id_of(*family) for family in odd}
    for dag_id, file in found.items():
        answer = parsed(file)
        assert answer["errors"] == {}
        assert list(answer["dags"]) == [dag_id]
        assert len(answer["dags"][dag_id]["tasks"]) == 3


def test_two_readings_make_one_version_and_ask_no_database(url, tmp_path):
    three_phases(url).bind()
    file = shutil.copy(files()["health.three_phases"], tmp_path)

    readings = [
        parsed(file, PYTHONHASHSEED=seed, AIRFLOW__JOBMON__SQL_ALCHEMY_CONN="sqlite:////nowhere/jobmon.db")
        for seed in ("1", "2")
    ]

    assert readings[0] == readings[1]
    assert readings[0]["errors"] == {}


def test_a_file_changes_when_the_shape_does(url):
    bind(url, "kitchen", "meal", "ab")
    before = files()["kitchen.meal"].read_text()

    bind(url, "kitchen", "meal", "abc", args="2")

    after = files()["kitchen.meal"].read_text()
    assert after != before
    assert "('b', 'c')" in after


def test_a_file_stays_untouched_when_the_shape_does(url):
    bind(url, "kitchen", "meal", "ab")
    before = files()["kitchen.meal"].stat()

    bind(url, "kitchen", "meal", "ab", args="2")

    assert files()["kitchen.meal"].stat() == before


def test_the_newest_workflow_decides_the_shape(url):
    bind(url, "kitchen", "meal", "abc", args="1")
    bind(url, "kitchen", "meal", "a", args="2")

    assert parsed(files()["kitchen.meal"])["dags"]["kitchen.meal"]["tasks"] == ["a", "run"]


def test_what_is_not_there_any_more_is_no_dag_any_more(url):
    gone, stays = bind(url, "kitchen", "gone"), bind(url, "kitchen", "stays", args="2")
    assert len(files()) == 2

    stays.tool.database.write(
        lambda connection: connection.execute(
            update(schema.workflow).where(schema.workflow.c.id == gone.workflow_id).values(name="stays")
        )
    )

    assert list(files()) == ["kitchen.stays"]


def test_a_file_that_somebody_changed_or_removed_is_written_again(url):
    bind(url, "kitchen", "meal")
    file = files()["kitchen.meal"]
    text = file.read_text()

    file.unlink()

    assert files()["kitchen.meal"].read_text() == text


def test_another_database_has_other_families(url, tmp_path, monkeypatch):
    bind(url, "kitchen", "meal", "ab")
    files()
    other = migrated(f"sqlite:///{tmp_path / 'other.db'}")
    monkeypatch.setenv("AIRFLOW__JOBMON__SQL_ALCHEMY_CONN", other)
    bind(other, "kitchen", "meal", "xyz")

    assert "'z'" in files()["kitchen.meal"].read_text()
    close(other)


def test_what_other_bundles_show_is_left_to_them_by_workers_too(url):
    bind(url, "kitchen", "theirs")
    record = bundle().path.with_name("families.json")
    known = json.loads(record.read_text())
    record.write_text(json.dumps({**known, "claimed": ["kitchen.theirs"]}))

    assert files() == {}


def test_a_database_without_tables_is_an_error_with_a_remedy(url, tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW__JOBMON__SQL_ALCHEMY_CONN", f"sqlite:///{tmp_path / 'empty.db'}")

    with pytest.raises(SchemaIsMissing, match="Make them"):
        bundle()


def test_a_password_is_not_written_into_files(url):
    with pytest.raises(InvalidAddress, match="AIRFLOW__JOBMON__SQL_ALCHEMY_CONN"):
        JobmonDagBundle(name="jobmon", database="postgresql+psycopg://me:secret@host/jobmon")


def test_a_bundle_of_a_named_database_says_so_to_its_dags(url, tmp_path):
    other = migrated(f"sqlite:///{tmp_path / 'other.db'}")
    bind(other, "kitchen", "meal")
    made = JobmonDagBundle(name="other", database=other)
    made.initialize()

    assert repr(other) in (made.path / "kitchen.meal.py").read_text()
    close(other)


# --- DAGs -------------------------------------------------------------------------------------------------------


def test_a_stored_dag_runs_the_newest_or_the_one_that_was_asked_for():
    dag = stored_dag(tool="kitchen", name="meal", templates=["a", "b"], edges=[("a", "b")])

    assert (run_of(dag).family, run_of(dag).workflow_id) == (("kitchen", "meal"), None)
    assert (dag.is_paused_upon_creation, dag.timetable.can_be_scheduled) == (False, False)
    assert dag.tags == {"kitchen", "jobmon"}
    assert arrows(dag) == ["a>b"]
    assert "airflow dags trigger kitchen.meal" in dag.doc_md


def test_the_form_checks_what_a_person_asks_for():
    dag = stored_dag(tool="kitchen", name="meal", templates=["a"], edges=[])

    dag.params.validate()
    assert dag.params.dump() == {
        "workflow_id": None,
        "cold": False,
        "increase_resources": True,
        "fail_fast": False,
        "seconds_until_timeout": 36_000,
    }
    for name, value in [("workflow_id", "x"), ("workflow_id", 0), ("cold", 1), ("seconds_until_timeout", 0)]:
        with pytest.raises(ValueError, match="Failed validating"):
            dag.params.get_param(name).resolve(value)


def test_a_file_defines_the_dag_of_its_shape():
    shape = Shape.of_names(["b", "a"], {("b", "a"), ("a", "b"), ("a", "a")})
    tree = ast.parse(file_of("kitchen", "meal", shape, None))
    call = tree.body[-1].value
    arguments = {word.arg: ast.literal_eval(word.value) for word in call.keywords}

    assert version(stored_dag(**arguments)) == version(
        stored_dag(tool="kitchen", name="meal", templates=shape.names, edges=shape.edges)
    )
    assert arrows(stored_dag(**arguments)) == ["b>a"]


# --- looking again and again --------------------------------------------------------------------------------------


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_look_finds_what_is_new(url):
    watch, first = FamilyWatch(), bind(url, "kitchen", "meal")
    database = Database.open(url)

    def look():
        with database.read() as connection:
            return {dag_id: family.workflow_id for dag_id, family in watch.look(connection).items()}

    assert look() == {"kitchen.meal": first.workflow_id}
    later = bind(url, "kitchen", "meal", args="2")
    other = bind(url, "kitchen", "other")
    assert look() == {"kitchen.meal": later.workflow_id, "kitchen.other": other.workflow_id}
    database.close()


def test_what_was_deleted_is_noticed_in_time(url):
    clock = Clock()
    watch, workflow = FamilyWatch(clock), bind(url, "kitchen", "meal")
    database = registry.database(url)
    with database.read() as connection:
        watch.look(connection)
    rename = (
        update(schema.workflow).where(schema.workflow.c.id == workflow.workflow_id).values(name="renamed")
    )
    database.write(lambda connection: connection.execute(rename))

    clock.now = ALL_AGAIN_AFTER
    with database.read() as connection:
        assert list(watch.look(connection)) == ["kitchen.renamed"]
