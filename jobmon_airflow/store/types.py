"""Column types that mean the same on every database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import BigInteger, DateTime, Integer, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

if TYPE_CHECKING:
    from sqlalchemy import Dialect

# SQLite numbers rows by itself only in a column that is called INTEGER.
Id: Final = BigInteger().with_variant(Integer, "sqlite")


class _LongText(TypeDecorator[str]):
    """A text: TEXT ends at 64 kB on MySQL and MariaDB; commands and lists of neighbours do not."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[str]:
        if not _is_mysql(dialect):
            return dialect.type_descriptor(Text())
        from sqlalchemy.dialects.mysql import LONGTEXT

        return dialect.type_descriptor(LONGTEXT())


LongText: Final = _LongText()


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, in UTC, with microseconds; goes in and comes out with its time zone."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime]:
        if not _is_mysql(dialect):
            return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))
        from sqlalchemy.dialects.mysql import DATETIME

        return dialect.type_descriptor(DATETIME(fsp=6))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; use datetime.now(UTC).")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# Its dialect is loaded where it is spoken, and nowhere else: that takes a while.
def _is_mysql(dialect: Dialect) -> bool:
    return dialect.name in {"mysql", "mariadb"}
