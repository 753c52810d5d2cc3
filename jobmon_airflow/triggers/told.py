"""A trigger is what it was told: its fields are what Airflow keeps of it, and makes it of again."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from airflow.triggers.base import BaseTrigger


@dataclass(kw_only=True, eq=False, repr=False)
class ToldTrigger(BaseTrigger):
    """What all triggers of ours are told. Subclasses are dataclasses of the same kind."""

    poll_interval: float
    database: str | None = None

    def __post_init__(self) -> None:
        super().__init__()

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Its path and arguments, as Airflow keeps them."""
        kind = type(self)
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return f"{kind.__module__}.{kind.__qualname__}", told
