"""What ``jobmon doctor`` finds out about each kind of database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from jobmon_airflow.cli.examining import store


def test_a_database_that_is_well_has_nothing_to_complain_of(url):
    found = {each.about: each for each in store.findings(url)}

    assert {each.about for each in found.values() if each.health == "problem"} == set()
    assert found["tables"].health == "ok"
    assert " ms (" in found["database"].says
    assert "clocks" not in found


def test_clocks_that_are_apart_are_a_warning(database, kind, url, monkeypatch):
    class Behind(datetime):
        @classmethod
        def now(cls, zone=None):
            return datetime.now(UTC) - timedelta(minutes=3)

    monkeypatch.setattr(store, "datetime", Behind)

    found = [each for each in store.findings(url) if each.about == "clocks"]

    # SQLite has no clock of its own.
    assert [each.health for each in found] == ([] if kind == "sqlite" else ["warning"])
    assert all("behind that of the database" in each.says for each in found)
