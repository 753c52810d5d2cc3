"""A whole Airflow on this machine: API server, scheduler, DAG processor and triggerer, in processes of their own.

    with LocalAirflow(AirflowHome(folder)) as airflow:
        run = airflow.api.trigger("study")
        airflow.wait_for(run.has_ended, within=60)

Nothing of it is left when the block ends.
"""

from __future__ import annotations

import signal
import time
from datetime import datetime
from typing import TYPE_CHECKING, Final, Self, TypeVar

import httpx

from jobmon_airflow.errors import JobmonError
from jobmon_airflow.testing.airflow_api import AirflowApi, AirflowRefused
from jobmon_airflow.testing.airflow_processes import (
    KINDS,
    Component,
    end_of_logs,
    kill_all,
    launch,
    processes_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import psutil

    from jobmon_airflow.testing.airflow_home import AirflowHome

    T = TypeVar("T")

READY_WITHIN: Final = 180.0  #: seconds, on a machine that is busy with other tests
#: Seconds, then it is killed. A scheduler would wait for the tasks that run, and a triggerer that gets the signal at a
#: bad moment waits ten for its own runner.
STOP_WITHIN: Final = 4.0
LOOK_EVERY: Final = 0.3
API: Final = "api-server"


class LocalAirflow:
    """The running Airflow of a home; all of it, or only some of its components."""

    def __init__(self, home: AirflowHome, *kinds: str) -> None:
        self.home = home
        self.kinds = kinds or KINDS
        self.components: dict[str, Component] = {}
        self.api: AirflowApi

    def __enter__(self) -> Self:
        self.home.configure()
        self.api = AirflowApi(self.home.url, "admin", self.home.passwords()["admin"])
        try:
            self.start(*self.kinds)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.api.close()

    def start(self, *names: str, wait: bool = True) -> None:
        """Start components. ``triggerer`` or ``scheduler`` is the usual one, ``triggerer-2`` another of its kind."""
        for name in names:
            self._refuse_twice(name)
            self.components[name] = launch(self.home, _kind(name), name)
        if wait:
            self.wait_until_healthy(*names)

    def wait_until_healthy(self, *names: str, within: float = READY_WITHIN) -> None:
        """Until these components, or all, have told the metadata database that they live."""
        chosen = [self.components[name] for name in names or self.components]
        self.wait_for(lambda: all(map(self._is_healthy, chosen)), within=within, every=0.1)

    def kill9(self, name: str, *, and_all_below: bool = False) -> None:
        """Kill a component as a lack of memory would: without a word, and alone unless told otherwise."""
        self.components.pop(name).kill9(and_all_below=and_all_below)

    def stop(self, *names: str, within: float = STOP_WITHIN) -> None:
        """Stop components, or all, in order; what does not end in time is killed. Nothing below them is left."""
        chosen = [self.components.pop(name) for name in names or tuple(self.components)]
        # The API server last, since the others' last words go through it.
        for group in ([c for c in chosen if c.kind != API], [c for c in chosen if c.kind == API]):
            _stop(group, within)
        if not self.components:
            kill_all(lambda: processes_of(self.home))

    def processes(self, name: str | None = None) -> list[psutil.Process]:
        """What runs for this Airflow, or for one of its components."""
        return processes_of(self.home, name)

    def wait_for(self, condition: Callable[[], T], *, within: float, every: float = LOOK_EVERY) -> T:
        """Ask until the answer is true, and return it. When it does not come, the states and logs are told."""
        deadline = time.monotonic() + within
        while not (answer := condition()):
            if ended := [c.name for c in self.components.values() if not c.is_running]:
                raise JobmonError(
                    f"{' and '.join(ended)} ended by itself.\n{end_of_logs(self.home)}",
                    remedy="Start it again, or see why it ended.",
                )
            if time.monotonic() > deadline:
                raise JobmonError(
                    f"It did not happen within {within:g} seconds.\n{self.describe()}",
                    remedy="See what the components say above.",
                )
            time.sleep(every)
        return answer

    def describe(self) -> str:
        """The states of all runs and of their tasks, and the end of each component's log."""
        return "\n".join([*self._states(), end_of_logs(self.home)])

    def _states(self) -> list[str]:
        try:
            return [
                f"{run.dag_id} {run.run_id}: {run.state()}, {run.states()}" for run in self.api.runs()[:10]
            ] + [f"{file} cannot be read:\n{why}" for file, why in self.api.import_errors().items()]
        except (httpx.HTTPError, AirflowRefused) as error:
            return [f"The API gives no states: {error}"]

    def _refuse_twice(self, name: str) -> None:
        if name in self.components:
            raise JobmonError(
                f"There is a {name} already.", remedy=f"Stop it first, or start another: '{name}-2'."
            )

    def _is_healthy(self, component: Component) -> bool:
        try:
            return self._has_reported(component)
        except httpx.TransportError:  # the API server does not listen yet
            return False

    def _has_reported(self, component: Component) -> bool:
        if component.job_type is None:
            return bool(self.api.health()["metadatabase"]["status"] == "healthy")
        component.job_id = component.job_id or self._job_of(component)
        return component.job_id is not None

    def _job_of(self, component: Component) -> int | None:
        taken = {other.job_id for other in self.components.values()}
        jobs = self.api.all("/jobs", "jobs", job_type=component.job_type, is_alive=True, order_by="id")
        return next((job["id"] for job in jobs if job["id"] not in taken and _since(job, component)), None)


def _kind(name: str) -> str:
    kind = next((kind for kind in KINDS if name == kind or name.startswith(f"{kind}-")), None)
    if kind is None:
        raise JobmonError(f"There is no component '{name}'.", remedy=f"Name one of {', '.join(KINDS)}.")
    return kind


def _since(job: dict[str, str], component: Component) -> bool:
    return datetime.fromisoformat(job["start_date"]) >= component.started


def _stop(components: list[Component], within: float) -> None:
    for component in components:
        component.signal(signal.SIGTERM)
    deadline = time.monotonic() + within
    for component in components:
        component.ends(max(0.0, deadline - time.monotonic()))
        component.kill9(and_all_below=True)
