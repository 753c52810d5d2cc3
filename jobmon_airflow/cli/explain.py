"""``workflow explain``, ``task explain``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.cli.answers import Answer, Table
from jobmon_airflow.client import registry
from jobmon_airflow.engine import explaining, standing
from jobmon_airflow.states import TaskBucket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobmon_airflow.engine.explaining import Explanation, Wait

_LINES: Final = 20  # of what an attempt said
_COLUMNS: Final = ["TEMPLATE", "TASKS", "DONE", "RUNNING", "FAILED", "WAITING"]


def workflow(workflow_id: int, *, database: str | None = None) -> Answer:
    """Whether somebody runs a workflow, what its tasks wait for and what to do about it, and what failed."""
    with registry.database(database).read() as connection:
        found = explaining.of_workflow(connection, workflow_id, datetime.now(UTC))
        failed = ""
        if found.standing.failed:
            failed = standing.account(connection, found.standing)
    return Answer([*_paragraphs(found), failed], data=found.as_dict())


def task(task_id: int, *, database: str | None = None) -> Answer:
    """How a task stands, what it waits for, and how each of its attempts ended and why."""
    with registry.database(database).read() as connection:
        found = explaining.of_task(connection, task_id)
    return Answer("\n".join(_lines(found)), data=found)


def _paragraphs(found: Explanation) -> Iterator[str | Table]:
    known = found.standing
    name = f" '{known.name}'" if known.name else ""
    yield f"Workflow {known.workflow_id}{name} of {known.tool} is {known.status.label}. {found.who}"
    yield from details(found)


def details(found: Explanation) -> Iterator[str | Table]:
    """How far each template's tasks are, and what those wait for that have not begun."""
    yield Table(
        _COLUMNS,
        [
            {
                "TEMPLATE": each.name,
                "TASKS": each.total,
                "DONE": (done := each.counts[TaskBucket.DONE]),
                "RUNNING": (running := found.running.get(each.name, 0)),
                "FAILED": (fatal := each.counts[TaskBucket.FATAL]),
                "WAITING": each.total - done - running - fatal,
            }
            for each in found.standing.templates
        ],
    )
    for template in dict.fromkeys(wait.template for wait in found.waits):
        waits = [wait for wait in found.waits if wait.template == template]
        yield "\n".join([f"{template}:", *(line for wait in waits for line in _wait(wait))])


def _wait(wait: Wait) -> Iterator[str]:
    yield f"  {wait}"
    if wait.remedy:
        yield f"      {wait.remedy}"


def _lines(found: dict[str, Any]) -> Iterator[str]:
    yield (
        f"Task {found['task_id']} '{found['name']}' of template {found['template']} in workflow {found['workflow_id']} "
        f"is {found['status']} since {found['since']}: {found['meaning']}"
    )
    yield f"Command: {found['command']}"
    yield f"Asks for: {_words(found['requested'])}"
    yield from (f"  {each}" for each in found["why_requested"])
    yield f"Attempts: {found['num_attempts']} of {found['max_attempts']}"
    left = found["upstreams_not_done"]
    if left["count"]:
        yield f"Waits for {left['count']:,} tasks before it that are not done:"
        yield from (f"  {each['task_id']} {each['name']} ({each['status']})" for each in left["some"])
    for each in found["reasons_of_its_template"]:
        yield f"The cluster says of {each['tasks']:,} of its template: {each['why']} [{each['reason']}]"
    for attempt in found["attempts"]:
        yield from _attempt(attempt)


def _attempt(attempt: dict[str, Any]) -> Iterator[str]:
    where = f" as job {attempt['job']}" if attempt["job"] else ""
    node = f" on {attempt['node']}" if attempt["node"] else ""
    code = f", exit code {attempt['exit_code']}" if attempt["exit_code"] is not None else ""
    yield ""
    yield f"Attempt {attempt['task_instance_id']}{where}{node}: {attempt['verdict'] or attempt['status']}{code}"
    yield f"  asked for {_words(attempt['requested'])}"
    yield f"  used {_words(attempt['used']) or 'nothing that is known'}"
    if attempt["evidence"]:
        yield f"  evidence: {_words(attempt['evidence'])}"
    for name in ("stdout", "stderr"):
        if attempt[name]:
            yield f"  {name}: {attempt[name]}"
    if attempt["said"] and attempt["verdict"] != "done":
        yield from (f"  | {line}" for line in attempt["said"].strip().splitlines()[-_LINES:])


def _words(facts: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items() if value not in (None, "", {}))
