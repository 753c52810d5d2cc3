"""Rows as CSV: all that the filters let through, sent while they are read."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from flask import Response

from jobmon_airflow.store.raw import LENGTH_OF
from jobmon_airflow.web.spreadsheets import drawn, harmless
from jobmon_airflow.web.tables.reading import kept_connection

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flask_appbuilder.models.filters import Filters
    from sqlalchemy import Row

    from jobmon_airflow.web.tables.reading import Reading

AT_A_TIME: Final = 1_000  #: rows
CELL: Final = 32_000  #: characters, a little less than spreadsheets take


def csv(reading: Reading, filters: Filters, *, newest_first: bool) -> Response:
    """The rows, as a file that is called like the table."""
    pages = reading.pages(filters, AT_A_TIME, newest_first=newest_first, longest=CELL)
    # What cannot be answered is said before a file begins.
    answer = Response(_lines(reading, next(pages), pages), mimetype="text/csv")
    answer.call_on_close(kept_connection())
    answer.headers["Content-Disposition"] = f'attachment; filename="{reading.table.name}.csv"'
    return answer


def _lines(
    reading: Reading, first: Sequence[Row[Any]], others: Iterator[Sequence[Row[Any]]]
) -> Iterator[str]:
    names = [column.name for column in reading.table.columns]
    yield drawn([names])
    for rows in chain([first], others):
        yield drawn([_cell(row, name) for name in names] for row in rows)


def _cell(row: Row[Any], name: str) -> str:
    value = getattr(row, name)
    if value is None:
        return ""
    if not isinstance(value, str):
        return value.isoformat() if hasattr(value, "isoformat") else str(value)
    length = getattr(row, LENGTH_OF + name, None) or 0
    if length > len(value):
        value = f"{value}... ({length} characters in all)"
    return harmless(value)
