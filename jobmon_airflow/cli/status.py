"""``workflow status``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.cli.answers import Answer, Share, Table
from jobmon_airflow.client import registry
from jobmon_airflow.engine import standing
from jobmon_airflow.settings import user_name
from jobmon_airflow.states import TaskBucket
from jobmon_airflow.store import workflows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobmon_airflow.engine.standing import Standing, Template

_BUCKETS: Final = [bucket.value for bucket in TaskBucket]
_WORKFLOW: Final = [
    *("WORKFLOW_ID", "TOOL", "NAME", "WORKFLOW_ARGS", "STATUS", "CREATED", "TASKS"),
    *_BUCKETS,
    "RETRIES",
]
_TEMPLATE: Final = ["TEMPLATE", "TASKS", *_BUCKETS]
_LONGEST: Final = 40


def of_workflows(
    workflow_ids: Sequence[int] = (),
    *,
    users: Sequence[str] = (),
    everyone: bool = False,
    limit: int = 5,
    database: str | None = None,
) -> Answer:
    """How workflows stand: those that are named, else the latest of some users, of everyone, or of whoever asks.

    One that is named alone is shown with its templates, and with what failed.
    """
    ids = list(dict.fromkeys(workflow_ids))
    who = [] if everyone else users or [user_name()]
    with registry.database(database).read() as connection:
        found = (
            [standing.of_workflow(connection, number) for number in ids]
            if ids
            else standing.latest(connection, limit, users=who)
        )
        retries = workflows.retries(connection, [each.workflow_id for each in found])
        rows = [_workflow(each) | {"RETRIES": retries.get(each.workflow_id, 0)} for each in found]
        says: list[str | Table] = [Table(_WORKFLOW, rows, _nothing_of(who))]
        if len(ids) == 1:
            account = standing.account(connection, found[0])
            says += [Table(_TEMPLATE, _templates(found[0])), account]
    return Answer(
        says,
        data=[standing.described(each) | {"retries": retries.get(each.workflow_id, 0)} for each in found],
        is_last=all(each.status.is_final for each in found),
    )


def _nothing_of(users: Sequence[str]) -> str:
    if not users:
        return "There is no workflow yet."
    return f"There is no workflow yet of {' or '.join(users)}; --all shows those of everyone."


def _workflow(found: Standing) -> dict[str, Any]:
    return {
        "WORKFLOW_ID": found.workflow_id,
        "TOOL": found.tool,
        "NAME": found.name,
        "WORKFLOW_ARGS": _shortened(found.workflow_args),
        "STATUS": found.status.label,
        "CREATED": f"{found.created:%Y-%m-%d %H:%M}" if found.created else "",
        "TASKS": found.total,
        **_shares(found),
    }


def _templates(found: Standing) -> list[dict[str, Any]]:
    return [
        {
            "TEMPLATE": template.name,
            "TASKS": template.total,
            **_shares(template),
        }
        for template in found.templates
    ]


def _shares(found: Standing | Template) -> dict[str, Share]:
    return {bucket.value: Share(count, of=found.total) for bucket, count in found.counts.items()}


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
