"""The nodes of a graph: brought if need be, and known by the keys that a script that is run here computes."""

from __future__ import annotations

from array import array as numbers
from typing import TYPE_CHECKING, Any

from jobmon_airflow.client import identity
from jobmon_airflow.client.version_identity import key_of
from jobmon_airflow.moving_in import values
from jobmon_airflow.store import history, nodes, sets

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Connection, Row

    from jobmon_airflow.moving_in.move import Move
    from jobmon_airflow.moving_in.words import Version, Words


class Nodes:
    """Nodes by the original's ids; some hundred bytes each, so that the largest graph fits into memory."""

    def __init__(self, move: Move, words: Words) -> None:
        self._move = move
        self._words = words
        self._place: dict[int, int] = {}
        self._ids = numbers("q")
        self._versions = numbers("q")
        self._keys: list[int] = []

    def __contains__(self, original_id: object) -> bool:
        return original_id in self._place

    def __getitem__(self, original_id: int) -> int:
        """Our id."""
        return self._ids[self._place[original_id]]

    @property
    def has_twins(self) -> bool:
        """Whether what are two nodes there is one here: template versions that differ in nothing that counts."""
        return len(self._place) > len(self._keys)

    def key(self, original_id: int) -> int:
        """What stands for the node in the identity of its graph."""
        return self._keys[self._place[original_id]]

    def version(self, original_id: int) -> int:
        """Our template version."""
        return self._versions[self._place[original_id]]

    def load(self, original_ids: Collection[int]) -> None:
        """Get to know nodes; those of unknown template versions stay unknown."""
        ids = self._move.ids("node", original_ids)
        if missing := set(original_ids) - ids.keys():
            ids |= self._bring(missing)
        original = {number: original_id for original_id, number in ids.items()}
        with self._move.database.read() as connection:
            for part in sets.slices(sorted(original)):
                for number, version_id, digest in history.nodes_by_id(connection, part):
                    self._add(original[number], number, version_id, int(digest, 16))
        self._add_twins(ids)

    def _add_twins(self, ids: Mapping[int, int]) -> None:
        """Nodes that are two there and one here."""
        known = {self._ids[place]: place for place in map(self._place.get, ids) if place is not None}
        for original_id, number in ids.items():
            if original_id not in self._place and number in known:
                self._place[original_id] = known[number]

    def _add(self, original_id: int, number: int, version_id: int, key: int) -> None:
        self._place[original_id] = len(self._keys)
        self._ids.append(number)
        self._versions.append(version_id)
        self._keys.append(key)

    # --- bringing -----------------------------------------------------------------------------------------

    def _bring(self, original_ids: Collection[int]) -> dict[int, int]:
        reader = self._move.reader
        rows = [
            row
            for row in reader.among("node", "id", original_ids)
            if row.task_template_version_id in self._words.versions
        ]
        args = self._args([row.id for row in rows])
        of_versions: dict[int, list[tuple[int, int, tuple[str, ...]]]] = {}
        versions: dict[int, Version] = {}
        for row in rows:
            version = self._words.versions[row.task_template_version_id]
            versions[version.id] = version
            its = _values(row, version, args.get(row.id, {}))
            of_versions.setdefault(version.id, []).append((key_of(version.keys, its), row.id, its))

        def enter(connection: Connection) -> dict[int, int]:
            ids: dict[int, int] = {}
            for version_id, members in sorted(of_versions.items()):
                ids |= _enter(connection, versions[version_id], self._words.arg_ids, members)
            return ids

        return self._move.enter("node", enter) if of_versions else {}

    def _args(self, original_ids: Sequence[int]) -> dict[int, dict[str, str]]:
        found: dict[int, dict[str, str]] = {}
        for row in self._move.reader.among("node_arg", "node_id", original_ids):
            name = self._words.args.get(row.arg_id)
            if name is not None:
                found.setdefault(row.node_id, {})[name] = values.said(row.val)
        return found


def _values(row: Row[Any], version: Version, args: Mapping[str, str]) -> tuple[str, ...]:
    """The values of the node args, in the command's order; one that is not stored tells nodes apart all the same."""
    return tuple(args.get(arg, f"{row.node_args_hash}") for arg in version.node_args)


def _enter(
    connection: Connection,
    version: Version,
    arg_ids: Mapping[str, int],
    members: list[tuple[int, int, tuple[str, ...]]],
) -> dict[int, int]:
    """Enter nodes of one version, given as key, original id and values."""
    by_key = {key: its for key, _, its in members}
    keys = sorted(by_key)
    ids = nodes.bind(
        connection,
        version.id,
        [arg_ids[arg] for arg in version.node_args],
        [identity.as_text(key) for key in keys],
        [by_key[key] for key in keys],
    )
    found = dict(zip(keys, ids, strict=True))
    return {original_id: found[key] for key, original_id, _ in members}
