"""``errors``: what went wrong in a workflow, in groups of attempts that failed alike."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.cli.answers import Answer, Table
from jobmon_airflow.client import registry
from jobmon_airflow.engine import claims
from jobmon_airflow.view import errors
from jobmon_airflow.view.paging import MOST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobmon_airflow.view.errors import ErrorGroup

_COLUMNS: Final = ["GROUP", "ATTEMPTS", "TASKS", "FATAL", "TEMPLATES", "NODES", "LAST_SEEN", "ERROR"]
_SHOWN_WHOLE: Final = 3  # groups, with what one of their attempts said
_LINES: Final = 12


def of_workflow(
    workflow_id: int,
    *,
    limit: int = 10,
    lines: int = _LINES,
    database: str | None = None,
) -> Answer:
    """What went wrong, the most frequent first: how often, in which tasks, where, and what one attempt said."""
    with registry.database(database).read() as connection:
        claims.known(connection, workflow_id)
        found = errors.of_workflow(connection, workflow_id, limit=min(limit, MOST))
    if not found.items:
        return Answer(f"No attempt of workflow {workflow_id} has failed.", data=asdict(found))
    table = Table(_COLUMNS, [_group(each) for each in found.items])
    said = [_sample(each, lines) for each in found.items[:_SHOWN_WHOLE]] if lines > 0 else []
    return Answer(
        [
            f"{found.attempts:,} attempts of workflow {workflow_id} failed, in {_ways(found.groups)}.",
            table,
            *said,
            f"{len(found.items)} of {found.groups:,} groups; -l {found.groups} shows all."
            if found.next
            else "",
        ],
        data=asdict(found),
    )


def _group(each: ErrorGroup) -> dict[str, Any]:
    return {
        "GROUP": each.id,
        "ATTEMPTS": each.attempts,
        "TASKS": each.tasks,
        "FATAL": each.fatal_tasks,
        "TEMPLATES": ", ".join(f"{name} {count:,}" for name, count in each.templates.items()),
        "NODES": ", ".join(_nodes(each)),
        "LAST_SEEN": f"{each.last_seen:%Y-%m-%d %H:%M:%S}",
        "ERROR": f"{'(new) ' if each.is_new else ''}{each.text}",
    }


def _nodes(each: ErrorGroup) -> Iterator[str]:
    for node in each.nodes:
        yield f"{node.name} {node.share:.0%}"
    if each.node_count > len(each.nodes):
        yield f"and {each.node_count - len(each.nodes):,} more"


def _sample(each: ErrorGroup, lines: int) -> str:
    said = each.sample
    ended = f", exit code {said.exit_code}" if said.exit_code is not None else ""
    where = f" on {said.node}" if said.node else ""
    head = (
        f"Group {each.id}, such as task {said.task_id} '{said.task_name}' of {said.template}, "
        f"attempt {said.attempt_id}{where}: {said.verdict or 'failed'}{ended}"
    )
    last = said.text.strip().splitlines()[-lines:]
    return "\n".join([head, *(f"  | {line}" for line in last)])


def _ways(groups: int) -> str:
    return "one way" if groups == 1 else f"{groups:,} ways"
