"""What the pages tell to type after ``jobmon`` and ``airflow`` can be typed: in tables and sentences, too."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from jobmon_airflow.cli.console import parser
from jobmon_airflow.cli.declaring import Group, commands_of
from jobmon_airflow.cli.definition import JOBMON
from jobmon_airflow.cli.old_names import with_old_names
from tests.docs import running
from tests.docs.pages import PAGES, name_of

TYPED = re.compile(r"(?:^(?:\$ )?|`)(?:airflow )?jobmon ([a-z_][^`\n#…]*?)(?:`| *#.*$|$)", re.MULTILINE)
OF_AIRFLOW = re.compile(r"`airflow ((?!jobmon)[a-z][^`\n…]*)`")
BY_HAND = [page for page in PAGES if page.stem != "cli"]  # that one is drawn from what is declared
KNOWN = with_old_names(JOBMON)


def groups(group, *before):
    yield " ".join(before)
    for each in group.commands:
        if isinstance(each, Group):
            yield from groups(each, *before, each.name)


NAMES = {path for path, _ in commands_of(KNOWN)} | set(groups(KNOWN))


@pytest.mark.parametrize("page", BY_HAND, ids=name_of)
def test_each_command_can_be_typed(page, capsys):
    for line in TYPED.findall(page.read_text(encoding="utf-8")):
        words = shlex.split(line)
        if " ".join(words) not in NAMES:  # a name alone is told of, and not typed
            parsed(words, capsys)


def parsed(words, capsys):
    try:
        parser(KNOWN, words).parse_args(words)
    except SystemExit:
        pytest.fail(f"jobmon {shlex.join(words)}\n{capsys.readouterr().err}")


def test_enough_of_them_are_found():
    found = [line for page in BY_HAND for line in TYPED.findall(page.read_text(encoding="utf-8"))]

    assert len(found) > 60
    assert "workflow limit 12 0" in found
    assert "task again 2" in found


READING = """
import json, sys
from airflow.cli import cli_parser

for words in json.load(sys.stdin):
    cli_parser.get_parser().parse_args(words)
"""


@pytest.mark.long
def test_each_command_of_airflow_can_be_typed(tmp_path):
    typed = {line for page in PAGES for line in OF_AIRFLOW.findall(page.read_text(encoding="utf-8"))}
    assert "dags list-import-errors" in typed
    (tmp_path / "reading.py").write_text(READING)
    (tmp_path / "typed.json").write_text(json.dumps([shlex.split(line) for line in sorted(typed)]))

    running.run_script(
        f"python {tmp_path}/reading.py < {tmp_path}/typed.json",
        {"AIRFLOW__CORE__AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"},
    )
