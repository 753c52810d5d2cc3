"""Texts from outside never become a part of a command."""

from __future__ import annotations

import copy
import pickle
import shutil
import subprocess

import pytest

from jobmon_airflow import Tool, task_generator
from jobmon_airflow.client.foreign import Foreign, foreign, is_foreign, protect
from jobmon_airflow.client.gaps import are_bare
from jobmon_airflow.errors import InvalidTemplate, InvalidValue

EVIL = [
    '"; rm -rf ~"',
    "'; touch evil; '",
    "$(touch evil)",
    "`touch evil`",
    "a\ntouch evil",
    "a && touch evil",
    "${HOME}",
    "\\",
    "'",
    '"',
    "~",
    "*",
    "# comment",
    "-",
    "",
    " ",
    "Côte d'Ivoire",
    "a[$(touch evil)]",
    "!!",
    "{a,b}",
    "a=b c",
]
SHELLS = [shell for shell in ("sh", "bash", "dash") if shutil.which(shell)]


@task_generator(serializers={}, tool_name="t")
def shout(word: str, times: int) -> str:
    return word * times


def template(text="run {it}", **kinds):
    return Tool("t").get_task_template("do", text, **(kinds or {"node_args": ["it"]}))


def command_of(value, text="run {it}"):
    return template(text).create_task(it=value).command


# --- in commands ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", EVIL)
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "text",
    [
        "printf %s {it}",
        "printf %s {it:q}",
        "printf %s ''{it}''",
        "printf %s \"$(printf %s 'x')\" >&2; printf %s {it} | cat",
        "(printf %s {it}) # it's done",
        "# it's a comment\nprintf %s {it}",
        'x={it}; printf %s "$x"',
    ],
)
def test_a_shell_reads_a_foreign_value_back_and_nothing_else_happens(tmp_path, value, shell, text):
    command = command_of(Foreign(value), text)

    done = subprocess.run([shell, "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert done.stdout == value
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "run '{it}'",
        'run "{it}"',
        "run '{it:q}'",
        "run \\{it}",
        "run ${it}",
        "run `ls {it}`",
        "# of {it}\nrun",
        "run # {it}",
        "cat <<end\n{it}\nend",
        "cat <<< {it}",
        "echo $(( {it} ))",
        "[[ 1 -eq {it} ]]",
        "eval run {it}",
        "ssh node run {it}",
        "bash -c {it}",
        "/bin/sh -x -c {it}",
        "su user {it}",
    ],
)
def test_where_quotes_would_not_hold_only_harmless_values_go(text):
    assert command_of(Foreign("US-CA/1990"), text) == text.replace("{it:q}", "{it}").format(it="US-CA/1990")
    with pytest.raises(InvalidValue, match=r"came from outside[^$]*without quotes"):
        _ = command_of(Foreign("a b"), text)


def test_values_of_authors_go_as_they_are():
    assert command_of("; ls", "run '{it}'") == "run '; ls'"
    assert command_of("$HOME") == "run $HOME"


def test_values_of_authors_stay_so_beside_a_foreign_one():
    made = template("{script} {place} {year:q}", node_args=["place", "year"], op_args=["script"])

    task = made.create_task(script="python -m run", place=Foreign("a b"), year="it's")

    assert task.command == "python -m run 'a b' 'it'\"'\"'s'"


def test_no_shell_is_followed_for_gaps_that_stand_apart():
    assert are_bare([("run ", "a", False), (" 'it is ", "b", False), ("' ", "c", False)]) == (
        True,
        False,
        True,
    )


def test_a_command_template_from_outside_is_refused():
    with pytest.raises(InvalidTemplate, match="came from outside"):
        template(Foreign("run {it}"))


# --- everywhere else --------------------------------------------------------------------------------------------


def test_elsewhere_it_is_the_plain_text():
    plain, outside = (template().create_task(it=value) for value in ("a b", Foreign("a b")))

    assert (outside.name, outside.node_args, outside._key) == (plain.name, plain.node_args, plain._key)


def test_lists_make_a_task_of_each():
    made = Tool("t").get_task_template("do", "run {place} {year}", node_args=["place", "year"])

    tasks = made.create_tasks(place=foreign(["US", "; ls"]), year=[1990])

    assert [task.command for task in tasks] == ["run US 1990", "run '; ls' 1990"]


@pytest.mark.parametrize("value", [{"a": "'; ls \""}, ["'; ls \"", 1], {"; ls": [{"b": None}]}])
def test_a_mapping_or_a_list_as_one_value_is_foreign_too(value):
    made = template("run {it}", op_args=["it"])
    task = made.create_task(it=foreign(value)) if isinstance(value, dict) else made.create_task(it=str(value))
    if isinstance(value, list):
        protect_of(task, value)

    done = subprocess.run(
        ["sh", "-c", task.command.replace("run", "printf %s", 1)], capture_output=True, text=True, check=True
    )

    assert "ls" in done.stdout
    assert done.stderr == ""


def test_a_generators_arguments_are_quoted_in_any_case():
    task = shout.create_task(word=Foreign("a; ls"), times=2)

    assert "word='a; ls'" in task.command


# --- what is made of it -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "made",
    [
        lambda text: text + "x",
        lambda text: "x" + text,
        lambda text: text[2:],
        lambda text: text.split(";")[1],
        lambda text: text.partition(";")[2],
        lambda text: text.upper(),
        lambda text: text.strip(),
        lambda text: text.replace("a", "b"),
        lambda text: text * 2,
        lambda text: Foreign("{}").format(text),
        lambda text: Foreign(" ").join(["a", text]),
        copy.deepcopy,
        lambda text: pickle.loads(pickle.dumps(text)),
    ],
)
def test_what_is_made_of_a_foreign_text_is_foreign(made):
    assert type(made(Foreign("a; ls"))) is Foreign


def test_values_in_lists_and_mappings_are_found():
    assert is_foreign(foreign({"a": ["b", 1]}))
    assert not is_foreign({"a": ["b", 1]})
    assert foreign([1, None, True, 2.5]) == [1, None, True, 2.5]


def protect_of(task, outside):
    workflow = task.task_template_version.tool.create_workflow()
    workflow.add_task(task)
    protect(workflow, outside)


@pytest.mark.parametrize("value", [text for text in EVIL if len(text) > 1])
def test_what_was_woven_into_a_text_is_quoted_too(value):
    task = template("run {it} {other}", node_args=["it"], op_args=["other"]).create_task(
        it=f"/data/{value}/x", other="as it is; really"
    )

    protect_of(task, {"params": {"deep": ["harmless", value]}})

    assert type(task._values[0]) is Foreign
    assert task.command.endswith(" as it is; really")


def test_harmless_texts_change_nothing():
    task = template().create_task(it="; ls US")

    protect_of(task, ["US", "1990-01-01", ""])

    assert task.command == "run ; ls US"


def test_what_was_woven_into_a_command_template_is_refused():
    task = template("run ; touch evil {it}").create_task(it=1)

    with pytest.raises(InvalidTemplate, match="give the template an argument"):
        protect_of(task, ["; touch evil"])


def test_a_bound_foreign_value_is_stored_as_the_text_that_it_is(url):
    from tests.workflows import contents

    tool = Tool("t", database=url)
    tool.set_default_cluster_name("sequential")
    made = tool.get_task_template("do", "run {it} {data}", node_args=["it"], task_args=["data"])
    workflow = tool.create_workflow(workflow_args=Foreign("x; y"), name=Foreign("a name"))
    workflow.add_tasks(made.create_tasks(it=foreign(EVIL), data=Foreign("a b")))

    workflow.bind()

    found = contents(url)
    assert sorted(row[3] for row in found["node args"]) == sorted(EVIL)
    assert sorted(row[3] for row in found["tasks"]) == sorted(task.command for task in workflow.tasks)
