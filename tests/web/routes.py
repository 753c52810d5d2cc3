"""All routes of the web application, with what to ask them; a route with a new parameter must be told of here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from jobmon_airflow.store import schema
from jobmon_airflow.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fastapi import FastAPI

PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")
#: What changes something, and what it is told.
BODIES = {
    "limit": {"limit": 3},
    "stop": {"how": "drain"},
    "resume": {"how": "hot"},
    "done": {},
    "again": {"downstream": True},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A method of a path, with names in braces."""

    method: str
    path: str

    @property
    def parameters(self) -> list[str]:
        return PARAMETER.findall(self.path)

    @property
    def changes(self) -> bool:
        return self.method != "GET"

    @property
    def body(self) -> Mapping[str, object] | None:
        return BODIES[self.path.rpartition("/")[2]] if self.changes else None

    @property
    def is_of_a_workflow(self) -> bool:
        return bool({"workflow_id", "task_id", "attempt_id"} & set(self.parameters))

    def at(self, values: Mapping[str, object]) -> str:
        """The address, with values in place of the names."""
        return "/jobmon" + PARAMETER.sub(lambda found: str(values[found[1]]), self.path)


def of_app(served: FastAPI) -> list[Route]:
    """Every method of every path."""
    [mounted] = [route.app for route in served.routes if route.path == "/jobmon"]
    return [
        Route(method=method, path=route.path) for route in mounted.routes for method in sorted(route.methods)
    ]


def of_tables() -> Iterator[str]:
    """Every address of the raw tables that names no row, and files."""
    from jobmon_airflow.web.tables.mount import PLACE
    from jobmon_airflow.web.tables.site import make_site

    for rule in make_site().url_map.iter_rules():
        if "pk" not in rule.arguments:
            yield f"/jobmon{PLACE}{rule.rule.replace('<path:filename>', 'tables.css')}"


def values(url: str, workflow_id: int) -> dict[str, object]:
    """What stands in addresses about a workflow: a failed task and its attempt."""
    task, attempt = schema.task, schema.task_instance
    query = (
        select(task.c.id, func.max(attempt.c.id), func.max(attempt.c.error_kind_id))
        .join(attempt, attempt.c.task_id == task.c.id)
        .where(task.c.workflow_id == workflow_id, task.c.status == "F")
        .group_by(task.c.id)
    )
    database = Database.open(url)
    with database.read() as connection:
        task_id, attempt_id, group = connection.execute(query).one()
    database.close()
    return {
        "workflow_id": workflow_id,
        "task_id": task_id,
        "attempt_id": attempt_id,
        "group": group,
        "name": "bad",
        "template": "bad",
        "stream": "stderr",
        "path": "",
    }
