"""What a workflow is, as two numbers: one for its graph, one for its tasks.

Both must not depend on the order in which tasks were created, nor on whether upstreams were named one by one or as
a shared list, and a million tasks must not have to be sorted. So sets are summed up: a node is a random
number of 128 bits (the hash of what it says), a set of nodes is the sum of its members, and a task with its
upstreams is the hash of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from itertools import repeat
from typing import TYPE_CHECKING, Final

from jobmon_airflow.client.task import Join, Task
from jobmon_airflow.store.words import HASH_BYTES, digest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from jobmon_airflow.client.array import Array

_MASK: Final = 2 ** (8 * HASH_BYTES) - 1


@dataclass(frozen=True, slots=True)
class Sums:
    """What stands for the edges and for the tasks of an array."""

    edges: int
    tasks: int


def of_arrays(arrays: Iterable[Array]) -> list[Sums]:
    """The sums of each array."""
    return [Sums(_sum_of_edges(array), _sum_of_tasks(array)) for array in arrays]


def combined(parts: Iterable[tuple[int, int]]) -> str:
    """One hash of the sums of template versions (by id), whatever their order."""
    text = ";".join(f"{version_id}:{part & _MASK:x}" for version_id, part in sorted(parts))
    return digest(text)


def mixed(key: int, other: int) -> int:
    """One key for two: a node and the sum of its upstreams, or a node and the hash of its task args."""
    both = (key << 128 | other & _MASK).to_bytes(2 * HASH_BYTES, "big")
    return int.from_bytes(blake2b(both, digest_size=HASH_BYTES).digest(), "big")


def as_text(key: int) -> str:
    """A key as the database has it."""
    return f"{key:032x}"


def task_args_hashes(array: Array) -> Iterator[str]:
    """The hash of each task's task args, in the order of the array."""
    version = array.task_template_version
    first, end = len(version.node_args), len(version.node_args) + len(version.task_args)
    if first == end:
        return repeat(digest(), len(array._tasks))
    return (digest(*task._values[first:end]) for task in array._tasks.values())


def _sum_of_edges(array: Array) -> int:
    total = 0
    for key, task in array._tasks.items():
        upstreams = task._upstreams
        total += mixed(key, _sum_of(upstreams)) if upstreams else key
    return total


def _sum_of_tasks(array: Array) -> int:
    if not array.task_template_version.task_args:
        return sum(array._tasks)
    hashes = zip(array._tasks, task_args_hashes(array), strict=True)
    return sum(mixed(key, int(digest, 16)) for key, digest in hashes)


def _sum_of(upstreams: Collection[Task | Join]) -> int:
    """The sum of a task's upstreams, each counted once even if several joins hold it."""
    if len(upstreams) > 1 and Join in map(type, upstreams):
        return sum(task._key for task in set(Task._each(upstreams, Join.members_of)))
    return sum([upstream._key for upstream in upstreams])
