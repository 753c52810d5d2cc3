"""What was brought, what was there already, and what was left, with names to look for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SHOWN: Final = 5  #: so many of what was left are named

#: The kinds of rows, in the order in which they come, as people call them.
KINDS: Final[Mapping[str, str]] = {
    "tool": "tools",
    "tool_version": "tool versions",
    "task_template": "task templates",
    "task_template_version": "template versions",
    "cluster": "clusters",
    "queue": "queues",
    "task_resources": "requests",
    "node": "nodes",
    "dag": "graphs",
    "workflow": "workflows",
    "workflow_run": "runs",
    "task": "tasks",
    "task_instance": "attempts",
    "task_instance_error_log": "error logs",
    "task_status_audit": "changes of tasks' statuses",
}
_COME_WITH_OTHERS: Final = frozenset({"task_instance_error_log", "task_status_audit"})


@dataclass(slots=True)
class Left:
    """What was not brought, or not as it was, for one reason."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: object, count: int = 1) -> None:
        self.count += count
        if len(self.examples) < SHOWN and str(example) not in self.examples:
            self.examples.append(str(example))


@dataclass(slots=True)
class Report:
    """What one import did."""

    origin: str
    brought: Counter[str] = field(default_factory=Counter)  #: by kind
    known: Counter[str] = field(default_factory=Counter)  #: there since an earlier import
    left: dict[str, Left] = field(default_factory=dict)  #: by reason, of what was left there
    changed: dict[str, Left] = field(
        default_factory=dict
    )  #: by what it is here, of what was brought otherwise

    def leave(self, reason: str, examples: Iterable[object]) -> None:
        """Note what is not brought."""
        for example in examples:
            self.left.setdefault(reason, Left()).add(example)

    def change(self, how: str, example: object, count: int = 1) -> None:
        """Note what is brought, but stands otherwise here."""
        if count:
            self.changed.setdefault(how, Left()).add(example, count)

    def rows(self) -> list[dict[str, Any]]:
        """The counts of every kind of which there is any."""
        return [
            {"WHAT": words, "BROUGHT": self.brought[kind], "THERE ALREADY": self._known(kind)}
            for kind, words in KINDS.items()
            if self.brought[kind] or self.known[kind]
        ]

    def _known(self, kind: str) -> int | None:
        """How many were there; what comes with attempts and with workflows, nobody counts."""
        return None if kind in _COME_WITH_OTHERS else self.known[kind]

    def remarks(self) -> list[str]:
        """What was left, and what stands otherwise, in sentences."""
        return [
            f"{reason}: {each.count:,} ({_named(each)})."
            for reasons in (self.left, self.changed)
            for reason, each in reasons.items()
        ]

    def as_data(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {
            "origin": self.origin,
            "brought": {kind: self.brought[kind] for kind in KINDS},
            "there_already": {kind: self.known[kind] for kind in KINDS},
            "left": _data(self.left),
            "changed": _data(self.changed),
        }


def _named(left: Left) -> str:
    more = ", …" if left.count > len(left.examples) else ""
    return ", ".join(left.examples) + more


def _data(reasons: Mapping[str, Left]) -> list[dict[str, Any]]:
    return [
        {"reason": reason, "count": each.count, "examples": each.examples} for reason, each in reasons.items()
    ]
