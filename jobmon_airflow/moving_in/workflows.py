"""Workflows, their arrays, attributes and runs. A workflow is there as a whole when all of it is there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.client import identity
from jobmon_airflow.moving_in import changes, statuses, values
from jobmon_airflow.states import WorkflowRunStatus
from jobmon_airflow.store import attributes, history, workflows
from jobmon_airflow.store.words import digest
from jobmon_airflow.store.workflows import Description, Identity

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Connection, Row

    from jobmon_airflow.moving_in.move import Move
    from jobmon_airflow.moving_in.words import Words

_LONGEST_DESCRIPTION: Final = 16_000  # characters, of which four bytes each fit into its column
_SAME: Final = "Workflows that say the same as one that is here already, which is the one that scripts find"
_LOST_RUNS: Final = "Runs that had lost their client, and count as ended"


@dataclass(slots=True)
class Entered:
    """A group of workflows that is being brought."""

    rows: Mapping[int, Row[Any]]  #: as they are there, by their ids there
    ids: dict[int, int] = field(default_factory=dict)
    identities: dict[int, Identity] = field(default_factory=dict)  #: as far as known, by the ids there
    arrays: dict[tuple[int, int], int] = field(default_factory=dict)  #: by our workflow and template version
    runs: dict[int, int] = field(default_factory=dict)
    runs_there: dict[int, list[Row[Any]]] = field(default_factory=dict)


def enter(move: Move, words: Words, rows: Sequence[Row[Any]], dag_ids: Mapping[int, int]) -> Entered:
    """Enter workflows, and what there is of them besides tasks."""
    group = Entered({row.id: row for row in rows})
    group.identities = {row.id: _provisional(move, words, row, dag_ids[row.dag_id]) for row in rows}
    facts = attributes_of(move, "workflow", group.rows)
    arrays = list(move.reader.among("array", "workflow_id", group.rows))

    def work(connection: Connection) -> tuple[dict[int, int], dict[tuple[int, int], int]]:
        known = move.ids_within(connection, "workflow", group.rows)
        ids = known | {
            row.id: _enter(connection, move, group.identities[row.id], row)
            for row in rows
            if row.id not in known
        }
        move.note(connection, "workflow", ids)
        attributes.write(connection, "workflow", {ids[number]: its for number, its in facts.items()})
        return ids, _arrays(connection, move, words, arrays, ids, group.rows)

    group.ids, group.arrays = move.write(work)
    _runs(move, group)
    return group


def _provisional(move: Move, words: Words, row: Row[Any], dag_id: int) -> Identity:
    """What a workflow is until its tasks are there; one that is another's twin remains it."""
    return Identity(
        tool_version_id=words.tool_versions[row.tool_version_id],
        dag_id=dag_id,
        workflow_args=values.said(row.workflow_args),
        task_hash=provisional_hash(move, row.id),
    )


def provisional_hash(move: Move, number: int) -> str:
    """What stands for a workflow's tasks as long as not all of them are there."""
    return digest("from elsewhere", str(move.origin_id), str(number))


def _enter(connection: Connection, move: Move, its: Identity, row: Row[Any]) -> int:
    description = Description(
        name=values.name(row.name),
        description=values.said(row.description)[:_LONGEST_DESCRIPTION],
        max_concurrently_running=values.limit(row.max_concurrently_running),
    )
    number, _ = workflows.enter(connection, its, description, move.at)
    return number


def attributes_of(move: Move, of: str, numbers: Collection[int]) -> dict[int, attributes.Facts]:
    """What is noted of workflows or tasks, by their ids there."""
    key, kind = f"{of}_id", f"{of}_attribute_type_id"
    if not move.reader.has(f"{of}_attribute"):
        return {}
    found = list(move.reader.among(f"{of}_attribute", key, numbers))
    kinds = {getattr(row, kind) for row in found}
    names = {row.id: values.name(row.name) for row in move.reader.among(f"{of}_attribute_type", "id", kinds)}
    facts: dict[int, attributes.Facts] = {}
    for row in found:
        if (name := names.get(getattr(row, kind))) is not None:
            facts.setdefault(getattr(row, key), {})[name] = values.text(row.value, 255)
    return facts


# --- arrays -----------------------------------------------------------------------------------------------------


def _arrays(
    connection: Connection,
    move: Move,
    words: Words,
    arrays: Sequence[Row[Any]],
    ids: Mapping[int, int],
    rows: Mapping[int, Row[Any]],
) -> dict[tuple[int, int], int]:
    of_workflows: dict[int, dict[int, tuple[str, int]]] = {}
    for each in arrays:
        if each.task_template_version_id in words.versions:
            version = words.versions[each.task_template_version_id]
            said = (values.name(each.name) or version.template, values.limit(each.max_concurrently_running))
            of_workflows.setdefault(each.workflow_id, {})[version.id] = said
    found: dict[tuple[int, int], int] = {}
    for number, its in of_workflows.items():
        at = move.reader.moment(rows[number].created_date)
        for version_id, array_id in workflows.bind_arrays(connection, ids[number], its, at).items():
            found[ids[number], version_id] = array_id
    return found


def make_arrays(move: Move, words: Words, group: Entered, pairs: Collection[tuple[int, int]]) -> None:
    """Make arrays, given as our workflow and template version, of which nothing there said that they are."""
    missing = sorted(set(pairs) - group.arrays.keys())

    def work(connection: Connection) -> dict[tuple[int, int], int]:
        found: dict[tuple[int, int], int] = {}
        for workflow_id, version_id in missing:
            said = {version_id: (words.by_id[version_id].template, values.limit(None))}
            ids = workflows.bind_arrays(connection, workflow_id, said, move.at)
            found[workflow_id, version_id] = ids[version_id]
        return found

    if missing:
        group.arrays |= move.write(work)


# --- runs -------------------------------------------------------------------------------------------------------


def _runs(move: Move, group: Entered) -> None:
    for row in sorted(move.reader.among("workflow_run", "workflow_id", group.rows), key=lambda row: row.id):
        group.runs_there.setdefault(row.workflow_id, []).append(row)
    rows = {row.id: row for its in group.runs_there.values() for row in its}

    def work(connection: Connection) -> tuple[dict[int, int], int]:
        known = move.ids_within(connection, "workflow_run", rows)
        new = {
            number: _enter_run(connection, move, group.ids[row.workflow_id], row)
            for number, row in rows.items()
            if number not in known
        }
        move.note(connection, "workflow_run", new)
        return known | new, len(new)

    group.runs, new = move.write(work)
    move.report.brought["workflow_run"] += new
    for row in rows.values():
        if statuses.was_under_way(WorkflowRunStatus, row.status):
            move.report.change(_LOST_RUNS, f"workflow_run {row.id}")


def _enter_run(connection: Connection, move: Move, workflow_id: int, row: Row[Any]) -> int:
    created = move.reader.moment(row.created_date) or move.at
    return history.enter_run(
        connection,
        workflow_id=workflow_id,
        user=values.name(row.user),
        jobmon_version=values.name(row.jobmon_version)[:64],
        jobmon_server_version=values.text(row.jobmon_server_version, 64),
        status=statuses.of_run(row.status),
        created_date=created,
        status_date=move.reader.moment(row.status_date) or created,
        heartbeat_date=move.reader.moment(row.heartbeat_date),
    )


# --- completing -------------------------------------------------------------------------------------------------


def complete(move: Move, words: Words, group: Entered) -> None:
    """Let the workflows be there, under the identity by which a script finds them."""

    def work(connection: Connection) -> tuple[list[int], int]:
        # Of the others, another import was quicker.
        coming = history.incomplete(connection, group.ids.values())
        numbers = [number for number in group.rows if group.ids[number] in coming]
        told = sum(changes.bring(connection, move, number, group.ids[number]) for number in numbers)
        return [number for number in numbers if not _complete(connection, move, words, group, number)], told

    twins, told = move.write(work)
    move.report.brought["task_status_audit"] += told
    move.report.brought["workflow"] += len(group.rows)
    for number in twins:
        move.report.change(_SAME, f"workflow {number}, here {group.ids[number]}")


def _complete(connection: Connection, move: Move, words: Words, group: Entered, number: int) -> bool:
    """Complete a workflow; False if it is another's twin."""
    row, workflow_id, its = group.rows[number], group.ids[number], group.identities[number]
    found = Identity(
        tool_version_id=its.tool_version_id,
        dag_id=its.dag_id,
        workflow_args=its.workflow_args,
        task_hash=_task_hash(connection, words, workflow_id),
    )
    is_alone = history.others(connection, found, workflow_id) is None
    created = move.reader.moment(row.created_date)
    history.complete(
        connection,
        workflow_id,
        found.task_hash if is_alone else its.task_hash,
        status=statuses.of_workflow(row.status, group.runs_there.get(number, ())),
        created_date=created,
        status_date=move.reader.moment(row.status_date) or created,
    )
    return is_alone


def _task_hash(connection: Connection, words: Words, workflow_id: int) -> str:
    sums: dict[int, int] = {}
    for version_id, node_key, task_args in history.identities_of_tasks(connection, workflow_id):
        key = int(node_key, 16)
        if words.by_id[version_id].task_args:
            key = identity.mixed(key, int(task_args, 16))
        sums[version_id] = sums.get(version_id, 0) + key
    return identity.combined(sums.items())
