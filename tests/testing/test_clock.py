"""Simulated time: what asyncio times happens in order, at its time, and at once."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from jobmon_airflow.testing import NothingWillHappen, SimulatedClock

HOUR = timedelta(hours=1)


@pytest.fixture
def clock():
    return SimulatedClock()


def test_a_week_passes_in_no_time(clock):
    began, began_really = clock.now(), time.monotonic()

    clock.run(asyncio.sleep(7 * 24 * 3600))

    assert clock.now() - began == timedelta(days=7)
    assert time.monotonic() - began_really < 60


def test_sleepers_wake_in_the_order_of_their_times(clock):
    woken = []

    async def sleeper(hours):
        await asyncio.sleep(hours * 3600)
        woken.append((hours, clock.now().hour))

    async def all_of_them():
        await asyncio.gather(sleeper(3), sleeper(1), sleeper(2))

    clock.run(all_of_them())

    assert woken == [(1, 1), (2, 2), (3, 3)]


def test_timeouts_run_out_in_simulated_time(clock):
    async def waits_for_ever():
        async with asyncio.timeout(3600):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        clock.run(waits_for_ever())

    assert clock.monotonic() == 3600


def test_a_timer_never_rings_before_its_time_however_close_another_is(clock):
    async def waits_until(when):
        async with asyncio.timeout_at(when):
            await asyncio.Event().wait()

    async def two_of_them():
        begin = 0.1 + 0.2
        asyncio.get_running_loop().call_at(0.3, lambda: None)
        with pytest.raises(TimeoutError):
            await waits_until(begin)
        assert clock.monotonic() >= begin

    clock.run(two_of_them())


def test_a_century_has_room_for_a_microsecond(clock):
    async def long_and_short():
        await asyncio.sleep(100 * 365 * 24 * 3600)
        before = clock.now()
        await asyncio.sleep(0.000_010)
        return clock.now() - before

    assert clock.run(long_and_short()) == timedelta(microseconds=10)


def test_a_program_that_can_never_go_on_is_told_so_and_who_waits_is_named(clock):
    async def stuck():
        await asyncio.Event().wait()

    with pytest.raises(NothingWillHappen, match=r"stuck"):
        clock.run(stuck())


def test_not_even_a_program_that_catches_everything_can_swallow_that(clock):
    async def stubborn():
        try:
            await asyncio.Event().wait()
        except Exception:  # noqa: BLE001  (that is the point)
            return "all is well"

    with pytest.raises(NothingWillHappen):
        clock.run(stubborn())


def test_the_clock_keeps_its_time_from_one_program_to_the_next(clock):
    clock.run(asyncio.sleep(3600))
    clock.run(asyncio.sleep(3600))

    assert clock.now() == datetime(2026, 1, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("hours", [5, -5])
def test_the_wall_clock_can_jump_and_no_time_passes(clock, hours):
    async def sleeps_through_a_jump():
        asyncio.get_running_loop().call_later(1800, clock.jump, hours * 3600)
        await asyncio.sleep(3600)

    clock.run(sleeps_through_a_jump())

    assert clock.now() == datetime(2026, 1, 1, 1, tzinfo=UTC) + hours * HOUR
    assert clock.monotonic() == 3600


def test_time_stands_still_while_a_thread_works(clock):
    async def works():
        async with asyncio.timeout(1):
            return await asyncio.to_thread(lambda: time.sleep(0.05) or "done")

    assert clock.run(works()) == "done"
    assert clock.monotonic() == 0


def test_others_who_are_ready_go_on_while_a_thread_works(clock):
    async def other(goes):
        goes.set()

    async def both():
        goes = threading.Event()
        await asyncio.gather(asyncio.to_thread(goes.wait), other(goes))

    clock.run(both())


def test_sockets_are_served(clock):
    async def echoes():
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=ours)
        theirs.send(b"hello\n")
        line = await reader.readline()
        writer.close()
        await writer.wait_closed()
        theirs.close()
        return line

    assert clock.run(echoes()) == b"hello\n"


def test_errors_of_the_program_come_out(clock):
    async def divides():
        await asyncio.sleep(1)
        return 1 / 0

    with pytest.raises(ZeroDivisionError):
        clock.run(divides())
