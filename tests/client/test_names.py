"""Names can be those of files, rows and jobs, whatever they are made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobmon_airflow import Tool
from jobmon_airflow.client.names import checked_name, checked_task_name, default_task_name
from jobmon_airflow.errors import InvalidName, InvalidValue


@pytest.fixture
def template():
    return Tool("health").get_task_template("run", "run {place}", node_args=["place"])


UNFIT = ["1st", "a/b", "a\\b", "a'b", 'a"b', "a b", "a\nb", "a\tb", "a\0b", "a\x1bb", "٣x", "x" * 251, 5]


@pytest.mark.parametrize("name", UNFIT)
def test_a_task_is_not_called_like_this(template, name):
    with pytest.raises(InvalidName, match="name of a task"):
        template.create_task(name=name, place=1)


@pytest.mark.parametrize("name", ["", None, *UNFIT])
def test_a_task_is_not_renamed_like_this_and_keeps_its_name(template, name):
    task = template.create_task(place=1)

    with pytest.raises(InvalidName):
        task.name = name

    assert task.name == "run_place-1"


def test_half_a_character_is_no_name(template):
    with pytest.raises(InvalidValue, match="half a character in the name of a task"):
        template.create_task(name="a\ud800", place=1)


@pytest.mark.parametrize("name", ["a", "_1", "x" * 250, "Größe-1.5", "漢字", "😀", "%s{x}", "-a", "a:b=c"])
def test_a_task_may_be_called_like_this(template, name):
    assert template.create_task(name=name, place=1).name == name


def test_an_empty_name_asks_for_the_default_one(template):
    assert template.create_task(name="", place=1).name == "run_place-1"


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("US", "run_place-US"),
        ("a/b\\c'd\"e f", "run_place-a_b_c_d_e_f"),
        ("a\nb\tc", "run_place-a_b_c"),
        ("Côte d'Ivoire", "run_place-Côte_d_Ivoire"),
        ("", "run_place-"),
        ("%s %d", "run_place-%s_%d"),
        ("{x}", "run_place-{x}"),
        ("x" * 1000, "run_place-" + "x" * 240),
    ],
)
def test_a_default_name_is_made_of_the_args_and_cleaned_and_cut(template, place, name):
    assert template.create_task(place=place).name == name


def test_a_default_name_holds_node_args_alone():
    template = Tool("t").get_task_template("t", "run {c} {b} {a}", node_args=["a", "b"], task_args=["c"])

    assert template.create_task(a=1, b=2, c=3).name == "t_b-2_a-1"


@pytest.mark.parametrize(
    ("template_name", "name"), [("1st step", "_st_step"), ("100%", "_00%"), ("٣x", "_x"), ("a/b", "a_b")]
)
def test_a_default_name_is_fit_whatever_the_template_is_called(template_name, name):
    task = Tool("t").get_task_template(template_name, "run").create_task()

    assert task.name == name
    assert checked_task_name(task.name) == name


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_default_name_could_have_been_given(raw):
    name = default_task_name(raw)

    assert checked_task_name(name) == name
    assert default_task_name(name) == name


def test_a_default_name_can_be_a_files(template, tmp_path):
    (tmp_path / template.create_task(place="../../etc/passwd").name).touch()

    assert [path.name for path in tmp_path.iterdir()] == ["run_place-.._.._etc_passwd"]


@pytest.mark.parametrize("name", ["", " ", " a", "a\n", "a\0b", None, 7, b"a"])
def test_nothing_is_called_like_this(name):
    with pytest.raises(InvalidName, match="the name of an arg"):
        checked_name(name, "arg")


def test_names_of_other_things_may_hold_spaces_and_255_characters():
    assert checked_name("Global burden, 2nd round/É", "tool") == "Global burden, 2nd round/É"
    assert checked_name("x" * 255, "tool")
    with pytest.raises(InvalidName, match="has 256 characters") as refused:
        checked_name("x" * 256, "tool")
    assert "255" in refused.value.remedy


def test_names_are_counted_in_bytes_as_file_systems_do():
    assert checked_task_name("é" * 125) == "é" * 125
    with pytest.raises(InvalidName, match="252 bytes"):
        checked_task_name("é" * 126)
    assert default_task_name("a" + "é" * 200) == "a" + "é" * 124
