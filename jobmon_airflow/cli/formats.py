"""The forms in which an answer is printed: tables for people, JSON and CSV for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jobmon_airflow.cli.answers import Answer, Table
from jobmon_airflow.errors import JobmonError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO


def printed(answer: Answer, output: str, to: TextIO, *, in_one_line: bool = False) -> str:
    """An answer as it is to be written: fitted to a terminal, and as plain as can be to anything else."""
    if output == "json":
        return as_json(data_of(answer), in_one_line=in_one_line)
    if output == "csv":
        return as_csv(answer)
    if to.isatty():
        from jobmon_airflow.cli.terminal import fitted

        return fitted(answer)
    return plain(answer)


def data_of(answer: Answer) -> Any:
    """What programs are told."""
    if answer.data is not None:
        return answer.data
    return list(answer.table.rows) if answer.table else {"message": plain(answer)}


def as_json(value: Any, *, in_one_line: bool = False) -> str:
    """For programs."""
    return json.dumps(value, indent=None if in_one_line else 2, default=str, ensure_ascii=False)


def as_csv(answer: Answer) -> str:
    """For spreadsheets and pandas: the rows of the first table, under the names of its columns."""
    if answer.table is None:
        raise JobmonError("This command's answer is not a table.", remedy="Ask for it with -o json.")
    import csv
    import io

    from jobmon_airflow.web.spreadsheets import harmless

    written = io.StringIO()
    table = answer.table
    writer = csv.DictWriter(written, table.columns, lineterminator="\n")
    writer.writeheader()
    for row in table.rows:
        cells = {column: row.get(column) for column in table.columns}
        writer.writerow(
            {name: harmless(value) if isinstance(value, str) else value for name, value in cells.items()}
        )
    return written.getvalue().removesuffix("\n")


def plain(answer: Answer) -> str:
    """Its parts with an empty line between them."""
    return "\n\n".join(
        as_table(part.columns, part.rows) if isinstance(part, Table) else part for part in shown(answer)
    )


def shown(answer: Answer) -> list[str | Table]:
    """Its parts as people see them: in place of an empty table what is said of it."""
    return [
        part.if_empty if isinstance(part, Table) and part.if_empty and not part.rows else part
        for part in answer.parts
    ]


def as_table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Columns as wide as what is in them; numbers stand to the right.

    >>> print(as_table(["NAME", "TASKS"], [{"NAME": "a", "TASKS": 12}, {"NAME": "long", "TASKS": 7}]))
    NAME  TASKS
    a        12
    long      7
    """
    cells = [[cell(row.get(column)) for column in columns] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(columns, *cells, strict=True)]
    rightward = [is_number(rows, column) for column in columns]
    return "\n".join(_line(line, widths, rightward) for line in [list(columns), *cells])


def cell(value: Any) -> str:
    """A value as one line of a table."""
    return "" if value is None else " ".join(str(value).split())


def is_number(rows: Sequence[Mapping[str, Any]], column: str) -> bool:
    """Whether there are numbers in a column, maybe with gaps, and nothing else."""
    values = [value for row in rows if (value := row.get(column)) is not None]
    return bool(values) and all(isinstance(value, int | float) for value in values)


def _line(cells: Sequence[str], widths: Sequence[int], rightward: Sequence[bool]) -> str:
    padded = (
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, rightward, strict=True)
    )
    return "  ".join(padded).rstrip()
