"""Which families of workflows there are, asked again and again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from jobmon_airflow.dags.names import dag_id_of
from jobmon_airflow.store import families

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection

    from jobmon_airflow.store.families import Family

OVERLAP: Final = 1_000  # so many workflows may become visible after later ones
ALL_AGAIN_AFTER: Final = 600.0  # seconds; that long a family that was renamed or deleted may be shown


class FamilyWatch:
    """The families by the ids of their DAGs. A look costs as little as few workflows are new."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._families: dict[str, Family] = {}
        self._newest = 0
        self._all_seen_at: float | None = None

    def look(self, connection: Connection) -> Mapping[str, Family]:
        """The families as they are now."""
        now = self._clock()
        if self._all_seen_at is None or now - self._all_seen_at >= ALL_AGAIN_AFTER:
            self._families.clear()
            self._all_seen_at = now
            self._newest = 0
        for family in families.all_of_them(connection, after=max(0, self._newest - OVERLAP)):
            self._families[dag_id_of(family.tool, family.name)] = family
            self._newest = max(self._newest, family.workflow_id)
        return self._families
