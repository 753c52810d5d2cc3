"""Texts of others."""

from __future__ import annotations

import pytest

from jobmon_airflow.view.searching import FOUND, search
from jobmon_airflow.view.texts import last_part, plain, shortened


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("10 %\r20 %\r\nend", "10 %\n20 %\nend"),
        ("\x1b[1;31mError\x1b[0m: \x1b]0;title\x07no", "Error: no"),
        ("\x1b[2J\x1b[Hgone", "gone"),
        ("a\0b\x07c\x9b31m", "a�b�c�31m"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("\x1b", "�"),
    ],
)
def test_what_moves_a_cursor_is_not_there(text, shown):
    assert plain(text) == shown


def test_long_texts_say_how_much_more_there_is():
    assert shortened("x" * 10_000, 10) == "xxxxxxxxxx… (9,990 more characters)"
    assert last_part("x" * 10_000 + "end", 5) == "(9,998 characters before) …xxend"
    assert shortened("x" * 10, 10) == last_part("x" * 10, 10) == "x" * 10


def found(data, wanted, begin=0):
    matches, end = search(lambda at, most: data[at : at + most], len(data), begin, wanted)
    return [match.offset for match in matches], end


def test_places_are_found_in_large_and_small_letters():
    data = b"Error one\nerror two\nfine\nERROR three"

    matches, end = search(lambda at, most: data[at : at + most], len(data), 0, "error")

    assert [(match.offset, match.line) for match in matches] == [
        (0, "Error one"),
        (10, "error two"),
        (25, "ERROR three"),
    ]
    assert end == len(data)


def test_a_place_between_two_blocks_is_found_once():
    for shift in range(-6, 7):
        data = b"x" * (1024 * 1024 + shift) + b"needle" + b"y" * 100
        assert found(data, "needle") == ([1024 * 1024 + shift], len(data))


def test_a_line_of_100_mb_is_shown_in_part():
    data = b"x" * 10_000_000 + b"needle" + b"y" * 10_000_000

    matches, _ = search(lambda at, most: data[at : at + most], len(data), 0, "needle")

    assert matches[0].offset == 10_000_000
    assert matches[0].line == "x" * 200 + "needle" + "y" * 300


def test_many_places_are_told_in_parts():
    data = b"ab" * (FOUND + 50)

    places, end = found(data, "a")
    rest, last = found(data, "a", end)

    assert [*places, *rest] == list(range(0, len(data), 2))
    assert len(places) == FOUND
    assert last == len(data)
