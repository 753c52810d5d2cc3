"""One engine for many single commands: a real process, over its real socket."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from jobmon_airflow.client import registry
from jobmon_airflow.dags import sockets
from jobmon_airflow.dags.commands import Command
from jobmon_airflow.dags.engine import Order
from jobmon_airflow.dags.shared_engine import SharedEngine
from jobmon_airflow.dags.wishes import Wishes
from jobmon_airflow.engine import claims
from jobmon_airflow.engine.outcomes import Outcome
from jobmon_airflow.errors import InvalidSetting
from jobmon_airflow.states import WorkflowRunStatus
from jobmon_airflow.store.airflow_tasks import Place
from jobmon_airflow.triggers import engines, errands
from tests.workflows import close, migrated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

FACTS: dict[str, Any] = {
    "dag_id": "many",
    "run_id": "manual",
    "run_type": "manual",
    "conf": {},
    "params": {},
    "ds": "2026-01-01",
    **dict.fromkeys(("logical_date", "data_interval_start", "data_interval_end", "run_after")),
}


@pytest.fixture
def url(tmp_path, monkeypatch) -> Iterator[str]:
    """A database; and what the engine was started for it is ended."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    address = migrated(f"sqlite:///{tmp_path / 'jobmon.db'}")
    yield address
    process = errands._engines.pop(address, None)
    if process is not None:
        process.kill()
        process.wait()
    close(address)


def order(name: str, command: str, *, number: int = 1, **env: str) -> Order:
    return Order(
        place=Place(dag_id="many", run_id="manual", task_id=name),
        try_number=number,
        facts=FACTS,
        wishes=Wishes().as_dict(),
        cancel_on_kill=True,
        command=Command.of_text(
            command,
            tool="many",
            template=name,
            cluster="multiprocess",
            compute_resources={"memory": "1G", "runtime": "10m", "cores": 1},
        ),
        env=env,
    )


def known(url: str, asked: Order) -> Any:
    return engines.known(asked.this, registry.database(url))


def running(url: str, asked: Order) -> int | None:
    """The run of an order's workflow, once it has begun."""
    row = known(url, asked)
    return None if row is None else row.workflow_run_id


def outcome(url: str, asked: Order) -> Outcome | None:
    row = known(url, asked)
    return Outcome.from_json(row.outcome) if row is not None and row.outcome is not None else None


async def until(condition, within: float = 90.0) -> None:
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < within
        await asyncio.sleep(0.05)


@asynccontextmanager
async def given(*orders: Order, url: str) -> AsyncIterator[list[Any]]:
    """The engine has begun to carry these out."""
    begun = await asyncio.gather(*(engines.begin(each, url) for each in orders))
    yield begun
    for each in begun:
        each.close()
    await asyncio.sleep(0.05)


async def carried_out(url: str, *orders: Order) -> list[str]:
    """What was told of orders that were given all at once."""
    told: list[str] = []
    async with given(*orders, url=url) as begun:
        await until(lambda: all(each.is_over for each in begun))
        for each in begun:
            while lines := each.news():
                told += lines
    return told


def test_many_commands_share_a_process_and_nothing_else(url, tmp_path):
    orders = [
        order(f"say_{name}", f"echo {name} $WHO >&2; echo $WHO > {tmp_path / name}", WHO=f"only {name}")
        for name in ("ada", "bob", "cyd")
    ]

    asyncio.run(carried_out(url, *orders))

    assert [(tmp_path / name).read_text() for name in ("ada", "bob", "cyd")] == [
        "only ada\n",
        "only bob\n",
        "only cyd\n",
    ]
    assert {outcome(url, each).status for each in orders} == {WorkflowRunStatus.DONE}
    rows = [known(url, each) for each in orders]
    assert {claims.number_here(row.engine) for row in rows} == {errands._engines[url].pid}


def test_each_log_has_what_was_said_of_its_command_only(url):
    ada, bob = order("ada", "echo hello from ada"), order("bob", "echo hello from bob; exit 3")

    asyncio.run(carried_out(url, ada, bob))

    logs = [errands.log_file_of(each).read_text() for each in (ada, bob)]
    assert ["hello from ada" in log for log in logs] == [True, False]
    assert ["hello from bob" in log for log in logs] == [False, True]
    assert "1 of 1 done" in logs[0]
    assert "exit code 3" in logs[1]


def test_what_a_command_says_is_told_while_it_runs(url, tmp_path):
    async def run() -> None:
        gate = tmp_path / "gate"
        asked = order("say", f"echo hel''lo; while ! test -e {gate}; do sleep 0.05; done")
        told: list[str] = []
        async with given(asked, url=url) as [errand]:
            await until(lambda: told.extend(errand.news()) or "hello" in told)
            assert not errand.is_over
            gate.touch()
            await until(lambda: errand.is_over)

    asyncio.run(run())


def test_one_is_stopped_by_itself(url, tmp_path):
    async def run() -> None:
        long, other = order("long", "exec sleep 4343"), order("other", f"sleep 2; touch {tmp_path / 'done'}")
        async with given(long, other, url=url) as [errand, another]:
            await until(lambda: running(url, long))
            await asyncio.to_thread(engines.end, known(url, long), long.this)

            await until(lambda: errand.is_over)
            await until(lambda: another.is_over)
        assert outcome(url, long).status is WorkflowRunStatus.STOPPED
        assert outcome(url, other).status is WorkflowRunStatus.DONE
        assert (tmp_path / "done").exists()

    asyncio.run(run())


def test_an_order_that_is_given_twice_is_carried_out_once(url, tmp_path):
    said = tmp_path / "said"
    asked = order("say", f"echo once >> {said}; sleep 1")

    asyncio.run(carried_out(url, asked, asked, asked))

    assert said.read_text() == "once\n"


def test_nobody_need_listen(url, tmp_path):
    async def run() -> None:
        asked = order("say", f"sleep 1; touch {tmp_path / 'done'}")
        async with given(asked, url=url):
            pass
        await until(lambda: outcome(url, asked) is not None)

    asyncio.run(run())
    assert (tmp_path / "done").exists()


def test_an_engine_that_was_killed_is_noticed_and_followed_by_another(url):
    async def run() -> None:
        asked = order("say", "sleep 4343")
        async with given(asked, url=url) as [errand]:
            await until(lambda: known(url, asked) is not None)
            errands._engines[url].kill()

            await until(lambda: errand.is_over)
            assert not engines.is_at_work(known(url, asked))

        await carried_out(url, order("say", "true"))
        assert outcome(url, asked).status is WorkflowRunStatus.DONE

    asyncio.run(run())


def test_a_new_try_has_the_place_of_one_that_still_runs_in_the_same_engine(url, tmp_path):
    async def run() -> None:
        first, second = order("say", "exec sleep 4343"), order("say", "exec sleep 4343", number=2)
        async with given(first, url=url) as [errand]:
            await until(lambda: running(url, first))
            earlier = running(url, first)
            async with given(second, url=url) as [another]:
                await until(lambda: errand.is_over)
                await until(lambda: running(url, second) not in {None, earlier})
                await asyncio.to_thread(engines.end, known(url, second), second.this)
                await until(lambda: another.is_over)

    asyncio.run(run())


def test_a_sigterm_ends_all_of_it(url):
    async def run() -> None:
        asked = order("say", "exec sleep 4343")
        async with given(asked, url=url) as [errand]:
            await until(lambda: running(url, asked))

            errands._engines[url].send_signal(signal.SIGTERM)

            await until(lambda: errand.is_over)
        assert outcome(url, asked).status is WorkflowRunStatus.STOPPED
        assert await asyncio.to_thread(errands._engines[url].wait, 30) == 0

    asyncio.run(run())


# --- without a process ----------------------------------------------------------------------------------------


@dataclass
class Waits:
    """What an order does until it is stopped."""

    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> Outcome:
        assert self.stopped.wait(10)
        return Outcome(status=WorkflowRunStatus.STOPPED, message="stopped")

    def stop(self) -> None:
        self.stopped.set()


def test_it_ends_when_it_has_had_nothing_to_do(tmp_path):
    path = tmp_path / "engine.sock"

    async def run() -> None:
        await SharedEngine(lambda _: Waits(), idle=0.3, look=0.05).serve(path)  # type: ignore[arg-type,return-value]

    asyncio.run(run())
    assert not path.exists()


def test_it_does_not_end_while_something_is_being_done(tmp_path):
    path = tmp_path / "engine.sock"
    doing = Waits()

    async def run() -> None:
        engine = SharedEngine(lambda _: doing, idle=0.1, look=0.05)  # type: ignore[arg-type,return-value]
        serving = asyncio.create_task(engine.serve(path))
        await until(path.exists)
        reader, writer = await asyncio.open_unix_connection(path)
        asked = {"do": order("say", "true").to_json(), "log": str(tmp_path / "log")}
        writer.write(json.dumps(asked).encode())
        writer.write_eof()
        assert json.loads(await reader.readline()) == {"taken": True}
        await asyncio.sleep(0.6)
        assert not serving.done()
        doing.stop()
        assert await reader.read() == b""
        await serving
        writer.close()

    asyncio.run(run())
    assert (tmp_path / "log").read_text() == "stopped\n"


def test_a_folder_that_others_may_enter_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / f"jobmon-{os.geteuid()}").mkdir(mode=0o755)

    with pytest.raises(InvalidSetting, match="not a folder of yours alone"):
        sockets.socket_of(1)


def test_only_its_owner_can_speak_to_an_engine(url):
    asyncio.run(carried_out(url, order("say", "true")))

    path = sockets.socket_of(errands._engines[url].pid)
    assert path.parent.stat().st_mode & 0o077 == 0
    assert path.is_socket()
