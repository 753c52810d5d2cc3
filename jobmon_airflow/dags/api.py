"""What a script says to Airflow's API server: as little as starting a DAG and watching it takes.

Imports neither Airflow nor an HTTP library: a scientist's environment may have neither.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import (
    BaseHandler,
    HTTPRedirectHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

from jobmon_airflow.errors import AirflowRefused, AirflowUnreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobmon_airflow.settings import Api

PATIENCE: Final = 60.0  # seconds for one answer
_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_UNAUTHORIZED: Final = 401


class AirflowApi:
    """Airflow's REST API, asked as one user."""

    def __init__(self, api: Api) -> None:
        self.url = api.url.rstrip("/")
        address = urlsplit(self.url)
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise AirflowUnreachable(
                f"{self.url!r} is no address of an API server.",
                remedy="Write it as http://host:8080, in AIRFLOW__JOBMON__API_URL or as api_url=….",
            )
        self._api = api
        self._token = api.token
        self._opener = opener_for(self.url, _NoRedirects())

    def dag(self, dag_id: str) -> dict[str, Any] | None:
        """The DAG, if there is one of this id."""
        return self._get(f"/dags/{quote(dag_id, safe='')}")

    def tasks(self, dag_id: str) -> list[dict[str, Any]]:
        """The tasks of the DAG as it is now."""
        answer = self._get(f"/dags/{quote(dag_id, safe='')}/tasks") or {}
        return list(answer.get("tasks", ()))

    def run(self, dag_id: str, run_id: str) -> dict[str, Any] | None:
        """A run of a DAG, if there is one of this id."""
        return self._get(f"/dags/{quote(dag_id, safe='')}/dagRuns/{quote(run_id, safe='')}")

    def trigger(self, dag_id: str, run_id: str, conf: Mapping[str, Any], note: str) -> dict[str, Any] | None:
        """Start a run of a DAG; nothing, if there is one of this id already."""
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(conf), "note": note}
        status, answer = self._ask("POST", f"/dags/{quote(dag_id, safe='')}/dagRuns", body)
        return None if status == 409 else self._accepted(status, answer)

    def _get(self, path: str) -> dict[str, Any] | None:
        status, answer = self._ask("GET", path)
        return None if status == 404 else self._accepted(status, answer)

    def _ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        self._token = self._token or self._log_in()
        status, answer = self._send(method, f"/api/v2{path}", body)
        if status == _UNAUTHORIZED and self._api.username:  # tokens last for a day
            self._token = self._log_in()
            status, answer = self._send(method, f"/api/v2{path}", body)
        return status, answer

    def _log_in(self) -> str:
        """A token for the user who was named; or for anybody, if Airflow gives it to anybody."""
        if self._api.username:
            body = {"username": self._api.username, "password": self._api.password}
            status, answer = self._send("POST", "/auth/token", body)
        else:
            status, answer = self._send("GET", "/auth/token")
        if status not in {200, 201} or "access_token" not in answer:
            raise AirflowRefused(
                f"Airflow at {self.url} gives no token to {self._api.username or 'nobody in particular'}: "
                f"{status} {_detail(answer)}",
                remedy="Name a token in AIRFLOW__JOBMON__API_TOKEN, or a user in AIRFLOW__JOBMON__API_USERNAME and "
                "AIRFLOW__JOBMON__API_PASSWORD; or pass token=….",
            )
        return str(answer["access_token"])

    def _accepted(self, status: int, answer: Any) -> dict[str, Any]:
        if status in {200, 201}:
            return dict(answer)
        remedy = "The log of the API server may say more."
        if status in {_UNAUTHORIZED, 403}:
            remedy = "Ask for a new token, or for the right to trigger DAGs: AIRFLOW__JOBMON__API_TOKEN, or token=…."
        raise AirflowRefused(f"Airflow at {self.url} refused: {status} {_detail(answer)}", remedy=remedy)

    def _send(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """The status and the JSON of an answer."""
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if self._token and path.startswith("/api/"):
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, data, headers, method=method)  # noqa: S310 - http or https, see above
        try:
            with self._opener.open(request, timeout=PATIENCE) as response:
                return response.status, _json(response.read())
        except HTTPError as error:
            with error:
                return error.code, _json(error.read())
        except (URLError, OSError) as error:
            raise AirflowUnreachable(
                f"Airflow's API server at {self.url} does not answer: {getattr(error, 'reason', error)}.",
                remedy="Is it up, and is this its address? Name it in AIRFLOW__JOBMON__API_URL, or pass api_url=….",
            ) from error


def opener_for(url: str, *handlers: BaseHandler) -> OpenerDirector:
    """What opens the address; what is on this machine is never asked through a proxy."""
    proxies = [ProxyHandler({})] if urlsplit(url).hostname in _HERE else []
    return build_opener(*handlers, *proxies)


class _NoRedirects(HTTPRedirectHandler):
    """The token is for the server that was named, not for whom it points to."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _json(content: bytes) -> Any:
    try:
        return json.loads(content) if content else {}
    except ValueError:  # a proxy's page
        return {"detail": content[:200].decode(errors="replace")}


def _detail(answer: Any) -> str:
    detail = answer.get("detail", answer) if isinstance(answer, dict) else answer
    return detail if isinstance(detail, str) else json.dumps(detail)
