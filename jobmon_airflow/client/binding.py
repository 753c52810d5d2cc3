"""Writing a workflow to the database, all of it at once, as often as anybody likes.

Five steps. Each is a few statements about many rows, may be repeated, and takes what it finds:

1. *words*: templates, args, resources. What workflows have in common, written once.
2. *identity*: what the workflow is, computed from its tasks; if the database knows it, step 5 follows.
3. *nodes*: the places of the graph, in short transactions, since others may be binding the same.
4. *graph, workflow, tasks*: one transaction. Nobody ever sees half a workflow, and a process that is killed
   leaves nothing but words and nodes, which the next one finds.
5. *recognise*: give the tasks of a workflow that is there their ids, and bring up to date what may change.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jobmon_airflow.client import garbage, identity, registry
from jobmon_airflow.client.requests import Requests
from jobmon_airflow.client.shape import array_edges
from jobmon_airflow.client.task import Join
from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import attributes, dags, nodes, sets, tasks, templates, workflows
from jobmon_airflow.store.workflows import Description, Identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sqlalchemy import Connection

    from jobmon_airflow.client.array import Array
    from jobmon_airflow.client.task import Task
    from jobmon_airflow.client.workflow import Workflow

log = logging.getLogger(__name__)

KEYS_AT_A_TIME = 20_000  # nodes of a transaction: short enough that nobody else waits long


def bind(workflow: Workflow, *, if_found: Callable[[int], object] | None = None) -> None:
    """Write the workflow to its tool's database, or find it there.

    ``if_found`` is told the id of one that is there before its tasks are recognised, and may refuse it.
    """
    with garbage.left_lying():
        workflow.validate(strict=True, raise_on_error=True)
        _Binding(workflow).run(if_found)


class _Binding:
    def __init__(self, workflow: Workflow) -> None:
        self.workflow = workflow
        self.database = workflow.tool.database
        self.arrays = list(workflow._arrays.values())
        self.at = datetime.now(UTC)
        self.description = Description(
            name=workflow.name,
            description=workflow.description,
            max_concurrently_running=workflow.max_concurrently_running,
        )

    def run(self, if_found: Callable[[int], object] | None) -> None:
        registry.bind_template_versions([array.task_template_version for array in self.arrays])
        # It may have to be written, which it could not be from within a transaction.
        self.tool_version_id = self.workflow.tool_version.id
        self.requests = Requests(self.workflow)
        self.arg_ids = self.database.write(self._write_words)
        sums = identity.of_arrays(self.arrays)
        version_ids = [array.task_template_version.id for array in self.arrays]
        self.dag_hash = identity.combined(zip(version_ids, (array.edges for array in sums), strict=True))
        self.task_hash = identity.combined(zip(version_ids, (array.tasks for array in sums), strict=True))

        if (found := self._find()) is None:
            for array in self.arrays:
                self._bind_nodes(array)
            found = self.database.write(self._write_new, in_bulk=True)
        elif if_found is not None:
            if_found(found[1])
        dag_id, workflow_id, is_new = found
        if not is_new:
            self._recognise(workflow_id)
        self.workflow._dag_id, self.workflow._workflow_id = dag_id, workflow_id
        self.workflow._task_hash = self.task_hash

    # --- 1. words -----------------------------------------------------------------------------------------

    def _write_words(self, connection: Connection) -> dict[str, int]:
        names = {arg for array in self.arrays for arg in array.task_template_version.args}
        self.requests.write(connection)
        return templates.arg_ids(connection, names)

    # --- 2. identity --------------------------------------------------------------------------------------

    def _find(self) -> tuple[int, int, bool] | None:
        with self.database.read() as connection:
            dag_id = dags.find(connection, self.dag_hash)
            workflow_id = dag_id and workflows.find(connection, self._identity(dag_id))
        return (dag_id, workflow_id, False) if dag_id and workflow_id else None

    def _identity(self, dag_id: int) -> Identity:
        return Identity(
            tool_version_id=self.tool_version_id,
            dag_id=dag_id,
            workflow_args=self.workflow.workflow_args,
            task_hash=self.task_hash,
        )

    # --- 3. nodes -----------------------------------------------------------------------------------------

    def _bind_nodes(self, array: Array) -> None:
        version = array.task_template_version
        arg_ids = [self.arg_ids[arg] for arg in version.node_args]
        version_id = version.id
        with self.database.read() as connection:
            may_be_there = nodes.has_any(connection, version_id)
        for part in sets.slices(array._tasks, KEYS_AT_A_TIME):
            part.sort()
            if may_be_there:
                part = self._find_nodes(version_id, array, part)
            if part:
                self._write_nodes(version_id, arg_ids, array, part)

    def _find_nodes(self, version_id: int, array: Array, keys: list[int]) -> list[int]:
        """Note the nodes that are there, and return the keys of those that are not."""
        hashes = [identity.as_text(key) for key in keys]
        with self.database.read() as connection:
            found = nodes.find(connection, version_id, hashes)
        missing = []
        for key, digest in zip(keys, hashes, strict=True):
            number = found.get(digest)
            if number is None:
                missing.append(key)
            else:
                array._tasks[key]._node_id = number
        return missing

    def _write_nodes(self, version_id: int, arg_ids: list[int], array: Array, keys: list[int]) -> None:
        members = [array._tasks[key] for key in keys]
        hashes = [identity.as_text(key) for key in keys]
        values = [task._values for task in members]
        numbers = self.database.write(
            lambda connection: nodes.bind(connection, version_id, arg_ids, hashes, values), in_bulk=True
        )
        for task, number in zip(members, numbers, strict=True):
            task._node_id = number

    # --- 4. graph, workflow, tasks --------------------------------------------------------------------------

    def _write_new(self, connection: Connection) -> tuple[int, int, bool]:
        joins = _number_joins(self.workflow._tasks)
        edges = (
            (task._node_id, _ids(task._upstreams), _ids(task._downstreams)) for task in self.workflow._tasks
        )
        joined = ((-join._node_id, _ids(join.members), _ids(join._downstreams)) for join in joins)
        dag_id = dags.bind(
            connection, self.dag_hash, edges, joined, self.at, between_templates=self._template_edges()
        )
        workflow_id, is_there = workflows.enter(connection, self._identity(dag_id), self.description, self.at)
        if not is_there:
            self._enter_tasks(connection, workflow_id)
            attributes.write(connection, "workflow", {workflow_id: self.workflow.workflow_attributes})
            workflows.complete(connection, workflow_id, self.at)
            self._say_if_args_were_used(connection, dag_id, workflow_id)
        return dag_id, workflow_id, not is_there

    def _template_edges(self) -> Iterator[tuple[int, int]]:
        for upstream, downstream in array_edges(self.workflow):
            yield upstream.task_template_version.id, downstream.task_template_version.id

    def _enter_tasks(self, connection: Connection, workflow_id: int) -> None:
        array_ids = workflows.bind_arrays(
            connection,
            workflow_id,
            {
                array.task_template_version.id: (array.name, array.max_concurrently_running)
                for array in self.arrays
            },
            self.at,
        )
        for array in self.arrays:
            array.array_id = array_ids[array.task_template_version.id]
            tasks.enter(connection, workflow_id, array.array_id, self._rows(array), self.at)
            _assign_ids(array, tasks.of_array(connection, workflow_id, array.array_id))
            tasks.enter_args(connection, self._task_args(array))
            self._write_attributes(connection, array._tasks.values())

    def _rows(self, array: Array) -> Iterator[tuple[Any, ...]]:
        definitions = zip(
            array._tasks.values(), identity.task_args_hashes(array), self._definitions(array), strict=True
        )
        for task, digest, definition in definitions:
            yield task._node_id, digest, *definition

    def _definitions(self, array: Array) -> Iterator[tuple[Any, ...]]:
        """Each task's columns in the order of `tasks.MUTABLE`."""
        asked = self.requests.columns()
        for task in array._tasks.values():
            yield task.name, task.command, *asked[task.kind]

    def _task_args(self, array: Array) -> Iterator[tuple[int, int, str]]:
        version = array.task_template_version
        arg_ids = [self.arg_ids[arg] for arg in version.task_args]
        first = len(version.node_args)
        if arg_ids:
            for task in array._tasks.values():
                assert task.task_id is not None
                for position, arg_id in enumerate(arg_ids, start=first):
                    yield task.task_id, arg_id, task._values[position]

    def _write_attributes(self, connection: Connection, members: Iterable[Task]) -> None:
        facts = {task.task_id: task._attributes for task in members if task._attributes and task.task_id}
        attributes.write(connection, "task", facts)

    def _say_if_args_were_used(self, connection: Connection, dag_id: int, workflow_id: int) -> None:
        if others := workflows.others_with_these_args(connection, self._identity(dag_id), workflow_id):
            log.warning(
                "The workflow_args '%s' were used with other tasks by workflow %s: this is the new workflow %s. "
                "To resume the earlier one, define exactly its tasks.",
                self.workflow.workflow_args[:80],
                others[-1],
                workflow_id,
            )

    # --- 5. recognise -------------------------------------------------------------------------------------

    def _recognise(self, workflow_id: int) -> None:
        with self.database.read() as connection:
            array_ids = workflows.array_ids(connection, workflow_id)
            for array in self.arrays:
                array.array_id = array_ids[array.task_template_version.id]
                _recognise_tasks(array, tasks.of_array_with_hashes(connection, workflow_id, array.array_id))
        self.database.write(lambda connection: self._bring_up_to_date(connection, workflow_id))

    def _bring_up_to_date(self, connection: Connection, workflow_id: int) -> None:
        """Write what may change; but a run that is going on keeps what it began with."""
        workflows.lock(connection, workflow_id)
        attributes.write(connection, "workflow", {workflow_id: self.workflow.workflow_attributes})
        for array in self.arrays:
            self._write_attributes(connection, array._tasks.values())
        if workflows.is_being_run(connection, workflow_id):
            log.info("workflow.kept_as_it_runs", extra={"workflow_id": workflow_id})
            return
        workflows.describe(connection, workflow_id, self.description)
        workflows.set_array_limits(
            connection,
            {array.array_id: array.max_concurrently_running for array in self.arrays if array.array_id},
        )
        for array in self.arrays:
            tasks.redefine(connection, list(self._changed(connection, workflow_id, array)))

    def _changed(self, connection: Connection, workflow_id: int, array: Array) -> Iterator[tuple[Any, ...]]:
        if all(task.initial_status == TaskStatus.DONE for task in array._tasks.values()):
            return
        assert array.array_id is not None
        stored = {row[0]: row[1:] for row in tasks.definitions(connection, workflow_id, array.array_id)}
        for task, definition in zip(array._tasks.values(), self._definitions(array), strict=True):
            if stored.get(task.task_id, definition) != definition:
                yield task.task_id, *definition


def _assign_ids(array: Array, rows: Iterable[Any]) -> None:
    """Give the tasks that were just entered their ids: mostly they come in the order in which they went."""
    strays: dict[int, int] = {}
    for task, (number, node_id) in zip(array._tasks.values(), rows, strict=True):
        task.initial_status = TaskStatus.REGISTERING
        if task._node_id == node_id:
            task.task_id = number
        else:
            strays[node_id] = number
    if strays:
        for task in array._tasks.values():
            task.task_id = strays.get(task._node_id, task.task_id)


def _recognise_tasks(array: Array, rows: Iterable[Any]) -> None:
    """Give the tasks the ids and statuses that they have in the database."""
    for number, node_id, status, key in rows:
        task = array._tasks[int(key, 16)]
        task.task_id, task._node_id, task.initial_status = number, node_id, status


def _number_joins(members: Iterable[Task]) -> list[Join]:
    """The joins of a graph, numbered -1, -2, … so that they can stand among node ids."""
    joins: dict[Join, None] = {}
    for task in members:
        for upstream in task._upstreams or ():
            if type(upstream) is Join:
                joins[upstream] = None
    for number, join in enumerate(joins, start=1):
        join._node_id = -number
    return list(joins)


def _ids(neighbours: Iterable[Task | Join] | None) -> str:
    """Neighbours as a JSON list."""
    return str([neighbour._node_id for neighbour in neighbours]) if neighbours else "[]"
