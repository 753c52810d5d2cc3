"""A command loads what it needs and no more: that is what lets it answer before one looks up."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.cli.typing_words import typed

LOADED = """
import json, os, sys
from jobmon_airflow.cli.console import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
os.write(2, json.dumps(sorted(sys.modules)).encode())
"""


def loaded(*words: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    return set(json.loads(done.stderr[done.stderr.index("[") :]))


@pytest.fixture
def address(tmp_path):
    found = f"sqlite:///{tmp_path / 'jobmon.db'}"
    assert typed("db", "init", "--database", found).returncode == 0
    return found


@pytest.mark.parametrize("words", ["--help", "version", "workflow status --help", "completion bash"])
def test_what_asks_no_database_loads_none(words):
    modules = loaded(*words.split())

    assert not modules & {"sqlalchemy", "airflow", "rich", "alembic", "asyncio", "yaml"}


def test_the_status_of_workflows_needs_one_dialect_and_neither_airflow_nor_an_engine(address):
    modules = loaded("workflow", "status", "--database", address)

    assert "jobmon_airflow.store.overviews" in modules
    assert not modules & {"airflow", "alembic", "rich", "yaml", "pydantic"}
    assert not modules & {"sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.mysql"}
    assert not {name for name in modules if name.startswith("jobmon_airflow.distributors")}
