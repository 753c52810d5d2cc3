"""Questions that many lists have in common, and their answers in JSON and CSV."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, fields, is_dataclass
from datetime import datetime
from enum import Enum
from operator import attrgetter, methodcaller
from types import UnionType
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from fastapi import Query, Request
from fastapi.responses import StreamingResponse

from jobmon_airflow.errors import InvalidQuestion
from jobmon_airflow.view.paging import MOST, Page
from jobmon_airflow.web.spreadsheets import drawn, harmless

T = TypeVar("T")
Column = tuple[str, Callable[[Any], Any]]

Limit = Annotated[int, Query(ge=1, le=MOST, description="So many rows at most.")]
After = Annotated[str | None, Query(max_length=2000, description="The `next` of the page before this one.")]
Format = Annotated[
    Literal["json", "csv"], Query(description="As JSON, page by page; or as CSV, with the rows of all pages.")
]

#: How an answer in CSV is described.
CSV: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "The rows."}
}
_ARG: Final = "arg."
_COMMA: Final = re.compile(r"(?<!\\),")
_MANY: Final = 1_000  #: values of a filter
_DIGITS: Final = 18  #: of an id


def table(
    page: Callable[[str | None, int], Page[T]],
    *,
    after: str | None,
    limit: int,
    form: str,
    name: str,
) -> Page[T]:
    """A page of a list; or all of its rows as CSV, in a file of this name, which FastAPI sends as it is."""
    if form != "csv":
        return page(after, limit)
    first = page(after, MOST)  # what cannot be answered is said before a file begins
    return file(_all_rows(first, page), name)  # type: ignore[return-value]  # routes promise a page


def file(rows: Iterator[Any], name: str) -> StreamingResponse:
    """Rows as CSV, in a file of this name."""
    return StreamingResponse(
        _lines(rows),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def listed(said: Iterable[str]) -> list[str]:
    r"""The values between commas; a comma in one of them is written as \\,."""
    values = [part.replace("\\,", ",") for text in said for part in _COMMA.split(text) if part]
    if len(values) > _MANY:
        raise InvalidQuestion("So many values cannot be asked for.", remedy=f"Ask for {_MANY:,} at most.")
    return values


def ids(said: Iterable[str], of: str) -> list[int]:
    """The ids between commas; ``of`` says what they are ids of."""
    values = listed(said)
    for value in values:
        if not (value.isascii() and value.isdecimal() and len(value) <= _DIGITS):
            raise InvalidQuestion(
                f"'{value[:80]}' is no id of a {of}.", remedy="Write numbers, such as id=12,13."
            )
    return [int(value) for value in values]


def args_in(request: Request, sign: str = "") -> dict[str, list[str]]:
    """The values that are asked for of each node arg; or excluded, by the sign behind its name."""
    found: dict[str, list[str]] = {}
    for key, value in request.query_params.multi_items():
        if key.startswith(_ARG) and key.endswith("!") is bool(sign):
            name = key.removeprefix(_ARG).removesuffix("!")
            found.setdefault(name, []).append(value)
    return {name: listed(values) for name, values in found.items()}


def _all_rows(found: Page[T], page: Callable[[str | None, int], Page[T]]) -> Iterator[T]:
    yield from found.items
    while found.next is not None:
        found = page(found.next, MOST)
        yield from found.items


def _lines(rows: Iterator[Any]) -> Iterator[str]:
    columns: list[Column] = []
    for row in rows:
        if not columns:
            columns = list(_columns(type(row)))
            yield drawn([[name for name, _ in columns]])
        yield drawn([[_cell(value_of(row)) for _, value_of in columns]])


def _columns(kind: type) -> Iterator[Column]:
    """The columns of rows of a kind; fields of what is in a row are named with a dot, whether it is there or not."""
    hints = get_type_hints(kind)
    for field in fields(kind):
        value_of = attrgetter(field.name)
        within = list(_within(hints[field.name]))
        yield from ((f"{field.name}.{name}", _of(value_of, part)) for name, part in within)
        if not within:
            yield field.name, value_of


def _within(hint: Any) -> Iterator[Column]:
    """The columns within a field: of a dataclass, or None in its place, and of counts by words that are known."""
    origin, parts = get_origin(hint), get_args(hint)
    for kind in parts if origin in {Union, UnionType} else (hint,):
        if is_dataclass(kind) and isinstance(kind, type):
            return _columns(kind)
    if origin is dict and isinstance(parts[0], type) and issubclass(parts[0], Enum):
        return ((str(each.value), methodcaller("get", each)) for each in parts[0])
    return iter(())


def _of(whole: Callable[[Any], Any], part: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda row: None if (its := whole(row)) is None else part(its)


def _in_json(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat()
        case Enum():
            return str(value.value)
        case str():
            return harmless(value)
        case Mapping() | list() | tuple():
            return json.dumps(value, default=_in_json)
        case _:
            return str(value)
