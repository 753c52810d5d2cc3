"""Texts from outside, as every database can keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_INSTEAD: Final = "\N{REPLACEMENT CHARACTER}"


def storable(text: str) -> str:
    r"""The text without what no database takes: NUL, and halves of characters, which are shown as such.

    >>> print(storable("caf\udce9"))
    caf\udce9
    """
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", _INSTEAD).encode("utf-8", "backslashreplace").decode()


def all_storable(texts: Iterable[str]) -> list[str]:
    """Each of the texts as it can be kept."""
    return [storable(text) for text in texts]
