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
from jobmon_airflow.store import history, imported

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import tzinfo

    from sqlalchemy import Row

    from jobmon_airflow.moving_in.original import Reader
    from jobmon_airflow.moving_in.places import Places
    from jobmon_airflow.moving_in.words import Words
    from jobmon_airflow.store.database import Database

TASKS_OF_A_GROUP: Final = 20_000
WORKFLOWS_OF_A_GROUP: Final = 100

_NOT_STORED: Final = "workflows were never stored as a whole: their client ended first"
_RUNNING: Final = "workflows are being run there now; once they have ended, another import brings them"
_NO_TOOL: Final = "workflows are of no tool"
_WENT_ON: Final = "workflows went on there since they were brought; their later runs stay there"
_NEVER_MIND: Final[Callable[[Report], object]] = lambda _report: None  # noqa: E731


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
    tell: Callable[[Report], object] = _NEVER_MIND,
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
        _Import(move, only or Selection()).run(tell)
        return report


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
        known = self._complete({row.id for row in page})
        report.known["workflow"] += len(known)
        alive, latest = self._runs({row.id for row in page}, now)
        self._tell_of_later_runs(known, latest)
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

    def _runs(self, numbers: Collection[int], now: datetime) -> tuple[set[int], dict[int, int]]:
        """The workflows that somebody is at work on, and the latest run of each."""
        alive: set[int] = set()
        latest: dict[int, int] = {}
        for row in self._move.reader.among("workflow_run", "workflow_id", numbers):
            latest[row.workflow_id] = max(row.id, latest.get(row.workflow_id, 0))
            heard_of = self._move.reader.moment(row.heartbeat_date)
            if row.status in statuses.ALIVE and heard_of is not None and heard_of > now:
                alive.add(row.workflow_id)
        return alive, latest

    def _tell_of_later_runs(self, known: Collection[int], latest: Mapping[int, int]) -> None:
        ids = self._move.ids("workflow_run", [latest[number] for number in known if number in latest])
        later = [number for number in sorted(known) if number in latest and latest[number] not in ids]
        self._move.report.leave(_WENT_ON, [f"workflow {number}" for number in later])

    def _groups(self, rows: Iterator[Row[Any]]) -> Iterator[list[Row[Any]]]:
        """Workflows that are brought together: so many that they make up for the cost of asking."""
        group: list[Row[Any]] = []
        size = 0
        for part in _parts(rows, WORKFLOWS_OF_A_GROUP):
            counts = self._move.reader.counts("task", "workflow_id", {row.id for row in part})
            for row in part:
                if group and (size + counts[row.id] > TASKS_OF_A_GROUP or len(group) >= WORKFLOWS_OF_A_GROUP):
                    yield group
                    group, size = [], 0
                group.append(row)
                size += counts[row.id]
        if group:
            yield group


def _parts(rows: Iterator[Row[Any]], size: int) -> Iterator[list[Row[Any]]]:
    from jobmon_airflow.store import sets

    return sets.slices(rows, size)
