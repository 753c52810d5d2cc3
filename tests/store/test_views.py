"""Queries and names that Jobmon's users know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from jobmon_airflow import Tool
from jobmon_airflow.states import TaskInstanceStatus, TaskStatus, WorkflowRunStatus
from jobmon_airflow.store import dags, task_instances, tasks, views, workflow_runs
from jobmon_airflow.store.database import dialect_name
from tests.store.building import AT

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from jobmon_airflow import Workflow
    from jobmon_airflow.store.database import Database


class Finished:
    """A bound workflow with a run in which one task failed and was tried again, and one failed for good."""

    def __init__(self, database: Database, workflow: Workflow, user: str) -> None:
        self.database, self.workflow, self.user = database, workflow, user
        self.fetch, self.mend, self.give_up = (task.task_id or 0 for task in workflow.tasks)
        self.run_id, self.attempts = database.write(self._run)

    def _run(self, connection: Connection) -> tuple[int, list[int]]:
        run_id = workflow_runs.register(connection, self.workflow.workflow_id, self.user, "1.0", AT)
        attempts = [
            self._attempt(connection, run_id, task_id, batch)
            for batch, task_id in enumerate([self.fetch, self.mend, self.mend, self.give_up], start=1)
        ]
        first, failed, second, last = attempts
        task_instances.advance(connection, [first, second], TaskInstanceStatus.DONE, AT)
        task_instances.advance(connection, [failed, last], TaskInstanceStatus.ERROR, AT)
        task_instances.log_errors(connection, {failed: "No such file: 'a'", last: "100 % wrong"}, AT)
        tasks.advance(connection, [self.fetch, self.mend], TaskStatus.QUEUED, AT)
        tasks.advance(connection, [self.fetch, self.mend], TaskStatus.DONE, AT)
        tasks.advance(connection, [self.give_up], TaskStatus.ERROR_FATAL, AT)
        workflow_runs.advance(connection, [run_id], WorkflowRunStatus.LINKING, AT)
        return run_id, attempts

    def _attempt(self, connection: Connection, run_id: int, task_id: int, batch: int) -> int:
        array_id = self.workflow.arrays["cook"].array_id
        assert array_id
        (attempt,) = task_instances.queue(connection, run_id, array_id, batch, {task_id: None}, AT).values()
        task_instances.advance(connection, [attempt], TaskInstanceStatus.INSTANTIATED, AT)
        return attempt


@pytest.fixture
def finished(database: Database, new: Callable[[str], str]) -> Finished:
    tool = Tool(new("kitchen"), database=database.engine.url.render_as_string(hide_password=False))
    template = tool.get_task_template("cook", "cook {what}", node_args=["what"])
    workflow = tool.create_workflow(name=new("breakfast"), default_cluster_name="multiprocess")
    before: list[Any] = []
    for what in ("water", "tea", "toast"):
        task = template.create_task(
            what=what,
            upstream_tasks=before,
            compute_resources={"memory": "1536M", "runtime": "90m", "cores": 2, "queue": "all.q"},
        )
        before = [workflow.add_task(task)]
    return Finished(database, workflow.bind(), new("ada"))


def ask(database: Database, query: str) -> list[dict[str, Any]]:
    """The answer to a query as it was printed, word for word."""
    with database.read() as connection:
        return [dict(zip(row._fields, row, strict=True)) for row in connection.exec_driver_sql(query)]


def quote(database: Database, name: str) -> str:
    """A name between the quotes of the printed queries, which are double.

    Only standard SQL, and therefore PostgreSQL, takes what stands between them for the name of a column. It has
    no setting to do otherwise; on PostgreSQL one types single quotes.
    """
    return f"'{name}'" if database.engine.dialect.name == "postgresql" else f'"{name}"'


# --- the printed queries ----------------------------------------------------------------------------------------


def test_the_status_of_all_jobs_of_a_dag(database: Database, finished: Finished) -> None:
    rows = ask(
        database,
        f"SELECT status, count(*) FROM job WHERE dag_id={finished.workflow.dag_id} GROUP BY status",
    )

    assert {tuple(row.values()) for row in rows} == {("D", 2), ("F", 1)}


def test_the_status_of_all_tasks_of_a_workflow(database: Database, finished: Finished) -> None:
    rows = ask(
        database,
        f"""
        SELECT status, count(*)
        FROM task
        WHERE workflow_id={finished.workflow.workflow_id}
        GROUP BY status
        """,
    )

    assert {tuple(row.values()) for row in rows} == {("D", 2), ("F", 1)}


def test_a_workflow_by_its_name(database: Database, finished: Finished) -> None:
    rows = ask(
        database,
        f"""
        SELECT *
        FROM workflow
        WHERE name={quote(database, finished.workflow.name)}
        """,
    )

    assert [row["id"] for row in rows] == [finished.workflow.workflow_id]


def test_all_workflows_of_a_user(database: Database, finished: Finished) -> None:
    rows = ask(
        database,
        f"""
        SELECT *
        FROM workflow
        JOIN workflow_run ON workflow.id = workflow_run.workflow_id
        WHERE workflow_run.user = {quote(database, finished.user)}
        """,
    )

    assert [row["workflow_id"] for row in rows] == [finished.workflow.workflow_id]
    assert [row["name"] for row in rows] == [finished.workflow.name]


def test_all_error_logs_of_a_workflow(database: Database, finished: Finished) -> None:
    rows = ask(
        database,
        f"""
        SELECT *
        FROM task t1, task_instance t2, task_instance_error_log t3
        WHERE t1.id = t2.task_id
        AND t2.id = t3.task_instance_id
        AND t1.workflow_id = {finished.workflow.workflow_id}
        """,
    )

    assert {(row["task_id"], row["task_instance_id"], row["description"]) for row in rows} == {
        (finished.mend, finished.attempts[1], "No such file: 'a'"),
        (finished.give_up, finished.attempts[3], "100 % wrong"),
    }


def test_the_error_logs_of_a_workflow_run(database: Database, finished: Finished) -> None:
    rows = ask(
        database,
        f"""
        SELECT *
        FROM task_instance t1, task_instance_error_log t2
        WHERE t1.id = t2.task_instance_id
        AND t1.workflow_run_id = {finished.run_id}
        """,
    )

    assert {row["description"] for row in rows} == {"No such file: 'a'", "100 % wrong"}


# --- older names ------------------------------------------------------------------------------------------------


COLUMNS = {
    "job_status": "id label description",
    "job_instance_status": "id label description",
    "executor_parameter_set_type": "id label",
    "executor_parameteter_set_type": "id label",
    "command_template_arg_type_mapping": "task_template_version_id arg_id arg_type_id",
    "job": ("job_id dag_id workflow_id job_hash name command num_attempts max_attempts status status_date"),
    "job_instance": (
        "job_instance_id job_id dag_id workflow_run_id executor_id nodename process_group_id usage_str wallclock "
        "maxrss maxpss cpu io status submitted_date status_date"
    ),
    "job_instance_error_log": "id job_instance_id error_time description",
    "task_dag": "dag_id dag_hash workflow_id name created_date",
    "executor_parameter_set": (
        "id parameter_set_type queue num_cores m_mem_free max_runtime_seconds requested_resources"
    ),
    "dependency": "dag_id upstream_node_id downstream_node_id",
}


def test_every_view_is_known_here() -> None:
    for dialect in ("sqlite", "postgresql", "mysql"):
        assert set(views.definitions(dialect)) == set(COLUMNS)


@pytest.mark.parametrize("view", COLUMNS)
def test_an_older_name_has_its_columns_and_rows(database: Database, finished: Finished, view: str) -> None:
    rows = ask(database, f"SELECT * FROM {view}")

    assert list(rows[0]) == COLUMNS[view].split()


def test_jobs_are_tasks(database: Database, finished: Finished) -> None:
    rows = ask(
        database, f"SELECT * FROM job WHERE workflow_id = {finished.workflow.workflow_id} ORDER BY job_id"
    )

    assert [(row["job_id"], row["command"], row["status"]) for row in rows] == [
        (finished.fetch, "cook water", "D"),
        (finished.mend, "cook tea", "D"),
        (finished.give_up, "cook toast", "F"),
    ]
    assert {row["dag_id"] for row in rows} == {finished.workflow.dag_id}


def test_job_instances_are_attempts(database: Database, finished: Finished) -> None:
    rows = ask(
        database,
        f"SELECT * FROM job_instance WHERE workflow_run_id = {finished.run_id} ORDER BY job_instance_id",
    )

    assert [(row["job_instance_id"], row["job_id"], row["status"]) for row in rows] == [
        (finished.attempts[0], finished.fetch, "D"),
        (finished.attempts[1], finished.mend, "E"),
        (finished.attempts[2], finished.mend, "D"),
        (finished.attempts[3], finished.give_up, "E"),
    ]


def test_a_task_dag_knows_its_workflow(database: Database, finished: Finished) -> None:
    (row,) = ask(database, f"SELECT * FROM task_dag WHERE dag_id = {finished.workflow.dag_id}")

    assert (row["workflow_id"], row["name"]) == (finished.workflow.workflow_id, finished.workflow.name)


def test_executor_parameters_are_in_gibibytes_and_seconds(database: Database, finished: Finished) -> None:
    (row,) = ask(
        database,
        "SELECT executor_parameter_set.* FROM executor_parameter_set "
        "JOIN task ON task.task_resources_id = executor_parameter_set.id "
        f"WHERE task.id = {finished.fetch}",
    )

    assert (row["m_mem_free"], row["max_runtime_seconds"], row["num_cores"]) == (1.5, 5400, 2)
    assert (row["parameter_set_type"], row["queue"]) == ("O", "all.q")


# --- dependency -------------------------------------------------------------------------------------------------


def pairs(database: Database, workflow: Workflow) -> list[tuple[int, int]]:
    rows = ask(database, f"SELECT * FROM dependency WHERE dag_id = {workflow.dag_id}")
    return [(row["upstream_node_id"], row["downstream_node_id"]) for row in rows]


def test_dependencies_are_pairs_of_nodes(database: Database, finished: Finished) -> None:
    water, tea, toast = (task._node_id for task in finished.workflow.tasks)

    assert sorted(pairs(database, finished.workflow)) == sorted([(water, tea), (tea, toast)])


def test_joins_are_opened_and_each_pair_comes_once(database: Database, new: Callable[[str], str]) -> None:
    tool = Tool(new("kitchen"), database=database.engine.url.render_as_string(hide_password=False))
    template = tool.get_task_template("cook", "cook {what}", node_args=["what"])
    workflow = tool.create_workflow(default_cluster_name="multiprocess")
    first = [template.create_task(what=f"first {number}") for number in range(20)]
    second = [template.create_task(what=f"second {number}", upstream_tasks=first) for number in range(5)]
    # Waits for the first of them twice over: through the join, and by itself.
    second[0].add_upstream(first[0])
    workflow.add_tasks([*first, *second])
    workflow.bind()

    with database.read() as connection:
        assert list(dags.joins_of(connection, workflow.dag_id))
    found = pairs(database, workflow)
    assert sorted(found) == sorted((up._node_id, down._node_id) for up in first for down in second)


@pytest.mark.parametrize("view", ["dependency", "job", "job_instance", "executor_parameter_set", "task_dag"])
def test_views_that_join_tables_cannot_be_emptied(database: Database, finished: Finished, view: str) -> None:
    with pytest.raises(DBAPIError):
        database.write(lambda it: it.execute(text(f"DELETE FROM {view}")).close())


def test_views_are_made_for_the_dialect_at_hand(database: Database) -> None:
    with database.read() as connection:
        for name in views.definitions(dialect_name(connection)):
            connection.execute(text(f"SELECT * FROM {name} WHERE 1 = 0"))
