"""Runs commands on this machine for an engine, in a process of its own.

    python3 -I -S -X utf8 supervisor.py FD CORES GRACE

It stands alone: it imports nothing of ours and little else, so that it starts at once and stays small (a child's
maxrss is never less than its parent's). It is a process of its own because it waits for *any* child, which in
somebody else's process would take away that process's children, and because it outlives an engine that is killed:
its socket then ends, and so do all commands.

Lines of JSON go over the socket FD. The engine asks

    {"run": {"token", "cwd", "cores", "memory", "runtime", "env"},
     "jobs": [[id, words or shell text, env, path for stdout, path for stderr], ...]}
    {"end": [id, ...], "at_once": bool}
    {"leave": true}

and is told {"news": [...]}, each one of

    [id, time, pid]                                                       it has run for a little while
    [id, exit code, signal, cause, detail, wallclock, cpu, maxrss, stdout's tail, stderr's tail]         it is over

Commands start in the order in which they came; one that needs many cores is not overtaken, or it might never start.
"""

# pathlib and contextlib would be a large part of the time that it takes to start.
# ruff: noqa: PTH103, PTH110, PTH113, PTH118, PTH120, PTH208, SIM105

from __future__ import annotations

import ctypes
import errno
import json
import os
import select
import signal
import sys
import time
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    Process = tuple[int, int, int]

BATCHES = (
    "jobmon-batches"  #: the name of the memory file in which others can read what this supervisor was given
)
BATCH_VARIABLE = b"JOBMON_BATCH"  #: by which jobs of one database can be told from those of another
JOB_VARIABLE = b"JOBMON_TASK_INSTANCE_ID"

TELL_AFTER = 0.05  # seconds; most readers need not know that a quick command began
GATHER = 0.004  # seconds for which reports wait for others, while there is enough to do
LOOK_EVERY = 1.0  # seconds between looks at memory
LOOK_CLOSELY = 0.1  # seconds, when there is a limit to hold
IDLE = 5.0  # seconds between looks at whether the engine is there
SHARE_FOR_LOOKS = 0.05  # of the time
TRIES = 50  # to start a process, a tenth of a second apart, when the machine has no room for one
TAIL = 10_000  # characters
WIDEST = 4  # bytes of a character
FILE_MAY_HOLD = 16 * 1024**2  # bytes of output that is not kept
LEAVE_WITHIN = 5.0  # seconds
NEVER = float("inf")

PR_SET_CHILD_SUBREAPER = 36
PUNCH_HOLE_KEEP_SIZE = 3
PAGE = os.sysconf("SC_PAGE_SIZE")
CATCHABLE = tuple(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
NO_ROOM = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
HAS_ENDED = os.WEXITED | os.WNOHANG | os.WNOWAIT

libc = ctypes.CDLL(None)
fallocate = getattr(libc, "fallocate64", None) or libc.fallocate  # glibc's and musl's names


class CannotStart(Exception):
    """The command cannot be started: the exit code that a shell would give, and its words."""

    def __init__(self, exit_code: int, words: str) -> None:
        super().__init__(words)
        self.exit_code, self.words = exit_code, words


class Job:
    """One command, from the queue to its end."""

    def __init__(self, common: Mapping[str, Any], env: Mapping[bytes, bytes], own: list[Any]) -> None:
        self.id, self.command, extra, self.out_path, self.err_path = own
        self.env = {**env, **encoded(extra)}
        self.token: str = common["token"]
        self.cwd: str | None = common.get("cwd")
        self.cores: int = common.get("cores") or 1
        self.memory: int | None = common.get("memory")
        self.runtime: float | None = common.get("runtime")
        self.out = self.err = -1
        self.pid = 0
        self.tries = TRIES
        self.start = 0.0
        self.due = self.limit = NEVER  #: when something is to be done about it, and when its time is up
        self.cause: str | None = None
        self.detail = ""
        self.maxrss = 0
        self.exit_code: int | None = None
        self.signal: int | None = None
        self.wallclock = 0.0
        self.usage: Any = None


class Supervisor:
    """Starts what is asked for, holds it to its limits, and says how it ended."""

    def __init__(self, engine: int, cores: int, grace: float) -> None:
        self.line = Line(engine)
        self.cores = self.free = cores
        self.grace = grace
        self.queue: deque[Job] = deque()
        self.jobs: dict[int, Job] = {}  #: by id, queued and running
        self.running: dict[int, Job] = {}  #: by pid
        self.strays: dict[int, set[int]] = {}  #: what lost its parent, and the leaders it may belong to
        self.ended: list[Job] = []
        self.news: list[list[Any]] = []
        self.scratch = Scratch()
        self.kernel = Kernel()
        self.start_anew = self.tell_at = self.rested_at = 0.0
        self.alarm = self.leave_at = NEVER
        self.look_at = time.monotonic() + LOOK_EVERY
        self.parent = os.getppid()
        self.base = dict(os.environb)
        self.home = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
        self.cwd: str | None = None
        self.programs: dict[tuple[str, bytes], str] = {}
        self.batches = os.memfd_create(BATCHES)
        self.wake = listen_to_signals()
        self.poll = select.poll()
        self.poll.register(self.wake, select.POLLIN)
        self.poll.register(engine, select.POLLIN)
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def run(self) -> None:
        """Work until the engine says, or shows, that it is gone."""
        while not self._is_over():
            self._hear(self.poll.poll(self._rest() * 1000))
            self._reap()
            self._fill()
            strays = self._sweep()
            for job in self.ended:
                self._report(job, strays=strays)
            self.ended.clear()
            self._watch(time.monotonic())
            self._tell(time.monotonic())

    # --- what comes in ----------------------------------------------------------------------------------------

    def _rest(self) -> float:
        """Seconds for which nothing is to be done, unless somebody calls."""
        until = min(self.alarm, self.look_at, self.leave_at)
        if self.news:
            until = min(until, self.tell_at)
        if self.start_anew:
            until = min(until, self.start_anew)
        return max(0.0, until - time.monotonic())

    def _hear(self, ready: list[tuple[int, int]]) -> None:
        for fd, _ in ready:
            if fd == self.wake:
                self._hear_signals()
            elif not self._is_leaving():
                self._hear_engine()

    def _hear_signals(self) -> None:
        if signal.SIGTERM in os.read(self.wake, 4096):
            self._leave()

    def _hear_engine(self) -> None:
        for message in self.line.read():
            if "run" in message:
                self._queue(message["run"], message["jobs"])
            elif "end" in message:
                self._reap()  # what ended by itself was not ended by us
                self._end(message["end"], at_once=message["at_once"])
            else:
                self._leave()
        if self.line.is_cut:
            self._leave()

    def _queue(self, common: dict[str, Any], jobs: list[list[Any]]) -> None:
        os.write(self.batches, common["token"].encode() + b"\n")
        env = {**encoded(common["env"]), BATCH_VARIABLE: os.fsencode(common["token"])}
        for own in jobs:
            job = Job(common, env, own)
            if job.id not in self.jobs:
                self.jobs[job.id] = job
                self.queue.append(job)

    # --- starting ---------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        """Start what fits. One that asks for more cores than there are gets all of them."""
        if self.start_anew > time.monotonic():
            return
        self.start_anew = 0.0
        while self.queue and not self.start_anew:
            job = self.queue[0]
            if not job.cause:
                if min(job.cores, self.cores) > self.free:
                    return
                self._try(job)
            if not self.start_anew:
                self.queue.popleft()

    def _try(self, job: Job) -> None:
        job.start = time.monotonic()
        try:
            self._start(job)
        except CannotStart as refusal:
            self._refuse(job, refusal)
        except OSError as error:
            self._try_later(job, error)
        else:
            self.free -= min(job.cores, self.cores)
            self.running[job.pid] = job
            job.limit = job.start + job.runtime if job.runtime else NEVER
            self._set_alarm(job, min(job.start + TELL_AFTER, job.limit))
            look_at = job.start + (LOOK_CLOSELY if job.memory else LOOK_EVERY)
            self.look_at = max(self.rested_at, min(self.look_at, look_at))

    def _start(self, job: Job) -> None:
        self._go_to(job.cwd)
        if job.out < 0:
            job.out = open_output(job.out_path) if job.out_path else self.scratch.take()
        if job.err < 0:
            job.err = open_output(job.err_path) if job.err_path else self.scratch.take()
        words = job.command if isinstance(job.command, list) else ["/bin/sh", "-c", job.command]
        env = {**self.base, **job.env}
        if job.cwd:
            env[b"PWD"] = os.fsencode(job.cwd)
        program = self._program(words[0], env.get(b"PATH", b"/usr/bin:/bin"))
        try:
            job.pid = spawn(program, words, env, job)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise
            self.programs.clear()  # it may have moved; the next one is looked for
            raise refusal_of(words[0], program, error) from None

    def _program(self, name: str, path: bytes) -> str:
        """The file that a shell would run, remembered as a shell does."""
        if "/" in name:
            return name
        known = self.programs.get((name, path))
        if known and os.access(known, os.X_OK):
            return known
        found = find_program(name, os.fsdecode(path))
        if found.startswith("/"):  # others depend on where we are
            self.programs[name, path] = found
        return found

    def _go_to(self, cwd: str | None) -> None:
        if cwd == self.cwd:
            return
        try:
            os.chdir(cwd if cwd is not None else self.home)
        except (OSError, ValueError) as error:
            raise CannotStart(127, f"cannot work in {cwd}: {reason_of(error)}") from None
        self.cwd = cwd

    def _refuse(self, job: Job, refusal: CannotStart) -> None:
        job.exit_code = refusal.exit_code
        if job.err < 0:
            job.err = self.scratch.take()
        write(job.err, refusal.words)
        self.ended.append(job)

    def _try_later(self, job: Job, error: OSError) -> None:
        """Wait until the machine has room for a process: long while others run, some seconds if none does."""
        job.tries -= not self.running
        if job.tries:
            self.start_anew = time.monotonic() + 0.1
            return
        job.cause, job.detail = "node failed", f"this machine cannot start a process: {error.strerror}"
        self.ended.append(job)

    # --- ending -----------------------------------------------------------------------------------------------

    def _reap(self) -> None:
        """Take what has ended, and end what it left in its process group, as a cluster does after a job."""
        while (pid := ended_child()) is not None:
            job = self.running.pop(pid, None)
            if job:
                signal_group(pid, signal.SIGKILL)  # before the wait, while the number cannot be another's
            _, status, usage = os.wait4(pid, 0)
            if job:
                self._close(job, status, usage)
            else:
                self.strays.pop(pid, None)

    def _close(self, job: Job, status: int, usage: Any) -> None:
        job.wallclock = time.monotonic() - job.start
        job.usage = usage
        if os.WIFSIGNALED(status):
            job.signal = os.WTERMSIG(status)
        else:
            job.exit_code = os.WEXITSTATUS(status)
        self.free += min(job.cores, self.cores)
        self.ended.append(job)

    def _end(self, ids: Iterable[int], *, at_once: bool = False) -> None:
        for job in filter(None, map(self.jobs.get, ids)):
            if job.pid in self.running:
                self._stop(job, "cancelled", grace=0 if at_once else self.grace)
            elif not (job.pid or job.cause):
                job.cause = "cancelled"  # and is dropped when its turn comes
                self.ended.append(job)

    def _stop(self, job: Job, cause: str, detail: str = "", *, grace: float) -> None:
        """Ask the command to end, and see to it when the grace is over. Who came first is the cause."""
        if has_ended(job.pid):
            return
        if not job.cause:
            job.cause, job.detail, job.due = cause, detail, NEVER
            if grace:
                signal_group(job.pid, signal.SIGTERM)
                signal_group(job.pid, signal.SIGCONT)  # what is stopped would not hear of it
        if grace:
            self._set_alarm(job, min(job.due, time.monotonic() + grace))
        else:
            job.due = NEVER
            signal_group(job.pid, signal.SIGKILL)

    def _sweep(self) -> bool:
        """End what has lost its parent, and its job too. Say whether anything like that is still there."""
        if not (self.ended or self.strays or self._is_leaving()):
            return False
        for pid in self._orphans():
            if self.strays[pid].isdisjoint(self.running):
                signal_process(pid, signal.SIGKILL)
        return bool(self.strays)

    def _orphans(self) -> list[int]:
        """What lost its parent, and so became our child. Note whose it is while that can be seen."""
        orphans = [pid for pid in self.kernel.children() if pid not in self.running]
        for pid in orphans:
            if pid not in self.strays:
                self.strays[pid] = self._owners(pid)
        return orphans

    def _owners(self, pid: int) -> set[int]:
        """The leader of the job that the process belongs to; all that it could be, if it hides its origin."""
        session = session_of(pid)
        if session in self.running:
            return {session}
        origin = origin_of(pid)
        if origin is None:
            return set(self.running)
        return {job.pid for job in self.running.values() if (job.token, job.id) == origin}

    def _leave(self) -> None:
        """End everything, soon."""
        if self._is_leaving():
            return
        self.poll.unregister(self.line.fd)
        grace = min(self.grace, LEAVE_WITHIN)
        self.leave_at = time.monotonic() + grace + LEAVE_WITHIN
        self._end(list(self.jobs))
        for job in self.running.values():
            self._set_alarm(job, min(job.due, time.monotonic() + grace))

    def _is_leaving(self) -> bool:
        return self.leave_at < NEVER

    def _is_over(self) -> bool:
        if not self._is_leaving():
            return False
        all_gone = not (self.running or self.ended or self.kernel.children())
        return all_gone or time.monotonic() > self.leave_at

    # --- limits -----------------------------------------------------------------------------------------------

    def _set_alarm(self, job: Job, due: float) -> None:
        job.due = due
        self.alarm = min(self.alarm, due)

    def _watch(self, now: float) -> None:
        if now >= self.alarm:
            for job in tuple(self.running.values()):
                if now >= job.due:
                    self._attend_to(job, now)
            self.alarm = min((job.due for job in self.running.values()), default=NEVER)
        if now >= self.look_at:
            self._look()
            self._look_again(now)

    def _attend_to(self, job: Job, now: float) -> None:
        if job.cause:
            self._stop(job, job.cause, grace=0)
        elif now >= job.limit:
            self._stop(
                job, "over runtime", f"it ran for the {job.runtime} s it had asked for", grace=self.grace
            )
        else:
            self.news.append([job.id, time.time() - (now - job.start), job.pid])
            job.due = job.limit

    def _look(self) -> None:
        if os.getppid() != self.parent:  # a fork of the engine may still hold its end of the line
            self._leave()
        if self.running:
            self._orphans()
            self._measure(processes())
        for job in self.running.values():
            for fd, path in ((job.out, job.out_path), (job.err, job.err_path)):
                if not path:
                    forget_all_but_the_end(fd)

    def _look_again(self, began: float) -> None:
        """Looks may cost only a small share of the time, however many processes the machine has."""
        closely = any(job.memory for job in self.running.values())
        self.rested_at = began + (time.monotonic() - began) / SHARE_FOR_LOOKS
        every = IDLE if not self.running else LOOK_CLOSELY if closely else LOOK_EVERY
        self.look_at = max(self.rested_at, began + every)

    def _measure(self, table: Mapping[int, Process]) -> None:
        members: dict[int, list[int]] = {}
        for pid in table:
            for leader in self._leaders(pid, table):
                members.setdefault(leader, []).append(pid)
        for leader, pids in members.items():
            self._hold_to_memory(self.running[leader], pids, sum(table[pid][2] for pid in pids))

    def _leaders(self, pid: int, table: Mapping[int, Process]) -> set[int]:
        """The one job that the process belongs to, found on the way up; or none."""
        while pid in table:
            parent, session, _ = table[pid]
            if session in self.running:
                return {session}
            if pid in self.strays:
                return self.strays[pid] & self.running.keys() if len(self.strays[pid]) == 1 else set()
            pid = parent
        return set()

    def _hold_to_memory(self, job: Job, pids: list[int], used: int) -> None:
        if job.memory and used > job.memory and len(pids) > 1:
            used = min(used, proportional_memory(pids) or used)  # what they share was counted more than once
        job.maxrss = max(job.maxrss, used)
        if job.memory and used > job.memory:
            detail = f"its processes held {in_words(used)} of memory; it had asked for {in_words(job.memory)}"
            self._stop(job, "over memory", detail, grace=0)

    # --- what goes out ----------------------------------------------------------------------------------------

    def _report(self, job: Job, *, strays: bool) -> None:
        self.jobs.pop(job.id, None)
        usage = job.usage
        used: tuple[float | None, ...] = (None, None, None)
        if usage:
            used = (job.wallclock, usage.ru_utime + usage.ru_stime, max(job.maxrss, usage.ru_maxrss * 1024))
        tails = (tail_of(job.out), tail_of(job.err))
        self.news.append([job.id, job.exit_code, job.signal, job.cause, job.detail, *used, *tails])
        keep = not strays and not (job.pid and group_lives(job.pid))
        self._put_away(job.out, job.out_path, keep=keep)
        self._put_away(job.err, job.err_path, keep=keep)

    def _put_away(self, fd: int, path: str | None, *, keep: bool) -> None:
        if path or not keep:
            close(fd)
        elif fd >= 0:
            self.scratch.give_back(fd)

    def _tell(self, now: float) -> None:
        """Send the news: at once when there is nothing else to do, else some together."""
        if self.news and (now >= self.tell_at or not self.queue):
            self.line.write({"news": self.news})
            self.news = []
            self.tell_at = now + GATHER
        else:
            self.line.flush()
        if not self._is_leaving():
            self.poll.modify(self.line.fd, select.POLLIN | (select.POLLOUT if self.line.unsent else 0))


class Line:
    """Messages to and from the engine."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.unsent = b""
        self.unread = bytearray()
        self.is_cut = False
        os.set_blocking(fd, False)
        os.set_inheritable(fd, False)

    def read(self) -> Iterator[dict[str, Any]]:
        """All that was said. The end is seen in the same pass: nothing is begun for an engine that is gone."""
        try:
            while data := os.read(self.fd, 1 << 20):
                self.unread += data
            self.is_cut = True
        except BlockingIOError:
            pass
        except OSError:
            self.is_cut = True
        *lines, rest = self.unread.split(b"\n")
        self.unread = rest
        return map(json.loads, lines)

    def write(self, message: dict[str, Any]) -> None:
        self.unsent += json.dumps(message, separators=(",", ":")).encode() + b"\n"
        self.flush()

    def flush(self) -> None:
        while self.unsent:
            try:
                self.unsent = self.unsent[os.write(self.fd, self.unsent) :]
            except BlockingIOError:
                return
            except OSError:  # nobody listens any more; reading will show it
                self.unsent = b""


class Scratch:
    """Files without a name for output that nobody wants to keep, used again and again."""

    def __init__(self) -> None:
        self.free: list[int] = []

    def take(self) -> int:
        return self.free.pop() if self.free else nameless_file()

    def give_back(self, fd: int) -> None:
        if os.fstat(fd).st_size:
            os.ftruncate(fd, 0)
        self.free.append(fd)


# --- output ---------------------------------------------------------------------------------------------------


def nameless_file() -> int:
    """A file on disk if there is one to be had, because memory is for the commands."""
    for directory in (os.environ.get("TMPDIR") or "/tmp", "/var/tmp"):  # noqa: S108  (it has no name there)
        try:
            return os.open(directory, os.O_TMPFILE | os.O_RDWR | os.O_APPEND, 0o600)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise
    fd = os.memfd_create("output")
    try:
        return os.open(f"/proc/self/fd/{fd}", os.O_RDWR | os.O_APPEND)
    finally:
        os.close(fd)


def open_output(path: str) -> int:
    """The file of one attempt, empty. It is appended to, so that both streams may share it.

    It is opened here and not by the child, so that a refusal can be told from that of the command itself.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    try:
        try:
            return os.open(path, flags, 0o666)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            return os.open(path, flags, 0o666)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise
        raise CannotStart(126, f"cannot write {path}: {reason_of(error)}") from None


def tail_of(fd: int) -> str:
    """The last characters in the file; no character is cut in half."""
    size = os.fstat(fd).st_size if fd >= 0 else 0
    if not size:
        return ""
    begin = max(0, size - TAIL * WIDEST)
    data = os.pread(fd, TAIL * WIDEST, begin)
    return as_text(without_half_a_character(data) if begin else data)[-TAIL:]


def without_half_a_character(data: bytes) -> bytes:
    cut = 0
    while cut < min(WIDEST - 1, len(data)) and data[cut] & 0xC0 == 0x80:
        cut += 1
    return data[cut:]


def as_text(data: bytes) -> str:
    """UTF-8. A byte that is none is shown as such, and spoils nothing around it; databases cannot keep NUL."""
    return data.decode("utf-8", "backslashreplace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def forget_all_but_the_end(fd: int) -> None:
    """Give a large file's room back to the disk, if the file system can make holes."""
    status = os.fstat(fd)
    if status.st_blocks * 512 > FILE_MAY_HOLD:
        end = (status.st_size - TAIL * WIDEST) // PAGE * PAGE
        fallocate(fd, PUNCH_HOLE_KEEP_SIZE, ctypes.c_int64(0), ctypes.c_int64(end))


def write(fd: int, words: str) -> None:
    try:
        os.write(fd, words.encode("utf-8", "backslashreplace") + b"\n")
    except OSError:  # the disk is full; the exit code must do
        pass


def close(fd: int) -> None:
    if fd >= 0:
        os.close(fd)


# --- programs -------------------------------------------------------------------------------------------------


def find_program(name: str, path: str) -> str:
    """The first file of this name on the path that may be run."""
    files = [os.path.join(directory or ".", name) for directory in path.split(":")]
    files = [file for file in files if os.path.isfile(file)]
    for file in files:
        if os.access(file, os.X_OK):
            return file
    raise (
        CannotStart(126, f"{name}: Permission denied")
        if files
        else CannotStart(127, f"{name}: command not found")
    )


def spawn(program: str, words: list[str], env: Mapping[bytes, bytes], job: Job) -> int:
    """Start the command as the leader of a session. Its input is ours, which is empty."""
    streams = ((os.POSIX_SPAWN_DUP2, job.out, 1), (os.POSIX_SPAWN_DUP2, job.err, 2))
    try:
        return os.posix_spawn(
            program, words, env, file_actions=streams, setsid=True, setsigmask=(), setsigdef=CATCHABLE
        )
    except ValueError as error:
        raise CannotStart(126, f"{words[0]}: {error}") from None
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
    # A script that does not name its interpreter.
    return spawn("/bin/sh", ["/bin/sh", program, *words[1:]], env, job)


def refusal_of(name: str, program: str, error: OSError) -> CannotStart:
    """What a shell would say."""
    if error.errno != errno.ENOENT:
        return CannotStart(126, f"{name}: {error.strerror}")
    if os.path.exists(program):
        return CannotStart(127, f"{name}: its interpreter was not found")
    return CannotStart(127, f"{name}: {'No such file or directory' if '/' in name else 'command not found'}")


# --- processes ------------------------------------------------------------------------------------------------


def listen_to_signals() -> int:
    """A file that can be read when a child has ended, or when we are asked to end."""
    wake, woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):  # the terminal's; the engine decides
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    return wake


def ended_child() -> int | None:
    """A child that has ended and still holds its number."""
    try:
        ended = os.waitid(os.P_ALL, 0, HAS_ENDED)
    except ChildProcessError:
        return None
    return ended.si_pid if ended else None


def has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, HAS_ENDED) is not None


def signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except OSError:  # it is gone, or has become another user's
        pass


def signal_process(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except OSError:
        pass


def group_lives(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


class Kernel:
    """What the kernel knows of our children, in one read."""

    def __init__(self) -> None:
        me = os.getpid()
        try:
            self.fd = os.open(f"/proc/self/task/{me}/children", os.O_RDONLY)
        except OSError:  # a kernel that was built without it
            self.fd = -1

    def children(self) -> list[int]:
        if self.fd < 0:
            me = os.getpid()
            return [pid for pid, (parent, _, _) in processes().items() if parent == me]
        text = b""
        while chunk := os.pread(self.fd, PAGE, len(text)):
            text += chunk
        return [int(pid) for pid in text.split()]


def processes() -> dict[int, Process]:
    """All processes of the machine: parent, session, bytes in memory."""
    table = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (fields := stat_of(name)):
            table[int(name)] = (int(fields[1]), int(fields[3]), int(fields[21]) * PAGE)
    return table


def session_of(pid: int) -> int:
    fields = stat_of(str(pid))
    return int(fields[3]) if fields else 0


def stat_of(pid: str) -> list[bytes]:
    """The fields after the name, which itself may hold anything."""
    return contents(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def origin_of(pid: int) -> tuple[str, int] | None:
    """The batch's token and the job in whose environment the process was started."""
    variables = dict(
        variable.partition(b"=")[::2] for variable in contents(f"/proc/{pid}/environ").split(b"\0")
    )
    token, job = variables.get(BATCH_VARIABLE), variables.get(JOB_VARIABLE, b"")
    return (os.fsdecode(token), int(job)) if token and job.isdigit() else None


def proportional_memory(pids: Iterable[int]) -> int:
    """Bytes, each counted once however many processes share it. Dear to ask for."""
    return sum(proportional_memory_of(pid) for pid in pids)


def proportional_memory_of(pid: int) -> int:
    for line in contents(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def contents(path: str) -> bytes:
    """What a file in /proc says; nothing, if the process is gone or not ours to see."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    text = b""
    try:
        while chunk := os.read(fd, 1 << 16):
            text += chunk
    except OSError:
        pass
    finally:
        os.close(fd)
    return text


def encoded(env: Mapping[str, str]) -> dict[bytes, bytes]:
    return {os.fsencode(name): os.fsencode(value) for name, value in env.items()}


def reason_of(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


def in_words(size: int) -> str:
    return f"{size / 1024**3:.2f} GiB" if size >= 1024**3 else f"{size / 1024**2:.0f} MiB"


def main() -> None:
    fd, cores, grace = sys.argv[1:]
    Supervisor(int(fd), int(cores), float(grace)).run()


if __name__ == "__main__":
    main()
