"""The documentation, run as printed.

In README.md and docs/*.md, from top to bottom, with one namespace, one AIRFLOW_HOME and one folder per page:

* ```python  is run; where a ```text block comes next, that is what it prints, on stderr too
* ```pycon   is run as a doctest
* ```sql     is sent to the database, statement by statement
* ```sh      is run: each line behind a ``$``, with what it prints below; without any ``$``, as one script
* ```yaml    is read by the tool of the page, as what its tasks ask for
* ```ini     holds options that Airflow knows

In what is printed, ``...`` stands for anything. What needs more than a folder has, in the line above it, a comment that
names the file which tries it, and that no reader sees: ``<!-- tried by tests/docs/test_servers.py -->``.
"""

from __future__ import annotations

from itertools import zip_longest

import pytest

from jobmon_airflow.store import migrations
from jobmon_airflow.store.database import Database
from tests.docs import running
from tests.docs.pages import PAGES, ROOT, blocks, name_of

FOR_READING = {"text", "mermaid"}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_runs_as_printed(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = running.module_of(page, monkeypatch)
    found = blocks(page)

    for block, following in zip_longest(found, found[1:]):
        if block.tried_by:
            assert (ROOT / block.tried_by).is_file(), block
            continue
        match block.kind:
            case "python":
                printed = running.run_python(page, block, namespace)
                if following and following.kind == "text":
                    assert running.says(following.text, printed), printed
            case "pycon":
                running.run_doctest(page, block, namespace)
            case "sql":
                running.run_sql(block)
            case "sh" | "bash" if block.text.startswith("$"):
                running.run_session(block)
            case "sh" | "bash":
                running.run_script(block.text)
            case "yaml":
                running.read_resources(block, namespace)
            case "ini":
                running.read_settings(block)
            case kind:
                assert kind in FOR_READING, f"{page.name}:{block.line} says nobody who tries it"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_fence_says_what_it_holds(page):
    fences = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("```")]

    assert len(fences) == 2 * len(blocks(page))


@pytest.mark.parametrize("name", ["README.md", "docs/database.md"])
def test_questions_can_be_asked_of_every_database(name, database_url, monkeypatch):
    monkeypatch.setenv("JOBMON__DB__SQLALCHEMY_DATABASE_URI", database_url)
    page = ROOT / name
    namespace = running.module_of(page, monkeypatch)
    database = Database.open()
    migrations.migrate(database)
    database.close()

    for block in blocks(page):
        if block.kind == "python" and name != "README.md":
            running.run_python(page, block, namespace)
        elif block.kind == "sql":
            running.run_sql(block)

    if "tool" in namespace:
        namespace["tool"].database.close()
