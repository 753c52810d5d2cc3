"""Millions of rows into our tables, by the fastest way of each database's driver."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import cache

from sqlalchemy import func, select, text

from jobmon_airflow.store import moves_by_minute, usage_by_hour
from jobmon_airflow.store.database import dialect_name
from jobmon_airflow.store.schema import metadata

ROWS_AT_A_TIME = 400_000


class Bulk:
    """Rows for many tables, which are written together: those first that others refer to."""

    def __init__(self, database) -> None:
        self.database = database
        with database.read() as connection:
            self.dialect = dialect_name(connection)
        self._rows = {table: [] for table in metadata.sorted_tables}
        self._columns = {}
        self.count = 0

    def add(self, table, columns: tuple[str, ...], rows) -> None:
        assert self._columns.setdefault(table, columns) == columns, table.name
        self._rows[table].extend(rows)
        if sum(map(len, self._rows.values())) > ROWS_AT_A_TIME:
            self.flush()

    def flush(self) -> None:
        self.database.write(self._write, in_bulk=True)
        for rows in self._rows.values():
            self.count += len(rows)
            rows.clear()

    def finish(self) -> None:
        """Write the rest and what sums it up, and let the database know its tables as one that grew does."""
        self.flush()
        self.database.write(usage_by_hour.rebuild)
        self.database.write(moves_by_minute.rebuild)
        self.database.write(self._tidy)
        if self.dialect == "postgresql":
            with self.database.engine.connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))

    @property
    def moment(self):
        """A function that turns seconds since 1970 into what the driver stores."""
        return _moment_with_zone if self.dialect == "postgresql" else _moment

    def _write(self, connection) -> None:
        driver = connection.connection.driver_connection
        for table, rows in self._rows.items():
            if rows:
                _INSERT[self.dialect](driver, table.name, self._columns[table], rows)

    def _tidy(self, connection) -> None:
        if self.dialect == "sqlite":
            connection.execute(text("ANALYZE"))
        for table in self._columns:
            if self.dialect == "mysql":
                connection.execute(text(f"ANALYZE TABLE `{table.name}`"))
            elif self.dialect == "postgresql" and "id" in table.c and table.c.id.autoincrement is not False:
                _let_numbers_go_on(connection, table)


def _let_numbers_go_on(connection, table) -> None:
    sequence = func.pg_get_serial_sequence(f'"{table.name}"', "id")
    if connection.scalar(select(sequence)):
        connection.execute(select(func.setval(sequence, select(func.max(table.c.id)).scalar_subquery())))


def _many(driver, name: str, columns, rows, *, mark: str, quote: str) -> None:
    names = ", ".join(f"{quote}{column}{quote}" for column in columns)
    marks = ", ".join([mark] * len(columns))
    driver.cursor().executemany(f"INSERT INTO {quote}{name}{quote} ({names}) VALUES ({marks})", rows)


def _copy(driver, name: str, columns, rows) -> None:
    names = ", ".join(f'"{column}"' for column in columns)
    with driver.cursor() as cursor:
        # Looking up every reference would take longer than all the rest; only a superuser may leave it out.
        if driver.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()[0]:
            cursor.execute("SET LOCAL session_replication_role = replica")
        with cursor.copy(f'COPY "{name}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)


_INSERT = {
    "sqlite": lambda *what: _many(*what, mark="?", quote='"'),
    "mysql": lambda *what: _many(*what, mark="%s", quote="`"),
    "postgresql": _copy,
}


@cache
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _moment(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    whole = int(seconds)
    return f"{_second(whole)}.{int((seconds - whole) * 1e6):06d}"


def _moment_with_zone(seconds: float | None) -> str | None:
    return None if seconds is None else f"{_moment(seconds)}+00"


def now() -> float:
    return float(int(time.time()))
