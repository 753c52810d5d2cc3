from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import CHAR, BigInteger, Column, Connection, Double, Integer, MetaData, String, Table, select
from sqlalchemy.exc import DataError, IntegrityError

from jobmon_airflow.states import TaskStatus
from jobmon_airflow.store import schema, sets
from jobmon_airflow.store.dialects import mysql
from jobmon_airflow.store.types import Id, LongText, UtcDateTime

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobmon_airflow.store.database import Database

AT = datetime(2024, 2, 29, 23, 59, 59, 123456, tzinfo=UTC)

# One column of each type that the schema has; the tables of the schema are tested through their own modules.
samples = Table(
    "sample",
    MetaData(),
    Column("id", Id, primary_key=True),
    Column("group", String(255)),
    Column("small", Integer),
    Column("large", BigInteger),
    Column("fraction", Double),
    Column("letter", CHAR(1)),
    Column("text", LongText),
    Column("moment", UtcDateTime),
    mysql_charset="utf8mb4",
    mysql_collate="utf8mb4_bin",
)

AWKWARD = [
    "",
    " spaces around ",
    'it\'s "quoted" `thrice`',
    "back\\slash \\n \\0 \\' \\\\",
    "100% %s %(name)s %%",
    ":name ::cast {brace} $1 ?",
    "two\nlines\r\nand\ta tab",
    "naïve Ω 漢字 🚀 é",
    '{"looks": ["like", null], "JSON": 1}',
    "[1, 2]",
    "null",
    "1",
    "true",
    "x" * 70_000,
]


@pytest.fixture
def group(database: Database, new: Callable[[str], str]) -> str:
    """The rows of this test, in a table that all tests of one database share."""
    database.write(lambda connection: samples.create(connection, checkfirst=True))
    return new("group")


def stored(database: Database, group: str, *columns: str) -> list[tuple[Any, ...]]:
    query = select(*(samples.c[name] for name in columns)).where(samples.c.group == group)
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(samples.c.id))]


def insert(database: Database, group: str, columns: list[str], rows: list[Any], **constants: Any) -> None:
    constants["group"] = group
    database.write(lambda connection: sets.insert(connection, samples, columns, rows, constants=constants))


# --- values ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("small", [0, -1, 2**31 - 1, -(2**31), None]),
        ("large", [2**31, 2**63 - 1, -(2**63), None]),
        ("fraction", [0.1, 1e300, -2.5e-300, 3, None]),
        ("letter", ["G", TaskStatus.DONE, None]),
        ("text", [*AWKWARD, None]),
    ],
)
def test_what_goes_in_comes_out(database: Database, group: str, column: str, values: list[Any]) -> None:
    insert(database, group, [column], [(value,) for value in values])

    assert stored(database, group, column) == [(value,) for value in values]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("small", -7),
        ("large", 2**40),
        ("fraction", 0.1),
        ("letter", TaskStatus.DONE),
        *(("text", text) for text in AWKWARD),
        ("moment", AT),
        ("moment", None),
    ],
)
def test_a_constant_is_the_same_for_all_rows(
    database: Database, group: str, column: str, value: object
) -> None:
    insert(database, group, ["text" if column == "small" else "small"], [("1",), ("2",)], **{column: value})

    assert stored(database, group, column) == [(value,), (value,)]


def test_a_whole_row_keeps_its_values_apart(database: Database, group: str) -> None:
    columns = ["small", "large", "fraction", "letter", "text"]
    rows = [(1, 2**40, 0.5, "D", "a"), (None, None, None, None, None), (3, 4, 5.0, "G", "b\\")]

    insert(database, group, columns, rows, moment=AT)

    assert stored(database, group, *columns, "moment") == [(*row, AT) for row in rows]


def test_values_of_100_kilobytes_go_in_by_the_hundred(database: Database, group: str) -> None:
    # 50 MB: three times what a statement may have on MariaDB.
    texts = [f'{number} "\\é' + "x" * 100_000 for number in range(500)]

    insert(database, group, ["text"], [(text,) for text in texts])

    assert [text for (text,) in stored(database, group, "text")] == texts


def test_values_of_100_kilobytes_are_changed_by_the_hundred(database: Database, group: str) -> None:
    insert(database, group, ["small"], [(number,) for number in range(300)])
    ids = [number for (number,) in stored(database, group, "id")]
    texts = [f"{number} " + "x" * 100_000 for number in ids]

    database.write(lambda it: sets.update(it, samples, "id", ["text"], list(zip(ids, texts, strict=True))))

    assert [text for (text,) in stored(database, group, "text")] == texts


def test_documents_are_halved_until_they_fit_and_a_larger_row_goes_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mysql, "DOCUMENT", 40)
    rows = [("a" * 10,), ("b" * 100,), ("c" * 10,), ("d" * 10,)]

    parts = [json.loads(document) for document in mysql.documents(rows)]

    assert parts == [[["a" * 10]], [["b" * 100]], [["c" * 10], ["d" * 10]]]


@given(
    texts=st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1, max_size=20
    )
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_comes_back_as_it_was_stored(
    database: Database, group: str, new: Callable[[str], str], texts: list[str]
) -> None:
    group = new("any")

    insert(database, group, ["text"], [(text,) for text in texts])

    assert [text for (text,) in stored(database, group, "text")] == texts


# --- insert ------------------------------------------------------------------------------------------------


def test_no_rows_are_no_statement(database: Database, group: str) -> None:
    insert(database, group, ["text"], [])

    assert stored(database, group, "text") == []


def test_more_rows_than_a_statement_takes_arrive_in_their_order(database: Database, group: str) -> None:
    insert(database, group, ["small"], [(number,) for number in range(5_001)])

    assert stored(database, group, "small") == [(number,) for number in range(5_001)]


def test_rows_may_come_from_a_stream(database: Database, group: str) -> None:
    insert(database, group, ["small"], ((number,) for number in (1, 2)))  # type: ignore[arg-type]

    assert stored(database, group, "small") == [(1,), (2,)]


def test_what_is_there_is_kept_and_the_rest_goes_in(database: Database, new: Callable[[str], str]) -> None:
    old, fresh = new("tool"), new("tool")

    def enter(connection: Connection) -> None:
        sets.insert(connection, schema.tool, ("name",), [(old,)], keep_existing=True)
        first = sets.mapping(connection, select(schema.tool.c.name, schema.tool.c.id))[old]
        sets.insert(connection, schema.tool, ("name",), [(old,), (fresh,), (fresh,)], keep_existing=True)
        found = sets.mapping(connection, select(schema.tool.c.name, schema.tool.c.id))
        assert found[old] == first
        assert fresh in found

    database.write(enter)


def test_a_duplicate_is_an_error_where_nobody_asked_to_keep_it(
    database: Database, new: Callable[[str], str]
) -> None:
    name = new("tool")

    with pytest.raises(IntegrityError):
        database.write(lambda it: sets.insert(it, schema.tool, ("name",), [(name,), (name,)]))


@pytest.mark.parametrize(
    ("table", "columns", "row"),
    [
        pytest.param(schema.task_template, ("tool_version_id", "name"), (-1, "a"), id="a broken reference"),
        pytest.param(schema.tool, ("name",), (None,), id="an empty name"),
        pytest.param(
            schema.dag_join,
            ("dag_id", "number", "upstream_node_ids", "downstream_node_ids"),
            (1, 0, "[]", "[]"),
            id="a join that counts from zero",
        ),
    ],
)
def test_keeping_what_is_there_hides_no_other_error(
    database: Database, table: Table, columns: tuple[str, ...], row: tuple[Any, ...]
) -> None:
    # MariaDB has an error number of its own for checks, which its driver does not know.
    with pytest.raises(Exception, match=r"(?i)foreign key|null|check|constraint"):
        database.write(lambda it: sets.insert(it, table, columns, [row], keep_existing=True))


@pytest.mark.kinds("postgresql", "mariadb")  # SQLite knows no lengths; the client checks them first
@pytest.mark.parametrize("keep_existing", [False, True])
def test_a_text_that_is_too_long_is_refused_and_not_cut(database: Database, keep_existing: bool) -> None:
    with pytest.raises(DataError):
        database.write(
            lambda it: sets.insert(it, schema.tool, ("name",), [("x" * 256,)], keep_existing=keep_existing)
        )


def test_a_moment_without_a_time_zone_is_refused(database: Database, group: str) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        insert(database, group, ["small"], [(1,)], moment=AT.replace(tzinfo=None))


# --- replace, update ------------------------------------------------------------------------------------------


def test_a_row_takes_the_place_of_the_one_with_its_key(database: Database, group: str) -> None:
    insert(database, group, ["small", "text"], [(1, "a"), (2, "b")])
    ids = [number for (number,) in stored(database, group, "id")]

    database.write(lambda it: sets.replace(it, samples, ("id", "group", "text"), [(ids[0], group, "new")]))

    assert stored(database, group, "id", "small", "text") == [(ids[0], 1, "new"), (ids[1], 2, "b")]


def test_rows_are_changed_by_their_keys_and_others_stay(database: Database, group: str) -> None:
    insert(database, group, ["small", "text"], [(1, "a"), (2, "b"), (3, "c")])
    first, _, third = [number for (number,) in stored(database, group, "id")]

    rows = [(third, None, 'z\\"'), (first, 2**31 - 1, "y"), (-1, 0, "nobody")]
    database.write(
        lambda it: sets.update(it, samples, "id", ("small", "text"), rows, constants={"moment": AT})
    )

    assert stored(database, group, "small", "text", "moment") == [
        (2**31 - 1, "y", AT),
        (2, "b", None),
        (None, 'z\\"', AT),
    ]


def test_constants_alone_can_be_set(database: Database, group: str) -> None:
    insert(database, group, ["small"], [(1,), (2,)])
    first, _ = [number for (number,) in stored(database, group, "id")]

    changes = {"letter": TaskStatus.DONE, "fraction": 0.1, "moment": AT}
    database.write(lambda it: sets.update(it, samples, "id", (), [(first,)], constants=changes))

    assert stored(database, group, "letter", "fraction", "moment") == [("D", 0.1, AT), (None, None, None)]


# --- among, stream, slices ------------------------------------------------------------------------------------


def test_among_no_values_is_nothing(database: Database, group: str) -> None:
    insert(database, group, ["text"], [("a",)])

    assert chosen(database, group, "text", []) == []


@pytest.mark.parametrize("text", AWKWARD)
def test_among_one_value_is_that_one(database: Database, group: str, text: str) -> None:
    insert(database, group, ["text"], [(text,), ("another",), (None,)])

    assert chosen(database, group, "text", [text]) == [text]


def test_among_texts_capitals_and_accents_count(database: Database, group: str) -> None:
    insert(database, group, ["text"], [("resume",), ("Resume",), ("résumé",), (" resume",)])

    assert chosen(database, group, "text", ["resume"]) == ["resume"]


@pytest.mark.parametrize(
    ("column", "values"),
    [("large", range(2**40, 2**40 + 100_000)), ("text", [f"{number:032x}" for number in range(100_000)])],
)
def test_among_a_hundred_thousand_values_are_those_that_there_are(
    database: Database, group: str, column: str, values: Any
) -> None:
    there = [values[0], values[50_000], values[-1]]
    insert(database, group, [column], [(value,) for value in there])

    assert chosen(database, group, column, values) == there


def test_a_letter_is_found_among_letters(database: Database, group: str) -> None:
    insert(database, group, ["letter"], [("G",), ("D",)])

    assert chosen(database, group, "letter", [TaskStatus.DONE, "F"]) == ["D"]


def test_among_can_be_turned_round(database: Database, group: str) -> None:
    insert(database, group, ["small"], [(1,), (2,)])
    query = select(samples.c.small).where(samples.c.group == group, ~sets.among(samples.c.small, [1]))

    with database.read() as connection:
        assert list(connection.execute(query).scalars()) == [2]


def test_a_long_answer_comes_whole_and_in_order(database: Database, group: str) -> None:
    insert(database, group, ["small"], [(number,) for number in range(4_500)])
    query = select(samples.c.small).where(samples.c.group == group).order_by(samples.c.id)

    with database.read() as connection:
        assert [row.small for row in sets.stream(connection, query)] == list(range(4_500))


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (4, [2, 2]), (5, [2, 2, 1])])
def test_a_stream_is_cut_into_lists(count: int, sizes: list[int]) -> None:
    assert [len(part) for part in sets.slices(iter(range(count)), 2)] == sizes


def chosen(database: Database, group: str, column: str, values: Any) -> list[Any]:
    query = select(samples.c[column]).where(samples.c.group == group, sets.among(samples.c[column], values))
    with database.read() as connection:
        return list(connection.execute(query.order_by(samples.c.id)).scalars())
