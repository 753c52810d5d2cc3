"""Edges as we keep them: where many nodes wait for the same many others, through a join.

An original stores n x m edges, once from each end. They are read twice: first to find the sets of upstreams that nodes
share, then to be written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jobmon_airflow.client.task import JOIN_FROM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jobmon_airflow.store.dags import Row


@dataclass(slots=True)
class Joins:
    """The sets of upstreams that several nodes of a graph share; a set is known by its key.

    >>> joins = Joins()
    >>> for node in (101, 102):
    ...     joins.see(node, range(16), key=7)
    >>> joins.upstreams_of(range(16), key=7), joins.downstreams_of(3, [101, 102, 103])
    ([-1], [103, -1])
    """

    _first: dict[int, int] = field(default_factory=dict)  #: the first node that was seen with a set
    _numbers: dict[int, int] = field(default_factory=dict)  #: of the sets that several have
    _members: dict[int, list[int]] = field(default_factory=dict)  #: by number
    _waiting: dict[int, list[int]] = field(default_factory=dict)  #: who waits for all members, by number
    _joins_of: dict[int, tuple[int, ...]] = field(default_factory=dict)  #: that a node is a member of
    _behind: dict[tuple[int, ...], frozenset[int]] = field(default_factory=dict)

    def see(self, node: int, upstreams: Sequence[int], key: int) -> None:
        """Look at a node's upstreams."""
        if len(upstreams) < JOIN_FROM:
            return
        if key in self._numbers:
            self._waiting[self._numbers[key]].append(node)
        elif key in self._first:
            self._begin(key, upstreams, [self._first.pop(key), node])
        else:
            self._first[key] = node

    def upstreams_of(self, upstreams: Sequence[int], key: int) -> list[int]:
        """A node's list of upstreams as we keep it."""
        number = self._numbers.get(key) if len(upstreams) >= JOIN_FROM else None
        return list(upstreams) if number is None else [-number]

    def downstreams_of(self, node: int, downstreams: Sequence[int]) -> list[int]:
        """A node's list of downstreams as we keep it; all nodes were seen."""
        numbers = self._joins_of.get(node)
        if numbers is None:
            return list(downstreams)
        behind = self._all_behind(numbers)
        direct = sorted(set(downstreams) - behind) if len(downstreams) > len(behind) else []
        return [*direct, *(-number for number in numbers)]

    def rows(self, ours: Callable[[int], int]) -> Iterator[Row]:
        """The joins as we keep them, with what is ours of each node."""
        for number, members in self._members.items():
            yield number, str(list(map(ours, members))), str(list(map(ours, self._waiting[number])))

    def _begin(self, key: int, members: Sequence[int], waiting: list[int]) -> None:
        number = self._numbers[key] = len(self._numbers) + 1
        self._members[number] = list(members)
        self._waiting[number] = waiting
        for member in members:
            self._joins_of[member] = (*self._joins_of.get(member, ()), number)

    def _all_behind(self, numbers: tuple[int, ...]) -> frozenset[int]:
        """Who waits behind some joins. Members of one join have mostly all in common."""
        if numbers not in self._behind:
            self._behind[numbers] = frozenset().union(*(self._waiting[number] for number in numbers))
        return self._behind[numbers]
