"""An engine in a process of its own, which runs a workflow for a task in the triggerer; commands share one.

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

from jobmon_airflow.client import registry
from jobmon_airflow.dags import commanding
from jobmon_airflow.dags.about import unpacked
from jobmon_airflow.dags.commands import Command
from jobmon_airflow.dags.defining import bound, made, newest, stored
from jobmon_airflow.dags.reaching import Reached
from jobmon_airflow.dags.remedies import clear_command
from jobmon_airflow.dags.wishes import Wishes
from jobmon_airflow.engine.attending import Attendance
from jobmon_airflow.engine.outcomes import Cleared
from jobmon_airflow.store.airflow_tasks import Place, Try

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jobmon_airflow.engine.outcomes import Definition
    from jobmon_airflow.store.database import Database

log = logging.getLogger("jobmon_airflow.engine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What an engine is to do. The database's address is not part of it: that may be a secret."""

    place: Place
    try_number: int
    facts: Mapping[str, Any]  #: what is known of the DAG run, packed
    wishes: Mapping[str, Any]
    cancel_on_kill: bool
    workflow_id: int | None = None
    family: Sequence[str] | None = None
    dag_file: Mapping[str, Any] | None = None  #: where the workflow is built, if it is
    command: Command | None = None  #: a single one that is the workflow
    env: Mapping[str, str] = field(default_factory=dict)  #: of the command
    workflow_args: str | None = None
    cleared: Sequence[Cleared] = ()
    clusters: Mapping[str, Reached | None] = field(
        default_factory=dict
    )  #: connections; their tokens travel along

    @property
    def this(self) -> Try:
        """The try that it is for."""
        return Try(place=self.place, number=self.try_number)

    def to_json(self) -> str:
        command = self.command.packed() if self.command else None
        return json.dumps({**asdict(self), "command": command})

    @classmethod
    def from_json(cls, text: str) -> Self:
        said = json.loads(text)
        return cls(
            **{
                **said,
                "place": Place(**said["place"]),
                "facts": unpacked(said["facts"]),
                "command": Command(**said["command"]) if said["command"] else None,
                "clusters": {name: Reached.unpacked(way) for name, way in said["clusters"].items()},
                "cleared": [Cleared(**{**each, "place": Place(**each["place"])}) for each in said["cleared"]],
            }
        )


def main() -> int:
    """Do what stdin says; 0 if all is done, 1 if not."""
    order = Order.from_json(sys.stdin.read())
    _log_plainly()
    attendance = attendance_of(order)
    signal.signal(signal.SIGTERM, lambda *_: attendance.stop())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    outcome = attendance.run()
    log.info("%s", outcome.message)
    return 0 if outcome.is_done else 1


def attendance_of(order: Order) -> Attendance:
    """What is done for an order, once it is run."""
    database = registry.database(None)
    return Attendance(
        database,
        order.this,
        partial(_define, order, database),
        Wishes(**order.wishes).options(),
        cleared=order.cleared,
        watches=False,
        repeats=order.command is not None,
        cancel_on_kill=order.cancel_on_kill,
        again=clear_command(order.place),
    )


def _define(order: Order, database: Database) -> Definition:
    if order.command is not None:
        return commanding.define(
            order.command, order.place, order.facts, None, order.workflow_args, order.clusters
        )
    if order.workflow_id is not None:
        return stored(database, order.workflow_id, order.clusters)
    if order.family is not None:
        tool, name = order.family
        return stored(database, newest(database, tool, name), order.clusters)
    from jobmon_airflow.dags.loading import operator_in

    assert order.dag_file is not None
    operator = operator_in(order.dag_file, order.place.dag_id, order.place.task_id)
    _log_plainly()
    return bound(made(operator, order.facts), order.workflow_args, order.facts, order.clusters)


def _log_plainly() -> None:
    """Write lines as they are; importing Airflow sets up a log of its own kind."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s", force=True)


if __name__ == "__main__":
    sys.exit(main())
