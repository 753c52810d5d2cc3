"""What each module of the store promises, on every database."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from jobmon_airflow.errors import UnknownCluster
from jobmon_airflow.queues import QueueLimits
from jobmon_airflow.resources import Resources
from jobmon_airflow.states import TASK, TaskInstanceStatus, TaskStatus, WorkflowRunStatus, WorkflowStatus
from jobmon_airflow.store import (
    attributes,
    clusters,
    dags,
    nodes,
    schema,
    task_instances,
    tasks,
    templates,
    tools,
    vocabulary,
    workflow_runs,
    workflows,
)
from jobmon_airflow.store.words import digest
from tests.store.building import AT, Chain, chain, described

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Connection

    from jobmon_airflow.store.database import Database

LATER = AT + timedelta(minutes=1)


@pytest.fixture
def row(database: Database) -> Chain:
    """Three tasks that wait for each other."""
    return chain(database)


def statuses(database: Database, of: Chain) -> str:
    """The letters of the tasks' statuses, in the order of the tasks."""
    with database.read() as connection:
        return "".join(task.status for task in tasks.page(connection, of.workflow_id))


def move(database: Database, ids: Iterable[int], target: TaskStatus) -> set[int]:
    return database.write(lambda it: tasks.advance(it, ids, target, LATER))


# --- tools ------------------------------------------------------------------------------------------------------


def test_a_tool_is_found_by_its_name(database: Database, new: Callable[[str], str]) -> None:
    name = new("tool")

    def ask(connection: Connection) -> list[int]:
        return [tools.tool_id(connection, asked) for asked in (name, name, new("tool"))]

    first, again, other = database.write(ask)

    assert first == again != other


def test_a_tool_has_a_version_as_soon_as_it_is_asked_for_and_may_have_more(
    database: Database, new: Callable[[str], str]
) -> None:
    def ask(connection: Connection) -> tuple[list[int], list[int]]:
        number = tools.tool_id(connection, new("tool"))
        latest = tools.latest_version
        asked = [latest(connection, number, AT), latest(connection, number, AT)]
        asked += [tools.add_version(connection, number, AT), latest(connection, number, AT)]
        return asked, tools.version_ids(connection, number)

    (first, again, second, latest), known = database.write(ask)

    assert first == again < second == latest
    assert known == [first, second]


ASK_FOR_THE_LATEST_VERSION = """
import sys
from datetime import UTC, datetime
from jobmon_airflow.store import tools
from jobmon_airflow.store.database import Database

database = Database.open(sys.argv[1])
sys.stdin.readline()
number = database.write(lambda it: tools.tool_id(it, sys.argv[2]))
print(database.write(lambda it: tools.latest_version(it, number, datetime.now(UTC))))
"""


def test_two_processes_that_meet_a_tool_for_the_first_time_agree_on_its_version(
    database: Database, new: Callable[[str], str]
) -> None:
    url = database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", ASK_FOR_THE_LATEST_VERSION, url, new("tool")]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]

    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    first, second = (process.communicate(timeout=60)[0] for process in processes)

    assert first == second != ""


# --- templates --------------------------------------------------------------------------------------------------


def test_a_template_version_comes_back_as_it_was_bound(database: Database, row: Chain) -> None:
    version = templates.Version(
        template_id=row.template_id,
        command="{python} -c 'print(\"é\")' {year} {data} 100%",
        node_args=("year",),
        task_args=("data",),
        op_args=("python",),
    )

    first, again = (
        database.write(lambda it: templates.bind_versions(it, [version])[version]) for _ in range(2)
    )

    assert first == again
    with database.read() as connection:
        assert dict(templates.versions_of(connection, row.template_id))[first] == version


@pytest.mark.parametrize(
    "change",
    [
        {"command": "step {number}  {data}"},
        {"node_args": ("number", "data"), "task_args": ()},
        {"task_args": (), "op_args": ("data",)},
    ],
)
def test_another_command_or_split_is_another_version(
    database: Database, row: Chain, change: dict[str, Any]
) -> None:
    said: dict[str, Any] = {
        "template_id": row.template_id,
        "command": "step {number} {data}",
        "node_args": ("number",),
        "task_args": ("data",),
        "op_args": (),
    }

    changed = templates.Version(**said | change)

    other = database.write(lambda it: templates.bind_versions(it, [changed])[changed])

    assert other != row.version_id


def test_versions_of_a_tool_share_no_templates(database: Database, row: Chain) -> None:
    def ask(connection: Connection) -> int:
        version = tools.add_version(connection, row.tool_id, AT)
        return templates.template_ids(connection, version, ["step"])["step"]

    assert database.write(ask) != row.template_id


# --- nodes, graphs ------------------------------------------------------------------------------------------------


def test_nodes_are_bound_once_and_found_again(database: Database, row: Chain) -> None:
    hashes = [f"{number:032x}" for number in (1, 2, 7)]
    arg = database.write(lambda it: templates.arg_ids(it, ["number"]))["number"]

    ids = database.write(lambda it: nodes.bind(it, row.version_id, [arg], hashes, [["1"], ["2"], ["7"]]))

    assert ids[:2] == row.node_ids[1:]
    with database.read() as connection:
        assert nodes.find(connection, row.version_id, [*hashes, "f" * 32]) == dict(
            zip(hashes, ids, strict=True)
        )
        query = select(schema.node_arg.c.val).where(schema.node_arg.c.node_id == ids[2])
        assert connection.execute(query).scalars().all() == ["7"]
        assert nodes.has_any(connection, row.version_id)
        assert not nodes.has_any(connection, -1)


def test_a_graph_is_there_when_its_edges_are(database: Database, row: Chain) -> None:
    with database.read() as connection:
        assert dags.find(connection, digest(row.identity.workflow_args)) == row.dag_id
        assert dags.find(connection, digest("nobody's")) is None

    again = database.write(lambda it: dags.bind(it, digest(row.identity.workflow_args), iter(()), [], LATER))
    assert again == row.dag_id


def test_neighbours_are_found_through_joins_and_directly(
    database: Database, row: Chain, new: Callable[[str], str]
) -> None:
    a, b, c = row.node_ids

    def bind(connection: Connection) -> int:
        edges = [
            (a, "[]", "[-1]"),
            (b, "[]", json.dumps([-1, c])),
            (c, json.dumps([-1, b]), "[]"),
        ]
        joins = [(1, json.dumps([a, b]), json.dumps([c]))]
        return dags.bind(connection, digest(new("graph")), edges, joins, AT)

    dag_id = database.write(bind)

    with database.read() as connection:
        assert dags.neighbours(connection, dag_id, [a, b, c]) == {
            a: (set(), {c}),
            b: (set(), {c}),
            c: ({a, b}, set()),
        }
        assert dags.neighbours(connection, dag_id, []) == {}
        assert list(dags.joins_of(connection, dag_id)) == [(1, json.dumps([a, b]), json.dumps([c]))]
        assert [node_id for node_id, *_ in dags.edges_of(connection, dag_id)] == sorted([a, b, c])


# --- clusters -----------------------------------------------------------------------------------------------------


def test_a_registered_cluster_is_known_and_stays_as_it_was(
    database: Database, new: Callable[[str], str]
) -> None:
    name = new("cluster")

    first = database.write(lambda it: clusters.register(it, name, "slurm", {"host": "a"}))
    again = database.write(lambda it: clusters.register(it, name, "slurm", {"host": "b"}))

    assert first == again
    with database.read() as connection:
        query = select(schema.cluster.c.connection_parameters).where(schema.cluster.c.id == first)
        assert json.loads(connection.execute(query).scalar_one()) == {"host": "a"}


def test_an_unknown_cluster_is_refused_with_those_there_are(database: Database) -> None:
    with database.read() as connection, pytest.raises(UnknownCluster, match="no cluster 'moon'") as caught:
        clusters.cluster_id(connection, "moon")

    assert "multiprocess" in caught.value.remedy
    assert "register(connection, 'moon'" in caught.value.remedy


def test_limits_of_queues_come_back_and_are_replaced(database: Database, new: Callable[[str], str]) -> None:
    cluster_id = database.write(lambda it: clusters.register(it, new("cluster"), "slurm"))
    small = QueueLimits.from_parameters("all.q", {"cores": (1, 20), "memory": ("1G", "4G")})
    large = QueueLimits.from_parameters("all.q", {"runtime": {"max": "3d"}})
    unlimited = QueueLimits("long.q")

    for limits in ([small], [large, unlimited]):
        database.write(partial(clusters.set_limits, cluster_id=cluster_id, queues=limits))
        with database.read() as connection:
            assert clusters.limits(connection, cluster_id) == {limit.name: limit for limit in limits}


def test_equal_requests_are_one_row_and_a_raised_one_is_another(database: Database) -> None:
    def ask(connection: Connection) -> tuple[Any, ...]:
        cluster_id = clusters.cluster_id(connection, "slurm")
        queue = clusters.queue_ids(connection, cluster_id, ["bind.q"])["bind.q"]
        small = (queue, Resources.parse({"memory": "1G"}))
        large = (queue, Resources.parse({"memory": "2G"}))
        bound = clusters.bind_resources(connection, {small, large}, vocabulary.ORIGINAL)
        again = clusters.bind_resources(connection, [small], vocabulary.ORIGINAL)
        adjusted = clusters.bind_resources(connection, [small], vocabulary.ADJUSTED)
        return bound[small], bound[large], again[small], adjusted[small]

    small, large, again, adjusted = database.write(ask)

    assert small == again
    assert len({small, large, adjusted}) == 3


# --- attributes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("of", ["workflow", "task"])
def test_a_fact_takes_the_place_of_the_one_of_its_name(database: Database, row: Chain, of: str) -> None:
    first, second = (row.workflow_id, -1) if of == "workflow" else row.task_ids[:2]
    if second > 0:
        note(database, of, {second: {"colour": "white"}})

    note(database, of, {first: {"colour": "red", "size": "10", "Colour": "capital"}})
    note(database, of, {first: {"colour": "blue", "shape": None}})

    expected = {"Colour": "capital", "colour": "blue", "shape": None, "size": "10"}
    with database.read() as connection:
        assert attributes.read(connection, of, first) == expected
        assert attributes.read(connection, of, second) == ({"colour": "white"} if second > 0 else {})


def test_no_facts_are_no_trouble(database: Database, row: Chain) -> None:
    note(database, "task", {})
    note(database, "task", {row.task_ids[0]: {}})

    with database.read() as connection:
        assert attributes.read(connection, "task", row.task_ids[0]) == {}


def note(database: Database, of: str, facts: dict[int, attributes.Facts]) -> None:
    database.write(lambda it: attributes.write(it, of, facts))


# --- workflows ----------------------------------------------------------------------------------------------------


def test_a_workflow_is_entered_once(database: Database, row: Chain) -> None:
    again = database.write(lambda it: workflows.enter(it, row.identity, described("another name"), LATER))

    assert again == (row.workflow_id, True)
    assert stored(database, row)["name"] == row.identity.workflow_args


def test_a_workflow_is_not_found_before_its_tasks_are_there(
    database: Database, row: Chain, new: Callable[[str], str]
) -> None:
    identity = workflows.Identity(
        tool_version_id=row.tool_version_id,
        dag_id=row.dag_id,
        workflow_args=row.identity.workflow_args,
        task_hash=digest(new("tasks")),
    )

    number, is_complete = database.write(lambda it: workflows.enter(it, identity, described("x"), AT))

    with database.read() as connection:
        assert not is_complete
        assert workflows.find(connection, identity) is None
        assert workflows.others_with_these_args(connection, identity, number) == [row.workflow_id]
    database.write(lambda it: workflows.complete(it, number, LATER))
    with database.read() as connection:
        assert workflows.find(connection, identity) == number


def test_limits_and_descriptions_can_be_changed(database: Database, row: Chain) -> None:
    database.write(lambda it: workflows.describe(it, row.workflow_id, described("new", 7)))
    assert (stored(database, row)["name"], stored(database, row)["max_concurrently_running"]) == ("new", 7)

    database.write(lambda it: workflows.set_limit(it, row.workflow_id, 0))
    database.write(lambda it: workflows.set_array_limits(it, {row.array_id: 3}))
    assert stored(database, row)["max_concurrently_running"] == 0
    with database.read() as connection:
        query = select(schema.array.c.max_concurrently_running).where(schema.array.c.id == row.array_id)
        assert connection.execute(query).scalar() == 3


def test_an_array_is_bound_once(database: Database, row: Chain) -> None:
    again = database.write(
        lambda it: workflows.bind_arrays(it, row.workflow_id, {row.version_id: ("step", 1)}, LATER)
    )

    assert again == {row.version_id: row.array_id}


def test_a_workflow_goes_where_its_status_allows(database: Database, row: Chain) -> None:
    going = [WorkflowStatus.QUEUED, WorkflowStatus.REGISTERING, WorkflowStatus.RUNNING]

    moved = [
        database.write(partial(workflows.advance, ids=[row.workflow_id], target=target, at=LATER))
        for target in going
    ]

    assert moved == [{row.workflow_id}, set(), {row.workflow_id}]
    assert (stored(database, row)["status"], stored(database, row)["status_date"]) == ("R", LATER)


def test_tasks_are_counted_by_array_and_status(database: Database, row: Chain) -> None:
    other = chain(database, 2)
    move(database, row.task_ids[:1], TaskStatus.QUEUED)

    with database.read() as connection:
        counts = workflows.counts_by_status(connection, [row.workflow_id, other.workflow_id])

    assert counts == {
        (row.workflow_id, row.array_id): {"G": 2, "Q": 1},
        (other.workflow_id, other.array_id): {"G": 2},
    }


def stored(database: Database, of: Chain) -> Any:
    with database.read() as connection:
        query = select(schema.workflow).where(schema.workflow.c.id == of.workflow_id)
        return connection.execute(query).mappings().one()


# --- tasks --------------------------------------------------------------------------------------------------------


def test_tasks_go_where_their_statuses_allow_and_each_move_is_kept(database: Database, row: Chain) -> None:
    first, second, _ = row.task_ids

    assert move(database, [first, second], TaskStatus.QUEUED) == {first, second}
    assert move(database, [first], TaskStatus.RUNNING) == {first}
    assert move(database, row.task_ids, TaskStatus.DONE) == {first, second}

    assert statuses(database, row) == "DDG"
    with database.read() as connection:
        assert [(it.previous, it.new, it.at) for it in tasks.story(connection, first)] == [
            (TaskStatus.REGISTERING, TaskStatus.QUEUED, LATER),
            (TaskStatus.QUEUED, TaskStatus.RUNNING, LATER),
            (TaskStatus.RUNNING, TaskStatus.DONE, LATER),
        ]
        assert tasks.story(connection, row.task_ids[2]) == []


def test_moving_no_tasks_or_unknown_ones_moves_none(database: Database, row: Chain) -> None:
    assert move(database, [], TaskStatus.QUEUED) == set()
    assert move(database, [-1], TaskStatus.QUEUED) == set()

    assert statuses(database, row) == "GGG"


def test_more_tasks_than_a_statement_takes_go_together(database: Database) -> None:
    many = chain(database, 4_500)

    assert move(database, reversed(many.task_ids), TaskStatus.QUEUED) == set(many.task_ids)

    with database.read() as connection:
        counts = workflows.counts_by_status(connection, [many.workflow_id])
        assert counts == {(many.workflow_id, many.array_id): {"Q": 4_500}}
        assert len(tasks.changes(connection, many.workflow_id)) == 4_500


def test_of_two_who_race_for_tasks_only_one_wins_each(database: Database) -> None:
    many = chain(database, 200)
    start = threading.Barrier(2)
    won: list[set[int]] = []

    def race(ids: list[int]) -> None:
        start.wait(10)
        won.append(move(database, ids, TaskStatus.QUEUED))

    threads = [threading.Thread(target=race, args=(ids,)) for ids in (many.task_ids, many.task_ids[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted([*won[0], *won[1]]) == many.task_ids
    with database.read() as connection:
        assert sorted(it.task_id for it in tasks.changes(connection, many.workflow_id)) == many.task_ids


def test_an_order_moves_what_it_is_meant_for(database: Database, row: Chain) -> None:
    move(database, row.task_ids[:2], TaskStatus.QUEUED)
    move(database, row.task_ids[:1], TaskStatus.DONE)

    resume = TASK.orders["cold resume"]
    moved = database.write(lambda it: tasks.order(it, row.task_ids, resume, LATER))

    assert moved == {row.task_ids[1]}
    assert statuses(database, row) == "DGG"


def test_changes_are_read_on_from_the_last_one_known(database: Database, row: Chain) -> None:
    move(database, row.task_ids, TaskStatus.QUEUED)
    with database.read() as connection:
        first = tasks.changes(connection, row.workflow_id, limit=2)
        rest = tasks.changes(connection, row.workflow_id, after=first[-1].id)

    assert [it.task_id for it in first + rest] == row.task_ids
    assert len(rest) == 1


def test_pages_follow_each_other_and_take_filters(database: Database, row: Chain) -> None:
    move(database, row.task_ids[1:], TaskStatus.QUEUED)

    def page(**options: Any) -> list[int]:
        with database.read() as connection:
            return [it.id for it in tasks.page(connection, row.workflow_id, **options)]

    assert page() == row.task_ids
    assert page(limit=1) == row.task_ids[:1]
    assert page(after=row.task_ids[0]) == row.task_ids[1:]
    assert page(statuses=[TaskStatus.REGISTERING]) == row.task_ids[:1]
    assert page(array_ids=[row.array_id], statuses=[TaskStatus.QUEUED]) == row.task_ids[1:]
    assert page(array_ids=[-1]) == []


def test_a_task_knows_its_neighbours(database: Database, row: Chain) -> None:
    first, second, third = row.task_ids

    with database.read() as connection:
        assert tasks.dependencies(connection, second) == ({first}, {third})
        assert tasks.dependencies(connection, first) == (set(), {second})
        assert tasks.dependencies(connection, -1) == (set(), set())


def test_what_may_change_of_a_task_is_changed_and_done_tasks_are_not_offered(
    database: Database, row: Chain
) -> None:
    first, second, third = row.task_ids
    move(database, [first], TaskStatus.QUEUED)
    move(database, [first], TaskStatus.DONE)
    with database.read() as connection:
        offered = {it[0]: tuple(it) for it in tasks.definitions(connection, row.workflow_id, row.array_id)}
    assert set(offered) == {second, third}

    texts = ('{"memory": 0.5}', '["long.q"]', "module.function")
    changed = (second, "new_name", "new {command} '\\", 9, row.resources_id, *texts)
    database.write(lambda it: tasks.redefine(it, [changed]))

    with database.read() as connection:
        now = {it[0]: tuple(it) for it in tasks.definitions(connection, row.workflow_id, row.array_id)}
    assert now == offered | {second: changed}


def test_an_arrays_tasks_come_with_their_hashes(database: Database, row: Chain) -> None:
    with database.read() as connection:
        rows = list(tasks.of_array_with_hashes(connection, row.workflow_id, row.array_id))

    assert [(it.id, it.node_id, it.status, it.node_args_hash) for it in rows] == [
        (task_id, node_id, "G", f"{number:032x}")
        for number, (task_id, node_id) in enumerate(zip(row.task_ids, row.node_ids, strict=True))
    ]


# --- runs ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(database: Database, row: Chain) -> int:
    return database.write(lambda it: workflow_runs.register(it, row.workflow_id, "ada", "1.0", AT))


def go(database: Database, run: int, *targets: WorkflowRunStatus) -> list[set[int]]:
    moves = (partial(workflow_runs.advance, ids=[run], target=target, at=LATER) for target in targets)
    return [database.write(move) for move in moves]


def test_a_run_holds_its_workflow_from_linking_to_its_end(database: Database, row: Chain, run: int) -> None:
    def is_held() -> bool:
        with database.read() as connection:
            return workflows.is_being_run(connection, row.workflow_id)

    assert not is_held()
    assert go(database, run, WorkflowRunStatus.LINKING) == [{run}]
    assert is_held()
    assert go(database, run, WorkflowRunStatus.STOPPED, WorkflowRunStatus.RUNNING) == [{run}, set()]
    assert not is_held()
    with database.read() as connection:
        (found,) = workflow_runs.of_workflow(connection, row.workflow_id)
        assert (found.id, found.status, found.user, found.created_date) == (run, "S", "ada", AT)


def test_a_run_is_silent_when_it_was_to_be_heard_of_and_was_not(database: Database, run: int) -> None:
    def silent(at: Any) -> bool:
        with database.read() as connection:
            return run in {it.id for it in workflow_runs.silent(connection, at)}

    def beat() -> bool:
        return database.write(lambda it: workflow_runs.beat(it, run, LATER))

    assert not beat()
    go(database, run, WorkflowRunStatus.LINKING)
    assert not silent(LATER + timedelta(days=1))
    assert beat()
    assert not silent(LATER)
    assert silent(LATER + timedelta(microseconds=1))

    go(database, run, WorkflowRunStatus.STOPPED)
    assert not silent(LATER + timedelta(days=1))
    assert not beat()


def test_the_same_beat_twice_is_heard_twice(database: Database, run: int) -> None:
    go(database, run, WorkflowRunStatus.LINKING)

    assert [database.write(lambda it: workflow_runs.beat(it, run, LATER)) for _ in range(2)] == [True, True]


# --- attempts -------------------------------------------------------------------------------------------------------


def test_attempts_are_queued_in_batches(database: Database, row: Chain, run: int) -> None:
    first, second, third = row.task_ids

    def queue(batch: int, asked: dict[int, int | None]) -> dict[int, int]:
        return database.write(lambda it: task_instances.queue(it, run, row.array_id, batch, asked, AT))

    with database.read() as connection:
        assert task_instances.last_batch(connection, row.array_id) == 0
    one = queue(1, {third: row.resources_id, first: None})
    two = queue(2, {first: row.resources_id})

    assert set(one) == {first, third}
    assert set(two) == {first}
    with database.read() as connection:
        assert task_instances.last_batch(connection, row.array_id) == 2
        found = task_instances.of_tasks(connection, [first, second, third])
    assert [(it.id, it.array_batch_num, it.array_step_id, it.task_resources_id) for it in found] == [
        (one[first], 1, 1, None),
        (two[first], 2, 0, row.resources_id),
        (one[third], 1, 0, row.resources_id),
    ]


def test_an_attempt_keeps_what_it_used_and_its_first_verdict(
    database: Database, row: Chain, run: int
) -> None:
    asked = dict.fromkeys(row.task_ids[:2])
    ids = list(database.write(lambda it: task_instances.queue(it, run, row.array_id, 1, asked, AT)).values())
    used = {
        "maxrss": 2**33,
        "wallclock": 0.1,
        "exit_code": 137,
        "evidence": '{"é": "\\\\"}',
        "submitted_date": AT,
    }

    def go(target: TaskInstanceStatus, **values: Any) -> set[int]:
        return database.write(lambda it: task_instances.advance(it, ids[:1], target, LATER, **values))

    assert go(TaskInstanceStatus.DONE) == set()
    assert go(TaskInstanceStatus.INSTANTIATED) == {ids[0]}
    assert go(TaskInstanceStatus.RESOURCE_ERROR, **used) == {ids[0]}
    assert go(TaskInstanceStatus.DONE, exit_code=0) == set()

    with database.read() as connection:
        ended, waiting = task_instances.of_run(connection, run, list(TaskInstanceStatus))
        assert task_instances.of_run(connection, run, [TaskInstanceStatus.QUEUED]) == [waiting]
    assert (ended.id, ended.status, ended.status_date) == (ids[0], "Z", LATER)
    assert {name: ended._mapping[name] for name in used} == used


def test_errors_of_a_workflow_come_newest_first_with_their_tasks(
    database: Database, row: Chain, run: int
) -> None:
    asked = dict.fromkeys(row.task_ids)
    ids = database.write(lambda it: task_instances.queue(it, run, row.array_id, 1, asked, AT))
    first, second, _ = (ids[task_id] for task_id in row.task_ids)
    for at, errors in ((AT, {first: "old"}), (LATER, {second: "new\n{brace} 100%", first: "again"})):
        database.write(partial(task_instances.log_errors, errors=errors, at=at))

    with database.read() as connection:
        found = task_instances.errors_of_workflow(connection, row.workflow_id)
        assert task_instances.errors_of_workflow(connection, row.workflow_id, limit=1) == found[:1]

    assert [tuple(it) for it in found] == [
        (row.task_ids[0], "step_0", first, LATER, "again"),
        (row.task_ids[1], "step_1", second, LATER, "new\n{brace} 100%"),
        (row.task_ids[0], "step_0", first, AT, "old"),
    ]
