"""One import from its beginning to its end.

    words, places ─ group by group: graphs ─ workflows, runs ─ tasks ─ attempts ─ complete

A group is some workflows, or a large one. Whatever breaks, the next import finds what is there, and goes on with the
group that is not complete.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import column

from jobmon_airflow.errors import InvalidSetting, UnknownName
from jobmon_airflow.moving_in import attempts, graphs, places, statuses, tasks, values, words, workflows
from jobmon_airflow.moving_in.move import Move
from jobmon_airflow.moving_in.original import Original
from jobmon_airflow.moving_in.report import Report
from jobmon_airflow.store import history, imported, sets

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import tzinfo

    from sqlalchemy import Connection, Row

    from jobmon_airflow.moving_in.original import Reader
    from jobmon_airflow.moving_in.places import Places
    from jobmon_airflow.moving_in.words import Words
    from jobmon_airflow.store.database import Database

TASKS_OF_A_GROUP: Final = 20_000
WORKFLOWS_OF_A_GROUP: Final = 100

_NOT_STORED: Final = "Workflows that were never stored as a whole, because their client ended"
_RUNNING: Final = "Workflows that are being run there now, which another import brings when they have ended"
_BROKEN: Final = "Workflows whose graphs are not whole there"
_NO_TOOL: Final = "Workflows of no tool"
_WENT_ON: Final = (
    "Workflows that went on both here and there since they were brought, whose later runs stay there"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which workflows are wanted; all of them, unless it says otherwise."""

    workflow_ids: Collection[int] = ()
    tools: Collection[str] = ()


def bring(
    database: Database,
    address: str,
    *,
    name: str | None = None,
    zone: tzinfo | None = None,
    only: Selection | None = None,
    tell: Callable[[Report], object] | None = None,
) -> Report:
    """Bring what an original Jobmon's database has and ours does not, and say what was brought.

    ``name`` is what the original is called, in place of its address; ``zone`` that of its clock, if that is not UTC;
    ``tell`` is told after each group how far it is.
    """
    with Original.opened(address, zone or UTC) as original, original.read() as reader:
        _require_zone(reader, zone)
        called, at = name or original.name, datetime.now(UTC)
        origin_id = database.write(lambda it: imported.origin_id(it, called, at))
        with database.read() as connection:
            report = Report(called, known=Counter(imported.counts(connection, origin_id)))
        report.known["workflow"] = 0  # which are complete is seen later
        move = Move(reader=reader, database=database, origin_id=origin_id, report=report, at=at)
        _Import(move, only or Selection()).run(tell or _say_nothing)
        return report


def _say_nothing(_report: Report) -> None:
    """How far it is need not be known."""


def _require_zone(reader: Reader, zone: tzinfo | None) -> None:
    """Refuse to guess: moments that are wrong by hours stay so."""
    if zone is None and (ahead := reader.offset()):
        raise InvalidSetting(
            f"The clock of the original's database is {ahead / 3600:+g} hours from UTC, and its dates may be, too.",
            remedy="Say in which zone its dates are: --timezone America/Los_Angeles, say, or --timezone UTC.",
        )


class _Import:
    def __init__(self, move: Move, only: Selection) -> None:
        self._move = move
        self._only = only

    def run(self, tell: Callable[[Report], object]) -> None:
        its_words, its_places = words.bring(self._move), places.Places.bring(self._move)
        for rows in self._groups(self._wanted(its_words)):
            self._bring(its_words, its_places, rows)
            tell(self._move.report)

    def _bring(self, its_words: Words, its_places: Places, rows: Sequence[Row[Any]]) -> None:
        move = self._move
        dag_ids = self._graphs(its_words, {row.dag_id for row in rows})
        move.report.leave(_BROKEN, [f"workflow {row.id}" for row in rows if row.dag_id not in dag_ids])
        rows = [row for row in rows if row.dag_id in dag_ids]
        if not rows:
            return
        group = workflows.enter(move, its_words, rows, dag_ids)
        tasks.bring(move, its_words, its_places, group)
        attempts.bring(move, its_places, group)
        workflows.complete(move, its_words, group)

    def _graphs(self, its_words: Words, numbers: Collection[int]) -> Mapping[int, int]:
        ids = self._move.ids("dag", numbers)
        for number in sorted(set(numbers) - ids.keys()):
            if (ours := graphs.bring(self._move, its_words, number)) is not None:
                ids[number] = ours
        return ids

    # --- which workflows ------------------------------------------------------------------------------------

    def _wanted(self, its_words: Words) -> Iterator[Row[Any]]:
        """The workflows that are to be brought, in the order in which they were made."""
        now = self._move.reader.now()
        for page in self._move.reader.pages("workflow", *self._conditions(), size=WORKFLOWS_OF_A_GROUP * 5):
            yield from self._new(page, its_words, now)

    def _conditions(self) -> Iterator[Any]:
        if self._only.workflow_ids:
            yield column("id").in_(sorted(self._only.workflow_ids))
        if self._only.tools:
            yield column("tool_version_id").in_(self._tool_versions(self._only.tools))

    def _tool_versions(self, names: Collection[str]) -> list[int]:
        reader = self._move.reader
        tools = {values.name(row.name): row.id for page in reader.pages("tool") for row in page}
        if unknown := sorted(set(names) - tools.keys()):
            raise UnknownName(
                f"The original knows no tool {', '.join(unknown)}.", remedy="Write it as it is written there."
            )
        return [row.id for row in reader.among("tool_version", "tool_id", [tools[name] for name in names])]

    def _new(self, page: Sequence[Row[Any]], its_words: Words, now: datetime) -> Iterator[Row[Any]]:
        report = self._move.report
        alive, runs = self._runs({row.id for row in page}, now)
        known = self._complete({row.id for row in page})
        known -= self._reopened(known - alive, runs)
        report.known["workflow"] += len(known)
        reasons = {row.id: self._reason(row, its_words, alive) for row in page if row.id not in known}
        for row in page:
            if row.id in known:
                continue
            if reason := reasons[row.id]:
                report.leave(reason, [f"workflow {row.id}"])
            else:
                yield row

    def _reason(self, row: Row[Any], its_words: Words, alive: Collection[int]) -> str | None:
        """Why a workflow is not brought, if it is not."""
        if row.created_date is None:
            return _NOT_STORED
        if row.id in alive:
            return _RUNNING
        return None if row.tool_version_id in its_words.tool_versions else _NO_TOOL

    def _complete(self, numbers: Collection[int]) -> set[int]:
        """Those of the workflows that are here as a whole."""
        ids = self._move.ids("workflow", numbers)
        with self._move.database.read() as connection:
            incomplete = history.incomplete(connection, list(ids.values()))
        return {number for number, ours in ids.items() if ours not in incomplete}

    def _runs(self, numbers: Collection[int], now: datetime) -> tuple[set[int], dict[int, set[int]]]:
        """The workflows that somebody is at work on, and the runs of each."""
        alive: set[int] = set()
        runs: dict[int, set[int]] = {}
        for row in self._move.reader.among("workflow_run", "workflow_id", numbers):
            runs.setdefault(row.workflow_id, set()).add(row.id)
            heard_of = self._move.reader.moment(row.heartbeat_date)
            if row.status in statuses.ALIVE and heard_of is not None and heard_of > now:
                alive.add(row.workflow_id)
        return alive, runs

    def _reopened(self, known: Collection[int], runs: Mapping[int, set[int]]) -> set[int]:
        """Those that went on there, and here not: what is new of them is brought, as if they had been cut short."""
        move = self._move
        brought = move.ids("workflow_run", {run for number in known for run in runs.get(number, ())})
        later = {number for number in known if not brought.keys() >= runs.get(number, set())}
        if not later:
            return set()
        ids = move.ids("workflow", later)

        def work(connection: Connection) -> set[int]:
            touched = history.touched(connection, ids.values(), brought.values())
            untouched = {number: ours for number, ours in ids.items() if ours not in touched}
            hashes = {ours: workflows.provisional_hash(move, number) for number, ours in untouched.items()}
            history.reopen(connection, hashes)
            return set(untouched)

        reopened = move.write(work)
        move.report.leave(_WENT_ON, [f"workflow {number}" for number in sorted(later - reopened)])
        return reopened

    def _groups(self, rows: Iterator[Row[Any]]) -> Iterator[list[Row[Any]]]:
        """Workflows that are brought together: so many that they make up for the cost of asking."""
        group: list[Row[Any]] = []
        size = 0
        for part in sets.slices(rows, WORKFLOWS_OF_A_GROUP):
            counts = self._move.reader.counts("task", "workflow_id", {row.id for row in part})
            for row in part:
                if group and (size + counts[row.id] > TASKS_OF_A_GROUP or len(group) >= WORKFLOWS_OF_A_GROUP):
                    yield group
                    group, size = [], 0
                group.append(row)
                size += counts[row.id]
        if group:
            yield group
