"""Rows as files, safe for whoever opens them."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from jobmon_airflow.states import TaskBucket
from jobmon_airflow.view.paging import Page, cursor, key_of
from jobmon_airflow.web.api.questions import table


@dataclass(frozen=True)
class Inner:
    number: float | None


@dataclass(frozen=True)
class Row:
    name: str
    at: datetime
    inner: Inner | None
    counts: dict[TaskBucket, int]
    args: dict[str, str]


def row(name, inner=Inner(1.5), args=None):
    return Row(name, datetime(2024, 2, 29, tzinfo=UTC), inner, {TaskBucket.DONE: 3}, args or {})


async def text_of(answer):
    return "".join([part if isinstance(part, str) else part.decode() async for part in answer.body_iterator])


def read(*pages):
    import asyncio

    places = {None: 0} | {cursor(place): place for place in range(1, len(pages))}

    def page(after, limit):
        place = places[after]
        return Page(items=pages[place], next=cursor(place + 1) if place + 1 < len(pages) else None)

    answer = table(page, after=None, limit=1, form="csv", name="rows")
    return list(csv.DictReader(io.StringIO(asyncio.run(text_of(answer)))))


def test_the_rows_of_all_pages_are_there():
    assert [each["name"] for each in read([row("a"), row("b")], [row("c")], [])] == ["a", "b", "c"]


def test_what_is_in_a_row_has_columns_of_its_own():
    [first] = read([row("a", args={"year": "2024"})])

    assert first == {
        "name": "a",
        "at": "2024-02-29T00:00:00+00:00",
        "inner.number": "1.5",
        **{f"counts.{bucket}": "3" if bucket == TaskBucket.DONE else "" for bucket in TaskBucket},
        "args": '{"year": "2024"}',
    }


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_nothing_is_a_formula(name):
    [found] = read([row(name)])

    assert found["name"] == f"'{name}"


@pytest.mark.parametrize("name", ['say "hi"', "a,b", "two\nlines", "é", "'"])
def test_texts_are_what_they_were(name):
    [found] = read([row(name)])

    assert found["name"] == name


@pytest.mark.parametrize("key", [(1,), (1, "a"), (2**63 - 1,), ("é\n",), (1.5, "", 0)])
def test_a_cursor_holds_a_key(key):
    assert key_of(cursor(*key), *map(type, key)) == key


def test_what_is_missing_in_some_rows_has_its_column():
    found = read([row("a", None), row("b"), row("c", Inner(None))])

    assert [each["inner.number"] for each in found] == ["", "1.5", ""]
