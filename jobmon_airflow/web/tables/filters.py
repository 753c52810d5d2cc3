"""What columns can be searched by. Values are read here, since databases answer odd ones with errors."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from flask_appbuilder.models.filters import BaseFilter, BaseFilterConverter
from sqlalchemy import Integer, String, and_, or_

from jobmon_airflow.errors import InvalidQuestion
from jobmon_airflow.store.texts import storable
from jobmon_airflow.store.types import UtcDateTime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Column, ColumnElement

_LARGEST: Final = 2**63


class Filter(BaseFilter):
    """A claim about a column. AppBuilder gives its ``apply`` the list of conditions that are to be met.

    None has an ``arg_name``, by which AppBuilder would offer it to all other applications of the process.
    """

    needs_value = True

    def apply(self, query: Sequence[ColumnElement[bool]], value: str) -> list[ColumnElement[bool]]:
        """Add the claim."""
        column = self.model.__table__.columns[self.column_name]
        return [*query, self.claim(column, read(column, value) if self.needs_value else None)]

    def claim(self, column: Column[Any], value: Any) -> ColumnElement[bool]:
        """The claim, in SQL."""
        raise NotImplementedError


class Equals(Filter):
    """The value itself."""

    name = "equals"

    def claim(self, column: Column[Any], value: Any) -> ColumnElement[bool]:
        """It is this value."""
        return and_(column == value)


class IsNot(Filter):
    """Any other, or none."""

    name = "is not"

    def claim(self, column: Column[Any], value: Any) -> ColumnElement[bool]:
        """It is another value, or there is none."""
        return or_(column != value, column.is_(None))


class More(Filter):
    """Larger, later."""

    name = "is more than"

    def claim(self, column: Column[Any], value: Any) -> ColumnElement[bool]:
        """It is larger, or later."""
        return and_(column > value)


class Less(Filter):
    """Smaller, earlier."""

    name = "is less than"

    def claim(self, column: Column[Any], value: Any) -> ColumnElement[bool]:
        """It is smaller, or earlier."""
        return and_(column < value)


class Contains(Filter):
    """A part of a text, whatever its case."""

    name = "contains"

    def claim(self, column: Column[Any], value: Any) -> ColumnElement[bool]:
        """The text has this part."""
        return column.icontains(value, autoescape=True)


class ContainsNot(Filter):
    """A part that a text does not have."""

    name = "does not contain"

    def claim(self, column: Column[Any], value: Any) -> ColumnElement[bool]:
        """The text does not have this part, or there is no text."""
        return or_(~column.icontains(value, autoescape=True), column.is_(None))


class Begins(Filter):
    """The begin of a text."""

    name = "begins with"

    def claim(self, column: Column[Any], value: Any) -> ColumnElement[bool]:
        """The text begins like this."""
        return column.startswith(value, autoescape=True)


class IsEmpty(Filter):
    """No value."""

    name = "is empty"
    needs_value = False

    def claim(self, column: Column[Any], value: Any) -> ColumnElement[bool]:  # noqa: ARG002 - it needs none
        """There is no value."""
        return column.is_(None)


class IsThere(Filter):
    """Any value."""

    name = "is not empty"
    needs_value = False

    def claim(self, column: Column[Any], value: Any) -> ColumnElement[bool]:  # noqa: ARG002 - it needs none
        """There is a value."""
        return column.is_not(None)


class Converter(BaseFilterConverter):
    """Which filters a column has. Addresses name them by their place here, so new ones come last."""

    conversion_table = (
        ("is_string_or_text", [Equals, IsNot, Contains, ContainsNot, Begins, IsEmpty, IsThere]),
        ("is_ordered", [Equals, IsNot, More, Less, IsEmpty, IsThere]),
    )


def read(column: Column[Any], value: str) -> Any:
    """A value of the column's type."""
    if isinstance(column.type, String):
        return storable(value)
    try:
        return _read(column, value.strip())
    except (ValueError, OverflowError):
        wanted = "a moment, such as 2026-11-27 10:00" if isinstance(column.type, UtcDateTime) else "a number"
        raise InvalidQuestion(
            f"'{value[:80]}' is no value of '{column.name}'.", remedy=f"Write {wanted}."
        ) from None


def _read(column: Column[Any], value: str) -> Any:
    if isinstance(column.type, UtcDateTime):
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    number = int(value) if isinstance(column.type, Integer) else float(value)
    if not abs(number) < _LARGEST:  # which no column can hold, and "nan" no database
        raise ValueError(value)
    return number
