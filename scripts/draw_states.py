"""Write docs/states.md, the pictures and tables of the four state machines, from jobmon_airflow/states.py.

Run it after every change of the tables; ``--check`` only says whether the page is up to date.
"""

from __future__ import annotations

import sys
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tables of this checkout, installed or not

from jobmon_airflow.states import MACHINES, Status, Verdict
from scripts import pages
from scripts.pages import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from jobmon_airflow.states import StateMachine

    Machine = StateMachine[Any]

PAGE = Path(__file__).parents[1] / "docs" / "states.md"
SOURCE = "jobmon_airflow/states.py"
COMMAND = "python scripts/draw_states.py"

INTRODUCTION = f"""\
# States

<!-- Written by `{COMMAND}` from the tables in {SOURCE}. Do not edit. -->

What may follow what, for a task, for one attempt at it (a task instance), for one run of a workflow, and for
a workflow. The letters are those of the database. In the pictures an arrow is a move that the engine makes.
An arrow that leaves a box may leave from each status in it. What a person or a resume may order besides is
listed below the picture.

The last table of each machine tells what a report does. Rows are the status that holds, columns the one that
is reported. **yes**: the status changes. late: the report comes too late and is dropped. Blank: it
contradicts what is known and is refused. What is reported twice is dropped, too.
"""


def main() -> int:
    return pages.write_or_check(PAGE, render(), source=SOURCE, command=COMMAND, about=__doc__)


def check() -> int:
    return pages.check(PAGE, render(), source=SOURCE, command=COMMAND)


def render() -> str:
    """Return the page."""
    return "\n".join([INTRODUCTION, *(section(machine) for machine in MACHINES)])


def section(machine: Machine) -> str:
    parts = [picture(machine), status_table(machine), order_table(machine), report_table(machine)]
    return "\n\n".join([f"## {machine.name}", *filter(None, parts)]) + "\n"


def picture(machine: Machine) -> str:
    """Draw the engine's moves. The exits that most statuses share leave from a box around these."""
    box, exits = shared_exits(machine)
    inside = [(a, b) for a, b in moves(machine) if {a, b} <= box]
    outside = [(a, b) for a, b in moves(machine) if not {a, b} <= box and not (a in box and b in exits)]
    lines = [
        "stateDiagram-v2",
        'state "any of these" as box {',
        *(f"    {line}" for line in [*map(declaration, in_order(machine, box)), *arrows(inside)]),
        "}",
        *(declaration(status) for status in machine.statuses if status not in box),
        f"[*] --> {machine.first}",
        *(f"box --> {status}" for status in in_order(machine, exits)),
        *arrows(outside),
        *(f"{status} --> [*]" for status in machine.statuses if status.is_final),
    ]
    return "\n".join(["```mermaid", *lines, "```"])


def declaration(status: Status) -> str:
    return f'state "{status} {status.label}" as {status}'


def arrows(pairs: Iterable[tuple[Status, Status]]) -> list[str]:
    return [f"{a} --> {b}" for a, b in pairs]


def shared_exits(machine: Machine) -> tuple[frozenset[Status], frozenset[Status]]:
    """Find the statuses and the exits common to all of them that together spare the most arrows."""
    open_ones = [status for status in machine.statuses if not status.is_final]
    boxes = [frozenset(box) for size in range(2, len(open_ones) + 1) for box in combinations(open_ones, size)]
    return max(
        ((box, exits_of(machine, box)) for box in boxes),
        key=lambda found: (len(found[0]) - 1) * len(found[1]),
    )


def exits_of(machine: Machine, box: frozenset[Status]) -> frozenset[Status]:
    return frozenset.intersection(*(machine.transitions[status] for status in box)) - box


def moves(machine: Machine) -> Iterator[tuple[Status, Status]]:
    for status in machine.statuses:
        for target in in_order(machine, machine.transitions[status]):
            yield status, target


def in_order(machine: Machine, some: Iterable[Status]) -> list[Status]:
    wanted = frozenset(some)
    return [status for status in machine.statuses if status in wanted]


def status_table(machine: Machine) -> str:
    rows = (
        [f"`{status}`", status.label, status.description, "final" if status.is_final else ""]
        for status in machine.statuses
    )
    return table(["", "Status", "Meaning", ""], rows)


def order_table(machine: Machine) -> str:
    """List what people may order; empty where the engine's moves suffice for people, too."""
    rows = [
        [name, letters(in_order(machine, order.sources)), f"`{order.target}`", order.meaning]
        for name, order in machine.orders.items()
    ]
    return table(["Order", "From", "To", "Meaning"], rows) if rows else ""


def report_table(machine: Machine) -> str:
    rows = (
        [f"`{current}`", *(cell(machine, current, reported) for reported in machine.statuses)]
        for current in machine.statuses
    )
    return table(["", *(f"`{status}`" for status in machine.statuses)], rows)


def cell(machine: Machine, current: Status, reported: Status) -> str:
    if current == reported:
        return "·"
    return {Verdict.APPLY: "**yes**", Verdict.DROP: "late", Verdict.REFUSE: ""}[
        machine.judge(current, reported)
    ]


def letters(statuses: Iterable[Status]) -> str:
    return " ".join(f"`{status}`" for status in statuses)


if __name__ == "__main__":
    sys.exit(main())
