"""How a block of code on a page is run."""

from __future__ import annotations

import configparser
import contextlib
import doctest
import io
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.store import migrations
from jobmon_airflow.store.database import Database
from tests.docs.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest
    from sqlalchemy import Connection

    from tests.docs.pages import Block

FLAGS: Final = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def module_of(page: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names of a module that can be imported, as task generators demand of theirs."""
    module = ModuleType(f"page_{page.stem}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return vars(module)


def run_python(page: Path, block: Block, namespace: dict[str, Any]) -> str:
    source = "\n" * (block.line - 1) + block.text  # so that tracebacks point into the page
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        exec(compile(source, str(page), "exec"), namespace)
    return printed.getvalue()


def run_doctest(page: Path, block: Block, namespace: dict[str, Any]) -> None:
    test = doctest.DocTestParser().get_doctest(block.text, namespace, page.name, str(page), block.line - 1)
    runner = doctest.DebugRunner(optionflags=FLAGS)
    runner.run(test, clear_globs=False)
    namespace.update(test.globs)


def run_sql(block: Block) -> None:
    database = Database.open()
    migrations.prepare(database)  # as whoever asks by way of this package does
    for statement in filter(str.strip, block.text.split(";")):
        database.write(partial(_execute, statement))
    database.close()


def _execute(statement: str, connection: Connection) -> None:
    answer = connection.exec_driver_sql(statement)
    if answer.returns_rows:
        answer.fetchall()


def run_session(block: Block) -> None:
    """Commands behind ``$``, each of which prints what stands below it."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        said = run_script(command)
        assert says(expected, said), f"$ {command}\n{said}"


def run_script(script: str, env: Mapping[str, str] | None = None) -> str:
    """What a shell script prints that ends well."""
    ran = subprocess.run(
        ["bash", "-euc", script],
        env=environment() | dict(env or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, f"{script}\n{ran.stdout}{ran.stderr}"
    return ran.stdout


def says(expected: str, printed: str) -> bool:
    return doctest.OutputChecker().check_output(expected, printed, FLAGS)


def environment() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}


def read_resources(block: Block, namespace: Mapping[str, Any]) -> None:
    """YAML on the pages says what tasks ask for, and the tool of the page reads it."""
    file = Path("resources.yaml")
    file.write_text(block.text, encoding="utf-8")
    namespace["tool"].set_default_compute_resources_from_yaml("slurm", str(file))


def read_settings(block: Block) -> None:
    """Lines for airflow.cfg: each option is one that Airflow or this package knows."""
    from airflow.configuration import conf

    given = configparser.ConfigParser(interpolation=None)
    given.read_string(block.text)
    known = conf.configuration_description
    for name in given.sections():
        assert set(given[name]) <= set(known[name]["options"]), name
