"""Real database servers for tests, from the system's own packages.

A server lives in a temporary folder, listens on 127.0.0.1 only, is quick rather than safe, and is
gone with its block; it also ends when the process that asked for it is killed. What is stored in
it is the caller's: ``create_database`` gives each test a database of its own.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from sqlalchemy import NullPool, create_engine, make_url
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

READY_WITHIN: Final = 60.0  #: seconds, for a machine that is busy with other tests
STOP_WITHIN: Final = 20.0
STARTS: Final = 5  #: another process may take a free port before the server does

DEBIAN_POSTGRESQL: Final = Path("/usr/lib/postgresql")


class ServerIsMissing(RuntimeError):
    """The machine has no such server."""


class ServerDidNotStart(RuntimeError):
    """The server ended, or gave no answer in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """How one kind of server is prepared, started, known and stopped, in one folder."""

    name: str
    folder: Path
    account: pwd.struct_passwd | None  #: None: whoever runs the tests
    prepare: Sequence[str]
    serve: Sequence[str]
    address: str  #: with a place for the port
    whose: str  #: asks for the folder of the data, so that no other server is taken for this one
    patience: Mapping[str, int]  #: the driver's words for not waiting for a port that never speaks
    stop: signal.Signals

    @property
    def data(self) -> Path:
        return self.folder / "data"


@contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL server; gives the address of its database ``postgres``."""
    initdb, postgres = _programs("initdb", "postgres", folders=_postgresql_folders(), package="postgresql")
    account = _unprivileged_account() if _is_root() else None
    with _folder(account) as folder:
        data = str(folder / "data")
        server = Server(
            name="PostgreSQL",
            folder=folder,
            account=account,
            prepare=(
                *(initdb, "--pgdata", data, "--username=jobmon", "--auth=trust", "--no-sync"),
                *("--encoding=UTF8", "--locale=C.UTF-8"),
            ),
            serve=(
                *(postgres, "-D", data, "-p", "{port}", "-c", "listen_addresses=127.0.0.1"),
                # No socket: the name of a temporary folder may be too long for one.
                *("-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "full_page_writes=off"),
            ),
            address="postgresql+psycopg://jobmon@127.0.0.1:{port}/postgres",
            whose="SHOW data_directory",
            patience={"connect_timeout": 5},
            stop=signal.SIGINT,  # SIGTERM would wait for every client to leave
        )
        with _running(server) as address:
            yield address


@contextmanager
def mariadb() -> Iterator[str]:
    """A MariaDB server; gives its address, with no database in it."""
    install, mariadbd = _programs(
        "mariadb-install-db", "mariadbd", folders=["/usr/sbin"], package="mariadb-server"
    )
    with _folder(None) as folder:
        common = ("--no-defaults", f"--datadir={folder / 'data'}", *(["--user=root"] if _is_root() else []))
        server = Server(
            name="MariaDB",
            folder=folder,
            account=None,
            prepare=(
                *(install, *common, "--auth-root-authentication-method=normal"),
                *("--skip-test-db", "--skip-name-resolve"),
            ),
            serve=(
                *(mariadbd, *common, "--port={port}", "--bind-address=127.0.0.1", "--socket="),
                *(f"--pid-file={folder / 'pid'}", f"--tmpdir={folder}", "--skip-name-resolve"),
                *("--skip-log-bin", "--innodb-buffer-pool-size=256M", "--innodb-flush-log-at-trx-commit=0"),
                # A test that leaves a transaction open is told so; the default is to wait for a day.
                "--lock-wait-timeout=60",
            ),
            address="mysql+pymysql://root@127.0.0.1:{port}",
            whose="SELECT @@datadir",
            patience={"connect_timeout": 5, "read_timeout": 5},
            stop=signal.SIGTERM,
        )
        with _running(server) as address:
            yield address


def create_database(server: str, name: str) -> str:
    """Make an empty database on the server, and give its address."""
    charset = " CHARACTER SET utf8mb4" if _is_mariadb(server) else ""
    _execute(server, "CREATE DATABASE {name}" + charset, name)
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def drop_database(server: str, name: str) -> None:
    """Remove the database. PostgreSQL sends away who is still connected; MariaDB lets them be."""
    force = "" if _is_mariadb(server) else " WITH (FORCE)"
    _execute(server, "DROP DATABASE IF EXISTS {name}" + force, name)


def _is_mariadb(address: str) -> bool:
    return make_url(address).get_backend_name() in {"mysql", "mariadb"}


def _execute(server: str, statement: str, name: str) -> None:
    engine = create_engine(server, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    quoted = engine.dialect.identifier_preparer.quote_identifier(name)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement.format(name=quoted))


def _programs(*names: str, folders: Sequence[str], package: str) -> list[str]:
    places = os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)])
    found = {name: shutil.which(name, path=places) for name in names}
    if missing := [name for name, path in found.items() if path is None]:
        raise ServerIsMissing(
            f"{' and '.join(missing)} cannot be found.\n"
            f"As root, run 'apt-get install {package}', or run 'make servers'."
        )
    return [path for path in found.values() if path]


def _postgresql_folders() -> list[str]:
    """Where Debian keeps its PostgreSQL servers, which is not on the PATH; newest first."""
    versions = [folder for folder in DEBIAN_POSTGRESQL.glob("*") if folder.name.isdecimal()]
    return [str(folder / "bin") for folder in sorted(versions, key=lambda it: int(it.name), reverse=True)]


def _is_root() -> bool:
    return os.geteuid() == 0


def _unprivileged_account() -> pwd.struct_passwd:
    """Who may run PostgreSQL, since root may not."""
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


@contextmanager
def _folder(account: pwd.struct_passwd | None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="jobmon-", dir=_place(account)) as name:
        if account:
            os.chown(name, account.pw_uid, account.pw_gid)
        # Both servers report their folder with its links followed.
        yield Path(name).resolve()


def _place(account: pwd.struct_passwd | None) -> str:
    """The first temporary folder that the account can reach."""
    own = tempfile.gettempdir()
    return next(place for place in (own, "/tmp", "/var/tmp") if account is None or _is_open_to_all(place))


def _is_open_to_all(place: str) -> bool:
    path = Path(place).resolve()
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))


@contextmanager
def _running(server: Server) -> Iterator[str]:
    _prepare(server)
    for _ in range(STARTS):
        port = str(_free_port())
        address = server.address.format(port=port)
        with _process(server, port) as process:
            if _gets_ready(server, address, process):
                yield address
                return
    raise ServerDidNotStart(f"{server.name} ended as soon as it was started.\n{_end_of_log(server)}")


def _prepare(server: Server) -> None:
    with _log(server) as log:
        done = subprocess.run(server.prepare, stdout=log, **_child(server), check=False)
    if done.returncode:
        raise ServerDidNotStart(f"{server.name} could not make its data folder.\n{_end_of_log(server)}")


@contextmanager
def _process(server: Server, port: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [argument.format(port=port) for argument in server.serve]
    with (
        _log(server) as log,
        subprocess.Popen(
            command,
            stdout=log,
            # A session of its own: Ctrl-C is for the tests, which then stop the server in order.
            start_new_session=True,
            # It runs after the change of user, which would take the wish back.
            preexec_fn=_ends_with(os.getpid(), server.stop),  # noqa: PLW1509
            **_child(server),
        ) as process,
    ):
        try:
            yield process
        finally:
            _stop(process, server.stop)


def _child(server: Server) -> dict[str, Any]:
    """What all programs of the server share: its folder, its log and its account."""
    common = {"cwd": server.folder, "stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
    if server.account is None:
        return common
    return common | {"user": server.account.pw_uid, "group": server.account.pw_gid, "extra_groups": []}


_LIBC: Final = ctypes.CDLL(None)  # loaded before any fork
_PR_SET_PDEATHSIG: Final = 1


def _ends_with(parent: int, stop: signal.Signals) -> Callable[[], None]:
    """Ask the kernel to stop the child when its parent dies, however that happens."""

    def ask() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, stop)
        if os.getppid() != parent:
            os._exit(1)  # the parent died first

    return ask


def _stop(process: subprocess.Popen[bytes], stop: signal.Signals) -> None:
    process.send_signal(stop)
    try:
        process.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _gets_ready(server: Server, address: str, process: subprocess.Popen[bytes]) -> bool:
    """Whether the server answers, rather than ends."""
    deadline = time.monotonic() + READY_WITHIN
    while process.poll() is None:
        if _answers(server, address):
            return True
        if time.monotonic() > deadline:
            raise ServerDidNotStart(
                f"{server.name} gave no answer for {READY_WITHIN:.0f} seconds.\n{_end_of_log(server)}"
            )
        time.sleep(0.05)
    return False


def _answers(server: Server, address: str) -> bool:
    engine = create_engine(address, poolclass=NullPool, connect_args=dict(server.patience))
    try:
        with engine.connect() as connection:
            return Path(connection.exec_driver_sql(server.whose).scalar_one()) == server.data
    except DBAPIError:
        return False


def _log(server: Server) -> BinaryIO:
    return (server.folder / "server.log").open("ab")


def _end_of_log(server: Server) -> str:
    lines = (server.folder / "server.log").read_text(errors="replace").splitlines()
    return "\n".join(["The end of its log:", *lines[-20:]])
