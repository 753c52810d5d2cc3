"""How AppBuilder gets at rows: through the store, page by page, and only those that the user sees."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn

from flask import g
from flask_appbuilder.models.sqla.interface import SQLAInterface

from jobmon_airflow.errors import UnknownName
from jobmon_airflow.store import raw
from jobmon_airflow.web.tables.filters import Converter, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from flask_appbuilder.models.filters import Filters
    from sqlalchemy import ColumnElement, Connection, Row, Table

    from jobmon_airflow.web.tables.rights import Rights

CELL: Final = 200  #: characters of a text in a list
WHOLE: Final = 1_000_000  #: characters of a text on its row's own page


class Reading(SQLAInterface):
    """A table. What AppBuilder would do to change one is refused."""

    filter_converter_class = Converter

    @property
    def table(self) -> Table:
        """The table."""
        table: Table = self.obj.__table__
        return table

    @property
    def session(self) -> NoReturn:
        """AppBuilder would count and change with it; there is none."""
        raise NotImplementedError("The tables are read through the store.")

    def is_string_or_text(self, column: str) -> bool:
        """Whether it holds texts."""
        return bool(self.is_string(column) or self.is_text(column))

    def is_ordered(self, column: str) -> bool:
        """Whether it holds numbers or moments."""
        return not self.is_string_or_text(column)

    def page(
        self,
        filters: Filters,
        *,
        after: Sequence[Any] | None,
        limit: int,
        newest_first: bool,
        longest: int = CELL,
    ) -> Sequence[Row[Any]]:
        """Rows that the filters let through, and one more than fit if there are more."""
        ask = self._asked(filters, longest)
        return ask(after=after, limit=limit, newest_first=newest_first)

    def pages(
        self, filters: Filters, size: int, *, newest_first: bool, longest: int
    ) -> Iterator[Sequence[Row[Any]]]:
        """All rows that the filters let through, some at a time, of the state that the request sees."""
        ask, after = self._asked(filters, longest), None
        key = [column.name for column in self.table.primary_key.columns]
        while True:
            rows = ask(after=after, limit=size, newest_first=newest_first)
            yield rows
            if len(rows) < size:
                return
            after = [getattr(rows[-1], name) for name in key]

    def get(self, id: Any, *_: Any, **__: Any) -> Row[Any]:  # noqa: A002 - as AppBuilder calls it
        """The row of a key."""
        found = raw.row(connection(), self.table, self._visible(), self.key(id), longest=WHOLE)
        if found is None:
            raise UnknownName(
                f"There is no such row in '{self.table.name}' that you may see.",
                remedy="Look at the list of rows.",
            )
        return found

    def key(self, values: Any) -> list[Any]:
        """A key, of the columns' types."""
        columns = list(self.table.primary_key.columns)
        given = values if isinstance(values, list) else [values]
        if len(given) != len(columns):
            raise UnknownName(
                f"A key of '{self.table.name}' has {len(columns)} parts.", remedy="Look at the list of rows."
            )
        return [read(column, str(value)) for column, value in zip(columns, given, strict=True)]

    def _asked(self, filters: Filters, longest: int) -> Callable[..., Sequence[Row[Any]]]:
        """What gives pages, also when the request is over."""
        return partial(
            raw.page,
            connection(),
            self.table,
            filters.apply_all(self._visible()),
            one_by_one=filters.apply_all(rights().conditions(self.table, one_by_one=True)),
            longest=longest,
        )

    def _visible(self) -> list[ColumnElement[bool]]:
        return rights().conditions(self.table)


def connection() -> Connection:
    """Of the request: it sees one state of the tables, and changes nothing."""
    found: Connection = g.jobmon_connection
    return found


def kept_connection() -> Callable[[], None]:
    """Keep it beyond the request's end, for an answer that is still being read, until this is called."""
    reading = g.pop("jobmon_reading")
    return lambda: reading.__exit__(None, None, None)


def rights() -> Rights:
    """Of the request's user."""
    found: Rights = g.jobmon_rights
    return found
