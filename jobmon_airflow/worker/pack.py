"""Runs the steps of one element of a packed array, one after the other, on a compute node.

    python3 -I -S pack.py FOLDER FIRST LAST PACK '{"lasts": seconds, "budget": seconds, "typical": seconds}'

It stands alone and needs no more than Python 3.6. What it runs is in FOLDER, the batch's own: ``pack.json`` says what
all steps have in common, and line STEP % 1000 of ``steps-N.json``, N being STEP // 1000, is

    [task, attempt, path for stdout, path for stderr, words]

Before a step begins it is claimed, by the creation of ``claims/STEP``; whoever finds it claimed leaves it alone. What
happened is appended to ``told-NODE``; ``distributors/slurm/told.py`` has the words. Lines of quick steps are written
together, at most a tenth of a second late.
"""

# pathlib and contextlib would be a large part of the time that it takes to start.
# ruff: noqa: PTH103, PTH109, PTH110, PTH113, PTH118, PTH120, PTH123, PTH208, SIM105, PTH116

import errno
import json
import os
import signal
import sys
import time

# Annotations are texts, since Python 3.6 knows neither list[str] nor a way not to look at it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Row = tuple[int, int, str, str, list[str]]

LINES_A_FILE = 1000
LATE = 0.1  # seconds that a line may be late
LOOK_EVERY = 2.0  # seconds between looks at whether somebody's time is over
QUICK = 1.0  # seconds; if all steps so far took less, the next one is expected to
COPY = 1 << 20  # bytes at a time
BUSY = 0.01  # seconds after which a signal that came at the wrong moment is attended to
NEVER = float("inf")
CATCHABLE = tuple(set(range(1, signal.NSIG)) - {signal.SIGKILL, signal.SIGSTOP, 32, 33})
TOLD_TO_END, OUT_OF_TIME = "t", "l"
CANNOT_CLAIM = 75  # nothing more was begun, since the folder cannot be used
TERMINATED = 128 + signal.SIGTERM


class CannotStart(Exception):
    """The command cannot be started: the exit code that a shell would give, and its words."""

    def __init__(self, exit_code: int, words: str) -> None:
        super().__init__(words)
        self.exit_code, self.words = exit_code, words


class FolderIsGone(Exception):
    """The folder that nodes share with us cannot be used here."""


class Pack:
    """The steps of an element, until they are over or put back."""

    def __init__(self, folder: str, steps: range, about: "dict[str, Any]", pace: "dict[str, Any]") -> None:
        self.folder, self.steps = folder, steps
        self.node = os.environ.get("SLURMD_NODENAME") or os.uname()[1]
        self.cwd = about["cwd"]  # type: str | None
        self.limit = about["limit"]  # type: float | None
        self.container = about["container"]  # type: dict[str, Any] | None
        self.kill_wait = about["kill_wait"]  # type: float
        self.started = time.monotonic()
        self.ends = end_of_time(self.started, pace["lasts"])
        self.budget = pace["budget"] or NEVER  # type: float
        self.typical = pace["typical"]  # type: float | None
        self.own_env = encoded(about["env"])
        self.env = given_environment()
        self.env.update(self.own_env)
        self.news = News(os.path.join(folder, "told-" + self.node))
        self.claims = Claims(folder, self.node)
        self.memory = Memory()
        self.out, self.err = Stream(), Stream()
        self.programs = {}  # type: dict[str, str]
        self.longest = 0.0
        self.has_run = self.has_failed = self.is_told = self.is_there = False
        self.told_at = self.alarm = NEVER
        self.looked_at = self.started
        self.revoked = set()  # type: set[int]
        # Of the step that runs:
        self.step = self.pid = 0
        self.is_waiting = self.was_asked = False
        self.why = ""  #: it is to end
        self.due = NEVER  #: when that is to be seen to

    def run(self) -> int:
        """Run the steps; return the exit code of the job."""
        signal.signal(signal.SIGTERM, lambda *_: self._is_told_to_end())
        signal.signal(signal.SIGALRM, lambda *_: self._wake())
        signal.signal(signal.SIGHUP, lambda *_: None)
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(number, lambda number, _: self._pass_on(number))
        rows = rows_of(self.folder, self.steps)
        try:
            self._run_all(rows)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            is_told = self.news.write_all(self.kill_wait / 2)
        return int(self.has_failed or not is_told)

    def _run_all(self, rows: "dict[int, Row]") -> None:
        for place, step in enumerate(self.steps):
            if not self._may_begin():
                self._put_back(self.steps[place:])
                break
            self._do(step, rows[step])

    # --- what may begin ---------------------------------------------------------------------------------------

    def _may_begin(self) -> bool:
        """The first one always may: otherwise it would be put back for ever."""
        if self.is_told:
            return False
        now = time.monotonic()
        return not self.has_run or (now - self.started < self.budget and self.ends - now >= self._needs())

    def _needs(self) -> float:
        """Seconds that the next step may need."""
        limit = self.limit or NEVER
        expected = self.typical or self.limit or 0.0
        return min(limit, max(expected, 3 * self.longest))

    def _put_back(self, steps: "Sequence[int]") -> None:
        for step in steps:
            if self._claim(step):
                self.news.add(f"P {step} {self.node}")

    def _claim(self, step: int) -> bool:
        if self.claims.make(step):
            return True
        self.news.add(f"O {step} {self.node} 0 - - - 0 f")
        return False

    # --- one step ---------------------------------------------------------------------------------------------

    def _do(self, step: int, row: "Row") -> None:
        if not self._claim(step):
            return
        now = time.monotonic()
        if now >= self.looked_at + LOOK_EVERY:
            self._look(now)
        if step in self.revoked:
            self.news.add(f"O {step} {self.node} {TERMINATED} 0 0 - 0 {TOLD_TO_END}")
            return
        self.step, self.why, self.was_asked = step, "", False
        self.memory.begin()
        try:
            self.pid = self._start(row)
        except CannotStart as refusal:
            self.err.say(refusal.words)
            self._over(refusal.exit_code, 0.0, 0.0, "-")
            return
        self.news.add(f"B {step} {self.node} {self.pid}")
        self._wait(now)

    def _start(self, row: "Row") -> int:
        task, attempt, out_path, err_path, words = row
        self.env[b"JOBMON_TASK_ID"] = b"%d" % task
        self.env[b"JOBMON_TASK_INSTANCE_ID"] = b"%d" % attempt
        is_quick = self.has_run and self.longest < QUICK
        self.out.begin(out_path, is_quick)
        self.err.begin(err_path, is_quick)
        self._go()
        return self._spawn(self._contained(words))

    def _go(self) -> None:
        if self.cwd and not self.is_there:
            go_to(self.cwd, self.node)
            self.env[b"PWD"] = utf8(self.cwd)
            self.is_there = True

    def _contained(self, words: "list[str]") -> "list[str]":
        if not self.container:
            return words
        for runtime in ("apptainer", "singularity"):
            try:
                self._program(runtime)
            except CannotStart:
                continue
            prefix = runtime.upper().encode() + b"ENV_"
            names = set(self.own_env) | {b"JOBMON_TASK_ID", b"JOBMON_TASK_INSTANCE_ID"}
            self.env.update({prefix + name: self.env[name] for name in names})
            where = self.cwd or os.getcwd()
            return [runtime, "exec", "--pwd", where, *self.container["args"], self.container["image"], *words]
        raise CannotStart(127, "jobmon: there is neither apptainer nor singularity on " + self.node)

    def _spawn(self, words: "list[str]") -> int:
        program = self._program(words[0])
        try:
            return spawn(program, words, self.env, self.out.fd, self.err.fd)
        except OSError as error:
            self.programs.clear()  # it may have moved; the next one is looked for
            raise refusal_of(words[0], program, error) from None

    def _program(self, name: str) -> str:
        """The file that a shell would run, remembered as a shell does."""
        if "/" in name:
            return name
        if name not in self.programs:
            found = find_program(name, os.fsdecode(self.env.get(b"PATH", b"/usr/bin:/bin")))
            if not found.startswith("/"):  # it depends on where we are
                return found
            self.programs[name] = found
        return self.programs[name]

    def _wait(self, began: float) -> None:
        self.due = began + self.limit if self.limit else NEVER
        self._set_alarm(min(self.due, time.monotonic() + (LATE if self.news.lines else LOOK_EVERY)))
        self.is_waiting = True
        if self.is_told:  # just now, before it could be seen that we wait
            self._is_told_to_end()
        _, status, usage = os.wait4(self.pid, 0)
        self.is_waiting = False
        signal_group(self.pid, signal.SIGKILL)  # what it left behind is not the next one's business
        took = time.monotonic() - began
        self.longest = max(self.longest, took)
        self._over(exit_code_of(status), took, usage.ru_utime + usage.ru_stime, str(usage.ru_maxrss * 1024))

    def _over(self, exit_code: int, took: float, cpu: float, maxrss: str) -> None:
        self.out.end()
        self.err.end()
        self.has_run = True
        self.has_failed = self.has_failed or exit_code != 0
        used = f"{took:.6f} {cpu:.6f} {maxrss}"
        self.news.add(f"O {self.step} {self.node} {exit_code} {used} {self.memory.kills()} {self.why or '-'}")

    # --- while a step is waited for -----------------------------------------------------------------------------

    def _is_told_to_end(self) -> None:
        """Slurm tells this process alone, and ends all of them KillWait later."""
        if not self.is_told:
            self.is_told, self.told_at = True, time.monotonic()
        if self.is_waiting and not self.why:
            self.why = TOLD_TO_END
            self._ask(self.told_at)
            self._set_alarm(self.due)

    def _pass_on(self, number: int) -> None:
        if self.is_waiting:
            signal_group(self.pid, number)

    def _wake(self) -> None:
        """Do what is due. At other times this would come in between, and is put off."""
        now, self.alarm = time.monotonic(), NEVER
        if not self.is_waiting:
            self._set_alarm(now + BUSY)
            return
        self.news.write()
        if now >= self.looked_at + LOOK_EVERY:
            self._look(now)
            self.out.keep()
            self.err.keep()
        if self.step in self.revoked and not self.why:
            self.why = TOLD_TO_END
            self._ask(now)
        if now >= self.due:
            self._end(now)
        self._set_alarm(min(self.due, now + (LATE if self.news.lines else LOOK_EVERY)))

    def _end(self, now: float) -> None:
        """Ask the command to end, and see to it when the grace is over. Who came first is the reason."""
        self.why = self.why or OUT_OF_TIME
        if self.was_asked:
            signal_group(self.pid, signal.SIGKILL)
            self.due = now + 1
        else:
            self._ask(now)

    def _ask(self, now: float) -> None:
        signal_group(self.pid, signal.SIGTERM)
        self.was_asked = True
        last = self.told_at + max(self.kill_wait - 1, self.kill_wait / 2)
        self.due = min(last, now + self.kill_wait)

    def _look(self, now: float) -> None:
        """Whose time is over. A folder that is read anew is as it is, whatever was remembered of it."""
        self.looked_at = now
        try:
            names = os.listdir(os.path.join(self.folder, "revoked"))
        except OSError:  # what cannot be seen has not been said
            return
        self.revoked = {int(name) for name in names if name.isdigit()}

    def _set_alarm(self, at: float) -> None:
        if at < self.alarm:
            self.alarm = at
            signal.setitimer(signal.ITIMER_REAL, max(0.001, at - time.monotonic()))


class Claims:
    """The steps that are ours. Each is a link to one file of ours, which costs a file system less than a file."""

    def __init__(self, folder: str, node: str) -> None:
        self.folder = os.path.join(folder, "claims")
        self.own = os.path.join(self.folder, f"by-{node}-{os.getpid()}-{time.time():.6f}")
        self.inode = 0

    def make(self, step: int) -> bool:
        """Claim a step; False if somebody else has."""
        path = os.path.join(self.folder, str(step))
        try:
            self._link(path)
        except FileExistsError:
            return self._is_ours(path)
        return True

    def _link(self, path: str) -> None:
        if not self.inode:
            self._begin()
        try:
            os.link(self.own, path)
        except FileExistsError:
            raise
        except OSError:  # too many links, or a file system that has none
            create_for_us(path)

    def _begin(self) -> None:
        create_for_us(self.own)
        self.inode = os.stat(self.own).st_ino

    def _is_ours(self, path: str) -> bool:
        """Whether a server has done what it was asked for twice, because its answer was lost."""
        try:
            return os.lstat(path).st_ino == self.inode
        except OSError:
            return False


class Stream:
    """What a command prints: into its file, or, if it is quick, into a nameless one, from which it is copied.

    A file takes its time to make, on a shared file system above all, and most quick commands have nothing to say.
    """

    def __init__(self) -> None:
        self.fd = self.scratch = -1
        self.path = ""
        self.kept = 0

    def begin(self, path: str, is_quick: bool) -> None:
        self.path, self.kept, self.fd = path, 0, -1
        if is_quick and self.scratch < 0:
            self.scratch = nameless_file()
        self.fd = self.scratch if is_quick and self.scratch >= 0 else open_output(path)

    def say(self, words: str) -> None:
        """Words of ours, where those of the command would be; in the job's own log if that cannot be."""
        os.write(self.fd if self.fd >= 0 else 2, utf8(words + "\n"))

    def keep(self) -> None:
        """Copy what is new to where it belongs."""
        if self.fd < 0 or self.fd != self.scratch or os.fstat(self.fd).st_size <= self.kept:
            return
        try:
            to = open_output(self.path)
        except CannotStart as refusal:
            os.write(2, utf8(refusal.words + "\n"))
            return
        data = os.pread(self.fd, COPY, self.kept)
        while data:
            self.kept += os.write(to, data)
            data = os.pread(self.fd, COPY, self.kept)
        os.close(to)

    def end(self) -> None:
        """Close it. What holds something is not used again, since whatever was left behind may still write to it."""
        self.keep()
        if self.fd >= 0 and (self.fd != self.scratch or os.fstat(self.fd).st_size):
            os.close(self.fd)
            self.scratch = -1 if self.fd == self.scratch else self.scratch
        self.fd = -1


class News:
    """What is still to be told."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.lines = []  # type: list[str]
        self.unwritten = b""

    def add(self, line: str) -> None:
        self.lines.append(line)

    def write(self) -> bool:
        """Append all lines at once. What cannot be written now is tried again."""
        if not self.lines and not self.unwritten:
            return True
        text = self.unwritten + "".join(line + "\n" for line in self.lines).encode("ascii", "replace")
        del self.lines[:]
        try:
            fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
            try:
                text = text[os.write(fd, text) :]
            finally:
                os.close(fd)
        except OSError:
            pass
        self.unwritten = text
        return not text

    def write_all(self, patience: float) -> bool:
        """Write what is left, if need be in several tries."""
        until = time.monotonic() + patience
        while not self.write():
            if time.monotonic() > until:
                return False
            time.sleep(0.2)
        return True


class Memory:
    """How many processes of this job the kernel has killed for memory."""

    def __init__(self) -> None:
        self.fd = open_first(counter_files())
        self.before = 0

    def begin(self) -> None:
        self.before = self._count()

    def kills(self) -> int:
        return max(0, self._count() - self.before)

    def _count(self) -> int:
        if self.fd < 0:
            return 0
        for line in os.pread(self.fd, 4096, 0).splitlines():
            if line.startswith(b"oom_kill "):
                return int(line.split()[1])
        return 0


def counter_files() -> "list[str]":
    """The files that may hold the count, of the cgroup that Slurm made for this job."""
    for line in contents("/proc/self/cgroup").decode("utf-8", "replace").splitlines():
        _, kinds, group = line.split(":", 2)
        if "/job_" not in group:
            continue
        if "memory" in kinds.split(","):
            return ["/sys/fs/cgroup/memory" + group + "/memory.oom_control"]
        if not kinds:
            parts = group.split("/")
            groups = ["/".join(parts[:end]) for end in range(len(parts), 0, -1)]
            return ["/sys/fs/cgroup" + each + "/memory.events" for each in groups if "/job_" in each]
    return []


def open_first(paths: "list[str]") -> int:
    for path in paths:
        try:
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
    return -1


# --- what is asked --------------------------------------------------------------------------------------------


def rows_of(folder: str, steps: range) -> "dict[int, Row]":
    rows = {}
    for number in sorted({step // LINES_A_FILE for step in steps}):
        lines = contents(os.path.join(folder, f"steps-{number}.json")).splitlines()
        for step in steps:
            if step // LINES_A_FILE == number:
                rows[step] = json.loads(lines[step % LINES_A_FILE].decode())
    return rows


def end_of_time(now: float, lasts: "float | None") -> float:
    """When Slurm ends the job, by the clock of ``now``; newer ones say so, as seconds of the epoch."""
    said = os.environ.get("SLURM_JOB_END_TIME", "")
    if said.isdigit():
        return now + int(said) - time.time()
    return now + lasts if lasts else NEVER


def contents(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise FolderIsGone(f"{path}: {error.strerror}") from None


def given_environment() -> "dict[bytes, bytes]":
    """What the job found in its environment; Python adds a locale of its own to ours."""
    pairs = contents("/proc/self/environ").split(b"\0")
    return dict(pair.split(b"=", 1) for pair in pairs if b"=" in pair)


def utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def encoded(env: "dict[str, str]") -> "dict[bytes, bytes]":
    return {utf8(name): utf8(value) for name, value in env.items()}


# --- output ---------------------------------------------------------------------------------------------------


def open_output(path: str) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    try:
        try:
            return os.open(utf8(path), flags, 0o666)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(utf8(path)), exist_ok=True)
            return os.open(utf8(path), flags, 0o666)
    except OSError as error:
        raise CannotStart(126, f"jobmon: cannot write {path}: {error.strerror}") from None


def nameless_file() -> int:
    """A file on a disk of the node's own; none if it has none to offer."""
    for folder in (os.environ.get("TMPDIR") or "/tmp", "/tmp", "/var/tmp"):  # noqa: S108  (it has no name there)
        try:
            return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError:
            continue
    return -1


def create_for_us(path: str) -> None:
    """Make an empty file, which must not be there."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
    except FileExistsError:
        raise
    except OSError as error:
        raise FolderIsGone(f"{path}: {error.strerror}") from None


# --- programs -------------------------------------------------------------------------------------------------


def go_to(folder: str, node: str) -> None:
    try:
        os.chdir(utf8(folder))
    except OSError:
        raise CannotStart(127, f"jobmon: cannot work in {folder} on {node}") from None


def find_program(name: str, path: str) -> str:
    """The first file of this name on the path that may be run."""
    files = [os.path.join(directory or ".", name) for directory in path.split(":")]
    files = [file for file in files if os.path.isfile(utf8(file))]
    for file in files:
        if os.access(utf8(file), os.X_OK):
            return file
    if files:
        raise CannotStart(126, f"{name}: Permission denied")
    raise CannotStart(127, f"{name}: command not found")


def spawn(program: str, words: "list[str]", env: "dict[bytes, bytes]", out: int, err: int) -> int:
    """Start the command as the leader of a process group."""
    start = posix_spawn if hasattr(os, "posix_spawn") else fork
    coded = [utf8(word) for word in words]
    try:
        return start(utf8(program), coded, env, out, err)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
    # A script that does not name its interpreter.
    return start(b"/bin/sh", [b"/bin/sh", utf8(program), *coded[1:]], env, out, err)


def posix_spawn(program: bytes, words: "list[bytes]", env: "dict[bytes, bytes]", out: int, err: int) -> int:
    streams = [(os.POSIX_SPAWN_DUP2, out, 1), (os.POSIX_SPAWN_DUP2, err, 2)]
    return os.posix_spawn(
        program, words, env, file_actions=streams, setpgroup=0, setsigmask=(), setsigdef=CATCHABLE
    )


def fork(program: bytes, words: "list[bytes]", env: "dict[bytes, bytes]", out: int, err: int) -> int:
    """What posix_spawn does, for Pythons before 3.8. The pipe closes when the program begins."""
    heard, said = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setpgid(0, 0)
            for number in CATCHABLE:
                signal.signal(number, signal.SIG_DFL)
            os.dup2(out, 1)
            os.dup2(err, 2)
            os.execve(program, words, env)  # noqa: S606  (a command is what this is for)
        except OSError as error:
            os.write(said, str(error.errno).encode())
        finally:
            os._exit(127)
    os.close(said)
    refusal = os.read(heard, 16)
    os.close(heard)
    if refusal:
        os.waitpid(pid, 0)
        raise OSError(int(refusal), os.strerror(int(refusal)))
    return pid


def refusal_of(name: str, program: str, error: OSError) -> CannotStart:
    """What a shell would say."""
    if error.errno != errno.ENOENT:
        return CannotStart(126, f"{name}: {error.strerror}")
    if os.path.exists(utf8(program)):
        return CannotStart(127, f"{name}: its interpreter was not found")
    return CannotStart(127, f"{name}: {'No such file or directory' if '/' in name else 'command not found'}")


def exit_code_of(status: int) -> int:
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except OSError:  # it is gone
        pass


def main() -> int:
    folder, first, last, pack, pace = sys.argv[1:]
    begin = int(first) + int(pack) * int(os.environ.get("SLURM_ARRAY_TASK_ID") or 0)
    steps = range(begin, min(begin + int(pack), int(last) + 1))
    try:
        about = json.loads(contents(os.path.join(folder, "pack.json")).decode())
        return Pack(folder, steps, about, json.loads(pace)).run()
    except FolderIsGone as error:
        os.write(2, utf8(f"jobmon: {os.uname()[1]} cannot use the folder {folder}: {error}\n"))
        return CANNOT_CLAIM


if __name__ == "__main__":
    sys.exit(main())
