"""Write docs/tables.md, the tables and views of the database, from jobmon_airflow/store/schema.py.

Run it after every change of the schema; ``--check`` only says whether the page is up to date.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, UniqueConstraint, create_engine, inspect

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tables of this checkout, installed or not

from jobmon_airflow.store import schema, views
from scripts import pages
from scripts.pages import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Column, Table

PAGE = Path(__file__).parents[1] / "docs" / "tables.md"
SOURCE = "jobmon_airflow/store/schema.py"
COMMAND = "python scripts/draw_tables.py"

INTRODUCTION = f"""\
# Tables

<!-- Written by `{COMMAND}` from the tables in {SOURCE}. Do not edit. -->

What the database holds, table by table; [database.md](database.md) says where it is and how to ask it.

Types are those of standard SQL; each database has its own word for some of them. A `DATETIME` is a moment in
UTC, with microseconds. "Null" says that a column may be empty. In "Key", **primary** is the column (or one of
the columns) that a row is known by, and an arrow leads to the table that the column refers to. What the
letters of the statuses mean is in [states.md](states.md).
"""

HEADING = re.compile(r"^# --- (.+?) -+$")
READ_BY_A_VIEW = re.compile(r"(?:FROM|JOIN|,) (\w+)(?![\w.])")


def main() -> int:
    return pages.write_or_check(PAGE, render(), source=SOURCE, command=COMMAND, about=__doc__)


def render() -> str:
    """Return the page."""
    sections = [group_section(title, tables) for title, tables in groups().items()]
    return "\n".join([INTRODUCTION, *sections, view_section()])


def groups() -> dict[str, list[Table]]:
    """Find the tables under the headings that the schema file has for them."""
    source = Path(schema.__file__).read_text(encoding="utf-8")
    headings = {number: title for number, title in enumerate(map(heading, source.splitlines()), 1) if title}
    grouped: dict[str, list[Table]] = {}
    for number, name in assigned_names(source):
        if name in schema.metadata.tables:
            title = headings[max(line for line in headings if line < number)]
            grouped.setdefault(title, []).append(schema.metadata.tables[name])
    return grouped


def heading(line: str) -> str:
    found = HEADING.match(line)
    return found[1] if found else ""


def assigned_names(source: str) -> Iterator[tuple[int, str]]:
    """Walk the names that a module gives, with their lines. Tables are named like their variables."""
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign):
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield statement.lineno, node.id


def group_section(title: str, tables: list[Table]) -> str:
    return "\n".join([f"## {title.capitalize()}\n", *map(table_section, tables)])


def table_section(shown: Table) -> str:
    columns = table(["Column", "Type", "Null", "Key", ""], map(column_row, shown.columns))
    parts = [f"### {shown.name}", shown.comment, columns, "\n".join(rules(shown))]
    return "\n\n".join(filter(None, parts)) + "\n"


def column_row(column: Column[object]) -> list[str]:
    return [
        f"`{column.name}`",
        str(column.type),
        "null" if column.nullable else "",
        key(column),
        column.comment or "",
    ]


def key(column: Column[object]) -> str:
    primary = ["**primary**"] if column.primary_key else []
    targets = sorted(reference.column.table.name for reference in column.foreign_keys)
    return " ".join([*primary, *(f"→ [{name}](#{name})" for name in targets)])


def rules(shown: Table) -> list[str]:
    """List the unique keys, indexes and checks, by the names that errors have for them."""
    unique = [rule for rule in shown.constraints if isinstance(rule, UniqueConstraint)]
    checks = [rule for rule in shown.constraints if isinstance(rule, CheckConstraint)]
    return [
        *sorted(f"* unique {names(rule.columns)}: `{rule.name}`" for rule in unique),
        *sorted(f"* index {names(index.columns)}: `{index.name}`" for index in shown.indexes),
        *sorted(f"* check `{rule.sqltext}`: `{rule.name}`" for rule in checks),
    ]


def names(columns: Iterable[Column[object]]) -> str:
    return ", ".join(f"`{column.name}`" for column in columns)


def view_section() -> str:
    columns = columns_of_views()
    queries = views.definitions("sqlite")
    rows = ([f"`{name}`", tables_in(query), columns[name]] for name, query in queries.items())
    return f"## Views\n\n{views.__doc__}\n{table(['View', 'Shows', 'Columns'], rows)}\n"


def tables_in(query: str) -> str:
    read = dict.fromkeys(name for name in READ_BY_A_VIEW.findall(query) if name in schema.metadata.tables)
    return ", ".join(f"[{name}](#{name})" for name in read)


def columns_of_views() -> dict[str, str]:
    """Ask a database for the columns; it alone knows what `SELECT *` is."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        schema.metadata.create_all(connection)
        views.create(connection)
        inspector = inspect(connection)
        columns = {name: inspector.get_columns(name) for name in inspector.get_view_names()}
    engine.dispose()
    return {name: ", ".join(f"`{column['name']}`" for column in found) for name, found in columns.items()}


if __name__ == "__main__":
    sys.exit(main())
