"""Airflow's REST API, as far as tests and demonstrations need it: DAGs, their runs, the tasks in them."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import httpx

from jobmon_airflow.errors import JobmonError

if TYPE_CHECKING:
    from collections.abc import Sequence

PATIENCE: Final = 60.0  #: seconds, for an API server that shares its machine with tests
PAGE: Final = 100  #: rows that one call returns at most
ENDED: Final = frozenset({"success", "failed"})

_SAME_IN_EVERY_LINE: Final = frozenset(
    {
        *("timestamp", "event", "level", "logger", "filename", "lineno", "chan"),
        *("dag_id", "run_id", "task_id", "map_index", "ti_id", "try_number"),
    }
)


class AirflowRefused(JobmonError):
    """The API answered, and said no."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        super().__init__(
            f"{response.request.method} {response.request.url} was answered with {self.status}: {response.text}",
            remedy="See the log of the API server.",
        )


class AirflowApi:
    """Airflow's REST API under ``url``, as a user who logs in when it is first needed."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.user, self._password = user, password
        self._http = httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def health(self) -> dict[str, Any]:
        """What Airflow says of its own components; nobody needs to log in for that."""
        return dict(self._json(self._http.get("/api/v2/monitor/health")))

    def get(self, path: str, **query: Any) -> Any:
        return self.request("GET", path, params=query)

    def post(self, path: str, body: object) -> Any:
        return self.request("POST", path, json=body)

    def patch(self, path: str, body: object) -> Any:
        return self.request("PATCH", path, json=body)

    def delete(self, path: str) -> Any:
        return self.request("DELETE", path)

    def request(self, method: str, path: str, **more: Any) -> Any:
        """Ask for a path under ``/api/v2``, and return the answer's JSON; None when it is empty."""
        response = self._send(method, path, **more)
        if (
            response.status_code == httpx.codes.UNAUTHORIZED
        ):  # an API server with other secrets, or after a day
            self._http.headers.pop("Authorization", None)
            response = self._send(method, path, **more)
        return self._json(response)

    def all(self, path: str, key: str, **query: Any) -> list[dict[str, Any]]:
        """The rows of all pages."""
        rows: list[dict[str, Any]] = []
        while True:
            page = self.get(path, limit=PAGE, offset=len(rows), **query)
            rows += page[key]
            if len(rows) >= page["total_entries"] or not page[key]:
                return rows

    def log_in(self) -> str:
        """Fetch a token, send it along from now on, and return it."""
        response = self._http.post("/auth/token", json={"username": self.user, "password": self._password})
        token: str = self._json(response)["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"
        return token

    def dag_ids(self) -> set[str]:
        """The DAGs that are there to be run."""
        return {dag["dag_id"] for dag in self.all("/dags", "dags", exclude_stale=True)}

    def import_errors(self) -> dict[str, str]:
        """By file, why it could not be read."""
        errors = self.all("/importErrors", "import_errors")
        return {error["filename"]: error["stack_trace"] for error in errors}

    def pause(self, dag_id: str, paused: bool = True) -> None:
        self.patch(f"/dags/{quote(dag_id)}", {"is_paused": paused})

    def unpause(self, dag_id: str) -> None:
        self.pause(dag_id, paused=False)

    def trigger(
        self, dag_id: str, *, conf: dict[str, Any] | None = None, run_id: str | None = None
    ) -> DagRun:
        """Start a run of the DAG."""
        body = {"logical_date": None, "conf": conf or {}} | ({"dag_run_id": run_id} if run_id else {})
        made = self.post(f"/dags/{quote(dag_id)}/dagRuns", body)
        return DagRun(self, dag_id, made["dag_run_id"])

    def runs(self, dag_id: str = "~") -> list[DagRun]:
        """The runs of a DAG, or of all, the latest first."""
        rows = self.all(f"/dags/{quote(dag_id, safe='~')}/dagRuns", "dag_runs", order_by="-id")
        return [DagRun(self, row["dag_id"], row["dag_run_id"]) for row in rows]

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        if "Authorization" not in self._http.headers:
            self.log_in()
        return self._http.request(method, f"/api/v2{path}", **more)

    def _json(self, response: httpx.Response) -> Any:
        if response.is_error:
            raise AirflowRefused(response)
        return response.json() if response.content else None


@dataclass(frozen=True, slots=True)
class TaskInstance:
    """What the API says of one task in one run, or of one element of a mapped one."""

    task_id: str
    map_index: int
    state: str | None  #: None before the scheduler saw it
    try_number: int
    max_tries: int
    pid: int | None  #: of the process that runs the task's code; its parent sends the heartbeats
    row: dict[str, Any]  #: all of it


@dataclass(frozen=True, slots=True)
class DagRun:
    """One run of a DAG; everything is asked anew."""

    api: AirflowApi
    dag_id: str
    run_id: str

    @property
    def path(self) -> str:
        return f"/dags/{quote(self.dag_id)}/dagRuns/{quote(self.run_id)}"

    def row(self) -> dict[str, Any]:
        """All that the API says of the run."""
        return dict(self.api.get(self.path))

    def state(self) -> str:
        return str(self.row()["state"])

    def has_ended(self) -> bool:
        return self.state() in ENDED

    def seconds(self) -> float:
        """How long the run took, from its begin to its end, by Airflow's own clock."""
        row = self.row()
        if row["duration"] is None:
            raise JobmonError(f"The run {self.run_id} has not ended.", remedy="Wait for its end first.")
        return float(row["duration"])

    def tasks(self) -> list[TaskInstance]:
        """The run's tasks, mapped ones element by element."""
        rows = self.api.all(f"{self.path}/taskInstances", "task_instances")
        return [_task_instance(row) for row in rows]

    def task(self, task_id: str, map_index: int = -1) -> TaskInstance:
        """One of them."""
        return _task_instance(self.api.get(self._task(task_id, map_index)))

    def states(self) -> dict[str, str | None]:
        """The state of each task; of mapped ones by ``task_id[map_index]``."""
        return {_label(task): task.state for task in self.tasks()}

    def tries(self, task_id: str, map_index: int = -1) -> list[TaskInstance]:
        """The task's tries, the first one first."""
        rows = self.api.get(f"{self._task(task_id, map_index)}/tries")["task_instances"]
        return sorted((_task_instance(row) for row in rows), key=lambda task: task.try_number)

    def xcom(self, task_id: str, key: str = "return_value", map_index: int = -1) -> Any:
        """A value that the task left for others, as JSON."""
        path = f"{self.path}/taskInstances/{quote(task_id)}/xcomEntries/{quote(key)}"
        return self.api.get(path, map_index=map_index, deserialize=False)["value"]

    def log(self, task_id: str, try_number: int = 1, map_index: int = -1) -> str:
        """The log of one try, as the page shows it: a message a line; empty if the try has not begun."""
        path = f"{self.path}/taskInstances/{quote(task_id)}/logs/{try_number}"
        try:
            content = self.api.get(path, full_content=True, map_index=map_index)["content"]
        except AirflowRefused as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                return ""
            raise
        return "\n".join(_message(line) for line in content)

    def clear(
        self,
        task_ids: Sequence[str | tuple[str, int]] | None = None,
        *,
        only_failed: bool = False,
        include_downstream: bool = False,
        include_upstream: bool = False,
    ) -> None:
        """Let the run, or some of its tasks, run again."""
        body: dict[str, Any] = {"dry_run": False, "only_failed": only_failed}
        if task_ids is None:
            self.api.post(f"{self.path}/clear", body)
            return
        also = {"include_downstream": include_downstream, "include_upstream": include_upstream}
        body |= {"dag_run_id": self.run_id, "task_ids": list(task_ids), **also}
        self.api.post(f"/dags/{quote(self.dag_id)}/clearTaskInstances", body)

    def mark(self, state: str) -> None:
        """Mark the run ``success`` or ``failed``, as a person does on its page."""
        self.api.patch(self.path, {"state": state})

    def mark_task(self, task_id: str, state: str, map_index: int = -1) -> None:
        """Mark a task ``success``, ``failed`` or ``skipped``."""
        self.api.patch(self._task(task_id, map_index), {"new_state": state})

    def delete(self) -> None:
        """Remove the run, also while it runs."""
        self.api.delete(self.path)

    def _task(self, task_id: str, map_index: int) -> str:
        element = "" if map_index < 0 else f"/{map_index}"
        return f"{self.path}/taskInstances/{quote(task_id)}{element}"


def _task_instance(row: dict[str, Any]) -> TaskInstance:
    return TaskInstance(
        task_id=row["task_id"],
        map_index=row["map_index"],
        state=row["state"],
        try_number=row["try_number"],
        max_tries=row["max_tries"],
        pid=row.get("pid"),
        row=row,
    )


def _label(task: TaskInstance) -> str:
    return task.task_id if task.map_index < 0 else f"{task.task_id}[{task.map_index}]"


def _message(line: dict[str, Any] | str) -> str:
    if isinstance(line, str):
        return line
    rest = [f"{name}={value}" for name, value in line.items() if name not in _SAME_IN_EVERY_LINE]
    return " ".join([str(line.get("event", "")), *rest]).rstrip()
