"""The supervisor as a program of its own, and what it reads off files and processes."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jobmon_airflow.worker import supervisor
from jobmon_airflow.worker.supervisor import CannotStart, as_text, find_program, in_words, tail_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 60.0


class Engine:
    """The other end of the line, without asyncio."""

    def __init__(self, process: subprocess.Popen[bytes], line: socket.socket) -> None:
        self.process, self.line = process, line
        self.words = line.makefile("r")

    def run(self, *jobs: list[object], **common: object) -> None:
        self.say({"run": {"token": "t", "env": {}, **common}, "jobs": jobs})

    def say(self, message: dict[str, object]) -> None:
        self.line.sendall(json.dumps(message).encode() + b"\n")

    def ends(self, count: int) -> list[list[object]]:
        ends: list[list[object]] = []
        while len(ends) < count:
            ends += [item for item in json.loads(self.words.readline())["news"] if len(item) > 3]
        return ends


@contextmanager
def supervised(*, cores: int = 2, grace: float = 0.3) -> Iterator[Engine]:
    ours, its = socket.socketpair()
    ours.settimeout(PATIENCE)
    words = [
        sys.executable,
        "-I",
        "-S",
        "-X",
        "utf8",
        supervisor.__file__,
        str(its.fileno()),
        str(cores),
        str(grace),
    ]
    with ours, its:
        process = subprocess.Popen(words, pass_fds=(its.fileno(),), start_new_session=True)
        its.close()
        engine = Engine(process, ours)
        try:
            yield engine
        finally:
            engine.words.close()
            ours.close()
            process.wait(PATIENCE)


def job(number: int, command: str | list[str], **env: str) -> list[object]:
    return [number, command, env, None, None]


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


# --- the program ----------------------------------------------------------------------------------------------


def test_it_needs_nothing_but_the_standard_library() -> None:
    code = "import sys; sys.path.append(sys.argv[1]); import supervisor; print(*sys.modules)"
    words = [sys.executable, "-I", "-S", "-c", code, str(Path(supervisor.__file__).parent)]

    loaded = subprocess.run(words, capture_output=True, text=True, check=True).stdout

    assert not {"asyncio", "subprocess", "logging", "typing", "jobmon_airflow"} & set(loaded.split())


def test_it_runs_what_it_is_asked_and_goes_when_nobody_listens() -> None:
    with supervised() as engine:
        engine.run(job(1, ["echo", "hello"]), job(2, "exit 3"))
        told = {item[0]: item for item in engine.ends(2)}

    assert told[1][1:5] == [0, None, None, ""]
    assert told[1][-2:] == ["hello\n", ""]
    assert told[2][1:5] == [3, None, None, ""]
    assert engine.process.returncode == 0


def test_it_goes_when_it_is_asked() -> None:
    with supervised() as engine:
        engine.run(job(1, ["sleep", "60"]), job(2, ["sleep", "60"]), job(3, ["sleep", "60"]))
        engine.say({"leave": True})
        told = engine.ends(3)
        assert engine.words.readline() == ""

    assert {item[3] for item in told} == {"cancelled"}


def test_a_request_to_terminate_is_a_request_to_leave() -> None:
    with supervised() as engine:
        engine.run(job(1, ["sleep", "60"]))
        assert engine.words.readline()
        engine.process.send_signal(signal.SIGTERM)
        assert [item[3] for item in engine.ends(1)] == ["cancelled"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_the_terminal_has_no_say(number: signal.Signals) -> None:
    with supervised() as engine:
        engine.run(job(1, ["true"]))
        engine.ends(1)
        engine.process.send_signal(number)
        engine.run(job(2, ["true"]))
        assert [item[1] for item in engine.ends(1)] == [0]


def test_it_holds_only_its_own_files_open_and_gives_none_to_commands() -> None:
    with supervised() as engine:
        engine.run(job(1, "ls /proc/self/fd; :"))
        engine.run(*[job(number, ["true"]) for number in range(2, 300)])
        told = {item[0]: item for item in engine.ends(299)}
        mine = files_of(engine.process.pid)

    assert str(told[1][-2]).split() == ["0", "1", "2", "3"]  # 3 is ls's own
    assert len(mine) < 30


def test_a_machine_without_room_for_processes_is_waited_for() -> None:
    with supervised() as engine:
        engine.run(job(1, ["sleep", "0.3"]))
        engine.words.readline()  # it runs
        limit_files(engine.process.pid, len(files_of(engine.process.pid)) - 1)
        engine.run(job(2, ["true"]))
        time.sleep(0.2)
        limit_files(engine.process.pid, 1000)
        told = engine.ends(2)

    assert [item[1] for item in told] == [0, 0]


def files_of(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/fd").iterdir())


def limit_files(pid: int, most: int) -> None:
    hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, hard))


def test_large_output_is_given_back_to_the_disk_while_it_is_written(tmp_path: Path) -> None:
    file = os.open(tmp_path / "output", os.O_RDWR | os.O_CREAT)
    os.write(file, b"x" * (20 << 20) + b"the end")

    supervisor.forget_all_but_the_end(file)

    status = os.fstat(file)
    assert tail_of(file).endswith("the end")
    assert status.st_size == (20 << 20) + 7
    if status.st_blocks * 512 > 1 << 20:
        pytest.skip("this file system makes no holes")
    os.close(file)


def test_what_ended_by_itself_was_not_cancelled() -> None:
    with supervised() as engine:
        engine.run(job(1, ["sleep", "0.3"]))
        engine.words.readline()  # it runs
        [child] = children_of(engine.process.pid)
        engine.process.send_signal(signal.SIGSTOP)
        assert eventually(lambda: state_of(child) == b"Z")
        engine.say({"end": [1], "at_once": True})
        engine.process.send_signal(signal.SIGCONT)
        [told] = engine.ends(1)

    assert told[1:4] == [0, None, None]


def state_of(pid: int) -> bytes:
    return supervisor.stat_of(str(pid))[0]


def eventually(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE
    while not holds() and time.monotonic() < until:
        time.sleep(0.02)
    return holds()


# --- reading --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"plain", "plain"),
        ("über".encode(), "über"),
        (b"caf\xe9", "caf\\xe9"),
        (b"a\0b", "a\N{REPLACEMENT CHARACTER}b"),
    ],
)
def test_what_is_written_can_be_read(written: bytes, read: str) -> None:
    assert as_text(written) == read


def test_a_program_is_the_first_on_the_path_that_may_be_run(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tool").write_text("")
    (tmp_path / "b" / "tool").chmod(0o755)
    (tmp_path / "c" / "tool").chmod(0o755)

    assert find_program("tool", f"{tmp_path}/a:{tmp_path}/b:{tmp_path}/c") == f"{tmp_path}/b/tool"
    with pytest.raises(CannotStart, match="tool: Permission denied") as refused:
        find_program("tool", f"{tmp_path}/a")
    assert refused.value.exit_code == 126
    with pytest.raises(CannotStart, match="hammer: command not found") as refused:
        find_program("hammer", str(tmp_path))
    assert refused.value.exit_code == 127


def test_sizes_are_told_as_people_write_them() -> None:
    assert in_words(100 << 20) == "100 MiB"
    assert in_words(3 << 29) == "1.50 GiB"
