"""Nodes on which jobs were lost lately, and which are left out for a while.

All workflows of a user share what they have seen, in a file of the spool folder.
"""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

FOR: Final = 3600.0  #: seconds that a node is left out
_SHARE: Final = 0.5  # of the cluster's nodes, at most: when more seem bad, the nodes are not what is wrong


class Suspects:
    """Nodes that lost jobs; remembered in a file, if there is a folder to keep it in."""

    def __init__(self, folder: Path | None) -> None:
        self._file = folder / "suspects.jsonl" if folder is not None else None
        self._own: dict[str, float] = {}

    def note(self, node: str) -> None:
        """A job was lost there."""
        if not node:
            return
        self._own[node] = time.time()
        if self._file is not None:
            # One write, appended: nobody else's line is touched.
            with contextlib.suppress(OSError), self._file.open("a") as file:
                file.write(json.dumps({"node": node, "at": self._own[node]}) + "\n")

    def now(self, nodes: int) -> list[str]:
        """Those to leave out, of so many nodes; the latest first, where that would be too many."""
        since = time.time() - FOR
        seen = {node: at for node, at in {**self._read(), **self._own}.items() if at > since}
        latest = sorted(seen, key=seen.__getitem__, reverse=True)
        return sorted(latest[: int(nodes * _SHARE)])

    def _read(self) -> dict[str, float]:
        if self._file is None:
            return {}
        try:
            lines = self._file.read_text().splitlines()
        except OSError:
            return {}
        seen: dict[str, float] = {}
        for line in lines:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                said = json.loads(line)
                seen[str(said["node"])] = float(said["at"])
        return seen
