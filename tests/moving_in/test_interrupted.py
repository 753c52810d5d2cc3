"""An import that is interrupted, wherever that is, goes on as if nothing had happened; and two are no more than one."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from jobmon_airflow import resume_workflow
from jobmon_airflow.errors import WorkflowNotResumable
from jobmon_airflow.moving_in import bringing
from jobmon_airflow.moving_in.bringing import bring
from jobmon_airflow.store.database import Database
from tests.moving_in import burden
from tests.moving_in.conftest import database_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.moving_in.originals import Original


class PowerCut(Exception):
    """The end, between two transactions, or within one."""


class Writes:
    """Lets so many transactions pass, and cuts the next, before or after its commit."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.last: int | None = None
        self.commits = False
        write = Database.write

        def counted(database: Database, work: Callable[..., Any], **options: Any) -> Any:
            self.count += 1
            if self.count != self.last:
                return write(database, work, **options)
            if self.commits:
                write(database, work, **options)
                raise PowerCut
            return write(database, lambda connection: self._cut(work(connection)), **options)

        monkeypatch.setattr(Database, "write", counted)

    def cut(self, last: int | None, *, commits: bool = False) -> None:
        self.count, self.last, self.commits = 0, last, commits

    @staticmethod
    def _cut(_result: object) -> None:
        raise PowerCut


@pytest.fixture
def filled(original: Original, monkeypatch: pytest.MonkeyPatch) -> Original:
    """Three workflows, in groups and pages that are small, so that there are many points to be cut at."""
    monkeypatch.setattr(bringing, "WORKFLOWS_OF_A_GROUP", 2)
    monkeypatch.setattr("jobmon_airflow.moving_in.original.Reader.pages.__defaults__", (7,))
    version = original.add_tool("burden")[0]
    for number in range(3):
        burden.of_version(original, version, args=f"release {number}")
    return original


def test_an_import_that_is_cut_at_any_point_ends_the_same(
    filled: Original, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = Writes(monkeypatch)
    whole = database_at(f"sqlite:///{tmp_path / 'whole.db'}")
    writes.cut(None)
    bring(whole, filled.address)
    points, expected = writes.count, burden.everything(whole)

    assert points > 20
    for number, point in enumerate(range(1, points + 1, 3)):
        cut = database_at(f"sqlite:///{tmp_path / f'cut_{point}.db'}")
        writes.cut(point, commits=number % 2 == 0)
        with pytest.raises(PowerCut):
            bring(cut, filled.address)
        writes.cut(None)
        bring(cut, filled.address)
        assert burden.everything(cut) == expected, point
        cut.close()


def test_an_import_that_is_cut_again_and_again_comes_to_its_end(
    filled: Original, ours: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = database_at(f"sqlite:///{tmp_path / 'whole.db'}")
    bring(whole, filled.address)
    writes = Writes(monkeypatch)

    cuts = 0
    for _ in range(100):
        writes.cut(9, commits=True)
        try:
            bring(ours, filled.address)
        except PowerCut:
            cuts += 1
        else:
            break

    assert 2 < cuts < 90
    assert burden.everything(ours) == burden.everything(whole)


def test_what_is_not_here_as_a_whole_cannot_be_run(
    filled: Original, ours: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobmon_airflow.moving_in.attempts.bring", _cut)
    with pytest.raises(PowerCut):
        bring(ours, filled.address)
    monkeypatch.undo()

    with pytest.raises(WorkflowNotResumable, match=r"jobmon import"):
        resume_workflow(1, database=ours.engine.url.render_as_string(hide_password=False))
    workflow = burden.here(ours, args="release 0")
    workflow.bind()
    assert workflow.workflow_id not in {1, 2}


def _cut(*_: object) -> None:
    raise PowerCut


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_two_at_a_time_bring_everything_once(
    kind: str, filled: Original, address_of: Callable[[str], str]
) -> None:
    one, two = database_at(address_of(kind)), database_at(address_of("sqlite"))
    bring(two, filled.address)
    failed: list[BaseException] = []

    def go() -> None:
        try:
            bring(one, filled.address)
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)

    assert failed == []
    counts = {name: len(rows) for name, rows in burden.everything(two).items()}
    assert {name: len(rows) for name, rows in burden.everything(one).items()} == counts
    for table in ("task_instance", "task", "usage_by_hour"):
        assert burden.asked(one, f"SELECT count(*) FROM {table}") == burden.asked(
            two, f"SELECT count(*) FROM {table}"
        )
    assert burden.asked(one, "SELECT sum(attempts) FROM usage_by_hour") == [(39,)]
