"""Jobmon in Airflow's web pages: a navigation entry, tabs, and links from task instances.

Every process of Airflow loads every plugin, so this module builds nothing. Its web application comes into being in the
process that is first asked for one of its pages, which only the API server is.
"""

from __future__ import annotations

import gc
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

from jobmon_airflow import stand_in
from jobmon_airflow.operators.links import JobmonLink, address
from jobmon_airflow.plugins import listener

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# DAG files may import what Jobmon's scripts do: every process that reads them has loaded the plugins, or ours with the
# command that was typed.
stand_in.install()

_RUN = "/run?dag_id={DAG_ID}&run_id={RUN_ID}"


class LazyApp:
    """The ASGI application of `jobmon_airflow.web`, made when the first request comes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    @cached_property
    def _app(self) -> Any:
        from jobmon_airflow.web.app import create_app

        app = create_app()
        # All that is loaded by now stays. Python need not look through it again whenever it looks for garbage, which
        # would take longer than an answer may.
        gc.collect()
        gc.freeze()
        return app


def _view(
    path: str, destination: str, url_route: str, *, name: str = "Jobmon", **more: Any
) -> dict[str, Any]:
    """A page of ours in Airflow's pages, which put what they are about in place of words in braces."""
    return {"name": name, "href": address(path), "destination": destination, "url_route": url_route, **more}


class JobmonPlugin(AirflowPlugin):
    """What Airflow registers."""

    name = "jobmon"
    fastapi_apps = [{"name": "jobmon", "app": LazyApp(), "url_prefix": "/jobmon"}]
    external_views = [
        _view("/", "nav", "jobmon", nav_top_level=True),
        _view("/tables/", "nav", "jobmon_tables", name="Jobmon tables", category="browse"),
        _view("/dag?dag_id={DAG_ID}", "dag", "jobmon_dag"),
        _view(_RUN, "dag_run", "jobmon_run"),
        _view("/dag?dag_id={DAG_ID}&task_id={TASK_ID}", "task", "jobmon_task"),
        _view(f"{_RUN}&task_id={{TASK_ID}}&map_index={{MAP_INDEX}}", "task_instance", "jobmon_task_instance"),
    ]
    # Registered here and not by the operators alone: their own links are stored when a worker ends a task, which is too
    # late to watch it, and never happens for a task that ends in the triggerer.
    operator_extra_links = [JobmonLink()]
    listeners = [listener]
