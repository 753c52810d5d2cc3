"""The page for whoever comes from Jobmon names all that there was, and nothing that is not here."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from typing import TYPE_CHECKING, Final

import pytest

import jobmon_airflow
from jobmon_airflow import classic, errors, settings, stand_in, states
from jobmon_airflow.cli import console, old_names
from jobmon_airflow.cli.declaring import commands_of
from jobmon_airflow.cli.definition import JOBMON
from jobmon_airflow.store import schema, views
from tests.docs.pages import ROOT, blocks, rows, section
from tests.moving_in import burden

if TYPE_CHECKING:
    from jobmon_airflow.store.database import Database
    from tests.moving_in.originals import Original

PAGE: Final = ROOT / "docs" / "coming-from-jobmon.md"
TEXT: Final = PAGE.read_text(encoding="utf-8")


def words(text: str) -> set[str]:
    """What stands between backticks."""
    return set(re.findall(r"`([^`]+)`", text))


# --- what there was ---------------------------------------------------------------------------------------------


def test_every_module_of_jobmon_is_named_with_what_is_in_it() -> None:
    named = {word: row for row in rows(section(PAGE, "Old names in Python")) for word in words(row[0])}
    of_modules = {name: its for name, its in stand_in.MODULES.items() if its}

    assert of_modules.keys() <= named.keys()
    for module, its in of_modules.items():
        told = {
            word
            for row in rows(section(PAGE, "Old names in Python"))
            if module in words(row[0])
            for word in words(row[1])
        }
        assert set(its) - {"__version__"} <= told, module


def test_every_old_command_is_named() -> None:
    named = " ".join(words(section(PAGE, "Old names of commands")))

    assert [old.name for old in old_names.OLD_NAMES if f"jobmon {old.name}" not in named] == []


def test_every_table_and_view_is_named() -> None:
    named = words(section(PAGE, "Tables"))
    newer = {
        name
        for name in schema.metadata.tables
        if name.startswith(("airflow_", "waiting_", "moves_", "usage_"))
    }
    newer |= {"action_log", "error_kind", "template_edge", "origin", "imported"}

    assert (schema.metadata.tables.keys() | views.definitions("sqlite").keys()) - newer <= named


def test_every_function_of_the_r_package_is_named() -> None:
    exported = re.findall(
        r"export\((\w+)\)", (ROOT / "r" / "jobmonr" / "NAMESPACE").read_text(encoding="utf-8")
    )

    assert exported
    assert set(exported) <= words(section(PAGE, "Old names in R"))


def test_every_letter_is_told() -> None:
    told = {row[0]: words(row[1]) for row in rows(section(PAGE, "Statuses"))}

    for name, kind in (
        ("task", states.TaskStatus),
        ("task instance", states.TaskInstanceStatus),
        ("workflow run", states.WorkflowRunStatus),
        ("workflow", states.WorkflowStatus),
    ):
        assert told[name] == {str(status) for status in kind}
    for kind, letters in states.OLDER_LETTERS.items():
        name = "workflow, 2.x" if kind is states.WorkflowStatus else "task instance, 2.x"
        assert letters.keys() <= told[name]


# --- what there is ----------------------------------------------------------------------------------------------


def test_what_is_here_of_python_is_there() -> None:
    for row in rows(section(PAGE, "Old names in Python")):
        for word in words(row[2] if row[0].startswith("`jobmon") else row[1]):
            if word.startswith("jobmon_airflow"):
                assert _found(word) is not None, word


def _found(path: str) -> object:
    try:
        return import_module(path)
    except ModuleNotFoundError:
        home, _, name = path.rpartition(".")
        return getattr(import_module(home), name)


@pytest.mark.parametrize(
    ("title", "kinds"),
    [
        ("Tool", (jobmon_airflow.Tool, classic.Tool)),
        (
            "TaskTemplate, Array and Task",
            (jobmon_airflow.TaskTemplate, jobmon_airflow.Array, jobmon_airflow.Task),
        ),
        ("Workflow", (jobmon_airflow.Workflow, classic.Workflow)),
    ],
)
def test_methods_that_are_the_same_are_there(title: str, kinds: tuple[type, ...]) -> None:
    table = TEXT.split(f"\n### {title}\n")[1].split("\n#")[0]
    for row in rows(table):
        if not row[1].startswith("the same"):
            continue
        for word in words(row[0]):
            name = word.split("(")[0].rpartition(".")[2].removesuffix("_yaml")
            if re.fullmatch(r"[a-z_]+", name) and name not in {"compute_resources_callable", "_from"}:
                assert any(hasattr(kind, name) for kind in (*kinds, jobmon_airflow)), word


def test_commands_of_today_are_commands() -> None:
    known = {f"jobmon {path}" for path, _ in commands_of(JOBMON)}
    for row in rows(section(PAGE, "Old names of commands")):
        for word in words(row[1]):
            assert word in known, word
    for block in blocks(PAGE):
        for line in block.text.splitlines():
            if line.startswith("jobmon "):
                console.parser(JOBMON, line.split()[1:]).parse_args(line.split()[1:])


def test_options_are_known() -> None:
    told = {row[1]: words(row[1]) for row in rows(section(PAGE, "Configuration"))}
    names = {word for its in told.values() for word in its if re.fullmatch(r"[a-z_]+", word)}

    assert {"sql_alchemy_conn", "api_url", "poll_interval", "engine_log_folder", "classic_cluster"} <= names
    assert names <= settings.DEFAULTS.keys()


def test_errors_keep_their_names() -> None:
    [row] = [row for row in rows(section(PAGE, "Old names in Python")) if "jobmon.core.exceptions" in row[0]]

    assert all(inspect.isclass(getattr(errors, name)) for name in words(row[1]))


# --- the example ------------------------------------------------------------------------------------------------


def test_the_import_answers_as_the_page_says(
    original: Original, ours: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    burden.there(original)
    address = ours.engine.url.render_as_string(hide_password=False)

    code = console.main(["import", "--from", original.address, "--database", address])

    printed = capsys.readouterr().out
    [told] = [block.text for block in blocks(PAGE) if block.kind == "text"]
    assert code == 0
    assert printed.splitlines()[1:] == told.rstrip("\n").splitlines()[1:]
    assert re.fullmatch(r"From sqlite:///.*original\.db:", printed.splitlines()[0])
