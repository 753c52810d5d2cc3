"""The tasks of one run as numbers, and what the database knows of each.

Read once, when the run begins. What most tasks share (requests, scales, fallback queues) is kept once; a command is
read when its task is about to run. A task's number is its place in the order in which the tasks were defined.
"""

from __future__ import annotations

import json
from array import array as numbers
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.client import garbage
from jobmon_airflow.engine.claims import known
from jobmon_airflow.errors import InvalidDefinition
from jobmon_airflow.resources import Resources
from jobmon_airflow.scales import DEFAULT_SCALES, ResourceScales
from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import clusters, dags, task_instances, tasks, usage, workflows
from jobmon_airflow.store.vocabulary import DEFAULT_QUEUE
from jobmon_airflow.store.words import digest
from jobmon_airflow.swarm.graph import Graph

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from jobmon_airflow.queues import QueueLimits

_RUNS: Final = frozenset(
    {TaskStatus.INSTANTIATING, TaskStatus.LAUNCHED, TaskStatus.RUNNING, TaskStatus.QUEUED}
)


@dataclass(frozen=True, slots=True)
class Request:
    """What an attempt asks of which queue."""

    cluster_id: int
    cluster: str
    resources: Resources  #: with the queue's name


@dataclass(frozen=True, slots=True)
class Kind:
    """What many tasks have in common."""

    resources_id: int
    scales: str | None
    fallback_queues: str | None
    callable_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Functions:
    """What lives in the script that defined the workflow, and nowhere else."""

    #: by task id: says what the task asks for when it is about to run
    resources: Mapping[int, Callable[..., Any]] = field(default_factory=dict)
    #: by task id: scales with functions in them
    scales: Mapping[int, ResourceScales] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Plan:
    """The tasks of a run."""

    workflow_id: int
    mark: str  #: what tells its jobs from those of all other workflows, in whatever database
    graph: Graph
    task_ids: Sequence[int]
    arrays: Sequence[int]  #: each task's array
    max_attempts: Sequence[int]
    kinds: Sequence[Kind]
    kind_of: Sequence[int]
    done: list[int]
    active: dict[int, int]  #: tasks that run already, with their attempts
    array_names: dict[int, str]
    last_batches: dict[int, int]
    requests: dict[int, Request]  #: by task_resources id
    limits: dict[int, dict[str, QueueLimits]]  #: of queues, by cluster
    max_concurrently_running: int
    array_limits: dict[int, int]
    kinds_of_arrays: frozenset[tuple[int, int]]  #: each array with each kind that its tasks are of
    typical_runtimes: dict[int, float | None]  #: seconds, by array, of those that are packed by it
    functions: Functions

    def kind(self, task: int) -> Kind:
        return self.kinds[self.kind_of[task]]

    def request(self, task: int) -> Request:
        """What the task asks for, unless a retry asks for more."""
        return self.requests[self.kind(task).resources_id]

    def scales(self, task: int) -> ResourceScales:
        """How the task's request grows."""
        live = self.functions.scales.get(self.task_ids[task])
        if live is not None:
            return live
        return scales_of(self.kind(task).scales)

    def queues(self, task: int, request: Request) -> list[QueueLimits]:
        """Where a raised request may go: where it is, then the fallback queues."""
        return queues_of(request, self.kind(task).fallback_queues, self.limits[request.cluster_id])

    def token(self, array: int, batch: int) -> str:
        """The name by which a cluster knows a batch."""
        return f"{self.family(array)}-{batch}"

    def family(self, array: int) -> str:
        """What the tokens of all batches of an array have in common."""
        return f"jobmon-{self.mark}-{array}"

    def clusters_of_arrays(self) -> dict[int, set[str]]:
        """Where the tasks of each array run."""
        found: dict[int, set[str]] = {}
        for array, kind in self.kinds_of_arrays:
            found.setdefault(array, set()).add(self.requests[self.kinds[kind].resources_id].cluster)
        return found

    def clusters(self) -> set[str]:
        """Where its tasks run."""
        return {request.cluster for request in self.requests.values()}


def load(connection: Connection, workflow_id: int, functions: Functions | None = None) -> Plan:
    """Read a workflow that is about to run, or to go on."""
    with garbage.left_lying():
        plan = _plan(connection, known(connection, workflow_id), functions or Functions())
    _require_functions(plan)
    return plan


def _plan(connection: Connection, workflow: Any, functions: Functions) -> Plan:
    workflow_id: int = workflow.id
    columns = _Columns()
    for row in tasks.to_run(connection, workflow_id):
        columns.take(row)
    columns.sort()
    kinds = columns.kinds
    rows = clusters.requests(connection, {kind.resources_id for kind in kinds})
    requests = {number: request_of(row) for number, row in rows.items()}
    kinds_of_arrays = frozenset(zip(columns.arrays, columns.kind_of, strict=True))
    limit, array_limits = workflows.limits(connection, workflow_id)
    return Plan(
        workflow_id=workflow_id,
        mark=mark_of(workflow),
        graph=_graph(connection, workflow.dag_id, columns.nodes),
        task_ids=columns.ids,
        arrays=columns.arrays,
        max_attempts=columns.max_attempts,
        kinds=kinds,
        kind_of=columns.kind_of,
        done=[task for task, status in enumerate(columns.statuses) if status == TaskStatus.DONE],
        active={
            task: columns.attempts[task] for task, status in enumerate(columns.statuses) if status in _RUNS
        },
        array_names=workflows.array_names(connection, workflow_id),
        last_batches=task_instances.last_batches(connection, list(array_limits)),
        requests=requests,
        limits={row.cluster_id: clusters.limits(connection, row.cluster_id) for row in rows.values()},
        max_concurrently_running=limit,
        array_limits=array_limits,
        kinds_of_arrays=kinds_of_arrays,
        typical_runtimes=_typical_runtimes(connection, kinds_of_arrays, kinds, requests),
        functions=functions,
    )


def _typical_runtimes(
    connection: Connection,
    kinds_of_arrays: Collection[tuple[int, int]],
    kinds: Sequence[Kind],
    requests: Mapping[int, Request],
) -> dict[int, float | None]:
    """How long tasks take, of the arrays that leave it to us how many of them are packed into a job."""
    packed = {
        array
        for array, kind in kinds_of_arrays
        if requests[kinds[kind].resources_id].resources.extra.get("pack") == "auto"
    }
    return {array: usage.typical_runtime(connection, array) for array in sorted(packed)}


def mark_of(workflow: Any) -> str:
    """What tells a workflow's jobs from those of all others, in whatever database: it begins their tokens."""
    return digest(f"{workflow.workflow_args_hash} {workflow.task_hash} {workflow.created_date}")[:8]


class _Columns:
    """The tasks' rows, turned on their side: a million of them are some tens of megabytes."""

    def __init__(self) -> None:
        self.ids = numbers("q")
        self.nodes = numbers("q")
        self.arrays = numbers("q")
        self.statuses: list[str] = []
        self.max_attempts = numbers("i")
        self.attempts = numbers("i")
        self.kind_of = numbers("i")
        self._kinds: dict[tuple[Any, ...], int] = {}

    def take(self, row: Any) -> None:
        number, node, array, status, max_attempts, attempts, *kind = row
        self.ids.append(number)
        self.nodes.append(node)
        self.arrays.append(array)
        self.statuses.append(status)
        self.max_attempts.append(max_attempts)
        self.attempts.append(attempts)
        self.kind_of.append(self._kinds.setdefault(tuple(kind), len(self._kinds)))

    @property
    def kinds(self) -> list[Kind]:
        return [Kind(*kind) for kind in self._kinds]

    def sort(self) -> None:
        """Put the tasks in the order in which they were defined; they come by status."""
        ids = self.ids
        if all(ids[i] < ids[i + 1] for i in range(len(ids) - 1)):
            return
        order = sorted(range(len(ids)), key=ids.__getitem__)
        for name in ("ids", "nodes", "arrays", "max_attempts", "attempts", "kind_of"):
            column = getattr(self, name)
            setattr(self, name, numbers(column.typecode, (column[place] for place in order)))
        self.statuses = [self.statuses[place] for place in order]


def _graph(connection: Connection, dag_id: int, nodes: Sequence[int]) -> Graph:
    numbers_of = {node: number for number, node in enumerate(nodes)}
    downstreams = [""] * len(nodes)
    for node, _, following in dags.edges_of(connection, dag_id):
        downstreams[numbers_of[node]] = following
    for join, _, following in dags.joins_of(connection, dag_id):
        numbers_of[-join] = len(downstreams)
        downstreams.append(following)
    return Graph(len(nodes), _numbered(downstreams, numbers_of))


def _numbered(lists: list[str], numbers_of: dict[int, int]) -> Iterator[list[int]]:
    for text in lists:
        yield [] if text == "[]" else [numbers_of[node] for node in json.loads(text)]


def request_of(row: Any) -> Request:
    """A request as the database has it."""
    resources = Resources.from_json(row.requested_resources)
    return Request(row.cluster_id, row.cluster_name, resources.updated(queue=row.queue_name))


def scales_of(stored: str | None) -> ResourceScales:
    """How a request grows, as its task's row says."""
    return DEFAULT_SCALES if stored is None else ResourceScales.from_json(stored)


def queues_of(request: Request, fallback: str | None, known: Mapping[str, QueueLimits]) -> list[QueueLimits]:
    """Where a raised request may go, as its task's row says: where it is, then the fallback queues."""
    from jobmon_airflow.queues import QueueLimits

    names = [request.resources.queue, *json.loads(fallback or "[]")]
    return [known.get(name, QueueLimits(name)) for name in dict.fromkeys(names) if name]


def without_default_queue(resources: Resources) -> Resources:
    """The request as a cluster is to see it: who named no queue leaves the choice to the cluster."""
    return replace(resources, queue=None) if resources.queue == DEFAULT_QUEUE else resources


def _require_functions(plan: Plan) -> None:
    """Refuse tasks that need a function which only their script has."""
    done = set(plan.done)
    needy = {
        number for number, kind in enumerate(plan.kinds) if kind.callable_name or _has_function(kind.scales)
    }
    if not needy:
        return
    here = plan.functions.resources.keys() | plan.functions.scales.keys()
    for task, kind in enumerate(plan.kind_of):
        if kind in needy and task not in done and plan.task_ids[task] not in here:
            raise _function_is_missing(plan, task)


def _has_function(scales: str | None) -> bool:
    return scales is not None and '"callable"' in scales


def _function_is_missing(plan: Plan, task: int) -> InvalidDefinition:
    kind = plan.kind(task)
    what = (
        f"the function {kind.callable_name} for its resources"
        if kind.callable_name
        else f"the functions in its resource_scales, {kind.scales},"
    )
    return InvalidDefinition(
        f"Task {plan.task_ids[task]} of workflow {plan.workflow_id} needs {what} and functions are not stored.",
        remedy="Run the script that defines the workflow again, with workflow.run(resume=True). It goes on where "
        "it ended.",
    )
