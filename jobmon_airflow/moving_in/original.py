"""An original Jobmon's database, for reading: nothing is ever written there.

Its columns came one by one from 3.0 to 3.7; what a database does not have yet reads as empty.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    URL,
    DateTime,
    Engine,
    column,
    create_engine,
    event,
    func,
    inspect,
    make_url,
    null,
    select,
    table,
    text,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from jobmon_airflow.errors import InvalidAddress, NotOurDatabase
from jobmon_airflow.moving_in.tables import NEEDED, TABLES
from jobmon_airflow.store.sets import slices

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime, tzinfo

    from sqlalchemy import ColumnElement, Connection, Row, Select, TableClause

AT_ONCE: Final = 4_000  # rows of one answer; with 20 kB of output each, they still fit into memory
_IN_A_LIST: Final = 1_000
_ITS_OWN: Final = frozenset({"jobmon_schema_version"})


@dataclass(frozen=True, slots=True)
class Original:
    """The database, its tables as far as it has them, and the zone of its clock."""

    engine: Engine
    zone: tzinfo
    columns: dict[str, frozenset[str]]  #: those that there are, by table

    @classmethod
    @contextmanager
    def opened(cls, address: str, zone: tzinfo) -> Iterator[Original]:
        """The database at an address."""
        engine = _engine(address)
        try:
            yield cls(engine, zone, _columns(engine))
        finally:
            engine.dispose()

    @property
    def name(self) -> str:
        """The address, without who asks: the same for everybody who brings from there."""
        url = self.engine.url
        if url.get_backend_name() == "sqlite":
            return f"sqlite:///{_file(url)}"
        place = f"{url.host or 'localhost'}:{url.port or 3306}"
        return f"mysql://{place}/{url.database}"

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """A connection to it, which keeps no transaction open."""
        with self.engine.connect() as connection:
            yield Reader(connection.execution_options(isolation_level="AUTOCOMMIT"), self)


class Reader:
    """Asks for rows by slices: by id, or by a list of ids."""

    def __init__(self, connection: Connection, original: Original) -> None:
        self._connection = connection
        self._original = original
        self._zone = original.zone

    def now(self) -> datetime:
        """What its clock says."""
        clock = select(func.current_timestamp(type_=DateTime()))
        said: datetime = self.moment(self._connection.execute(clock).scalar_one())
        return said

    def offset(self) -> int:
        """By how many seconds its clock is ahead of UTC, as far as it says so."""
        if self._connection.dialect.name == "sqlite":
            return 0
        asked = text("SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), CURRENT_TIMESTAMP())")
        return round(int(self._connection.execute(asked).scalar_one()) / 60) * 60

    def moment(self, value: Any) -> Any:
        """A moment of its clock, in UTC; None stays None."""
        if value is None:
            return None
        there = value.replace(tzinfo=self._zone)
        return there if self._zone is UTC else there.astimezone(UTC)

    def has(self, name: str) -> bool:
        """Whether it has this table."""
        return name in self._original.columns

    def pages(
        self, name: str, *conditions: ColumnElement[bool], key: str = "id", size: int = AT_ONCE
    ) -> Iterator[Sequence[Row[Any]]]:
        """The rows of a table, in the order of its key, which tells them apart where the conditions hold."""
        last = 0
        while True:
            query = self._select(name).where(column(key) > last, *conditions).order_by(column(key))
            rows = self._connection.execute(query.limit(size)).all()
            if rows:
                yield rows
                last = getattr(rows[-1], key)
            if len(rows) < size:
                return

    def among(self, name: str, key: str, values: Collection[int]) -> Iterator[Row[Any]]:
        """The rows of a table whose key is one of these."""
        for part in slices(sorted(values), _IN_A_LIST):
            yield from self._connection.execute(self._select(name).where(column(key).in_(part))).all()

    def counts(self, name: str, key: str, values: Collection[int]) -> dict[int, int]:
        """How many rows of a table have each of these as their key."""
        found: dict[int, int] = dict.fromkeys(values, 0)
        its: ColumnElement[int] = column(key)
        query = select(its, func.count()).select_from(table(name)).group_by(its)
        for part in slices(sorted(values), _IN_A_LIST):
            rows = self._connection.execute(query.where(its.in_(part)))
            found.update((number, many) for number, many in rows)
        return found

    def _select(self, name: str) -> Select[Any]:
        there = self._original.columns.get(name, frozenset())
        source: TableClause = table(name, *(column(each, kind) for each, kind in TABLES[name].items()))
        return select(
            *(source.c[each] if each in there else null().label(each) for each in TABLES[name])
        ).select_from(source)


# --- opening ----------------------------------------------------------------------------------------------------


def _engine(address: str) -> Engine:
    url = _url(address)
    try:
        if url.get_backend_name() == "sqlite":
            return create_engine(_read_only(url))
        engine = create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 20})
    except ModuleNotFoundError as error:
        raise InvalidAddress(
            f"The driver for {url.drivername} is not installed: {error}.",
            remedy="Begin the address with 'mysql+pymysql:', whose driver comes with pip install "
            "'jobmon_airflow[mysql]'.",
        ) from error
    event.listen(engine, "connect", _promise_to_write_nothing)
    return engine


def _url(address: str) -> URL:
    try:
        url = make_url(address)
        backend = url.get_backend_name()
        if url.drivername in {"mysql", "mariadb"}:
            url = url.set(drivername=f"{url.drivername}+pymysql")
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError) as error:
        raise InvalidAddress(
            "The address of the original Jobmon's database cannot be read.", remedy=_SPELLINGS
        ) from error
    if backend not in {"sqlite", "mysql", "mariadb"}:
        raise InvalidAddress(f"The original Jobmon keeps nothing in {backend}.", remedy=_SPELLINGS)
    return url


_SPELLINGS: Final = (
    "Write 'mysql+pymysql://user:password@host:3306/name' or 'sqlite:////folder/jobmon.db', as its server's "
    "JOBMON__DB__SQLALCHEMY_DATABASE_URI has it."
)


def _read_only(url: URL) -> URL:
    """The same file, opened so that it cannot be changed, and is not made if it is not there."""
    from urllib.parse import quote

    file = _file(url)
    if not file.is_file():
        raise InvalidAddress(f"There is no file {file}.", remedy=_SPELLINGS)
    return url.set(database=f"file:{quote(str(file))}", query={"mode": "ro", "uri": "true"})


def _file(url: URL) -> Path:
    from urllib.parse import unquote

    name = url.database or ""
    return (
        Path(unquote(name.removeprefix("file:")) if name.startswith("file:") else name).expanduser().resolve()
    )


def _promise_to_write_nothing(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION READ ONLY")


def _columns(engine: Engine) -> dict[str, frozenset[str]]:
    """The columns of its tables; refuses what is no original Jobmon 3.x."""
    try:
        inspector = inspect(engine)
        there = set(inspector.get_table_names())
        _refuse_others(there, engine)
        return {
            name: frozenset(each["name"] for each in inspector.get_columns(name))
            for name in TABLES
            if name in there
        }
    except DBAPIError as error:
        raise InvalidAddress(
            f"The original Jobmon's database does not answer: {error.orig}", remedy=_SPELLINGS
        ) from error


def _refuse_others(there: set[str], engine: Engine) -> None:
    shown = engine.url.render_as_string(hide_password=True)
    if there & _ITS_OWN:
        raise NotOurDatabase(
            f"{shown} is a database of this package, not of an original Jobmon.",
            remedy="Name the database that the original Jobmon's server uses.",
        )
    if missing := NEEDED - there:
        older = (
            " It looks like Jobmon 1.x or 2.x, whose tables are others."
            if "executor_parameter_set" in there or "job" in there
            else ""
        )
        raise NotOurDatabase(
            f"{shown} is no database of Jobmon 3.x: it has no {', '.join(sorted(missing)[:5])}.{older}",
            remedy="Name the database that the original Jobmon's server uses; one of an older version is brought "
            "to 3.x by its own migrations first.",
        )
