"""A template of a workflow: what attempts at its tasks used, how that fitted what they asked for, what to ask for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from jobmon_airflow.engine import standing
from jobmon_airflow.engine.verdict import DONE, EXHAUSTED, PUT_BACK
from jobmon_airflow.errors import UnknownName
from jobmon_airflow.states import TaskBucket, TaskInstanceStatus
from jobmon_airflow.store import clusters, samples, templates, usage_by_hour, workflows
from jobmon_airflow.store.texts import storable
from jobmon_airflow.view import advice, retries
from jobmon_airflow.view.advice import Advice, Past
from jobmon_airflow.view.distributions import Measured, measured
from jobmon_airflow.view.requested import Requested, requested
from jobmon_airflow.view.retries import Retries
from jobmon_airflow.view.workflow import limit_or_none

MEASURED: Final = 4_000  #: attempts that are read; of more, so many stand for all
FOLLOWED: Final = 2_000  #: failed attempts whose successors are looked at

_SUCCEEDED: Final = TaskInstanceStatus.DONE
_NOT_FAILED: Final = (DONE.words, PUT_BACK.words, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFor:
    """A request, and how many of the attempts that were read had it."""

    attempts: int
    request: Requested


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateUse:
    """What a template's tasks use in a workflow, and what became of attempts at them."""

    workflow_id: int
    name: str
    is_active: bool
    tasks: Mapping[TaskBucket, int]
    limit: int | None  #: how many of them may run at a time, if somebody said so
    attempts: int
    sampled: int  #: from so many of these the figures were taken
    command_template: str
    node_args: Sequence[str]
    requests: Sequence[AskedFor]  #: the usual ones first
    memory: Measured
    runtime: Measured
    cores: Measured  #: CPU seconds by second
    advice: Sequence[Advice]  #: from the least generous to the most
    verdicts: Mapping[str, int]  #: how many attempts ended how, of all of them
    retries: Sequence[Retries]
    retries_sampled: int  #: failed attempts that were looked at
    failed_attempts: int


def of_workflow(connection: Connection, workflow_id: int, name: str) -> TemplateUse:
    """What a template's tasks use; an error if the workflow has none of it."""
    arrays = arrays_of(connection, workflow_id, name)
    sample = samples.of_arrays(connection, arrays, MEASURED)
    asked = requests_of(connection, sample.rows)
    verdicts = usage_by_hour.attempts_by_verdict(connection, arrays)
    task_ids, failed_attempts = samples.tasks_that_failed(connection, arrays, FOLLOWED)
    failures = {words: count for words, count in verdicts.items() if words not in _NOT_FAILED}
    retried = retries.after(connection, task_ids, failures)
    version = templates.newest_of_arrays(connection, arrays)
    past = list(_telling(sample.rows, asked))
    done = [each for each in past if not each.lacked_memory and not each.lacked_runtime]
    return TemplateUse(
        workflow_id=workflow_id,
        name=name,
        is_active=workflows.is_being_run(connection, workflow_id),
        tasks=standing.in_buckets(workflows.statuses_in_arrays(connection, workflow_id, arrays)),
        limit=_limit(connection, workflow_id, arrays),
        attempts=sample.total,
        sampled=len(sample.rows),
        command_template=version.command,
        node_args=version.node_args,
        requests=_by_frequency(sample.rows, asked),
        memory=measured("bytes", [(it.memory, it.asked_memory) for it in done if it.memory]),
        runtime=measured("seconds", [(it.runtime, it.asked_runtime) for it in done if it.runtime]),
        cores=measured(
            "cores", [(it.cpu / it.runtime, it.asked_cores) for it in done if it.cpu and it.runtime]
        ),
        advice=advice.advice(past),
        verdicts=verdicts,
        retries=retried,
        retries_sampled=sum(sum(each.followed.values()) for each in retried),
        failed_attempts=failed_attempts,
    )


def arrays_of(connection: Connection, workflow_id: int, name: str) -> list[int]:
    """The arrays of a template in a workflow; an error if there are none."""
    if found := samples.arrays_of(connection, workflow_id, storable(name)):
        return found
    names = sorted(set(workflows.array_names(connection, workflow_id).values()))
    raise UnknownName(
        f"Workflow {workflow_id} has no tasks of a template '{name[:80]}'.",
        remedy=f"It has {', '.join(names[:10])}." if names else "It has no tasks yet.",
    )


def requests_of(connection: Connection, rows: Sequence[samples.Measured]) -> dict[int, Requested]:
    """What attempts asked for, by the id of the request."""
    return requests_by_id(connection, {number for _, _, number, *_ in rows if number is not None})


def requests_by_id(connection: Connection, ids: Collection[int]) -> dict[int, Requested]:
    """Requests by their ids."""
    return {number: requested(row) for number, row in clusters.requests(connection, ids).items()}


_NOTHING: Final = Requested(cluster="", queue=None, cores=None, memory=None, runtime=None, options={})


def _telling(rows: Sequence[samples.Measured], asked: Mapping[int, Requested]) -> Iterator[Past]:
    """Those attempts that say what their tasks need: who succeeded, and who lacked something."""
    for _, _, request_id, status, verdict, memory, runtime, cpu in rows:
        lacked = EXHAUSTED.get(verdict or "")
        if status == _SUCCEEDED or lacked is not None:
            request = asked.get(request_id or 0, _NOTHING)
            yield Past(
                memory,
                runtime,
                cpu,
                request.memory,
                request.runtime,
                request.cores,
                lacked == "memory",
                lacked == "runtime",
            )


def _by_frequency(rows: Sequence[samples.Measured], asked: Mapping[int, Requested]) -> list[AskedFor]:
    counts = Counter([number for _, _, number, *_ in rows if number is not None])
    return [AskedFor(attempts=count, request=asked[number]) for number, count in counts.most_common()]


def _limit(connection: Connection, workflow_id: int, arrays: Sequence[int]) -> int | None:
    """The least, of the template's versions."""
    _, limits = workflows.limits(connection, workflow_id)
    return limit_or_none(min(limits[number] for number in arrays))
