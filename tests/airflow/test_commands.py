"""Single commands in a real Airflow: in workers and beside the triggerer."""

from __future__ import annotations

import json

import psutil
import pytest
from sqlalchemy import select

from jobmon_airflow.store.database import Database
from jobmon_airflow.store.schema import task, task_instance, task_resources

pytestmark = pytest.mark.long

FILE = """
from airflow.sdk import DAG
from jobmon_airflow.operators.command import MultiprocessOperator, SequentialOperator

with DAG({dag_id!r}, schedule=None):
    {operator}
"""


@pytest.fixture(params=["worker", "triggerer"])
def deferrable(request):
    return request.param == "triggerer"


@pytest.fixture
def written(airflow, request):
    """Writes a DAG of one operator, and returns its id."""

    def write(operator: str) -> str:
        dag_id = request.node.name[5:].replace("[", "_").rstrip("]")
        airflow.write_dag(dag_id, FILE.format(dag_id=dag_id, operator=operator))
        return dag_id

    return write


def attempts(airflow, run, task_id="say"):
    """The attempts at a task's command: what each asked for, its verdict and what it used."""
    columns = (task_resources.c.requested_resources, task_instance.c.verdict, task_instance.c.maxrss)
    workflow_id = run.xcom(task_id)["workflow_id"]
    database = Database.open(airflow.jobmon_url)
    try:
        with database.read() as connection:
            query = (
                select(*columns)
                .select_from(task_instance)
                .join(task, task.c.id == task_instance.c.task_id)
                .join(task_resources, task_resources.c.id == task_instance.c.task_resources_id)
                .where(task.c.workflow_id == workflow_id)
                .order_by(task_instance.c.id)
            )
            rows = connection.execute(query).all()
            return [(json.loads(asked), verdict, maxrss) for asked, verdict, maxrss in rows]
    finally:
        database.close()


def test_a_command_is_told_live_and_its_verdict_and_usage_are_kept(airflow, written, tmp_path, deferrable):
    gate = tmp_path / "gate"
    dag_id = written(
        f'MultiprocessOperator(task_id="say", deferrable={deferrable}, poll_interval=1, '
        f"""command="echo hel''lo; while ! test -e {gate}; do sleep 0.1; done; echo good''bye")"""
    )
    run = airflow.trigger(dag_id)

    airflow.wait_for(lambda: "hello" in run.log("say"), within=90)
    assert "goodbye" not in run.log("say")
    gate.touch()
    airflow.wait_until_ended(run)

    assert "goodbye" in run.log("say")
    assert "done, exit code 0 on" in run.log("say")
    facts = run.xcom("say")
    assert (facts["verdict"], facts["exit_code"]) == ("done", 0)
    assert facts["wallclock"] > 0.1
    assert facts["maxrss"] > 0
    ((_, verdict, maxrss),) = attempts(airflow, run)
    assert (verdict, maxrss) == ("done", facts["maxrss"])


def test_memory_that_was_too_small_is_raised_over_airflows_tries(airflow, written, deferrable):
    hungry = "import time; held = bytearray(170 * 2**20); time.sleep(1)"
    dag_id = written(
        f'MultiprocessOperator(task_id="say", deferrable={deferrable}, poll_interval=1, max_attempts=4, '
        f"command=['python3', '-c', {hungry!r}], "
        "compute_resources={'memory': '100M', 'runtime': '10m'}, resource_scales={'memory': ['150M', '400M']})"
    )

    run = airflow.run(dag_id, within=240)

    assert run.task("say").try_number == 3
    asked = attempts(airflow, run)
    assert [round(each["memory"] * 1024) for each, _, _ in asked] == [100, 150, 400]
    assert [verdict for _, verdict, _ in asked] == ["out of memory", "out of memory", "done"]
    assert {each["runtime"] for each, _, _ in asked} == {600}
    assert "out of memory" in run.log("say", 1)


def test_a_command_that_fails_fails_its_task_with_its_own_words(airflow, written, deferrable):
    dag_id = written(
        f'SequentialOperator(task_id="say", deferrable={deferrable}, poll_interval=1, max_attempts=1, '
        """command="echo no such thing >&2; exit 3")"""
    )

    run = airflow.run(dag_id, state="failed")

    assert "no such thing" in run.log("say")
    assert "application error, exit code 3" in run.log("say")


def test_a_command_that_succeeded_runs_again_when_it_is_cleared(airflow, written, tmp_path, deferrable):
    diary = tmp_path / "diary"
    dag_id = written(
        f'MultiprocessOperator(task_id="say", deferrable={deferrable}, poll_interval=1, '
        f"""command="echo once >> {diary}")"""
    )
    run = airflow.run(dag_id)

    run.clear(["say"])
    airflow.wait_until_ended(run)

    assert diary.read_text().split() == ["once", "once"]
    assert [verdict for _, verdict, _ in attempts(airflow, run)] == ["done", "done"]


def test_what_a_person_typed_cannot_become_a_command(airflow, written, tmp_path, deferrable):
    outrage, said = tmp_path / "outrage", tmp_path / "said"
    dag_id = written(
        f'MultiprocessOperator(task_id="say", deferrable={deferrable}, poll_interval=1, '
        f"""command="echo {{{{ dag_run.conf.who }}}} > {said}", params={{'who': 'you'}})"""
    )

    airflow.run(dag_id, conf={"who": f"$(touch {outrage}); touch {outrage} 'x"})

    assert said.read_text() == f"$(touch {outrage}); touch {outrage} 'x\n"
    assert not outrage.exists()


def test_the_environment_reaches_the_command_and_no_table(airflow, written, tmp_path, deferrable):
    said = tmp_path / "said"
    dag_id = written(
        f'MultiprocessOperator(task_id="say", deferrable={deferrable}, poll_interval=1, '
        f"""command="echo $SECRET > {said}", env={{'SECRET': 'hush-{{{{ ds_nodash | default(1) }}}}-4711'}})"""
    )

    run = airflow.run(dag_id)

    assert said.read_text().startswith("hush-")
    assert "4711" not in json.dumps([asked for asked, _, _ in attempts(airflow, run)])


def test_marking_the_task_failed_ends_its_command(airflow, written, tmp_path, deferrable):
    begun = tmp_path / "begun"
    dag_id = written(
        f'MultiprocessOperator(task_id="say", deferrable={deferrable}, poll_interval=1, '
        f"""command="echo $$ > {begun}; exec sleep 4343")"""
    )
    run = airflow.trigger(dag_id)
    airflow.wait_for(lambda: begun.exists() and begun.read_text().strip(), within=90)

    run.mark_task("say", "failed")

    airflow.wait_until_ended(run, "failed")
    pid = begun.read_text().strip()
    airflow.wait_for(lambda: not _is_alive(pid), within=120)


def test_mapped_commands_have_tries_of_their_own(airflow, written, tmp_path, deferrable):
    there = tmp_path / "there"
    dag_id = written(
        f'MultiprocessOperator.partial(task_id="say", deferrable={deferrable}, poll_interval=1, max_attempts=2)'
        f""".expand(command=["echo one", "if test -e {there}; then echo t''wo; else touch {there}; false; fi"])"""
    )

    run = airflow.run(dag_id)

    assert [run.xcom("say", map_index=index)["verdict"] for index in (0, 1)] == ["done", "done"]
    assert [run.task("say", map_index=index).try_number for index in (0, 1)] == [1, 2]
    assert "two" in run.log("say", 2, 1)


def _is_alive(pid: str) -> bool:
    try:
        return "4343" in psutil.Process(int(pid)).cmdline()
    except psutil.NoSuchProcess:  # or nothing is left of it but its place in the table
        return False


# --- the engine that all deferred commands share -------------------------------------------------------------------


def engines_of(airflow):
    """The engines of single commands beside its triggerers."""
    return airflow.running("jobmon_airflow.dags.shared_engine")


MANY = """
from airflow.sdk import DAG
from jobmon_airflow.operators.command import MultiprocessOperator

with DAG({dag_id!r}, schedule=None):
    for name in ("ada", "bob", "cyd"):
        MultiprocessOperator(
            task_id=name,
            deferrable=True,
            poll_interval=1,
            retries=0,
            command=f"echo $WHO >> {folder}/{{name}}; while ! test -e {folder}/gate; do sleep 0.1; done",
            env={{"WHO": f"only {{name}}"}},
        )
"""


def begun(airflow, folder, dag_id):
    """A run of three commands that all wait at a gate."""
    airflow.write_dag(dag_id, MANY.format(dag_id=dag_id, folder=folder))
    run = airflow.trigger(dag_id)
    airflow.wait_for(lambda: all((folder / name).exists() for name in ("ada", "bob", "cyd")), within=120)
    return run


def diaries(folder):
    return [(folder / name).read_text() for name in ("ada", "bob", "cyd")]


ONCE = ["only ada\n", "only bob\n", "only cyd\n"]
TWICE = [2 * line for line in ONCE]


def test_a_triggerer_that_is_killed_leaves_all_commands_at_work(mortal, tmp_path):
    run = begun(mortal, tmp_path, "killed_triggerer_of_commands")
    before = engines_of(mortal)
    assert len(before) == 1

    mortal.kill9("triggerer")
    mortal.start("triggerer")
    mortal.wait_for(
        lambda: all("is at work; waiting for it" in run.log(name) for name in ("ada", "bob", "cyd")),
        within=120,
    )
    assert before[0] in engines_of(mortal)
    (tmp_path / "gate").touch()

    mortal.wait_until_ended(run)
    assert diaries(tmp_path) == ONCE
    mortal.wait_for(lambda: before[0] not in engines_of(mortal), within=120)


def test_an_engine_of_commands_that_is_killed_is_followed_by_another_that_runs_all_of_them(mortal, tmp_path):
    run = begun(mortal, tmp_path, "killed_engine_of_commands")

    [engine] = engines_of(mortal)
    engine.kill()
    mortal.wait_for(lambda: diaries(tmp_path) == TWICE, within=120)
    (tmp_path / "gate").touch()

    mortal.wait_until_ended(run)
    assert [run.task(name).try_number for name in ("ada", "bob", "cyd")] == [1, 1, 1]


def test_marking_or_clearing_one_command_leaves_the_others_of_its_engine_alone(mortal, tmp_path):
    run = begun(mortal, tmp_path, "one_of_many_commands")

    run.mark_task("ada", "failed")
    run.clear(["bob"])
    mortal.wait_for(lambda: diaries(tmp_path)[1] == TWICE[1], within=120)
    (tmp_path / "gate").touch()

    mortal.wait_until_ended(run, "failed")
    assert run.states() == {"ada": "failed", "bob": "success", "cyd": "success"}
    assert diaries(tmp_path) == [ONCE[0], TWICE[1], ONCE[2]]
    assert len(engines_of(mortal)) == 1
