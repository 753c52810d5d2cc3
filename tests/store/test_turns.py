"""What a controller writes in a turn, on every database."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from jobmon_airflow.errors import LeaseLost
from jobmon_airflow.resources import Resources
from jobmon_airflow.states import TaskInstanceStatus, TaskStatus, WorkflowRunStatus
from jobmon_airflow.store import clusters, schema, task_instances, tasks, turns, workflow_runs, workflows
from jobmon_airflow.store.turns import ENDING, Ending, Intent, Turn, Written
from tests.store.building import AT, Chain, chain
from tests.store.racing import at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jobmon_airflow.store.database import Database

LATER = AT + timedelta(minutes=1)
UNTIL = LATER + timedelta(minutes=1)
NOTHING = (None,) * len(ENDING)
KNOWN: dict[str, Any] = {
    "distributor_id": "81_7",
    "process_group_id": 4711,
    "exit_code": 137,
    "verdict": "out of memory",
    "evidence": '{"exit_code": 137, "detail": "é \\\\ 100%"}',
    "wallclock": 2,  # a whole number of seconds, as some clusters count
    "cpu": 0.25,
    "maxrss": 2**40,
    "nodename": "node7",
    "stdout": "/home/ada/o",
    "stderr": "/home/ada/e",
    "stdout_log": "one\ntwo",
    "stderr_log": None,
}


@pytest.fixture
def row(database: Database) -> Chain:
    return chain(database)


@pytest.fixture
def run(database: Database, row: Chain) -> int:
    return running(database, row)


def running(database: Database, of: Chain) -> int:
    """A run that holds the workflow."""

    def go(connection: Any) -> int:
        run = workflow_runs.register(connection, of.workflow_id, "ada", "1.0", AT, controller="a", until=AT)
        for target in (WorkflowRunStatus.LINKING, WorkflowRunStatus.BOUND, WorkflowRunStatus.RUNNING):
            workflow_runs.go(connection, run, target, AT)
        return run

    return database.write(go)


def write(database: Database, run: int, turn: Turn) -> Written:
    """Write a turn; the next one, if it has no number yet."""
    if turn.number == 0:
        with database.read() as connection:
            turn.number = turns.last(connection, run) + 1
    return database.write(lambda it: turns.write(it, run, turn, LATER, UNTIL))


def intent(of: Chain, batch: int, task_ids: Iterable[int], attempt: int = 1) -> Intent:
    asked = dict.fromkeys(task_ids, attempt)
    return Intent(array_id=of.array_id, batch=batch, resources_id=of.resources_id, tasks=asked)


def begun(database: Database, run: int, of: Chain, task_ids: Iterable[int] = ()) -> list[int]:
    """Attempts at these tasks, or all of the workflow, which are being handed to their cluster."""
    task_ids = list(task_ids) or of.task_ids
    with database.read() as connection:
        batch = task_instances.last_batch(connection, of.array_id) + 1
    (attempts,) = write(database, run, Turn(intents=[intent(of, batch, task_ids)])).attempts
    return [attempts[task_id] for task_id in task_ids]


def over(attempt: int, status: TaskInstanceStatus, error: str | None = None, **known: Any) -> Ending:
    facts = tuple(known.get(name) for name in ENDING)
    return Ending(attempt_id=attempt, status=status, facts=facts, error=error)


def moving(target: TaskStatus, *task_ids: int, **said: Any) -> Turn:
    turn = Turn(**said)
    turn.move(target, task_ids)
    return turn


def attempts(database: Database, of: Chain) -> list[Any]:
    with database.read() as connection:
        return task_instances.of_tasks(connection, of.task_ids)


def letters(rows: Iterable[Any]) -> str:
    return "".join(row.status for row in rows)


def statuses(database: Database, of: Chain) -> str:
    with database.read() as connection:
        return letters(tasks.page(connection, of.workflow_id))


def story(database: Database, task_id: int) -> str:
    """The letters that a task has gone through."""
    with database.read() as connection:
        changes = tasks.story(connection, task_id)
    return "".join([*(it.previous for it in changes[:1]), *(it.new for it in changes)])


def everything(database: Database, of: Chain) -> list[list[Any]]:
    """All that is stored of the workflow, its runs, tasks and attempts."""
    instance, log = schema.task_instance, schema.task_instance_error_log
    mine = [table.c.workflow_id == of.workflow_id for table in (schema.workflow_run, schema.task)]
    queries = (
        select(schema.workflow).where(schema.workflow.c.id == of.workflow_id),
        select(schema.workflow_run).where(mine[0]).order_by(schema.workflow_run.c.id),
        select(schema.task).where(mine[1]).order_by(schema.task.c.id),
        select(instance).where(instance.c.array_id == of.array_id).order_by(instance.c.id),
        select(log).join(instance).where(instance.c.array_id == of.array_id).order_by(log.c.id),
    )
    with database.read() as connection:
        return [
            *([tuple(it) for it in connection.execute(query)] for query in queries),
            list(tasks.changes(connection, of.workflow_id)),
        ]


# --- what a turn writes ----------------------------------------------------------------------------------------


def test_an_intent_makes_attempts_that_the_cluster_may_then_be_asked_for(
    database: Database, row: Chain, run: int
) -> None:
    first, second, third = row.task_ids
    asked = [intent(row, 1, [third, first]), intent(row, 2, [second], attempt=2)]

    written = write(database, run, Turn(intents=asked))

    assert written.run_status is WorkflowRunStatus.RUNNING
    assert [set(ids) for ids in written.attempts] == [{first, third}, {second}]
    assert written.commands == {
        task_id: (f"step_{number}", f"step {number} data") for number, task_id in enumerate(row.task_ids)
    }
    found = attempts(database, row)
    assert [(it.id, it.array_batch_num, it.array_step_id) for it in found] == [
        (written.attempts[0][first], 1, 1),
        (written.attempts[1][second], 2, 0),
        (written.attempts[0][third], 1, 0),
    ]
    assert {(it.workflow_run_id, it.array_id, it.task_resources_id, it.status) for it in found} == {
        (run, row.array_id, row.resources_id, "I")
    }
    assert {(it.submitted_date, it.status_date) for it in found} == {(LATER, LATER)}


def test_an_intent_moves_its_tasks_and_counts_the_attempt(database: Database, row: Chain, run: int) -> None:
    first, second, _ = row.task_ids

    write(database, run, Turn(intents=[intent(row, 1, [first]), intent(row, 2, [second], attempt=2)]))

    with database.read() as connection:
        found = tasks.page(connection, row.workflow_id)
    assert [(it.status, it.num_attempts) for it in found] == [("I", 1), ("I", 2), ("G", 0)]
    assert [story(database, task_id) for task_id in row.task_ids] == ["GI", "GI", ""]


def test_an_attempt_keeps_what_is_told_on_its_way(database: Database, row: Chain, run: int) -> None:
    one, two, three = begun(database, run, row)

    turn = Turn(launched=[(one, "81_1"), (two, None)], started=[(three, "81_3", "node7", 4711, "out", "err")])
    write(database, run, turn)

    assert [
        (it.status, it.distributor_id, it.nodename, it.process_group_id) for it in attempts(database, row)
    ] == [("O", "81_1", None, None), ("O", None, None, None), ("R", "81_3", "node7", 4711)]
    assert [(it.stdout, it.stderr) for it in attempts(database, row)][2] == ("out", "err")


def test_an_attempt_that_is_over_keeps_all_that_is_known_of_it(
    database: Database, row: Chain, run: int
) -> None:
    one, two, three = begun(database, run, row)

    endings = [
        over(one, TaskInstanceStatus.RESOURCE_ERROR, error="Out of memory.", **KNOWN),
        over(two, TaskInstanceStatus.DONE, verdict="done", wallclock=0.5),
        over(three, TaskInstanceStatus.RESOURCE_ERROR, error="Out of time."),
    ]
    write(database, run, Turn(endings=endings, remarks={one: "No queue has more."}))

    first, second, third = attempts(database, row)
    assert {name: first._mapping[name] for name in ENDING} == KNOWN
    assert (second.verdict, second.wallclock, second.exit_code) == ("done", 0.5, None)
    assert tuple(third._mapping[name] for name in ENDING) == NOTHING
    assert letters([first, second, third]) == "ZDZ"
    assert said(database, [one, two, three]) == [
        (one, "Out of memory."),
        (three, "Out of time."),
        (one, "No queue has more."),
    ]


def test_tasks_go_where_the_turn_says_and_each_move_is_kept(database: Database, row: Chain, run: int) -> None:
    first, second, third = row.task_ids
    begun(database, run, row)

    turn = moving(TaskStatus.DONE, first)
    turn.move(TaskStatus.LAUNCHED, [second])
    turn.move(TaskStatus.RUNNING, [third])
    turn.move(TaskStatus.LAUNCHED, [third])
    write(database, run, turn)

    assert statuses(database, row) == "DOR"
    assert [story(database, task_id) for task_id in row.task_ids] == ["GID", "GIO", "GIOR"]


def test_a_task_whose_attempt_failed_is_launched_again_in_the_same_turn(
    database: Database, row: Chain, run: int
) -> None:
    first, second, _ = row.task_ids
    one, two = begun(database, run, row, [first, second])

    turn = moving(TaskStatus.REGISTERING, first, intents=[intent(row, 2, [first, second], attempt=2)])
    turn.move(TaskStatus.ADJUSTING_RESOURCES, [second])
    turn.endings = [over(one, TaskInstanceStatus.ERROR), over(two, TaskInstanceStatus.RESOURCE_ERROR)]
    again = write(database, run, turn).attempts[0]

    assert statuses(database, row) == "IIG"
    assert [story(database, task_id) for task_id in (first, second)] == ["GIGI", "GIAI"]
    assert [(it.id, it.status) for it in attempts(database, row)] == [
        (one, "E"),
        (again[first], "I"),
        (two, "Z"),
        (again[second], "I"),
    ]
    with database.read() as connection:
        assert [it.num_attempts for it in tasks.page(connection, row.workflow_id)] == [2, 2, 0]


def test_a_tasks_last_attempt_ends_it_and_the_run_with_its_workflow(
    database: Database, row: Chain, run: int
) -> None:
    first, second, _ = row.task_ids
    one, two = begun(database, run, row, [first, second])

    turn = moving(TaskStatus.ERROR_FATAL, second, run_status=WorkflowRunStatus.ERROR)
    turn.move(TaskStatus.DONE, [first])
    turn.endings = [over(one, TaskInstanceStatus.DONE), over(two, TaskInstanceStatus.UNKNOWN_ERROR)]
    written = write(database, run, turn)

    assert written.run_status is WorkflowRunStatus.ERROR
    assert statuses(database, row) == "DFG"
    with database.read() as connection:
        assert workflow_runs.row(connection, run).status == "E"
        workflow = workflows.row(connection, row.workflow_id)
    assert workflow
    assert (workflow.status, workflow.status_date) == ("F", LATER)


def test_an_empty_turn_says_that_the_controller_is_well(database: Database, row: Chain, run: int) -> None:
    written = write(database, run, Turn())

    assert written == Written(run_status=WorkflowRunStatus.RUNNING, attempts=[], commands={})
    with database.read() as connection:
        stored = workflow_runs.row(connection, run)
    assert (stored.turn, stored.heartbeat_date, stored.status_date) == (1, UNTIL, AT)


def test_a_controller_learns_that_it_is_to_make_way(database: Database, row: Chain, run: int) -> None:
    database.write(lambda it: workflow_runs.advance(it, [run], WorkflowRunStatus.COLD_RESUME, AT))

    assert write(database, run, Turn()).run_status is WorkflowRunStatus.COLD_RESUME
    assert write(database, run, Turn(run_status=WorkflowRunStatus.DONE)).run_status == "C"  # too late
    assert write(database, run, Turn(run_status=WorkflowRunStatus.TERMINATED)).run_status == "T"


def test_a_turn_of_thousands_is_written_whole(database: Database) -> None:
    many = chain(database, 5_000)
    run = running(database, many)

    ids = begun(database, run, many)
    write(
        database, run, moving(TaskStatus.LAUNCHED, *many.task_ids, launched=[(it, f"81_{it}") for it in ids])
    )
    endings = [over(it, TaskInstanceStatus.ERROR, error="x", **KNOWN | {"maxrss": it}) for it in ids]
    again = moving(TaskStatus.REGISTERING, *many.task_ids, endings=endings)
    again.intents = [intent(many, 2, many.task_ids, attempt=2)]
    written = write(database, run, again)

    assert set(written.attempts[0]) == set(written.commands) == set(many.task_ids)
    found = attempts(database, many)
    assert letters(found) == "EI" * 5_000
    assert [it.maxrss for it in found[::2]] == ids
    with database.read() as connection:
        counts = workflows.counts_by_status(connection, [many.workflow_id])
        assert counts == {(many.workflow_id, many.array_id): {"I": 5_000}}
        assert len(tasks.changes(connection, many.workflow_id, limit=10**6)) == 4 * 5_000


# --- written once ----------------------------------------------------------------------------------------------


def test_a_turn_that_is_written_again_changes_nothing_and_gives_the_same_answer(
    database: Database, row: Chain, run: int
) -> None:
    one, *_ = begun(database, run, row, row.task_ids[:1])
    turn = moving(TaskStatus.REGISTERING, row.task_ids[0], intents=[intent(row, 2, row.task_ids[:2])])
    turn.endings = [over(one, TaskInstanceStatus.ERROR, error="once")]
    turn.remarks = {one: "twice"}

    written = write(database, run, turn)
    before = everything(database, row)

    assert [write(database, run, turn) for _ in range(2)] == [written, written]
    assert everything(database, row) == before


def test_the_last_turn_may_be_written_again_too(database: Database, row: Chain, run: int) -> None:
    turn = Turn(run_status=WorkflowRunStatus.DONE)

    written = write(database, run, turn)
    before = everything(database, row)

    assert write(database, run, turn) == written
    assert written.run_status is WorkflowRunStatus.DONE
    assert everything(database, row) == before


def test_a_turn_in_doubt_whose_run_was_ended_since_is_not_to_be_acted_on(
    database: Database, row: Chain, run: int
) -> None:
    turn = Turn(intents=[intent(row, 1, row.task_ids)], run_status=WorkflowRunStatus.RUNNING)
    write(database, run, turn)
    database.write(lambda it: workflow_runs.go(it, run, WorkflowRunStatus.ERROR, AT))

    with pytest.raises(LeaseLost, match="ERROR"):  # whoever resumes settles what it meant to submit
        write(database, run, turn)


def test_who_does_not_know_whether_a_turn_arrived_asks_for_the_last_one(
    database: Database, row: Chain, run: int
) -> None:
    def last() -> int:
        with database.read() as connection:
            return turns.last(connection, run)

    assert last() == 0
    write(database, run, Turn())
    write(database, run, Turn())
    assert last() == 2


@pytest.mark.parametrize("lost", ["a turn ahead", "a turn behind", "run over", "run gone"])
def test_a_controller_that_lost_its_run_writes_nothing(
    database: Database, row: Chain, run: int, lost: str
) -> None:
    one, two, three = begun(database, run, row)  # turn 1
    write(database, run, Turn())
    if lost == "run over":
        database.write(lambda it: workflow_runs.go(it, run, WorkflowRunStatus.ERROR, AT))
    turn = moving(TaskStatus.DONE, row.task_ids[0], launched=[(one, "81")], told_to_stop=[two])
    turn.endings = [over(three, TaskInstanceStatus.ERROR, error="x")]
    turn.intents, turn.run_status = [intent(row, 2, row.task_ids)], WorkflowRunStatus.DONE
    turn.number = {"a turn ahead": 4, "a turn behind": 1}.get(lost, 3)
    before = everything(database, row)

    with pytest.raises(LeaseLost, match=f"Workflow run {-1 if lost == 'run gone' else run} is ") as caught:
        write(database, -1 if lost == "run gone" else run, turn)

    assert "resume=True" in caught.value.remedy
    assert everything(database, row) == before


@pytest.mark.parametrize("final", [status for status in WorkflowRunStatus if not status.is_alive])
def test_only_a_run_that_holds_its_workflow_is_written(
    database: Database, row: Chain, final: WorkflowRunStatus
) -> None:
    run = database.write(lambda it: workflow_runs.register(it, row.workflow_id, "ada", "1.0", AT))
    way = {
        WorkflowRunStatus.REGISTERED: [],
        WorkflowRunStatus.DONE: [WorkflowRunStatus.LINKING, WorkflowRunStatus.BOUND, final],
        WorkflowRunStatus.TERMINATED: [WorkflowRunStatus.LINKING, WorkflowRunStatus.COLD_RESUME, final],
    }
    for target in way.get(final, [WorkflowRunStatus.LINKING, final]):
        database.write(partial(workflow_runs.go, run_id=run, target=target, at=AT))

    with pytest.raises(LeaseLost, match=f"{final.label} \\({final}\\)"):
        write(database, run, Turn())


def test_of_many_who_write_the_same_turn_one_does(database: Database, row: Chain, run: int) -> None:
    asked = [Turn(number=1, intents=[intent(row, 1, [task_id])]) for task_id in row.task_ids]

    answers = at_once(partial(write, database, run, turn) for turn in asked)

    (made,) = attempts(database, row)
    assert [answer.attempts for answer in answers] == [[{made.task_id: made.id}]] * 3
    assert sorted(statuses(database, row)) == ["G", "G", "I"]
    assert {story(database, task_id) for task_id in row.task_ids} == {"", "GI"}


def test_a_turn_and_the_end_of_its_run_do_not_mix(database: Database, row: Chain, run: int) -> None:
    def turn() -> Written:
        return write(database, run, moving(TaskStatus.ERROR_FATAL, *row.task_ids, number=1))

    def end() -> bool:
        return database.write(lambda it: workflow_runs.go(it, run, WorkflowRunStatus.ERROR, AT)) == "E"

    answer, is_ended = at_once([turn, end])

    assert is_ended
    assert isinstance(answer, Written | LeaseLost)
    assert statuses(database, row) == ("FFF" if isinstance(answer, Written) else "GGG")


# --- what comes late -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [status for status in TaskInstanceStatus if status.is_final])
def test_what_was_told_to_stop_is_done_or_was_stopped(
    database: Database, row: Chain, run: int, status: TaskInstanceStatus
) -> None:
    (one,) = begun(database, run, row, row.task_ids[:1])
    write(database, run, Turn(told_to_stop=[one]))
    assert letters(attempts(database, row)) == "K"

    write(database, run, Turn(launched=[(one, "81")], started=[(one, "81", "node7", 1, None, None)]))
    write(database, run, Turn(endings=[over(one, status, **KNOWN)]))

    (found,) = attempts(database, row)
    if status in {TaskInstanceStatus.DONE, TaskInstanceStatus.ERROR_FATAL}:
        assert (found.status, found.verdict, found.exit_code) == (status, "out of memory", 137)
    else:
        assert (found.status, found.verdict, found.nodename) == ("K", None, None)


def test_an_attempt_may_be_told_to_stop_and_end_in_the_same_turn(
    database: Database, row: Chain, run: int
) -> None:
    one, two, _ = begun(database, run, row)

    endings = [over(one, TaskInstanceStatus.ERROR_FATAL), over(two, TaskInstanceStatus.ERROR)]
    write(database, run, Turn(told_to_stop=[one], endings=endings))

    assert letters(attempts(database, row)) == "FEI"


def test_what_is_told_of_an_attempt_that_is_over_changes_nothing(
    database: Database, row: Chain, run: int
) -> None:
    (one,) = begun(database, run, row, row.task_ids[:1])
    write(
        database,
        run,
        moving(TaskStatus.DONE, row.task_ids[0], endings=[over(one, TaskInstanceStatus.DONE, exit_code=0)]),
    )
    before = everything(database, row)

    late = moving(TaskStatus.LAUNCHED, row.task_ids[0], launched=[(one, "81")], told_to_stop=[one])
    late.started = [(one, "81", "node7", 4711, None, None)]
    late.endings = [over(one, TaskInstanceStatus.RESOURCE_ERROR, **KNOWN)]
    for target in (TaskStatus.RUNNING, TaskStatus.ADJUSTING_RESOURCES, TaskStatus.ERROR_FATAL):
        late.move(target, row.task_ids[:1])
    write(database, run, late)

    workflow, _, *rest = everything(database, row)
    assert [workflow, *rest] == [before[0], *before[2:]]


def test_news_of_attempts_that_nobody_has_are_no_trouble(database: Database, row: Chain, run: int) -> None:
    turn = moving(TaskStatus.DONE, -1, launched=[(-1, "81")], told_to_stop=[-1])
    turn.endings = [over(-1, TaskInstanceStatus.ERROR)]

    assert write(database, run, turn).run_status is WorkflowRunStatus.RUNNING
    assert statuses(database, row) == "GGG"


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("a\0b", "a\N{REPLACEMENT CHARACTER}b"),
        ("a\udce9b", r"a\udce9b"),
        ("\N{SNOWMAN} \U0001f600 '\"\\ {x} 100% :y", None),
        ("x" * 200_000, None),
    ],
    ids=["NUL", "half a character", "odd characters", "a long text"],
)
def test_an_attempt_may_say_what_it_likes(
    database: Database, row: Chain, run: int, told: str, kept: str | None
) -> None:
    (one,) = begun(database, run, row, row.task_ids[:1])

    ending = over(one, TaskInstanceStatus.ERROR, error=told, stderr_log=told, stderr=told, evidence=told)
    write(database, run, Turn(endings=[ending]))

    (found,) = attempts(database, row)
    assert [found.stderr_log, found.stderr, found.evidence] == [kept or told] * 3
    assert said(database, [one]) == [(one, kept or told)]


# --- requests --------------------------------------------------------------------------------------------------


def test_requests_that_grew_are_words_of_their_clusters(
    database: Database, new: Callable[[str], str]
) -> None:
    names = [new("cluster"), new("cluster")]
    here, there = (database.write(partial(clusters.register, name=name, type_name="slurm")) for name in names)
    small, large = (Resources.parse({"memory": memory, "queue": "long.q"}) for memory in ("1G", "2G"))
    unplaced = Resources.parse({"memory": "1G"})
    asked = [(here, small), (here, large), (there, small), (here, unplaced)]

    ids = database.write(lambda it: turns.bind_requests(it, asked))
    again = database.write(lambda it: turns.bind_requests(it, asked[:1]))

    assert list(ids) == asked
    assert len(set(ids.values())) == 4
    assert again == {asked[0]: ids[asked[0]]}
    with database.read() as connection:
        rows = clusters.requests(connection, ids.values())
    assert [
        (row.cluster_id, row.cluster_name, row.queue_name, Resources.from_json(row.requested_resources))
        for row in (rows[ids[request]] for request in asked)
    ] == [
        (here, names[0], "long.q", unplaced),
        (here, names[0], "long.q", Resources.parse({"memory": "2G"})),
        (there, names[1], "long.q", unplaced),
        (here, names[0], "null.q", unplaced),
    ]


def test_no_requests_are_no_trouble(database: Database) -> None:
    assert database.write(lambda it: turns.bind_requests(it, [])) == {}


# --- helpers ---------------------------------------------------------------------------------------------------


def said(database: Database, ids: list[int]) -> list[tuple[int, str]]:
    """What was said of attempts, in order."""
    log = schema.task_instance_error_log
    query = select(log.c.task_instance_id, log.c.description).where(log.c.task_instance_id.in_(ids))
    with database.read() as connection:
        return [tuple(it) for it in connection.execute(query.order_by(log.c.id))]
