"""The page of tables shows the schema."""

from __future__ import annotations

import importlib.util
import re
import sys

from jobmon_airflow.store import schema, views
from tests.docs.pages import ROOT


def drawer():
    spec = importlib.util.spec_from_file_location("draw_tables", ROOT / "scripts" / "draw_tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_tables_shows_the_schema():
    assert drawer().PAGE.read_text(encoding="utf-8") == drawer().render(), (
        "Run: python scripts/draw_tables.py"
    )


def test_every_table_and_view_is_on_the_page_once():
    titles = re.findall(r"^### (\w+)$", drawer().render(), re.MULTILINE)
    rows = re.findall(r"^\| `(\w+)` \|", drawer().view_section(), re.MULTILINE)

    assert sorted(titles) == sorted(schema.metadata.tables)
    assert rows == list(views.definitions("sqlite"))


def test_a_page_of_tables_that_is_behind_is_named_with_the_command_that_mends_it(
    tmp_path, monkeypatch, capsys
):
    script = drawer()
    monkeypatch.setattr(script, "PAGE", tmp_path / "tables.md")
    monkeypatch.setattr(sys, "argv", ["draw_tables.py", "--check"])

    assert script.main() == 1
    assert "Run: python scripts/draw_tables.py" in capsys.readouterr().err
    assert not script.PAGE.exists()

    monkeypatch.setattr(sys, "argv", ["draw_tables.py"])

    assert script.main() == 0
    assert script.PAGE.read_text(encoding="utf-8") == script.render()
