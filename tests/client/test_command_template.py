"""Commands come out as they were meant, whatever is put into them."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jobmon_airflow import Tool
from jobmon_airflow.client.command_template import CommandTemplate
from jobmon_airflow.errors import InvalidTemplate, InvalidValue

HARD = [
    "it's",
    '"',
    "a\nb",
    "a\tb",
    "Côte d'Ivoire",
    "😀",
    "漢",
    "$HOME `id` $(id)",
    "a b",
    "*",
    "",
    "\\",
    "-n",
    "%s",
    "{x}",
]

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


def filled(template, **values):
    return CommandTemplate(template).bound_to(list(values)).fill(tuple(values.values()))


def run_by_a_shell(command):
    return subprocess.run(["sh", "-c", command], capture_output=True, check=True).stdout.decode()


@pytest.mark.parametrize("value", [*HARD, pytest.param("x" * 100_000, id="100 kB")])
def test_a_value_is_put_in_as_it_is(value):
    assert filled("run {value} now", value=value) == f"run {value} now"


def test_values_come_in_any_order_and_as_often_as_they_are_named():
    assert filled("{b} {a} {b}", a="1", b="2") == "2 1 2"
    assert filled("{a}{b}", a="1", b="2") == "12"
    assert CommandTemplate("{b} {a} {b}").fields == ("b", "a")


def test_a_command_without_gaps_stays_as_it_is():
    assert filled("true") == "true"
    assert filled("") == ""


@pytest.mark.parametrize(
    ("template", "command"),
    [
        ("awk '{{print $1}}' {file}", "awk '{print $1}' f"),
        ("{{{file}}}", "{f}"),
        ("{{file}} {file}", "{file} f"),
        ("date +%Y-%m-%d %s %% {file}", "date +%Y-%m-%d %s %% f"),
        ("printf '%(a)s' {file:q} %", "printf '%(a)s' f %"),
    ],
)
def test_braces_and_percent_signs_belong_to_the_command(template, command):
    assert filled(template, file="f") == command


@pytest.mark.parametrize("value", [*HARD, pytest.param("x" * 100_000, id="100 kB")])
def test_a_quoted_value_survives_a_shell(value):
    assert run_by_a_shell(filled("printf '<%s>' {value:q}", value=value)) == f"<{value}>"


@settings(max_examples=40)
@given(texts, texts)
@example("'", '"')
def test_any_quoted_values_survive_a_shell(one, other):
    command = filled("printf '%s\\n%s' {other:q} {one:q}", one=one, other=other)

    assert run_by_a_shell(command) == f"{other}\n{one}"


@given(texts, texts)
def test_a_template_says_what_python_would_say(one, other):
    template = "a% {other} {{%s}} {one}{other}"

    assert filled(template, one=one, other=other) == template.format(one=one, other=other)


@pytest.mark.parametrize("template", ["run {", "run }", "run {a", "run {a:", "awk '{print $1}'", "run {a!}"])
def test_a_template_that_cannot_be_read_says_how_to_write_a_brace(template):
    with pytest.raises(InvalidTemplate) as refused:
        CommandTemplate(template)

    assert template in refused.value.problem or repr(template) in refused.value.problem
    assert "{{print $1}}" in refused.value.remedy


@pytest.mark.parametrize(
    "template", ["run {}", "run {0}", "run {a b}", "run {a.b}", "run {a[0]}", "run {a-b}"]
)
def test_a_gap_needs_a_proper_name(template):
    with pytest.raises(InvalidTemplate, match="without a proper name"):
        CommandTemplate(template)


@pytest.mark.parametrize("template", ["{a:03d}", "{a!r}", "{a!s:q}", "{a:{b}}", "{a: q}"])
def test_templates_do_not_format(template):
    with pytest.raises(InvalidTemplate, match="asks to format 'a'") as refused:
        CommandTemplate(template)

    assert "{a:q}" in refused.value.remedy


@pytest.mark.parametrize("template", ["a\0b", "\ud800"])
def test_a_template_that_no_command_line_can_carry_is_refused(template):
    with pytest.raises(InvalidValue):
        CommandTemplate(template)


@pytest.mark.parametrize(
    ("value", "said"), [("a\0b", "NUL"), ("\ud800", "half a character"), ("x\udcffy", "half a character")]
)
@pytest.mark.parametrize("arg", ["place", "folder", "flag"])
def test_a_value_that_no_command_line_can_carry_is_refused_by_its_name(arg, value, said):
    template = Tool("t").get_task_template(
        "t", "run {place} {folder} {flag}", ["place"], ["folder"], ["flag"]
    )

    with pytest.raises(InvalidValue, match=f"{said}.*'{arg}'"):
        template.create_task(**{"place": 1, "folder": 2, "flag": 3, arg: value})


def test_two_quotings_of_one_arg_stand_side_by_side():
    assert filled("{a} {a:q}", a="x y") == "x y 'x y'"
