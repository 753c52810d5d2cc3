"""One import, from one original to our database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from jobmon_airflow.store import imported

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from jobmon_airflow.moving_in.original import Reader
    from jobmon_airflow.moving_in.report import Report
    from jobmon_airflow.store.database import Database

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Where rows come from and go to, and what is said of it."""

    reader: Reader
    database: Database
    origin_id: int
    report: Report
    at: datetime  #: now, by our clock

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Do work in one transaction, while nobody else brings anything from there; maybe twice, as ever."""

        def alone(connection: Connection) -> Result:
            imported.lock(connection, self.origin_id)
            return work(connection)

        return self.database.write(alone, in_bulk=True)

    def enter(self, kind: str, work: Callable[[Connection], dict[int, int]]) -> dict[int, int]:
        """Enter rows of a kind in one transaction, and note and count which of the original's are which of ours."""

        def noted(connection: Connection) -> dict[int, int]:
            ids = work(connection)
            self.note(connection, kind, ids)
            return ids

        entered = self.write(noted)
        self.report.brought[kind] += len(entered)
        return entered

    def ids(self, kind: str, original_ids: Collection[int]) -> dict[int, int]:
        """Our ids of rows that were brought."""
        with self.database.read() as connection:
            return imported.ids(connection, self.origin_id, kind, original_ids)

    def ids_within(self, connection: Connection, kind: str, original_ids: Collection[int]) -> dict[int, int]:
        """The same, as seen within a transaction."""
        return imported.ids(connection, self.origin_id, kind, original_ids)

    def all_ids(self, kind: str) -> dict[int, int]:
        """Our ids of all rows of a kind that were brought."""
        with self.database.read() as connection:
            return imported.all_ids(connection, self.origin_id, kind)

    def note(self, connection: Connection, kind: str, ids: Mapping[int, int]) -> None:
        """Note which rows are which of ours."""
        imported.note(connection, self.origin_id, kind, ids)
