"""The web application in this process, with an auth manager of Airflow's, and tables with workflows that were run.

`client("viewer")` is a client of a user in `managing`, `client()` one of nobody who is logged in. The tables of
`filled` are shared by all tests, which only read them; who changes something asks for `own`, with its own database.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from jobmon_airflow import Tool
from tests.faces import stored
from tests.web import managing
from tests.workflows import close, migrated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from jobmon_airflow import Workflow

    Client = Callable[..., TestClient]

OWNER = "owner"
RUN = "manual__2026-11-27T10:00:00+00:00"
API = "/jobmon/api/v1"
CHANGE = {"X-Jobmon-Request": "1"}  #: the header of whoever changes something


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A database, and the ids of its workflows: of four tasks, of which two are done and one failed, or all done."""

    url: str
    study: int  #: was run by a run of the DAG "study"
    secret: int  #: was run by a run of the DAG "secret"
    done: int  #: was run by a script


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Airflow's tables and its auth manager, as on an API server."""
    folder = tmp_path_factory.mktemp("airflow")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _settings(folder).items():
            patch.setenv(f"AIRFLOW__{name}", value)
        yield from _initialised()


@pytest.fixture(scope="session")
def served(airflow: None) -> FastAPI:
    """Our application, mounted as Airflow does it."""
    from jobmon_airflow.web.app import create_app

    app = FastAPI()
    app.mount("/jobmon", create_app())
    return app


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """Tables that tests only read."""
    yield from _filled(tmp_path_factory.mktemp("filled"))


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Filled]:
    """Tables that only this test reads and changes."""
    yield from _filled(tmp_path)


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    """The address of the tables that are shown."""
    name = "own" if "own" in request.fixturenames else "filled"
    address: str = request.getfixturevalue(name).url
    return address


@pytest.fixture
def client(served: FastAPI, url: str, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Makes clients: of nobody, or of a user; by header, or by cookie as a browser."""
    monkeypatch.setenv("AIRFLOW__JOBMON__SQL_ALCHEMY_CONN", url)

    def client(user: str | None = None, *, by_cookie: bool = False, root_path: str = "") -> TestClient:
        found = TestClient(served, root_path=root_path, follow_redirects=False, raise_server_exceptions=False)
        if user and by_cookie:
            found.cookies.set("_token", token_of(user))
        elif user:
            found.headers["Authorization"] = f"Bearer {token_of(user)}"
        return found

    return client


def token_of(user: str) -> str:
    """What Airflow gives a user who logs in."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    return get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=user, role=managing.ROLES[user]))


def _done(url: str) -> Workflow:
    tool = Tool("calm", database=url)
    tool.set_default_cluster_name("sequential")
    count = tool.get_task_template("count", "echo {place} {year}", node_args=["place", "year"])
    workflow = tool.create_workflow("all", name="counted", workflow_attributes={"release": "7"})
    workflow.add_tasks(count.create_tasks(place=["north", "south"], year=[2023, 2024]))
    assert workflow.run() == "D"
    return workflow


def _settings(folder: Path) -> dict[str, str]:
    return {
        "CORE__AUTH_MANAGER": "tests.web.managing.ByDag",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(
            f"{user}:{role}" for user, role in managing.ROLES.items()
        ),
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folder / "passwords.json"),
        "CORE__UNIT_TEST_MODE": "False",
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder / 'airflow.db'}",
        "API_AUTH__JWT_SECRET": "a secret of tests, which is as long as it has to be: 64 bytes or so",
        "API__BASE_URL": "http://airflow.test/",
    }


def _initialised() -> Iterator[None]:
    from airflow import settings
    from airflow.api_fastapi import app
    from airflow.models.base import Base
    from airflow.models.revoked_token import RevokedToken

    before = settings.SQL_ALCHEMY_CONN
    settings.configure_vars()
    settings.configure_orm()
    Base.metadata.create_all(settings.engine, tables=[RevokedToken.__table__])
    app.init_auth_manager()
    try:
        yield
    finally:
        app._AuthManagerState.instance = None
        settings.dispose_orm()
        settings.SQL_ALCHEMY_CONN = before
        settings.configure_orm()


def _filled(folder: Path) -> Iterator[Filled]:
    url = f"sqlite:///{folder / 'jobmon.db'}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        patch.setattr("jobmon_airflow.engine.claims.user_name", lambda: OWNER)
        migrated(url)
        study = stored.failed_workflow(url, "<script>alert(1)</script>")
        secret = stored.failed_workflow(url, "secret")
        done = _done(url)
        stored.acted_for(study, "study", RUN)
        stored.acted_for(secret, "secret", RUN)
    yield Filled(url=url, study=study.workflow_id, secret=secret.workflow_id, done=done.workflow_id)
    close(url)
