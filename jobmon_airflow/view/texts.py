"""Texts of others, as they may be shown: without what moves a cursor, and not longer than anybody reads."""

from __future__ import annotations

import re
from typing import Final

from jobmon_airflow.engine.kinds import ANSI

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LINE_ENDS: Final = re.compile(r"\r\n?")
_INSTEAD: Final = "\N{REPLACEMENT CHARACTER}"


def plain(text: str) -> str:
    r"""What a terminal would show of a text: without colours, with its lines and tabs, and nothing invisible.

    >>> plain("\x1b[31mred\x1b[0m\r\nbell\a") == "red\nbell\N{REPLACEMENT CHARACTER}"
    True
    """
    if "\x1b" in text:
        text = ANSI.sub("", text)
    if "\r" in text:
        text = _LINE_ENDS.sub("\n", text)
    return _CONTROL.sub(_INSTEAD, text)


def shortened(text: str, longest: int) -> str:
    """The text, or its begin with a word on how much more there is.

    >>> shortened("abcdef", 4)
    'abcd… (2 more characters)'
    """
    rest = len(text) - longest
    return text if rest <= 0 else f"{text[:longest]}… ({rest:,} more characters)"


def last_part(text: str, longest: int) -> str:
    """The text, or its end with a word on how much came before.

    >>> last_part("abcdef", 4)
    '(2 characters before) …cdef'
    """
    rest = len(text) - longest
    return text if rest <= 0 else f"({rest:,} characters before) …{text[rest:]}"
