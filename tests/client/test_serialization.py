"""A function's arguments become texts that people can read, and come back as they were."""

from __future__ import annotations

import json
import math
import shlex
import sys
import typing
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobmon_airflow.client.serialization import Unfit, form_of
from jobmon_airflow.client.task_generator import TaskGenerator, task_generator
from jobmon_airflow.worker import call


@dataclass(frozen=True)
class Place:
    country: str
    region: str


class Sex(str, Enum):  # noqa: UP042 - what people wrote before StrEnum asks more of us
    FEMALE = "f"


class Year(IntEnum):
    FIRST = 1990


class Years(list):
    pass


SERIALIZERS = {
    Place: (lambda place: f"{place.country}/{place.region}", lambda text: Place(*text.split("/"))),
    Years: (lambda years: "+".join(map(str, years)), lambda text: Years(map(int, text.split("+")))),
    dict: (json.dumps, json.loads),
}

# --- the texts ---------------------------------------------------------------------------------------------

WRITTEN = [
    (str, "", ""),
    (str, "a=b c", "a=b c"),
    (str, "None", "None"),
    (str, '"', '"'),
    (str, Sex.FEMALE, "f"),
    (int, 3, "3"),
    (int, -(2**70), "-1180591620717411303424"),
    (int, Year.FIRST, "1990"),
    (float, 0.1, "0.1"),
    (float, 3, "3.0"),
    (float, 1e-7, "1e-07"),
    (float, math.inf, "inf"),
    (bool, True, "True"),
    (list[int], [], "[]"),
    (list[int], [2, 1], "[2,1]"),
    (list[str], ["Côte d'Ivoire", 'a "b"', ""], '["Côte d\'Ivoire","a \\"b\\"",""]'),
    (list[float], [1, math.inf], "[1.0,Infinity]"),
    (list[bool], [True, False], "[true,false]"),
    (list[int | None], [1, None], "[1,null]"),
    (list[list[int]], [[1], []], "[[1],[]]"),
    (list[Place], [Place("US", "CA")], '["US/CA"]'),
    (tuple[int, str], (1, "a"), '[1,"a"]'),
    (tuple[int, ...], (1, 2, 3), "[1,2,3]"),
    (tuple[()], (), "[]"),
    (set[int], {10, 9, -1}, "[-1,9,10]"),
    (set[str], {"b", "a", "é"}, '["a","b","é"]'),
    (set[int | None], {2, None, 1}, "[null,1,2]"),
    (frozenset[tuple[int, str]], frozenset({(2, "a"), (1, "b")}), '[[1,"b"],[2,"a"]]'),
    (typing.List[int], [1], "[1]"),  # noqa: UP006 - what people wrote before list[int]
    (typing.Optional[int], None, "None"),  # noqa: UP045
    (int | None, 3, "3"),
    (list[int] | None, [], "[]"),
    (list[int] | None, None, "None"),
    (str | None, None, "None"),
    (str | None, "null", "null"),
    (str | None, "None", '"None"'),
    (str | None, '"None"', '"\\"None\\""'),
    (str | None, "", ""),
    (Place, Place("US", "CA"), "US/CA"),
    (Place | None, None, "None"),
    (Years, Years([1, 2]), "1+2"),
    (dict[str, int], {"a": 1}, '{"a": 1}'),
]


@pytest.mark.parametrize(("annotation", "value", "text"), WRITTEN)
def test_a_value_is_written_plainly_and_read_exactly(annotation, value, text):
    form = form_of(annotation, SERIALIZERS)

    assert form.write(value) == text
    assert form.read(text) == value


def test_what_is_not_a_number_stays_so():
    assert math.isnan(form_of(float, {}).read(form_of(float, {}).write(math.nan)))
    assert math.isnan(form_of(list[float], {}).read(form_of(list[float], {}).write([math.nan]))[0])


def test_a_set_is_the_same_text_whatever_the_order_it_was_made_in():
    form = form_of(set[float], {})

    assert form.write({math.nan, 10, 9.5, -1}) == form.write({-1, 9.5, 10, math.nan}) == "[-1.0,NaN,9.5,10.0]"


def test_numbers_of_numpy_are_taken_as_what_they_are():
    class Int64:
        shape = ()

        def item(self):
            return 7

    Int64.__module__ = "numpy"

    assert form_of(int, {}).write(Int64()) == "7"
    assert form_of(list[float], {}).write([Int64()]) == "[7.0]"


# --- what does not fit -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (int, True),
        (int, 1.0),
        (int, "1"),
        (int, None),
        (float, True),
        (float, 2**53 + 1),
        (float, 10**400),
        (bool, 1),
        (str, 1),
        (list[int], [1, "2"]),
        (list[int], [True]),
        (list[int], (1, 2)),
        (list[str], "abc"),
        (tuple[int, str], (1,)),
        (tuple[int, str], ("a", 1)),
        (set[int], [1]),
        (int | None, "None"),
        (Place, "US/CA"),
    ],
)
def test_a_value_of_another_type_is_refused(annotation, value):
    with pytest.raises(Unfit, match="is not"):
        form_of(annotation, SERIALIZERS).write(value)


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (int, "x"),
        (int, "None"),
        (bool, "true"),
        (float, ""),
        (list[int], "[1"),
        (list[int], "1"),
        (list[int], '["a"]'),
        (list[Place], "[1]"),
        (tuple[int, str], "[1]"),
        (str | None, '"a'),
        (str | None, '"a" b'),
    ],
)
def test_a_text_that_says_no_value_is_refused(annotation, text):
    with pytest.raises(Unfit, match="is not"):
        form_of(annotation, SERIALIZERS).read(text)


@pytest.mark.parametrize(
    "annotation",
    [list, tuple, typing.List, typing.Tuple, set, Any, object, int | str, None, bytes, list[bytes], list[Any],  # noqa: UP006
     tuple[int, bytes], dict[str, int], typing.Literal["a"], bytes | None],
)  # fmt: skip
def test_a_type_that_says_too_little_is_not_known(annotation):
    assert form_of(annotation, {}) is None


# --- any value of any type, by way of the shell ------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
tricky = texts | st.sampled_from(
    ["", "None", '"None"', '"', "null", "a=b", "'", "$(x)\n", "--args", "-1", "[1]"]
)
scalars = {str: tricky, int: st.integers(), float: st.floats(allow_nan=False), bool: st.booleans()}
hashable = st.recursive(
    st.sampled_from(list(scalars)),
    lambda inner: st.one_of(
        inner.map(lambda one: one | None),
        inner.map(lambda one: tuple[one, ...]),
        inner.map(lambda one: frozenset[one]),
        st.tuples(inner, inner).map(lambda two: tuple[two]),
    ),
    max_leaves=3,
)
annotations = st.one_of(
    hashable,
    hashable.map(lambda one: set[one]),
    st.recursive(
        hashable,
        lambda inner: inner.map(lambda one: list[one]) | inner.map(lambda one: one | None),
        max_leaves=3,
    ),
)


def values(annotation: Any) -> st.SearchStrategy[Any]:
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation in scalars:
        return scalars[annotation]
    if origin is tuple and args[1:] != (...,):
        return st.tuples(*map(values, args))
    if origin in (list, tuple, set, frozenset):
        return st.lists(values(args[0]), max_size=4).map(origin)
    return st.none() | values(args[0])


@given(annotations.flatmap(lambda annotation: st.tuples(st.just(annotation), values(annotation))))
def test_what_goes_into_a_command_comes_out_of_the_shell_as_it_was(drawn):
    annotation, value = drawn
    generator = called_drawn(taking(annotation))

    python, *words = shlex.split(generator.create_task(x=value).command)

    assert (python, words[:2]) == (sys.executable, ["-m", "jobmon_airflow.worker.call"])
    read = call.values_of(call._parser().parse_args(words[2:]).args, generator)["x"]
    assert typed(read) == typed(value)


def taking(annotation: Any) -> TaskGenerator[..., Any]:
    def drawn(x): ...

    drawn.__annotations__ = {"x": annotation}
    return task_generator(tool_name="properties")(drawn)


def called_drawn(generator: TaskGenerator[..., Any]) -> TaskGenerator[..., Any]:
    """Put it where a compute node would find it."""
    globals()["drawn"] = generator
    return generator


def typed(value: Any) -> Any:
    """The value with all types in it, because 1 == 1.0 == True would hide what we look for."""
    if isinstance(value, (set, frozenset)):
        return type(value), frozenset(map(typed, value))
    if isinstance(value, (list, tuple)):
        return type(value), tuple(map(typed, value))
    return type(value), repr(value)
