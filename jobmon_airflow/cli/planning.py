"""``workflow plan``: what a resume would do, before anybody orders it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.cli.answers import Answer, Table
from jobmon_airflow.client import registry
from jobmon_airflow.engine.pace import tasks_in_words
from jobmon_airflow.engine.standing import resume_command
from jobmon_airflow.store.vocabulary import DEFAULT_QUEUE
from jobmon_airflow.units import Memory, Runtime
from jobmon_airflow.view import plan
from jobmon_airflow.view.plan import How

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobmon_airflow.view.plan import RequestPlan, ResumePlan, TemplatePlan
    from jobmon_airflow.view.requested import Requested

_TEMPLATES: Final = ["TEMPLATE", "AGAIN", "TAKEN_OVER", "DONE", "ENDED_FIRST", "HAD_FAILED"]
_REQUESTS: Final = ["TEMPLATE", "TASKS", "CLUSTER", "QUEUE", "MEMORY", "RUNTIME", "CORES", "BEFORE"]


def of_resume(
    workflow_id: int, *, cold: bool = False, keep_resources: bool = False, database: str | None = None
) -> Answer:
    """What a resume would do: what runs again and asks for what, what is taken over, what is left as it is."""
    with registry.database(database).read() as connection:
        found = plan.of_workflow(
            connection,
            workflow_id,
            How.COLD if cold else How.HOT,
            increase_resources=not keep_resources,
        )
    if found.is_complete:
        return Answer(
            f"Workflow {workflow_id} is done: a resume would find nothing to do.", data=asdict(found)
        )
    requests = Table(_REQUESTS, [_request(each) for each in found.requests])
    return Answer(
        [
            " ".join(_sentences(found)),
            Table(_TEMPLATES, [_template(each) for each in found.templates]),
            requests if requests.rows else "",
            "\n".join(_notes(found)),
        ],
        data=asdict(found),
    )


def _sentences(found: ResumePlan) -> Iterator[str]:
    yield f"A {found.how.value} resume of workflow {found.workflow_id} would run {tasks_in_words(found.again)}."
    if found.adopted:
        yield f"{tasks_in_words(found.adopted)} that clusters still have would be taken over."
    if found.skipped:
        yield f"{tasks_in_words(found.skipped)} would be left as they are: done."
    if found.held_by:
        yield f"First {found.held_by} would have to make way."


def _notes(found: ResumePlan) -> Iterator[str]:
    for each in found.requests:
        if each.problem:
            yield (
                f"{tasks_in_words(each.tasks)} of {each.template} had too little {each.resource}, and ask for no more: "
                f"{each.problem}"
            )
    if found.needs_script:
        yield (
            "Functions in the script that defines the workflow say what tasks ask for. Resume it there, by "
            "workflow.run(resume=True), for them to be asked."
        )
    if found.is_estimate:
        yield "Of very many tasks, some were asked what they ask for; how many there are is exact."
    yield f"To do so: {resume_command(found.workflow_id)}{' --cold' if found.how is How.COLD else ''}"


def _template(each: TemplatePlan) -> dict[str, Any]:
    return {
        "TEMPLATE": each.template,
        "AGAIN": each.again,
        "TAKEN_OVER": each.adopted,
        "DONE": each.skipped,
        "ENDED_FIRST": each.ended,
        "HAD_FAILED": each.failed,
    }


def _request(each: RequestPlan) -> dict[str, Any]:
    return {
        "TEMPLATE": each.template,
        "TASKS": each.tasks,
        "CLUSTER": each.requested.cluster,
        "QUEUE": None if each.requested.queue == DEFAULT_QUEUE else each.requested.queue,
        "MEMORY": _memory(each.requested),
        "RUNTIME": _runtime(each.requested),
        "CORES": each.requested.cores,
        "BEFORE": _before(each) if each.before else each.function and f"by {each.function}()",
    }


def _before(each: RequestPlan) -> str:
    """What was asked for before, of what was too little."""
    assert each.before is not None
    known = {"memory": _memory(each.before), "runtime": _runtime(each.before)}
    return f"{each.resource} {known.get(each.resource or '', '')}".strip()


def _memory(asked: Requested) -> str:
    return "" if asked.memory is None else str(Memory.of_bytes(asked.memory))


def _runtime(asked: Requested) -> str:
    return "" if asked.runtime is None else str(Runtime(asked.runtime))
