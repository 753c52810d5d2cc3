"""The graph of a family: one location after the other, each phase waiting for the one before it."""

from __future__ import annotations

import json
from itertools import accumulate, count
from typing import TYPE_CHECKING

from big_story import upstreams

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from big_families import Family


def graph(family: Family) -> Iterator[tuple[list[tuple], list[tuple]]]:
    """Rows of edges and of joins, location by location; into a phase that waits by joining, through a join."""
    sizes = [len(phase.combinations) for phase in family.phases]
    above = [
        [upstreams(family.phases, phase, place) for place in range(size)] for phase, size in enumerate(sizes)
    ]
    below = [_turned(above[phase + 1], size) for phase, size in enumerate(sizes[:-1])] + [[[]] * sizes[-1]]
    firsts = [family.first_node + family.units * start for start in accumulate([0, *sizes[:-1]])]
    numbers = count(1)
    for unit in range(family.units):
        starts = [first + unit * size for first, size in zip(firsts, sizes, strict=True)]
        joins = [next(numbers) if phase.waits == "join" else 0 for phase in family.phases]
        edges, joined = [], []
        for phase, size in enumerate(sizes):
            before, after = phase - 1, (phase + 1) % len(sizes)
            for place in range(size):
                ups = _ends(joins[phase], starts[before], above[phase][place])
                downs = _ends(joins[after], starts[after], below[phase][place])
                edges.append((family.dag, starts[phase] + place, ups, downs))
            if joins[phase]:
                ups = _ends(0, starts[before], range(sizes[before]))
                downs = _ends(0, starts[phase], range(size))
                joined.append((family.dag, joins[phase], ups, downs))
        yield edges, joined


def _ends(join: int, first: int, places: Iterable[int]) -> str:
    return json.dumps([-join] if join else [first + place for place in places])


def _turned(above: list[list[int]], size: int) -> list[list[int]]:
    below = [[] for _ in range(size)]
    for place, befores in enumerate(above):
        for before in befores:
            below[before].append(place)
    return below
