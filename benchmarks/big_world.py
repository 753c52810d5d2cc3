"""What is in a big database so far: which numbers are taken, and what was said already."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

import bulk

from jobmon_airflow.store import schema

if TYPE_CHECKING:
    from big_story import Phase

    from jobmon_airflow.store.database import Database

HOUR, DAY = 3600.0, 86_400.0


@dataclass(slots=True)
class Ids:
    """The next number of each table."""

    numbers: dict = field(default_factory=dict)

    def next(self, table, amount: int = 1) -> int:
        first = self.numbers.get(table, 1)
        self.numbers[table] = first + amount
        return first


class World:
    """What is in the database so far, and how more gets there."""

    def __init__(self, database: Database, seed: int) -> None:
        self.rng = random.Random(seed)
        self.bulk = bulk.Bulk(database)
        self.moment = self.bulk.moment
        self.now = bulk.now()
        self.ids = Ids()
        self.args: dict[str, int] = {}
        self.resources: dict[tuple[str, str], int] = {}
        self.attributes: dict[tuple[str, str], int] = {}
        self.kinds: dict[str, int] = {}
        with database.read() as connection:
            found = connection.execute(schema.cluster.select().where(schema.cluster.c.name == "slurm")).one()
        self.queue = self.ids.next(schema.queue)
        parameters = '{"cores": {"max": 64}, "memory": {"max": "1000G"}, "runtime": {"max": "16d"}}'
        self.add(
            schema.queue,
            ("id", "name", "cluster_id", "parameters"),
            [(self.queue, "all.q", found.id, parameters)],
        )

    def add(self, table, columns, rows) -> None:
        self.bulk.add(table, columns, rows)

    def request(self, phase: Phase, memory: float) -> int:
        """The resources of so much memory, original or adjusted."""
        kind = "O" if memory == phase.memory else "A"
        text = json.dumps(
            {"cores": phase.cores, "memory": memory, "runtime": phase.runtime}, separators=(",", ":")
        )
        if (kind, text) not in self.resources:
            self.resources[kind, text] = number = self.ids.next(schema.task_resources)
            columns = (
                *("id", "queue_id", "task_resources_type_id"),
                *("requested_resources", "requested_resources_hash"),
            )
            self.add(schema.task_resources, columns, [(number, self.queue, kind, text, digest(text))])
        return self.resources[kind, text]

    def kind(self, name: str) -> int:
        """The kind of errors of this name."""
        name = name[: schema.NAME_LENGTH].rstrip()
        if name not in self.kinds:
            self.kinds[name] = self.ids.next(schema.error_kind)
            self.add(schema.error_kind, ("id", "name"), [(self.kinds[name], name)])
        return self.kinds[name]

    def attribute(self, of: str, name: str) -> int:
        """The kind of attribute that has this name."""
        table = {"task": schema.task_attribute_type, "workflow": schema.workflow_attribute_type}[of]
        if (of, name) not in self.attributes:
            self.attributes[of, name] = number = self.ids.next(table)
            self.add(table, ("id", "name"), [(number, name)])
        return self.attributes[of, name]


def digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()
