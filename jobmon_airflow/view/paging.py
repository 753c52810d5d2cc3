"""Lists that are read page by page: each page says after which key the next one begins."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from jobmon_airflow.errors import InvalidQuestion
from jobmon_airflow.store.texts import storable

MOST: Final = 500  #: rows of a page

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some rows of a list, and the cursor after which the others come."""

    items: Sequence[T]
    next: str | None = None


def cursor(*key: str | float) -> str:
    """A row's key, as it is given to whoever asks for the rows after it."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def key_of(text: str, *kinds: type[str | int | float]) -> tuple[Any, ...]:
    """The key in a cursor, whose parts are of these kinds.

    >>> key_of(cursor(12, "a name"), int, str)
    (12, 'a name')
    """
    try:
        key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        raise _unknown(text) from None
    if not isinstance(key, list) or [type(part) for part in key] != list(kinds) or not all(map(_is_key, key)):
        raise _unknown(text)
    return tuple(key)


def _is_key(part: str | float) -> bool:
    """Whether a database has such a key at all."""
    return storable(part) == part if isinstance(part, str) else abs(part) < 2**63


def _unknown(text: str) -> InvalidQuestion:
    return InvalidQuestion(
        f"'{text[:80]}' is no cursor of this list.",
        remedy="Leave `after` out for the first page, and give it the `next` of the page before for the others.",
    )
