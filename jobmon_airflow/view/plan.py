"""What a resume would do, before anybody orders it: what runs again, what is taken over, what is left as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row

from jobmon_airflow.distributors.registry import LOCAL
from jobmon_airflow.engine import claims, verdict
from jobmon_airflow.engine.plan import Request, queues_of, request_of, scales_of
from jobmon_airflow.engine.requests import CannotGrow, raised
from jobmon_airflow.states import TaskInstanceStatus, TaskStatus
from jobmon_airflow.store import clusters, resumes, workflow_runs, workflows
from jobmon_airflow.store.resumes import Left
from jobmon_airflow.view.requested import Requested, of_resources


class How(StrEnum):
    """How a workflow is resumed."""

    HOT = "hot"  #: what clusters still have is taken over
    COLD = "cold"  #: it is ended first


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatePlan:
    """What becomes of the tasks of a template."""

    template: str
    again: int  #: begin again, or for the first time
    adopted: int  #: go on, taken over
    skipped: int  #: are done
    ended: int  #: of those that begin again: what runs of them is ended first
    failed: int  #: of those that begin again: had failed for good


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPlan:
    """What so many tasks of a template ask for when they begin again."""

    template: str
    tasks: int
    requested: Requested
    before: Requested | None = None  #: if it is raised, because that was too little
    resource: str | None = None  #: what was too little
    problem: str | None = None  #: why it is not raised although it was too little
    function: str | None = None  #: the function in their script that says it anew, if one does


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumePlan:
    """What a resume would do, as things are now."""

    workflow_id: int
    how: How
    again: int
    adopted: int
    skipped: int
    templates: Sequence[TemplatePlan]
    requests: Sequence[RequestPlan]
    is_estimate: bool  #: of very many tasks, some were asked what they ask for; how many there are is exact
    is_complete: bool  #: nothing is left to be run
    held_by: str | None  #: who runs it, and would have to make way first
    needs_script: (
        bool  #: functions say what tasks ask for, which are in the script that defines the workflow alone
    )


def of_workflow(
    connection: Connection,
    workflow_id: int,
    how: How,
    *,
    increase_resources: bool = True,
    at: datetime | None = None,
) -> ResumePlan:
    """What a resume would do to a workflow; an error if there is none of this id."""
    claims.known(connection, workflow_id)
    names = workflows.array_names(connection, workflow_id)
    found = _Found(connection, workflow_id, how)
    templates = list(found.templates(names))
    left, is_exact = resumes.requests_left(connection, workflow_id, found.counts)
    too_small = resumes.exhausted(connection, workflow_id) if increase_resources else ()
    return ResumePlan(
        workflow_id=workflow_id,
        how=how,
        again=sum(each.again for each in templates),
        adopted=sum(each.adopted for each in templates),
        skipped=sum(each.skipped for each in templates),
        templates=templates,
        requests=list(_requests(connection, names, left, found.adopted_by_request, too_small)),
        is_estimate=not is_exact,
        is_complete=not any(each.again + each.adopted for each in templates),
        held_by=_holder(connection, workflow_id, at or datetime.now(UTC)),
        needs_script=any(
            row.compute_resources_callable or '"callable"' in (row.resource_scales or "") for row in left
        ),
    )


class _Found:
    """How a workflow's tasks stand, by array, and what of them clusters may still have."""

    def __init__(self, connection: Connection, workflow_id: int, how: How) -> None:
        counts = workflows.counts_by_status(connection, [workflow_id])
        self.counts = {array_id: by_status for (_, array_id), by_status in counts.items()}
        self.adopted: Counter[int] = Counter()
        self.ended: Counter[int] = Counter()
        self.adopted_by_request: Counter[tuple[int, int]] = Counter()
        for row in resumes.open_attempts(connection, workflow_id):
            if how is How.HOT and _outlives(row):
                self.adopted[row.array_id] += row.tasks
                self.adopted_by_request[row.array_id, row.task_resources_id] += row.tasks
            else:
                self.ended[row.array_id] += row.tasks

    def templates(self, names: Mapping[int, str]) -> Iterator[TemplatePlan]:
        for array_id, name in names.items():
            by_status = self.counts.get(array_id, {})
            total, done = sum(by_status.values()), by_status.get(TaskStatus.DONE, 0)
            yield TemplatePlan(
                template=name,
                again=total - done - self.adopted[array_id],
                adopted=self.adopted[array_id],
                skipped=done,
                ended=self.ended[array_id],
                failed=by_status.get(TaskStatus.ERROR_FATAL, 0),
            )


def _outlives(attempt: Row[Any]) -> bool:
    """Whether a hot resume takes over what there is of it: what was told to stop is ended all the same."""
    return attempt.cluster_type not in LOCAL and attempt.status != TaskInstanceStatus.KILL_SELF


def _holder(connection: Connection, workflow_id: int, at: datetime) -> str | None:
    run = workflow_runs.alive(connection, workflow_id)
    if run is None or not claims.has_controller(run, at):
        return None
    return f"run {run.id} of {run.user} at {run.controller or 'nobody knows which process'}"


# --- what they ask for ----------------------------------------------------------------------------------------


def _requests(
    connection: Connection,
    names: Mapping[int, str],
    left: Sequence[Left],
    adopted: Counter[tuple[int, int]],
    too_small: Sequence[Row[Any]],
) -> Iterator[RequestPlan]:
    ids = {each.task_resources_id for each in left} | {row.task_resources_id for row in too_small}
    rows = clusters.requests(connection, {number for number in ids if number is not None})
    known = {number: request_of(row) for number, row in rows.items()}
    elsewhere = adopted.copy()  # who goes on asks for nothing, and who is raised does so below
    elsewhere.update(_counted(too_small))
    yield from _as_they_are(names, left, elsewhere, known)
    limits = {
        cluster_id: clusters.limits(connection, cluster_id)
        for cluster_id in {known[row.task_resources_id].cluster_id for row in too_small}
    }
    for row in too_small:
        request = known[row.task_resources_id]
        yield _raised(names[row.array_id], row, request, limits[request.cluster_id])


def _counted(too_small: Iterable[Row[Any]]) -> Counter[tuple[int, int]]:
    counts: Counter[tuple[int, int]] = Counter()
    for row in too_small:
        counts[row.array_id, row.asks] += row.tasks
    return counts


def _as_they_are(
    names: Mapping[int, str],
    left: Sequence[Left],
    elsewhere: Counter[tuple[int, int]],
    known: Mapping[int, Request],
) -> Iterator[RequestPlan]:
    for row in left:
        if row.task_resources_id is None:
            continue
        key = row.array_id, row.task_resources_id
        taken = min(elsewhere[key], row.tasks)
        elsewhere[key] -= taken
        if count := row.tasks - taken:
            yield RequestPlan(
                template=names[row.array_id],
                tasks=count,
                requested=_shown(known[row.task_resources_id]),
                function=row.compute_resources_callable,
            )


def _raised(template: str, row: Row[Any], request: Request, limits: Mapping[str, Any]) -> RequestPlan:
    resource = verdict.EXHAUSTED[row.verdict]
    queues = queues_of(request, row.fallback_queues, limits)
    larger = raised(request.resources, resource, row.before, scales_of(row.resource_scales), queues)
    before = _shown(request)
    if isinstance(larger, CannotGrow):
        return RequestPlan(
            template=template, tasks=row.tasks, requested=before, resource=resource, problem=larger.why
        )
    after = of_resources(request.cluster, larger.queue, larger)
    return RequestPlan(template=template, tasks=row.tasks, requested=after, before=before, resource=resource)


def _shown(request: Request) -> Requested:
    return of_resources(request.cluster, request.resources.queue, request.resources)
