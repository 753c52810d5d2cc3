"""An engine in a process of its own, which runs a workflow for a task in the triggerer.

It reads its order from stdin, says how far it is on stdout, and leaves the outcome in the database. It goes on when the
triggerer dies, until the workflow's end or a SIGTERM.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from jobmon_airflow.dags.remedies import clear_command
from jobmon_airflow.dags.wishes import Wishes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jobmon_airflow.engine.attending import Attendance, Definition
    from jobmon_airflow.store.database import Database

log = logging.getLogger("jobmon_airflow.engine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What an engine is to do. The database's address is not part of it: that may be a secret."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    facts: Mapping[str, Any]  #: what is known of the DAG run, packed
    wishes: Mapping[str, Any]
    cancel_on_kill: bool
    workflow_id: int | None = None
    family: Sequence[str] | None = None
    workflow_args: str | None = None
    dag_file: Mapping[str, Any] | None = None  #: where the workflow is built, if it is
    cleared: Sequence[Mapping[str, Any]] = field(default_factory=list)
    command: Mapping[str, Any] | None = None  #: a single command that is the workflow

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))


def main() -> int:
    """Do what stdin says; 0 if all is done, 1 if not."""
    order = Order.from_json(sys.stdin.read())
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    attendance = _attendance(order)
    signal.signal(signal.SIGTERM, lambda *_: attendance.stop())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    outcome = attendance.run()
    log.info("%s", outcome.message)
    return 0 if outcome.is_done else 1


def _attendance(order: Order) -> Attendance:
    from jobmon_airflow.client import registry
    from jobmon_airflow.engine.attending import Attendance, Cleared
    from jobmon_airflow.store.airflow_tasks import Place, Try

    place = Place(dag_id=order.dag_id, run_id=order.run_id, task_id=order.task_id, map_index=order.map_index)
    database = registry.database(None)
    return Attendance(
        database,
        Try(place=place, number=order.try_number),
        partial(_define, order, database),
        Wishes(**order.wishes).options(),
        cleared=[Cleared(**{**each, "place": Place(**each["place"])}) for each in order.cleared],
        watches=False,
        cancel_on_kill=order.cancel_on_kill,
        again=clear_command(place),
    )


def _define(order: Order, database: Database) -> Definition:
    from jobmon_airflow.dags.about import unpacked
    from jobmon_airflow.dags.defining import bound, made, newest
    from jobmon_airflow.engine.attending import Definition

    if order.workflow_id is not None:
        return Definition(workflow_id=order.workflow_id)
    if order.family is not None:
        tool, name = order.family
        return Definition(workflow_id=newest(database, tool, name))
    from jobmon_airflow.dags.loading import operator_in

    assert order.dag_file is not None
    facts = unpacked(order.facts)
    operator = operator_in(order.dag_file, order.dag_id, order.task_id)
    return bound(made(operator, facts), order.workflow_args, facts)


if __name__ == "__main__":
    sys.exit(main())
