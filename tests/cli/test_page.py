"""docs/cli.md shows the commands that there are."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from jobmon_airflow.cli.declaring import commands_of
from jobmon_airflow.cli.definition import JOBMON

SCRIPT = Path(__file__).parents[2] / "scripts" / "draw_cli.py"


def drawer():
    spec = importlib.util.spec_from_file_location("draw_cli", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_shows_the_commands_as_they_are_declared():
    page = drawer().PAGE.read_text(encoding="utf-8")

    assert page == drawer().render(), "Run: python scripts/draw_cli.py"


def test_every_command_has_a_section():
    titles = re.findall(r"^## jobmon (.+)$", drawer().render(), re.MULTILINE)

    assert titles == [words for words, _ in commands_of(JOBMON)]
