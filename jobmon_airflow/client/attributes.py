"""Free facts about workflows and tasks, as users give them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jobmon_airflow.client.names import LONGEST_NAME, checked_name, checked_text
from jobmon_airflow.errors import InvalidDefinition, InvalidValue


def checked_attributes(attributes: Mapping[str, Any] | Iterable[str]) -> dict[str, str | None]:
    """Attributes as they are stored; a list of names has no values."""
    if isinstance(attributes, str):
        raise InvalidDefinition(
            f"Attributes were given as the text {attributes!r}.",
            remedy="Pass a dictionary, {'release_id': 3}, or a list of names.",
        )
    if not isinstance(attributes, Mapping):
        attributes = dict.fromkeys(attributes)
    return {
        checked_name(name, "attribute"): None if value is None else _checked_attribute(name, str(value))
        for name, value in attributes.items()
    }


def _checked_attribute(name: str, value: str) -> str:
    if len(value) > LONGEST_NAME:
        raise InvalidValue(
            f"The attribute '{name}' has {len(value)} characters: {value[:40]!r}…",
            remedy=f"Attributes hold up to {LONGEST_NAME}; put longer texts into a file and note its name.",
        )
    return checked_text(value, f"the attribute '{name}'")
