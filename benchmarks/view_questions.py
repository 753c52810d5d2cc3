"""What the pages ask of the API, about the big workflow and what is typical of it; and the pages themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store.database import Database
from jobmon_airflow.store.schema import (
    airflow_task,
    array,
    node_arg,
    task,
    task_instance,
    workflow,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_asked: set[str] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question to the API."""

    path: str
    form: str  #: the path in our OpenAPI document
    query: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.path + "".join(f" {name}={value}" for name, value in self.query.items())


def questions(address: str) -> Iterator[Question]:
    """All of them."""
    known = _known(address)
    for form, *queries in _FORMS:
        for query in queries or [{}]:
            yield _question(form, query, known)


def pages(address: str) -> list[tuple[str, str]]:
    """The name and the path of every page."""
    known = _known(address)
    return [
        ("workflows", "/"),
        ("workflow", "/workflow/{workflow_id}".format(**known)),
        ("template", "/workflow/{workflow_id}/template/{name}".format(**known)),
        ("errors", "/workflow/{workflow_id}/errors".format(**known)),
        ("timeline", "/workflow/{workflow_id}/timeline".format(**known)),
        ("task", "/task/{task_id}".format(**known)),
        ("usage", "/usage"),
    ]


def refuse_what_was_not_asked(client) -> None:
    """Every route that answers questions has its place above."""
    paths = client.get("/openapi.json").json()["paths"]
    forms = {path.removeprefix("/api/v1") for path, methods in paths.items() if "get" in methods}
    if missing := sorted(forms - _asked - _NEEDS_FILES):
        raise SystemExit(f"Nobody measured {', '.join(missing)}: add them to benchmarks/view_questions.py.")


def _question(form: str, query: Mapping[str, Any], known: Mapping[str, Any]) -> Question:
    _asked.add(form)
    filled = {
        name: value.format(**known) if isinstance(value, str) else value for name, value in query.items()
    }
    return Question(path=form.format(**known), form=form, query=filled)


def _known(address: str) -> dict[str, Any]:
    """The big workflow, a task of it that failed for good, what Airflow calls its run."""
    database = Database.open(address)
    with database.read() as connection:
        big = connection.scalar(select(func.max(workflow.c.id)))
        arrays = select(array.c.id).where(array.c.workflow_id == big).order_by(array.c.id)
        draws = connection.scalars(arrays).all()[1]
        name = connection.scalar(select(array.c.name).where(array.c.id == draws))
        failed = connection.scalar(
            select(func.min(task.c.id)).where(
                task.c.workflow_id == big, task.c.array_id == draws, task.c.status == TaskStatus.ERROR_FATAL
            )
        )
        first = connection.scalar(select(func.min(task.c.id)).where(task.c.array_id == draws))
        attempts = select(task_instance.c.id, task_instance.c.error_kind_id)
        attempt, error = connection.execute(
            attempts.where(task_instance.c.task_id == failed).order_by(task_instance.c.id.desc()).limit(1)
        ).one()
        acts = connection.execute(select(airflow_task).where(airflow_task.c.workflow_id == big)).first()
        value = connection.scalar(
            select(node_arg.c.val)
            .join(task, task.c.node_id == node_arg.c.node_id)
            .where(task.c.id == failed)
            .limit(1)
        )
    database.close()
    return {
        "workflow_id": big,
        "template": name,
        "name": name,
        "task_id": failed,
        "attempt_id": attempt,
        "group": error,
        "first": first,
        "half_a_year_ago": (datetime.now(UTC) - timedelta(days=180)).isoformat(),
        "dag_id": acts.dag_id,
        "run_id": acts.run_id,
        "value": value,
    }


#: routes that read files, which the big world has none of
_NEEDS_FILES = {"/attempts/{attempt_id}/log/{stream}"}

_FORMS: tuple[Any, ...] = (
    (
        "/workflows",
        {},
        {"limit": 500},
        {"user": "dmitri,hana"},
        {"user!": "dmitri"},
        {"tool": "burdenator"},
        {"status": "F"},
        {"name": "gbd 2025"},
        {"attribute": "release=18"},
        {"args": "release 21"},
        {"dag_id": "{dag_id}"},
    ),
    ("/workflows/{workflow_id}",),
    ("/workflows/{workflow_id}/graph",),
    ("/workflows/{workflow_id}/activity",),
    ("/workflows/{workflow_id}/waiting",),
    ("/workflows/{workflow_id}/cells",),
    ("/workflows/{workflow_id}/cells/args", {"template": "{template}", "first": "{first}"}),
    ("/workflows/{workflow_id}/errors", {}, {"limit": 5}),
    ("/workflows/{workflow_id}/errors/{group}/tasks",),
    (
        "/workflows/{workflow_id}/tasks",
        {},
        {"limit": 500},
        {"status": "F"},
        {"status!": "D", "template": "{template}"},
        {"arg.location": "{value}"},
        {"arg.year": "1990", "template": "{template}", "status": "F,R"},
        {"name": "location-77_"},
        {"error": "{group}"},
    ),
    ("/workflows/{workflow_id}/plan", {"how": "hot"}, {"how": "cold"}),
    ("/workflows/{workflow_id}/actions",),
    ("/workflows/{workflow_id}/templates/{name}",),
    (
        "/workflows/{workflow_id}/templates/{name}/attempts",
        {},
        {"verdict": "out of memory"},
        {"attempt": 2},
        {"arg": "year"},
        {"arg.year": "1990", "arg": "age_group"},
    ),
    ("/workflows/{workflow_id}/timeline", {}, {"by": "node"}),
    ("/workflows/{workflow_id}/critical-path",),
    ("/tasks/{task_id}",),
    ("/tasks/{task_id}/attempts",),
    ("/tasks/{task_id}/neighbours", {"side": "upstream"}, {"side": "downstream"}),
    ("/usage", {"by": "tool"}, {"by": "user"}, {"by": "template"}, {"from": "{half_a_year_ago}"}),
    ("/usage/savings", {}, {"from": "{half_a_year_ago}"}),
    ("/run", {"dag_id": "{dag_id}", "run_id": "{run_id}"}),
)
