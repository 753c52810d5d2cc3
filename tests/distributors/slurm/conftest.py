from __future__ import annotations

import pytest

from jobmon_airflow.testing.fake_slurm import FakeSlurm


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Make the fake as a test wants it; one at a time."""
    made = []

    def make(**settings):
        fake = FakeSlurm(tmp_path / "fake", **{"nodes": 4, "slots": 16, "kill_wait": 0.5, **settings})
        made.append(fake.__enter__())
        monkeypatch.setenv("PATH", fake.path)
        monkeypatch.chdir(fake.folder)
        return fake

    yield make
    for fake in made:
        fake.__exit__()


@pytest.fixture
def fake(make):
    return make()
