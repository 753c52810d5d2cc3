"""How workflows stand, whoever runs them: for a command line, a hook, a notification, a page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.engine.claims import known
from jobmon_airflow.engine.tallies import snapshot_of, statuses_of
from jobmon_airflow.states import TaskBucket, TaskStatus, WorkflowRunStatus, WorkflowStatus
from jobmon_airflow.store import dags, overviews, workflows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from jobmon_airflow.engine.tallies import Counts
    from jobmon_airflow.store.overviews import Overview

_LEAVES_WORK: Final = frozenset({WorkflowRunStatus.STOPPED, WorkflowRunStatus.TERMINATED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """How far the tasks of one template are."""

    name: str
    counts: Mapping[TaskBucket, int]  #: every bucket is there

    @property
    def total(self) -> int:
        """All of its tasks."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A workflow as it is now."""

    workflow_id: int
    tool: str
    name: str
    workflow_args: str
    status: WorkflowStatus
    since: datetime
    created: datetime | None
    workflow_run_id: int | None  #: of its last run
    run_status: WorkflowRunStatus | None
    templates: Sequence[Template]

    @property
    def counts(self) -> dict[TaskBucket, int]:
        """How many tasks are in each bucket."""
        found: Counter[TaskBucket] = Counter(dict.fromkeys(TaskBucket, 0))
        for template in self.templates:
            found.update(template.counts)
        return dict(found)

    @property
    def total(self) -> int:
        """All tasks."""
        return sum(template.total for template in self.templates)

    @property
    def done(self) -> int:
        """Those that are done."""
        return self.counts[TaskBucket.DONE]

    @property
    def failed(self) -> int:
        """Those that failed for good."""
        return self.counts[TaskBucket.FATAL]


def of_workflow(connection: Connection, workflow_id: int, counts: Counts | None = None) -> Standing:
    """How a workflow stands, with its templates in the order in which they run; an error if there is none."""
    dag_id = known(connection, workflow_id).dag_id
    [found] = _standings(connection, overviews.of_workflows(connection, [workflow_id]), counts)
    place = places(connection, workflow_id, dag_id)
    return replace(found, templates=sorted(found.templates, key=lambda it: place[it.name]))


def of_workflows(connection: Connection, ids: Collection[int]) -> list[Standing]:
    """How workflows stand, newest first; without those that are not there."""
    return _standings(connection, overviews.of_workflows(connection, ids))


def latest(connection: Connection, limit: int, *, users: Collection[str] = ()) -> list[Standing]:
    """How so many workflows stand, newest first; of those that some users ever ran, if any are named."""
    return _standings(connection, overviews.latest(connection, limit, users=users))


def resume_command(workflow_id: int, *, here: bool = False) -> str:
    """What to type to go on with a workflow, in Airflow or ``here``, where somebody has just run it."""
    return f"{'' if here else 'airflow '}jobmon workflow resume {workflow_id}"


def account(connection: Connection, standing: Standing) -> str:
    """What is done, what failed and how, and what to type next: as the run itself would say it."""
    from jobmon_airflow.engine.report import report  # most who ask how workflows stand want no account

    last = snapshot_of(connection, standing.workflow_id, standing.workflow_run_id or 0)
    resume = resume_command(standing.workflow_id)
    return report(connection, last, resume, was_stopped=_has_work_left(standing))


def described(standing: Standing) -> dict[str, Any]:
    """How a workflow stands, in words and numbers that JSON can carry."""
    return {
        "workflow_id": standing.workflow_id,
        "tool": standing.tool,
        "name": standing.name,
        "workflow_args": standing.workflow_args,
        "status": standing.status.label,
        "since": standing.since.isoformat(),
        "created": standing.created.isoformat() if standing.created else None,
        "workflow_run_id": standing.workflow_run_id,
        "tasks": standing.total,
        "counts": {bucket.value: count for bucket, count in standing.counts.items()},
        "templates": {
            template.name: {bucket.value: count for bucket, count in template.counts.items()}
            for template in standing.templates
        },
    }


def in_buckets(by_status: Mapping[str, int]) -> dict[TaskBucket, int]:
    """Counts by status under the headings that people look for; all of these are there."""
    counts = dict.fromkeys(TaskBucket, 0)
    for status, count in by_status.items():
        counts[TaskStatus.of(status).bucket] += count
    return counts


def _standings(
    connection: Connection, found: Sequence[Overview], counts: Counts | None = None
) -> list[Standing]:
    ids = [overview.id for overview in found]
    if not ids:
        return []
    runs, statuses = overviews.last_runs(connection, ids), statuses_of(connection, ids, counts)
    return [
        Standing(
            workflow_id=overview.id,
            tool=overview.tool,
            name=overview.name,
            workflow_args=overview.workflow_args,
            status=WorkflowStatus.of(overview.status),
            since=overview.status_date,
            created=overview.created_date,
            workflow_run_id=runs[overview.id].id if overview.id in runs else None,
            run_status=WorkflowRunStatus.of(runs[overview.id].status) if overview.id in runs else None,
            templates=[
                Template(name=name, counts=in_buckets(by_status))
                for name, by_status in statuses[overview.id].items()
            ],
        )
        for overview in found
    ]


def places(connection: Connection, workflow_id: int, dag_id: int) -> dict[str, int]:
    """Where each template stands, if those that wait for others come after them."""
    names = workflows.array_names(connection, workflow_id)
    by_version = {
        version: names[array_id] for version, array_id in workflows.array_ids(connection, workflow_id).items()
    }
    upstreams: dict[str, set[str]] = {name: set() for name in names.values()}
    for upstream, downstream in sorted(dags.template_edges(connection, dag_id)):
        if (one := by_version[upstream]) != (other := by_version[downstream]):
            upstreams[other].add(one)
    try:
        ordered = list(TopologicalSorter(upstreams).static_order())
    except CycleError:  # each year's tasks of one template may wait for last year's of another, and so on
        ordered = list(upstreams)
    return {name: place for place, name in enumerate(ordered)}


def _has_work_left(standing: Standing) -> bool:
    """Whether what is not done may just not have been run yet, rather than be blocked by what failed."""
    status = standing.run_status
    return status is None or not status.is_final or status in _LEAVES_WORK or not standing.failed
