"""A database as Jobmon leaves it behind after half a year: a thousand workflows, one of them with 500,000 tasks.

    python benchmarks/big_database.py sqlite:////tmp/big.db          a new file, in about a minute
    python benchmarks/big_database.py postgresql+psycopg://...       into an empty database
    python benchmarks/big_database.py ADDRESS --locations 100        a tenth of the big workflow

The big workflow is the last one and runs; who asks for another --seed gets another world. All of it is told relative
to now, so that what runs has just begun.
"""

from __future__ import annotations

import argparse
import time
from math import inf
from typing import TYPE_CHECKING

import big_texts
from big_families import Families
from big_story import Plan, tell
from big_told import Told
from big_world import DAY, HOUR, World

from jobmon_airflow.store import migrations
from jobmon_airflow.store.database import Database

if TYPE_CHECKING:
    from big_families import Family


BIG = "gbd 2025"  # the family of the big workflow


def fill(database: Database, *, workflows: int = 1000, locations: int = 1000, seed: int = 7) -> int:
    """Write the world into an empty database; return the id of the big workflow."""
    world = World(database, seed)
    *small, large = _families(world, locations)
    rng, now = world.rng, world.now
    started = sorted(now - rng.uniform(0.02, 180) * DAY for _ in range(workflows - 11))
    started += sorted(now - rng.uniform(0.1, 1) * HOUR for _ in range(10))
    for at in started:
        luck, pace = rng.random(), rng.choice((5.0, 60.0, 600.0))
        resumed_after = 20 * HOUR if luck < 0.1 else None
        _store(world, rng.choice(small), at, pace, resumed_after, broken=0.02 if luck < 0.25 else 0.0)
    pace = 4.6 * HOUR / locations
    big = _store(world, large, now - 23.5 * HOUR, pace, resumed_after=20 * HOUR, broken=0.0002)
    world.bulk.finish()
    return big


def _families(world: World, locations: int) -> list[Family]:
    """All of them, the big one last."""
    makes, families = Families(world), []
    for tool, names in big_texts.TOOLS.items():
        # One location of the big family's templates has more tasks than all of another's.
        units = {name: 1 if BIG in names else world.rng.randint(2, 9) for name in names}
        families += makes.of_tool(tool, units | {name: locations for name in names if name == BIG})
    return sorted(families, key=lambda family: family.name == BIG)


def _store(
    world: World, family: Family, started: float, pace: float, resumed_after: float | None, broken: float
) -> int:
    """A workflow of a family, and what became of it; what is resumed was stopped before."""
    windows = [(started, inf)]
    if resumed_after is not None:
        stopped = started + family.units * pace * 0.4 + 60
        windows = [(started, stopped), (started + resumed_after, inf)]
    plan = Plan(
        phases=family.phases,
        units=family.units,
        pace=pace,
        windows=tuple(windows),
        until=world.now,
        broken=broken,
        rng=world.rng,
    )
    return Told(world, family, plan, tell(plan)).store()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("address")
    parser.add_argument("--workflows", type=int, default=1000)
    parser.add_argument("--locations", type=int, default=1000, help="of the big workflow: 500 tasks each")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    database = Database.open(asked.address)
    migrations.migrate(database)
    began = time.perf_counter()
    big = fill(database, workflows=asked.workflows, locations=asked.locations, seed=asked.seed)
    print(
        f"{asked.workflows:,} workflows, the big one is {big}, in {time.perf_counter() - began:.0f} s",
        flush=True,
    )


if __name__ == "__main__":
    main()
