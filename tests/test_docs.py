"""The documentation, run as printed.

In README.md and docs/*.md, from top to bottom, with one namespace, one AIRFLOW_HOME and one folder per page:

* ```python  is run; where a ```text block comes next, that is what it prints, on stderr too
* ```pycon   is run as a doctest
* ```sql     is sent to the database, statement by statement
* ```sh      is run where its lines begin with ``$``; the lines below are what it prints

In what is printed, ``...`` stands for anything. Code of other kinds, and sh without ``$``, is for reading.
"""

from __future__ import annotations

import contextlib
import doctest
import importlib.util
import io
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import zip_longest
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import pytest

from jobmon_airflow import JobmonError, Tool
from jobmon_airflow.engine import claims
from jobmon_airflow.store import migrations, schema, views
from jobmon_airflow.store.database import Database
from jobmon_airflow.testing import SimulatedClock, SimulatedCluster, simulate
from jobmon_airflow.worker.call import IMPORTING

if TYPE_CHECKING:
    from sqlalchemy import Connection

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINKING = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^]]+\]\((?!https?:)([^)#]*)#?([^)]*)\)")
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Block(NamedTuple):
    kind: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(found[1], found[2], text.count("\n", 0, found.start()) + 2) for found in BLOCK.finditer(text)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_runs_as_printed(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = module_of(page, monkeypatch)
    found = blocks(page)

    for block, following in zip_longest(found, found[1:]):
        match block.kind:
            case "python":
                printed = run_python(page, block, namespace)
                if following and following.kind == "text":
                    assert doctest.OutputChecker().check_output(following.text, printed, FLAGS), printed
            case "pycon":
                run_doctest(page, block, namespace)
            case "sql":
                run_sql(block)
            case "sh" if block.text.startswith("$"):
                run_shell(block)


def test_the_questions_of_the_database_page_can_be_asked_of_every_database(database_url, monkeypatch):
    monkeypatch.setenv("JOBMON__DB__SQLALCHEMY_DATABASE_URI", database_url)
    page = ROOT / "docs" / "database.md"
    namespace = module_of(page, monkeypatch)
    database = Database.open()
    migrations.migrate(database)
    database.close()

    for block in blocks(page):
        if block.kind == "python":
            run_python(page, block, namespace)
        elif block.kind == "sql":
            run_sql(block)

    namespace["tool"].database.close()


@pytest.mark.parametrize("name", ["README.md", "docs/running.md"])
def test_the_questions_after_a_run_can_be_asked_of_every_database(name, database_url, monkeypatch):
    monkeypatch.setenv("JOBMON__DB__SQLALCHEMY_DATABASE_URI", database_url)
    database = Database.open()
    migrations.migrate(database)
    database.close()

    for block in blocks(ROOT / name):
        if block.kind == "sql":
            run_sql(block)


def module_of(page: Path, monkeypatch) -> dict:
    """A module that can be imported, as task generators demand of theirs."""
    module = ModuleType(f"page_{page.stem}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return vars(module)


def run_python(page: Path, block: Block, namespace: dict) -> str:
    source = "\n" * (block.line - 1) + block.text  # so that tracebacks point into the page
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        exec(compile(source, str(page), "exec"), namespace)
    return printed.getvalue()


def run_doctest(page: Path, block: Block, namespace: dict) -> None:
    test = doctest.DocTestParser().get_doctest(block.text, namespace, page.name, str(page), block.line - 1)
    runner = doctest.DebugRunner(optionflags=FLAGS)
    runner.run(test, clear_globs=False)
    namespace.update(test.globs)


def run_sql(block: Block) -> None:
    database = Database.open()
    for statement in filter(str.strip, block.text.split(";")):
        database.write(partial(execute, statement))
    database.close()


def execute(statement: str, connection: Connection) -> None:
    answer = connection.exec_driver_sql(statement)
    if answer.returns_rows:
        answer.fetchall()


def run_shell(block: Block) -> None:
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        ran = subprocess.run(
            command, shell=True, env=environment(), capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        assert doctest.OutputChecker().check_output(expected, ran.stdout, FLAGS), ran.stdout


def environment() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}


# Links


@pytest.mark.parametrize("page", LINKING, ids=lambda page: page.stem)
def test_links_lead_to_files_and_headings_that_are_there(page):
    for target, heading in LINK.findall(page.read_text(encoding="utf-8")):
        linked = (page.parent / target) if target else page
        assert linked.exists(), target
        if heading:
            assert heading in headings(linked)


def headings(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


# The errors of the README


def tool() -> Tool:
    made = Tool("mistakes")
    made.set_default_cluster_name("multiprocess")
    return made


def workflow(of: Tool, *tasks):
    made = of.create_workflow(name="mistakes")
    made.add_tasks(tasks)
    return made


def template(of: Tool):
    return of.get_task_template("transform", "transform {year}", node_args=["year"])


def without_cluster():
    of = Tool("mistakes")
    workflow(of, template(of).create_task(year=1990)).bind()


def an_unknown_cluster():
    of = tool()
    workflow(of, template(of).create_task(year=1990, cluster_name="slrum")).bind()


def a_foreign_word():
    template(tool()).create_task(year=1990, compute_resources={"mem": "8G"})


def memory_without_unit():
    template(tool()).create_task(year=1990, compute_resources={"memory": "60"})


def awk_with_single_braces():
    tool().get_task_template("first", "awk '{print $1}' {path}", node_args=["path"])


def a_missing_argument():
    template(tool()).create_task()


def the_same_task_twice():
    of = tool()
    workflow(of, template(of).create_task(year=1990), template(of).create_task(year=1990))


def an_upstream_that_was_not_added():
    of = tool()
    upstream = template(of).create_task(year=1990)
    workflow(of, template(of).create_task(year=2000, upstream_tasks=[upstream])).bind()


def a_database_without_tables():
    migrations.check(Database.open("sqlite://"))


def a_driver_that_is_missing():
    Database.open("postgresql+pg8000://host/name")


def study():
    of = tool()
    made = of.create_workflow(workflow_args="release 16")
    made.add_task(template(of).create_task(year=1990, max_attempts=1))
    return made


def a_second_run_that_is_no_resume():
    simulate(study(), SimulatedCluster(exit_code=lambda *_: 1))
    simulate(study(), SimulatedCluster())


def a_second_run_at_the_same_time():
    bound = study().bind()
    an_hour = timedelta(hours=1)
    bound.tool.database.write(
        lambda it: claims.take(it, bound.workflow_id, datetime.now(UTC), resume=False, lease=an_hour)
    )
    simulate(study(), SimulatedCluster())


def a_run_of_what_is_done():
    simulate(study(), SimulatedCluster())
    simulate(study(), SimulatedCluster())


def too_little_time():
    simulate(study(), SimulatedCluster(SimulatedClock(), takes=3600), seconds_until_timeout=60)


def a_run_while_a_task_imports_it():
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(IMPORTING, "study")
        study().run()


MISTAKES = [
    without_cluster,
    an_unknown_cluster,
    a_foreign_word,
    memory_without_unit,
    awk_with_single_braces,
    a_missing_argument,
    the_same_task_twice,
    an_upstream_that_was_not_added,
    a_database_without_tables,
    a_driver_that_is_missing,
    a_second_run_that_is_no_resume,
    a_second_run_at_the_same_time,
    a_run_of_what_is_done,
    too_little_time,
    a_run_while_a_task_imports_it,
]


def test_the_readme_has_a_row_for_every_mistake_and_a_mistake_for_every_row():
    assert len(rows_on_errors()) == len(MISTAKES)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_the_readme_quotes_errors_as_they_are_raised(mistake):
    with pytest.raises(JobmonError) as caught:
        mistake()

    assert re.fullmatch(as_pattern(rows_on_errors()[MISTAKES.index(mistake)]), caught.value.problem), (
        caught.value.problem
    )


def rows_on_errors() -> list[str]:
    section = (
        (ROOT / "README.md")
        .read_text(encoding="utf-8")
        .split("## When something goes wrong")[1]
        .split("\n## ")[0]
    )
    return re.findall(r"^\| `(.+?)` \|", section, re.MULTILINE)


def as_pattern(quoted: str) -> str:
    return ".*".join(map(re.escape, quoted.split("…")))


# The drawn page of tables


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
