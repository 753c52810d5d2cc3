"""No statement of the store reads a large table from one end to the other.

Each function runs on workflows of some thousand tasks; what it says to the database is caught and explained by
the database itself.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, text

from jobmon_airflow.states import TASK, TaskInstanceStatus, TaskStatus, WorkflowRunStatus
from jobmon_airflow.store import (
    attributes,
    clusters,
    dags,
    error_groups,
    error_logs,
    families,
    nodes,
    paths,
    retries,
    run_statistics,
    samples,
    set_back,
    stretches,
    task_instances,
    task_pages,
    tasks,
    turns,
    usage,
    workflow_runs,
    workflows,
)
from jobmon_airflow.store.task_pages import Wanted
from tests.store.building import AT, Chain, chain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from jobmon_airflow.store.database import Database

OTHERS = 4
TRACEBACK = "It failed as long texts do. " * 20
# With one row for every task at least; the others stay small, and a planner rightly reads them whole.
LARGE = (
    *("task", "task_arg", "task_attribute", "task_instance", "task_instance_error_log", "task_status_audit"),
    *("node", "node_arg", "edge"),
)


@pytest.fixture(scope="module")
def filled() -> dict[int, tuple[Chain, int]]:
    """The workflow that is asked about, and its run, for each database."""
    return {}


@pytest.fixture
def world(database: Database, filled: dict[int, tuple[Chain, int]]) -> tuple[Chain, int]:
    """Some workflows, half of whose tasks have been run; the statistics know them."""
    if id(database) not in filled:
        for _ in range(OTHERS):
            _run(database, chain(database, 3_000))
        # A small part of each table: who asks for a large part is well served by all of it.
        filled[id(database)] = _run(database, chain(database, 300))
        _take_statistics(database)
    return filled[id(database)]


QUESTIONS: dict[str, Callable[[Connection, Chain, int], Any]] = {
    "advance": lambda it, of, _: tasks.advance(it, of.task_ids[:50], TaskStatus.DONE, AT),
    "order": lambda it, of, _: tasks.order(it, of.task_ids[:50], TASK.orders["set back"], AT),
    # Nothing moves, but where the tasks and what is behind them are is looked up.
    "set back a template": lambda it, of, _: set_back.templates(it, of.workflow_id, ["no template"], AT),
    "redefine": lambda it, of, _: tasks.redefine(
        it, [(number, "a", "b", 2, None, None, None, None) for number in of.task_ids[:50]]
    ),
    "page": lambda it, of, _: tasks.page(it, of.workflow_id),
    "page of an array": lambda it, of, _: tasks.page(it, of.workflow_id, array_ids=[of.array_id]),
    "page of a status": lambda it, of, _: tasks.page(
        it, of.workflow_id, statuses=[TaskStatus.DONE, TaskStatus.ERROR_FATAL]
    ),
    "page of both": lambda it, of, _: tasks.page(
        it, of.workflow_id, array_ids=[of.array_id], statuses=[TaskStatus.RUNNING]
    ),
    "next page": lambda it, of, _: tasks.page(it, of.workflow_id, after=of.task_ids[150]),
    "newest tasks": lambda it, of, _: task_pages.newest(
        it, of.workflow_id, Wanted(array_ids=[of.array_id]), 50
    ),
    "following tasks": lambda it, of, _: task_pages.page(
        it, of.workflow_id, Wanted(array_ids=[of.array_id]), after=of.task_ids[150], limit=50
    ),
    "stretches of tasks": lambda it, of, _: stretches.of_workflow(it, of.workflow_id),
    "nodes of tasks": lambda it, of, _: tasks.nodes_of(it, of.workflow_id, of.task_ids[:50]),
    "all before a task": lambda it, of, _: set_back.with_upstreams(it, of.workflow_id, of.task_ids[40:42]),
    "dependencies": lambda it, of, _: tasks.dependencies(it, of.task_ids[150]),
    "neighbours": lambda it, of, _: dags.neighbours(it, of.dag_id, of.node_ids[:50]),
    "edges": lambda it, of, _: list(dags.edges_of(it, of.dag_id)),
    "joins": lambda it, of, _: list(dags.joins_of(it, of.dag_id)),
    "template edges": lambda it, of, _: dags.template_edges(it, of.dag_id),
    "shape of a family": lambda it, of, _: families.shape(it, of.workflow_id, of.dag_id),
    "families": lambda it, *_: families.all_of_them(it),
    "newest of a family": lambda it, of, _: families.newest(it, "chain 1", "chain 1"),
    "counts by status": lambda it, of, _: workflows.counts_by_status(it, [of.workflow_id]),
    "changes": lambda it, of, _: tasks.changes(it, of.workflow_id),
    "later changes": lambda it, of, _: tasks.changes(it, of.workflow_id, after=1000, limit=50),
    "story": lambda it, of, _: tasks.story(it, of.task_ids[7]),
    "tasks of an array": lambda it, of, _: list(tasks.of_array(it, of.workflow_id, of.array_id)),
    "tasks of an array with hashes": lambda it, of, _: list(
        tasks.of_array_with_hashes(it, of.workflow_id, of.array_id)
    ),
    "definitions": lambda it, of, _: list(tasks.definitions(it, of.workflow_id, of.array_id)),
    "attempts of a run": lambda it, _, run: task_instances.of_run(it, run, [TaskInstanceStatus.RUNNING]),
    "attempts at tasks": lambda it, of, _: task_instances.of_tasks(it, of.task_ids[:50]),
    "newest attempts": lambda it, of, _: task_instances.newest(it, of.workflow_id, [of.array_id], 50),
    "newest attempts of a name": lambda it, of, _: task_instances.newest(
        it, of.workflow_id, [of.array_id], 50, task_name="task 4"
    ),
    "errors": lambda it, of, _: task_instances.errors_of_workflow(it, of.workflow_id),
    "errors of a task": lambda it, of, _: error_logs.of_task(it, of.task_ids[0]),
    "errors by task": lambda it, of, _: error_logs.of_workflow(it, of.workflow_id, 50),
    "errors of all tasks": lambda it, of, _: error_logs.of_workflow(it, of.workflow_id, None),
    "errors of fatal tasks": lambda it, of, _: error_logs.of_fatal_tasks(it, of.workflow_id),
    "usage of a task": lambda it, of, _: usage.of_task(it, of.task_ids[0]),
    "usage by request": lambda it, of, _: usage.by_request(it, of.array_id),
    "usage of arrays": lambda it, of, _: list(usage.of_arrays(it, [of.array_id], {})),
    "usage of arrays by node args": lambda it, of, _: list(
        usage.of_arrays(it, [of.array_id], {"number": ["4", "6"]})
    ),
    "statistics of a run": lambda it, _, run: run_statistics.parts(it, run_statistics.run(it, run)),
    "sample of a run": lambda it, _, run: run_statistics.sample(it, run_statistics.run(it, run), 100),
    "last batch": lambda it, of, _: task_instances.last_batch(it, of.array_id),
    "queue": lambda it, of, run: task_instances.queue(
        it, run, of.array_id, 9, dict.fromkeys(of.task_ids[:50]), AT
    ),
    "batch": lambda it, of, _: task_instances.of_batch(it, of.array_id, 1),
    "last batches": lambda it, of, _: task_instances.last_batches(it, [of.array_id]),
    "open attempts": lambda it, of, _: task_instances.open_of_workflow(it, of.workflow_id),
    "hand over": lambda it, of, run: task_instances.hand_over(it, _attempts(it, of), run),
    "exhausted tasks": lambda it, of, _: task_instances.exhausted(it, of.workflow_id),
    "last attempts of failed tasks": lambda it, of, _: task_instances.last_of_failed(it, of.workflow_id, 50),
    "accounts": lambda it, of, _: task_instances.accounts(it, _attempts(it, of)),
    # The hot one, which moves the few that no cluster has; a cold one moves half of the workflow.
    "begin again": lambda it, of, _: tasks.begin_again(it, of.workflow_id, TASK.orders["hot resume"], AT),
    "tasks to run": lambda it, of, _: list(tasks.to_run(it, of.workflow_id)),
    "commands": lambda it, of, _: tasks.commands(it, of.task_ids[:50]),
    "running tasks": lambda it, of, _: tasks.running(it, of.workflow_id),
    "statuses": lambda it, of, _: tasks.statuses(it, of.workflow_id),
    "request": lambda it, of, _: tasks.request(
        it, [(number, of.resources_id) for number in of.task_ids[:50]]
    ),
    "sample of an array": lambda it, of, _: samples.of_arrays(it, [of.array_id], 50),
    "some of an array": lambda it, of, _: samples.chosen(it, [of.array_id], 50, 300),
    "failed attempts of an array": lambda it, of, _: samples.failed_of_arrays(it, [of.array_id], 50),
    "places of attempts": lambda it, of, _: samples.places(it, _attempts(it, of)),
    "node args of tasks": lambda it, of, _: samples.node_args(it, of.task_ids[:50], "number"),
    "what came later": lambda it, of, _: retries.attempts_at(it, of.task_ids[:50]),
    "tasks of arrays by status": lambda it, of, _: workflows.statuses_in_arrays(
        it, of.workflow_id, [of.array_id]
    ),
    "kinds of errors": lambda it, of, _: [
        error_groups.totals(it, [of.array_id]),
        error_groups.page(it, [of.array_id], (5, 5), 50),
        error_groups.counts(it, [of.array_id], [1, 2]),
        error_groups.seen(it, [of.array_id], [1, 2], 3),
        error_groups.failed_for_good(it, of.workflow_id, [of.array_id], [1, 2], 100),
    ],
    "errors of a kind": lambda it, of, _: error_groups.attempts_of(it, [of.array_id], 1, (0, 0), 50),
    "samples of errors": lambda it, of, _: error_groups.samples(it, _attempts(it, of)[:10]),
    "the last to end": lambda it, of, _: paths.last_ended(it, of.workflow_id),
    "the last before one": lambda it, of, _: [
        paths.before(it, of.workflow_id, of.dag_id, paths.Done(of.task_ids[9], of.node_ids[9], AT)),
        paths._latest_before(it, of.workflow_id, {of.node_ids[8]}, of.task_ids[9]),
    ],
    "attempts on a path": lambda it, of, _: paths.attempts_on(it, of.task_ids[:50]),
    "clusters of a workflow": lambda it, of, _: clusters.of_workflow(it, of.workflow_id),
    "a turn, and the same once more": lambda it, of, run: [_turn(it, of, run) for _ in range(2)],
    "runs of somebody": lambda it, of, _: workflow_runs.has_run_by(it, of.workflow_id, "ada"),
    "the last run that failed": lambda it, of, _: workflow_runs.last_unfinished(it, of.workflow_id),
    "clusters in use": lambda it, *_: clusters.in_use(it),
    "silent runs": lambda it, *_: workflow_runs.silent(it, AT),
    "nodes": lambda it, of, _: nodes.find(it, of.version_id, [f"{number:032x}" for number in range(50)]),
    "any node": lambda it, of, _: nodes.has_any(it, of.version_id),
    "attributes": lambda it, of, _: attributes.read(it, "task", of.task_ids[7]),
    "new attributes": lambda it, of, _: attributes.write(
        it, "task", {number: {"colour": "red"} for number in of.task_ids[:50]}
    ),
    "same args": lambda it, of, _: workflows.others_with_these_args(it, of.identity, 0),
    "being run": lambda it, of, _: workflows.is_being_run(it, of.workflow_id),
    "advance attempts": lambda it, of, run: task_instances.advance(
        it,
        _attempts(it, of),
        TaskInstanceStatus.DONE,
        AT,
    ),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_large_table_is_read_from_end_to_end(
    database: Database, world: tuple[Chain, int], question: str
) -> None:
    with database.engine.connect() as connection:
        with _overheard(connection) as statements:
            QUESTIONS[question](connection, *world)
        plans = [_plan(connection, *statement) for statement in statements]
        connection.rollback()

    assert statements
    assert [plan for plan in plans if _whole(plan)] == []


def test_a_plan_that_reads_everything_is_noticed(database: Database, world: tuple[Chain, int]) -> None:
    with database.engine.connect() as connection:
        for table in LARGE:
            assert _whole(_plan(connection, f"SELECT * FROM {table}", ())), table


def _whole(plan: str) -> list[str]:
    """The large tables that a plan reads from one end to the other."""
    return [name for name in LARGE if re.search(rf"(Seq Scan on|SCAN|EVERY ROW OF) {name}\b", plan)]


@contextmanager
def _overheard(connection: Connection) -> Iterator[list[tuple[str, Any]]]:
    said: list[tuple[str, Any]] = []

    def note(*told: Any) -> None:
        _, _, statement, parameters, _, many = told
        # Repeated execution of one statement: its first parameters stand for all.
        said.append((statement, parameters[0] if many else parameters))

    event.listen(connection, "before_cursor_execute", note)
    yield said
    event.remove(connection, "before_cursor_execute", note)


def _plan(connection: Connection, statement: str, parameters: Any) -> str:
    words = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    rows = [row._asdict() for row in connection.exec_driver_sql(f"{words} {statement}", parameters)]
    match connection.dialect.name:
        case "sqlite":
            lines = [row["detail"] for row in rows]
        case "postgresql":
            lines = [row["QUERY PLAN"] for row in rows]
        case _:
            lines = [_said_by_mariadb(row) for row in rows]
    return "\n".join([statement, *lines])


def _said_by_mariadb(row: dict[str, Any]) -> str:
    # "index" is a walk through an index from end to end, for its order or because it is shorter than the table.
    everything = "EVERY ROW OF " if row["type"] in {"ALL", "index"} else ""
    return f"{everything}{row['table']} by {row['type']} {row['key']}: {row['Extra']}"


def _run(database: Database, of: Chain) -> tuple[Chain, int]:
    def go(connection: Connection) -> int:
        run = workflow_runs.register(connection, of.workflow_id, "ada", "1.0", AT)
        half = of.task_ids[::2]
        attempts = task_instances.queue(connection, run, of.array_id, 1, dict.fromkeys(half), AT)
        task_instances.log_errors(connection, dict.fromkeys(attempts.values(), TRACEBACK), AT)
        ended = list(attempts.values())[::2]
        for status in (TaskInstanceStatus.INSTANTIATED, TaskInstanceStatus.ERROR):
            task_instances.advance(connection, ended, status, AT, maxrss=10**9, wallclock=60.0)
        tasks.advance(connection, half, TaskStatus.QUEUED, AT)
        tasks.advance(connection, half[10:], TaskStatus.RUNNING, AT)
        tasks.advance(connection, half[-20:], TaskStatus.ERROR_FATAL, AT)
        attributes.write(connection, "task", {number: {"colour": "blue"} for number in half})
        return run

    return of, database.write(go)


def _attempts(connection: Connection, of: Chain) -> list[int]:
    return [row.id for row in task_instances.of_tasks(connection, of.task_ids[:50])]


def _turn(connection: Connection, of: Chain, run: int) -> turns.Written:
    """A turn with some of everything."""
    workflow_runs.advance(connection, [run], WorkflowRunStatus.LINKING, AT)
    known = _attempts(connection, of)
    task_instances.advance(connection, known, TaskInstanceStatus.INSTANTIATED, AT)
    turn = turns.Turn(number=1, run_status=WorkflowRunStatus.BOUND)
    turn.launched = [(number, f"81_{number}") for number in known]
    turn.started = [(number, f"81_{number}", "node7", 4711, None, None) for number in known]
    turn.told_to_stop = known[:10]
    turn.endings = [
        turns.Ending(attempt_id=number, status=status, facts=(None,) * len(turns.ENDING), error="x")
        for number, status in zip(
            known, [TaskInstanceStatus.DONE, TaskInstanceStatus.ERROR] * 50, strict=False
        )
    ]
    for target in TaskStatus:
        turn.move(target, of.task_ids[:50])
    asked = dict.fromkeys(of.task_ids[50:100], 1)
    turn.intents = [turns.Intent(array_id=of.array_id, batch=9, resources_id=of.resources_id, tasks=asked)]
    return turns.write(connection, run, turn, AT, AT)


def _take_statistics(database: Database) -> None:
    """As servers do on their own from time to time, and SQLite does not."""
    tables = ", ".join(LARGE)
    match database.engine.dialect.name:
        case "postgresql":
            database.write(lambda it: it.execute(text(f"ANALYZE {tables}")))
        case "mysql":
            database.write(lambda it: it.execute(text(f"ANALYZE TABLE {tables}")).close())
