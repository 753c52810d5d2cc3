"""What the tasks of a workflow ask for: every distinct request, worked out and written once."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jobmon_airflow.client.task_settings import max_attempts_of, resources_of, scales_of
from jobmon_airflow.queues import QueueLimits, require_fit
from jobmon_airflow.scales import DEFAULT_SCALES, name_of
from jobmon_airflow.store import clusters
from jobmon_airflow.store.schema import NAME_LENGTH
from jobmon_airflow.store.vocabulary import DEFAULT_QUEUE, ORIGINAL

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from jobmon_airflow.client.defaults import Defaults
    from jobmon_airflow.client.task import Task
    from jobmon_airflow.client.task_settings import TaskSettings
    from jobmon_airflow.client.workflow import Workflow
    from jobmon_airflow.resources import Resources


# max_attempts, task_resources_id, resource_scales, fallback_queues, compute_resources_callable
Columns = tuple[int, int, str | None, str | None, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a task asks for, as its row has it."""

    cluster_name: str
    resources: Resources
    max_attempts: int
    resource_scales: str | None  #: JSON; None is the default
    fallback_queues: str | None  #: JSON
    compute_resources_callable: str | None  #: its name
    task_resources_id: int = 0


class Requests:
    """The distinct requests of a workflow's tasks. Most have the same as a thousand others."""

    def __init__(self, workflow: Workflow) -> None:
        self._requests: dict[tuple[int, int], Request] = {}
        for array in workflow._arrays.values():
            for kind, task in array.kinds().items():
                self._requests[kind] = _request(task, workflow)

    def columns(self) -> dict[tuple[int, int], Columns]:
        """What the rows of tasks say, by the tasks' kind."""
        return {
            key: (
                request.max_attempts,
                request.task_resources_id,
                request.resource_scales,
                request.fallback_queues,
                request.compute_resources_callable,
            )
            for key, request in self._requests.items()
        }

    def write(self, connection: Connection) -> None:
        """Write clusters' queues and requests, and note their ids; refuse what no queue can hold."""
        queue_ids: dict[tuple[str, str], int] = {}
        for cluster_name in sorted({request.cluster_name for request in self._requests.values()}):
            queue_ids |= self._write_queues(connection, cluster_name)
        keys = {
            key: (
                queue_ids[request.cluster_name, _queue(request.resources)],
                replace(request.resources, queue=None),
            )
            for key, request in self._requests.items()
        }
        ids = clusters.bind_resources(connection, set(keys.values()), ORIGINAL)
        for key, request in self._requests.items():
            self._requests[key] = replace(request, task_resources_id=ids[keys[key]])

    def _write_queues(self, connection: Connection, cluster_name: str) -> dict[tuple[str, str], int]:
        cluster_id = clusters.cluster_id(connection, cluster_name)
        limits = clusters.limits(connection, cluster_id)
        here = [request for request in self._requests.values() if request.cluster_name == cluster_name]
        for request in here:
            wanted = [_queue(request.resources), *json.loads(request.fallback_queues or "[]")]
            require_fit(request.resources, [limits.get(name, QueueLimits(name)) for name in wanted])
        ids = clusters.queue_ids(connection, cluster_id, {_queue(request.resources) for request in here})
        return {(cluster_name, name): number for name, number in ids.items()}


def _request(task: Task, workflow: Workflow) -> Request:
    levels: list[Defaults] = [task._version, workflow, workflow.tool]
    settings: TaskSettings = task._settings
    cluster_name = task.cluster_name
    max_attempts = max_attempts_of(settings, levels)
    function = settings.compute_resources_callable
    scales = scales_of(settings, levels, cluster_name)
    return Request(
        cluster_name=cluster_name,
        resources=resources_of(settings, levels, cluster_name),
        max_attempts=max_attempts,
        # A task is raised at most once per retry.
        resource_scales=None if scales is DEFAULT_SCALES else scales.to_json(max(1, max_attempts - 1)),
        fallback_queues=json.dumps(settings.fallback_queues) if settings.fallback_queues else None,
        compute_resources_callable=name_of(function)[:NAME_LENGTH] if function else None,
    )


def _queue(resources: Resources) -> str:
    return resources.queue or DEFAULT_QUEUE
