"""What the user of a request sees of the tables."""

from __future__ import annotations

from contextvars import Context
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from jobmon_airflow.dags.names import dag_id_of
from jobmon_airflow.store import readable
from jobmon_airflow.store.readable import Scope, Sight

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement, Connection, Table


MAY_READ: Final = "jobmon.may_read"  #: where a request says which DAGs its user may read


@dataclass(frozen=True, kw_only=True)
class Rights:
    """Asks Airflow about each DAG once, in the state of the tables that the connection sees."""

    connection: Connection
    may_read: Callable[[str], bool]  #: a DAG, by its id

    def sees(self, table: Table) -> bool:
        """Whether rows of the table are shown at all."""
        return readable.sight(table) is not Sight.WHOLE or self._scope is None

    def conditions(self, table: Table, *, one_by_one: bool = False) -> list[ColumnElement[bool]]:
        """What rows of the table have to meet; see `readable.rows_of`."""
        assert self.sees(table)
        if readable.sight(table) is Sight.EVERYBODY or self._scope is None:
            return []
        return [readable.rows_of(table, self._scope, one_by_one=one_by_one)]

    @cached_property
    def _scope(self) -> Scope | None:
        """What the user may see; None if that is everything."""
        origins = readable.origins(self.connection)
        families = {family: self._may_read(dag_id_of(*family)) for family in set(origins.families.values())}
        dag_ids = frozenset(dag_id for dag_id in origins.dag_ids if self._may_read(dag_id))
        workflow_ids = frozenset(
            number
            for number, family in origins.families.items()
            if families[family] or not dag_ids.isdisjoint(origins.dags.get(number, ()))
        )
        is_all = len(workflow_ids) == len(origins.families) and dag_ids == origins.dag_ids
        return None if is_all else Scope(workflow_ids, dag_ids)

    def _may_read(self, dag_id: str) -> bool:
        # Outside Flask's context: Airflow's FabAuthManager takes any application that it finds there for its own.
        return Context().run(self.may_read, dag_id)
