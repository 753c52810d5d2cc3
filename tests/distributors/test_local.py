"""Commands on this machine, with real processes."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jobmon_airflow.distributors.local import Multiprocess, Sequential
from jobmon_airflow.distributors.local_dummy import Dummy
from jobmon_airflow.distributors.protocol import Attempt, Batch, Cause, Ended, Job, Started
from jobmon_airflow.errors import SubmissionRefused
from jobmon_airflow.resources import Resources

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 60.0  # seconds; the machine may be busy
_ids = itertools.count(1)


def batch(*commands: str, token: str = "", **asked: Any) -> Batch:
    attempts = [Attempt(id=next(_ids), task_id=7, name="a task", command=command) for command in commands]
    token = token or f"batch-{os.getpid()}-{attempts[0].id}"
    resources = Resources.parse(asked)
    return Batch(
        token=token, workflow_id=3, workflow_run_id=5, array="a", resources=resources, attempts=attempts
    )


async def ends_of(cluster: Multiprocess | Sequential | Dummy, count: int) -> list[Ended]:
    """The next ends, in the order in which they were told."""
    ends: list[Ended] = []
    async with asyncio.timeout(PATIENCE):
        while len(ends) < count:
            ends += [news for news in await cluster.news() if isinstance(news, Ended)]
    return ends


async def start_of(cluster: Multiprocess | Sequential) -> Started:
    async with asyncio.timeout(PATIENCE):
        while True:
            for news in await cluster.news():
                assert isinstance(news, Started), news
                return news


def end_of(command: str, **asked: Any) -> Ended:
    """Run one command to its end."""
    return ends(command, **asked)[0]


def ends(*commands: str, **asked: Any) -> list[Ended]:
    async def story() -> list[Ended]:
        async with Multiprocess(2, grace=0.3) as cluster:
            await cluster.submit(batch(*commands, **asked))
            return await ends_of(cluster, len(commands))

    return asyncio.run(story())


def eventually(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE
    while not holds() and time.monotonic() < until:
        time.sleep(0.02)
    return holds()


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def is_known(pid: int | None) -> bool:
    """Also of a zombie."""
    return Path(f"/proc/{pid}").exists()


def open_files() -> set[str]:
    return {file.name for file in Path("/proc/self/fd").iterdir()}


def pid_in(file: Path) -> int:
    assert eventually(lambda: file.exists() and file.read_text().endswith("\n"))
    return int(file.read_text())


# --- how a command ends ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [0, 1, 3, 255])
def test_the_exit_code_is_the_commands_own(code: int) -> None:
    evidence = end_of(f"sh -c 'exit {code}'").evidence

    assert (evidence.exit_code, evidence.signal, evidence.cause) == (code, None, None)


def test_a_kill_from_outside_is_told_without_a_cause() -> None:
    evidence = end_of("sh -c 'kill -9 $$'").evidence

    assert (evidence.exit_code, evidence.signal, evidence.cause) == (None, 9, None)


def test_a_missing_command_ends_as_in_a_shell() -> None:
    ended = end_of("no-such-command --at all")

    assert ended.evidence.exit_code == 127
    assert ended.output.stderr_log == "no-such-command: command not found\n"


def test_a_file_that_may_not_be_run_ends_as_in_a_shell(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a program")

    ended = end_of(str(tmp_path / "data"))

    assert ended.evidence.exit_code == 126
    assert "Permission denied" in (ended.output.stderr_log or "")


def test_a_script_without_an_interpreter_is_run_by_the_shell(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("echo $1")
    script.chmod(0o755)

    assert end_of(f"{script} word").output.stdout_log == "word\n"


def test_a_missing_interpreter_is_said_to_be_missing(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/no/such/python\n")
    script.chmod(0o755)

    ended = end_of(str(script))

    assert ended.evidence.exit_code == 127
    assert "its interpreter was not found" in (ended.output.stderr_log or "")


def test_a_command_that_is_too_long_is_told_so() -> None:
    ended = end_of("true " + "x" * 3_000_000)

    assert ended.evidence.exit_code == 126
    assert "Argument list too long" in (ended.output.stderr_log or "")


def test_a_directory_that_is_missing_is_named() -> None:
    ended = end_of("true", working_dir="/no/such/place")

    assert ended.evidence.exit_code == 127
    assert ended.output.stderr_log == "cannot work in /no/such/place: No such file or directory\n"


def test_a_refused_command_leaves_its_cores_to_others() -> None:
    told = ends("no-such-command", "true", "no-such-command", "true", "true", cores=2)

    assert sorted(end.evidence.exit_code or 0 for end in told) == [0, 0, 0, 127, 127]


# --- what a command finds -------------------------------------------------------------------------------------


def test_a_command_finds_who_it_is_and_what_was_added(tmp_path: Path) -> None:
    command = "echo $JOBMON_TASK_ID $JOBMON_WORKFLOW_ID $JOBMON_WORKFLOW_RUN_ID $COLOUR; pwd; echo $PWD; cat"

    ended = end_of(command, env={"COLOUR": "grün"}, working_directory=str(tmp_path))

    assert ended.output.stdout_log == f"7 3 5 grün\n{tmp_path}\n{tmp_path}\n"


def test_programs_are_looked_for_on_the_commands_own_path(tmp_path: Path) -> None:
    program = tmp_path / "ours"
    program.write_text("#!/bin/sh\necho found")
    program.chmod(0o755)

    assert end_of("ours", env={"PATH": f"{tmp_path}:/usr/bin:/bin"}).output.stdout_log == "found\n"


def test_signals_are_as_a_command_expects_them() -> None:
    status = end_of("cat /proc/self/status").output.stdout_log or ""

    masks = {name: int(status.partition(f"{name}:")[2].split()[0], 16) for name in ("SigBlk", "SigIgn")}
    of_the_c_library = 0b11 << 31
    assert masks["SigBlk"] == 0
    assert masks["SigIgn"] & ~of_the_c_library == 0


@pytest.mark.parametrize("env", ["A=1", {"A": 1}, {"A=B": "1"}, {"": "1"}, {"A": "\0"}])
def test_an_environment_that_means_nothing_is_refused(env: object) -> None:
    with pytest.raises(SubmissionRefused, match="env is"):
        ends("true", env=env)


# --- what a command says --------------------------------------------------------------------------------------


def test_the_tail_is_counted_in_characters(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("x" + "é" * 2000 + "€" * 9_999 + "y")

    ended = end_of("cat text; cat text >&2", working_dir=str(tmp_path))

    assert ended.output.stdout_log == "€" * 9_999 + "y"
    assert ended.output.stderr_log == "€" * 9_999 + "y"


@pytest.mark.parametrize("before", ["", "x", "xx", "xxx"])
def test_no_character_of_the_tail_is_cut_in_half(tmp_path: Path, before: str) -> None:
    (tmp_path / "text").write_text(before + "€" * 20_000)

    assert end_of("cat text", working_dir=str(tmp_path)).output.stdout_log == "€" * 10_000


def test_a_short_text_is_kept_whole(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("x" + "é" * 2000)

    assert end_of("cat text", working_dir=str(tmp_path)).output.stdout_log == "x" + "é" * 2000


def test_bytes_that_are_no_text_are_shown_and_spoil_nothing() -> None:
    assert (
        end_of(r"printf 'caf\351 caf\303\251 \000.'").output.stdout_log
        == "caf\\xe9 café \N{REPLACEMENT CHARACTER}."
    )


def test_a_million_lines_cost_the_supervisor_nothing() -> None:
    async def story() -> tuple[str | None, int]:
        async with Multiprocess(1) as cluster:
            await cluster.submit(batch("seq 1000000; seq 1000000 >&2"))
            [ended] = await ends_of(cluster, 1)
            return ended.output.stdout_log, most_memory_of(cluster._supervisor())

    tail, kilobytes = asyncio.run(story())

    assert (tail or "").endswith("\n999999\n1000000\n")
    assert len(tail or "") == 10_000
    assert kilobytes < 40_000


def most_memory_of(pid: int | None) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()[0])


def test_the_output_of_one_command_is_not_found_in_the_next_ones() -> None:
    told = ends(*(f"echo {number}" for number in range(50)))

    assert sorted(int(end.output.stdout_log or "") for end in told) == list(range(50))


def test_what_is_left_of_a_command_does_not_write_into_the_next_ones_output() -> None:
    chatter = "(trap '' TERM; while :; do echo late; done) & exit 0"

    told = ends(
        *[chatter, "setsid sh -c 'while :; do echo late; done' & sleep 0.1", "sleep 0.2"] * 3, cores=2
    )

    assert [end.output.stdout_log for end in told][2::3] == ["", "", ""]


def test_output_goes_to_the_directories_that_were_named(tmp_path: Path) -> None:
    logs = tmp_path / "not" / "there"

    ended = end_of("echo out; echo err >&2", stdout=str(logs), standard_error=str(logs))

    assert ended.output.stdout == f"{logs}/a task.o{ended.attempt}"
    assert Path(ended.output.stdout).read_text() == ended.output.stdout_log == "out\n"
    assert Path(ended.output.stderr or "").read_text() == ended.output.stderr_log == "err\n"
    assert len(list(logs.iterdir())) == 2


def test_a_directory_that_cannot_be_written_is_named() -> None:
    ended = end_of("true", stdout="/proc/none")

    assert ended.evidence.exit_code == 126
    assert "cannot write /proc/none/a task.o" in (ended.output.stderr_log or "")


# --- limits ---------------------------------------------------------------------------------------------------

ALLOCATE = "import time; data = bytearray(b'x') * (300 << 20); time.sleep(60)"


def test_a_command_that_takes_more_memory_than_it_asked_for_is_ended() -> None:
    ended = end_of(f'{sys.executable} -S -c "{ALLOCATE}"', memory="100M")

    assert (ended.evidence.signal, ended.evidence.cause) == (9, Cause.OVER_MEMORY)
    assert "it had asked for 100 MiB" in ended.evidence.detail
    assert (ended.usage.maxrss or 0) > 100 << 20


def test_the_memory_of_children_counts(tmp_path: Path) -> None:
    command = f'{sys.executable} -S -c "{ALLOCATE}" & echo $! > child; wait'

    ended = end_of(command, memory="100M", working_dir=str(tmp_path))

    assert ended.evidence.cause is Cause.OVER_MEMORY
    assert not lives(pid_in(tmp_path / "child"))


def test_memory_that_processes_share_counts_once() -> None:
    code = "import os, time; data = bytearray(b'x') * (60 << 20); os.fork(); os.fork(); time.sleep(1)"

    assert end_of(f'{sys.executable} -S -c "{code}"', memory="140M").evidence.cause is None


def test_a_command_that_runs_too_long_is_ended() -> None:
    ended = end_of("sleep 60", runtime=0.2)

    assert (ended.evidence.signal, ended.evidence.cause) == (15, Cause.OVER_RUNTIME)
    assert (ended.usage.wallclock or 0) >= 0.2


def test_a_command_that_does_not_want_to_end_is_killed_after_its_grace() -> None:
    ended = end_of("trap '' TERM; while :; do sleep 0.05; done", runtime=0.2)

    assert (ended.evidence.signal, ended.evidence.cause) == (9, Cause.OVER_RUNTIME)


def test_a_command_may_use_its_grace() -> None:
    ended = end_of("trap 'echo saved; exit 4' TERM; while :; do sleep 0.01; done", runtime=0.2)

    assert (ended.evidence.exit_code, ended.evidence.cause) == (4, Cause.OVER_RUNTIME)
    assert ended.output.stdout_log == "saved\n"


def test_usage_is_that_of_the_command() -> None:
    usage = end_of(
        f"{sys.executable} -S -c \"data = bytearray(b'x') * (50 << 20); sum(range(1000000))\""
    ).usage

    assert (usage.maxrss or 0) > 50 << 20
    assert 0 < (usage.cpu or 0) < PATIENCE
    assert 0 < (usage.wallclock or 0) < PATIENCE


# --- turns ----------------------------------------------------------------------------------------------------


def test_cores_count() -> None:
    async def story() -> bool:
        async with Multiprocess(2) as cluster:
            await cluster.submit(batch("sleep 60", cores=1))
            await cluster.submit(wide := batch("sleep 60", cores=9))
            await cluster.submit(small := batch("true", cores=1))
            running = (await start_of(cluster)).attempt
            await asyncio.sleep(0.2)  # in which the small one would overtake the wide one
            await cluster.cancel([running])
            first = await ends_of(cluster, 1)
            await cluster.cancel([wide.attempts[0].id])
            told = [*first, *await ends_of(cluster, 2)]
            return [end.attempt for end in told] == [running, wide.attempts[0].id, small.attempts[0].id]

    assert asyncio.run(story())


def test_one_after_the_other_in_their_order(tmp_path: Path) -> None:
    async def story() -> None:
        async with Sequential() as cluster:
            commands = [f"echo begin{n} >> log; sleep 0.0{9 - n}; echo end{n} >> log" for n in range(6)]
            await cluster.submit(work := batch(*commands, cores=4, working_dir=str(tmp_path)))
            told = await ends_of(cluster, 6)
            assert [end.attempt for end in told] == [attempt.id for attempt in work.attempts]

    asyncio.run(story())

    assert (tmp_path / "log").read_text().split() == [w for n in range(6) for w in (f"begin{n}", f"end{n}")]


def test_two_thousand_quick_commands_are_each_told_once() -> None:
    async def story() -> None:
        async with Multiprocess(2) as cluster:
            work = [batch(*["true"] * 500) for _ in range(4)]
            for some in work:
                await cluster.submit(some)
            told = await ends_of(cluster, 2000)
            assert sorted(end.attempt for end in told) == [a.id for some in work for a in some.attempts]
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(cluster.news(), 0.1)

    asyncio.run(story())


def test_a_long_command_is_said_to_have_started_and_its_process_named() -> None:
    async def story() -> None:
        async with Multiprocess(2) as cluster:
            await cluster.submit(work := batch("sleep 60"))
            started = await start_of(cluster)
            assert started.attempt == work.attempts[0].id
            assert started.process_group_id == os.getpgid(started.process_group_id or 0)

    asyncio.run(story())


# --- cancelling -----------------------------------------------------------------------------------------------


def test_what_waits_is_cancelled_without_being_started(tmp_path: Path) -> None:
    async def story() -> None:
        async with Sequential() as cluster:
            await cluster.submit(work := batch("sleep 60", "touch begun", working_dir=str(tmp_path)))
            await cluster.cancel([work.attempts[1].id, 123456789])
            [waiting] = await ends_of(cluster, 1)
            assert (waiting.attempt, waiting.evidence.cause) == (work.attempts[1].id, Cause.CANCELLED)
            await cluster.cancel([work.attempts[0].id], at_once=True)
            [running] = await ends_of(cluster, 1)
            assert (running.evidence.signal, running.evidence.cause) == (9, Cause.CANCELLED)
            await cluster.submit(batch("true"))
            assert (await ends_of(cluster, 1))[0].evidence.exit_code == 0

    asyncio.run(story())

    assert not (tmp_path / "begun").exists()


def test_descendants_end_with_their_command(tmp_path: Path) -> None:
    daemon = (
        "setsid sh -c 'echo $$ > daemon; trap \"\" TERM; while :; do sleep 0.1; done' & echo $$ > main; wait"
    )

    async def story() -> None:
        async with Multiprocess(2, grace=0.2) as cluster:
            await cluster.submit(work := batch(daemon, working_dir=str(tmp_path)))
            pid = pid_in(tmp_path / "daemon")
            await cluster.cancel([work.attempts[0].id])
            await ends_of(cluster, 1)
            assert eventually(lambda: not lives(pid))

    asyncio.run(story())


def test_a_daemon_may_live_as_long_as_its_command(tmp_path: Path) -> None:
    daemon = "(setsid sh -c 'echo $$ > daemon; exec sleep 60' &); sleep 60"

    async def story() -> None:
        async with Multiprocess(2) as cluster:
            await cluster.submit(work := batch(daemon, working_dir=str(tmp_path)))
            pid = pid_in(tmp_path / "daemon")
            await cluster.submit(batch("true", "true", "true"))
            await ends_of(cluster, 3)
            assert lives(pid)
            await cluster.cancel([work.attempts[0].id])
            await ends_of(cluster, 1)
            assert eventually(lambda: not lives(pid))

    asyncio.run(story())


# --- lifetimes ------------------------------------------------------------------------------------------------


def test_leaving_ends_everything_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async def story() -> None:
        files = open_files()
        async with Multiprocess(2, grace=0.2) as cluster:
            await cluster.submit(
                batch("echo $$ > main; exec sleep 60", *["sleep 60"] * 5, working_dir=str(tmp_path))
            )
            pid, supervisor = pid_in(tmp_path / "main"), cluster._supervisor()
        assert not lives(pid)
        assert not is_known(supervisor)
        await asyncio.sleep(0)
        assert open_files() == files

    asyncio.run(story())


ENGINE = """
import asyncio, sys
from jobmon_airflow.distributors.local import Multiprocess
from jobmon_airflow.distributors.protocol import Attempt, Batch
from jobmon_airflow.resources import Resources

async def main():
    async with Multiprocess(2, grace=float(sys.argv[4])) as cluster:
        await cluster.submit(Batch(token=sys.argv[1], workflow_id=1, workflow_run_id=1, array="a",
            resources=Resources.parse({"working_dir": sys.argv[2]}),
            attempts=[Attempt(1, 1, "a", sys.argv[3]), Attempt(2, 2, "b", "sleep 60"),
                      Attempt(3, 3, "c", "touch third")]))
        print(cluster._supervisor(), flush=True)
        while True:
            await cluster.news()

asyncio.run(main())
"""


def engine_with(
    command: str, directory: Path, *, token: str = "old", grace: float = 0.2
) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [sys.executable, "-c", ENGINE, token, str(directory), command, str(grace)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    return process, int(process.stdout.readline())


def test_commands_end_with_an_engine_that_is_killed(tmp_path: Path) -> None:
    engine, supervisor = engine_with("echo $$ > main; exec sleep 60", tmp_path)
    pid = pid_in(tmp_path / "main")

    with engine:
        engine.kill()

    assert eventually(lambda: not lives(pid) and not lives(supervisor))
    assert not (tmp_path / "third").exists()


def test_the_terminals_interrupt_reaches_neither_commands_nor_supervisor(tmp_path: Path) -> None:
    trap = "trap 'touch interrupted' INT; echo $$ > main; while :; do sleep 0.05; done"

    async def story() -> None:
        engine, supervisor = engine_with(trap, tmp_path)
        with engine:
            pid = pid_in(tmp_path / "main")
            os.kill(supervisor, signal.SIGINT)
            assert os.getpgid(pid) == pid
            assert os.getpgid(supervisor) == supervisor
            os.killpg(engine.pid, signal.SIGINT)
            assert eventually(lambda: not lives(pid) and not lives(supervisor))

    asyncio.run(story())

    assert not (tmp_path / "interrupted").exists()


def test_a_supervisor_that_is_killed_is_told_and_replaced(tmp_path: Path) -> None:
    async def story() -> None:
        async with Multiprocess(2) as cluster:
            work = batch("echo $$ > main; exec sleep 60", *["sleep 60"] * 3, working_dir=str(tmp_path))
            await cluster.submit(work)
            pid, supervisor = pid_in(tmp_path / "main"), cluster._supervisor()
            os.kill(supervisor or 0, signal.SIGKILL)
            told = await ends_of(cluster, 4)
            assert {end.attempt for end in told} == {attempt.id for attempt in work.attempts}
            assert {end.evidence.cause for end in told} == {Cause.NODE_FAILED}
            assert {end.evidence.detail for end in told} == {"the local supervisor ended"}
            assert not lives(pid)
            await cluster.submit(batch("true"))
            assert (await ends_of(cluster, 1))[0].evidence.exit_code == 0
            assert cluster._supervisor() != supervisor

    asyncio.run(story())


def test_any_loop_in_any_thread_will_do() -> None:
    told: list[Ended] = []

    thread = threading.Thread(target=lambda: told.extend(ends("true", "sh -c 'exit 2'")))
    thread.start()
    thread.join(PATIENCE)

    assert sorted(end.evidence.exit_code or 0 for end in told) == [0, 2]


# --- adopting -------------------------------------------------------------------------------------------------


def adopted(token: str, *attempts: int) -> list[int]:
    async def story() -> list[int]:
        async with Multiprocess(2, grace=0.2) as cluster:
            jobs = [Job(attempt=attempt, token=token, step=step) for step, attempt in enumerate(attempts)]
            return list(await cluster.adopt(jobs))

    return asyncio.run(story())


@pytest.mark.parametrize("killed", ["engine", "supervisor", "none"])
def test_what_another_controller_left_is_ended_before_its_attempts_are_given_up(
    tmp_path: Path, killed: str
) -> None:
    stubborn = "echo $$ > main; trap '' TERM; while :; do sleep 0.05; done"
    engine, supervisor = engine_with(stubborn, tmp_path, token=f"left-{killed}", grace=1)
    with engine:
        pid = pid_in(tmp_path / "main")
        if killed != "none":
            os.kill(engine.pid, signal.SIGKILL)
        if killed == "supervisor":
            os.kill(supervisor, signal.SIGKILL)

        assert adopted(f"left-{killed}", 1, 2, 3) == []

        assert not lives(pid)
        assert not lives(supervisor)
        engine.kill()
    assert not (tmp_path / "third").exists()


def test_attempts_of_another_database_are_left_alone(tmp_path: Path) -> None:
    engine, supervisor = engine_with("echo $$ > main; exec sleep 60", tmp_path, token="theirs")
    with engine:
        pid = pid_in(tmp_path / "main")

        assert adopted("ours", 1, 2) == []

        assert lives(pid)
        assert lives(supervisor)
        engine.kill()


def test_our_own_attempts_are_adopted() -> None:
    async def story() -> None:
        async with Multiprocess(2, grace=0.2) as cluster:
            await cluster.submit(work := batch("sleep 0.3", token="own"))
            mine = work.attempts[0].id
            jobs = [Job(attempt=mine, token="own", step=0), Job(attempt=mine + 1, token="other", step=0)]
            assert list(await cluster.adopt(jobs)) == [mine]
            assert (await ends_of(cluster, 1))[0].evidence.exit_code == 0

    asyncio.run(story())


# --- nothing at all -------------------------------------------------------------------------------------------


def test_the_dummy_runs_nothing_and_succeeds(tmp_path: Path) -> None:
    async def story() -> None:
        async with Dummy() as cluster:
            await cluster.submit(work := batch("touch begun", "false", working_dir=str(tmp_path)))
            told = await ends_of(cluster, 2)
            assert [end.attempt for end in told] == [attempt.id for attempt in work.attempts]
            assert {end.evidence.exit_code for end in told} == {0}

    asyncio.run(story())

    assert not (tmp_path / "begun").exists()
