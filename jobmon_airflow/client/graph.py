"""Whether tasks and their dependencies make a graph that can be run."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from jobmon_airflow.client.task import Join, Task
from jobmon_airflow.errors import (
    CyclicGraphError,
    EmptyWorkflow,
    JobmonError,
    NodeDependencyNotExistError,
    UnknownCluster,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jobmon_airflow.client.workflow import Workflow

SHOWN = 5  # an error names this many tasks; a million names help nobody


def problems(workflow: Workflow) -> Iterator[JobmonError]:
    """What keeps the workflow from being run; cycles are looked for in graphs that are whole."""
    if not workflow._tasks:
        yield EmptyWorkflow(
            f"No nodes were found in the dag: the {workflow} has no tasks.",
            remedy="Add some: workflow.add_tasks(template.create_tasks(…)).",
        )
    survey = _Survey(workflow)
    yield from survey.missing()
    if survey.is_whole and survey.has_edges_to_younger and (cycle := _cycle(workflow._tasks)):
        names = [task.name for task in cycle]
        shown = [*names[:SHOWN], f"… {len(names) - SHOWN} more …"] if len(names) > SHOWN else names
        yield CyclicGraphError(
            f"Cycle detected in the task graph: {' -> '.join((*shown, names[0]))}.",
            remedy="Each of these waits for the next; take one of the dependencies away.",
        )


def homeless(workflow: Workflow) -> list[JobmonError]:
    """An error for each template with tasks that no level gives a cluster."""
    found: dict[str, Task] = {}
    for array in workflow._arrays.values():
        for task in array.kinds().values():
            if not task.cluster_name:
                found.setdefault(array.name, task)
    return [
        UnknownCluster(
            f"Nobody said where the task {task.name} is to run.",
            remedy="Name a cluster: tool.set_default_cluster_name('slurm'), or 'multiprocess' for this machine.",
        )
        for task in found.values()
    ]


class _Survey:
    """One look at all edges: do they end within the workflow, and does one lead from old to young?"""

    def __init__(self, workflow: Workflow) -> None:
        self.workflow = workflow
        self.has_edges_to_younger = False
        self._unknown_upstreams: list[tuple[Task, Task]] = []
        self._joins: set[Join] = set()
        self._plain_upstreams = 0
        self._plain_downstreams = 0
        arrays = set(workflow._arrays.values())
        for task in workflow._tasks:
            if task._upstreams:
                self._look_at(task, arrays)
            if task._downstreams:
                self._plain_downstreams += len(task._downstreams)
        self._unknown_downstreams = list(islice(self._outside(arrays), SHOWN))

    @property
    def is_whole(self) -> bool:
        return not self._unknown_upstreams and not self._unknown_downstreams

    def missing(self) -> Iterator[JobmonError]:
        for kind, pairs in (("Upstream", self._unknown_upstreams), ("Downstream", self._unknown_downstreams)):
            if pairs:
                yield _not_there(self.workflow, kind, pairs)

    def _look_at(self, task: Task, arrays: set[Any]) -> None:
        serial = task._serial
        for upstream in task._upstreams or ():
            if upstream._serial >= serial:
                self.has_edges_to_younger = True
            if isinstance(upstream, Task):
                self._plain_upstreams += 1
                if upstream.array not in arrays:
                    self._unknown_upstreams.append((task, upstream))
            elif upstream not in self._joins:
                self._look_at_join(task, upstream, arrays)

    def _look_at_join(self, task: Task, join: Join, arrays: set[Any]) -> None:
        self._joins.add(join)
        self._plain_upstreams += len(join.members)  # each member has the join among its downstreams
        self._unknown_upstreams += [(task, member) for member in join.members if member.array not in arrays]

    def _outside(self, arrays: set[Any]) -> Iterator[tuple[Task, Task]]:
        """Downstreams that are not in the workflow; there are none where both ends count the same edges."""
        if self._plain_downstreams != self._plain_upstreams or self._unknown_upstreams:
            for task in self.workflow._tasks:
                for downstream in task.downstream_tasks:
                    if downstream.array not in arrays:
                        yield task, downstream
        for join in self._joins:
            for dependent in join._downstreams or ():
                if dependent.array not in arrays:
                    yield join.members[0], dependent


def _not_there(workflow: Workflow, kind: str, pairs: list[tuple[Task, Task]]) -> JobmonError:
    shown = "; ".join(f"{other.name}, of {task.name}" for task, other in pairs[:SHOWN])
    more = f" and {len(pairs) - SHOWN} more" if len(pairs) > SHOWN else ""
    return NodeDependencyNotExistError(
        f"{kind} tasks are not in the {workflow}: {shown}{more}.",
        remedy="Add them too, with workflow.add_tasks; the order does not matter.",
    )


def _cycle(tasks: Iterable[Task]) -> list[Task]:
    """Tasks that wait for each other in a ring; empty if there are none. No recursion: chains are long."""
    finished: set[Task | Join] = set()
    for start in tasks:
        if start in finished:
            continue
        path: dict[Task | Join, Iterator[Task | Join]] = {start: _waits_for(start)}
        while path:
            last = next(reversed(path))
            for upstream in path[last]:
                if upstream in path:
                    ring = list(path)
                    return [item for item in ring[ring.index(upstream) :] if isinstance(item, Task)]
                if upstream not in finished:
                    path[upstream] = _waits_for(upstream)
                    break
            else:
                path.popitem()
                finished.add(last)
    return []


def _waits_for(item: Task | Join) -> Iterator[Task | Join]:
    return iter(item.members if isinstance(item, Join) else item._upstreams or ())
