"""Texts that a person wrote into params or conf, in the command of a real operator."""

from __future__ import annotations

import shlex
import subprocess
from types import SimpleNamespace
from typing import Any

import pytest

from jobmon_airflow.operators.command import MultiprocessOperator

EVIL = "x; touch /tmp/evil; '$(id)' `id` \"\n"


def rendered(command: Any, *, params: Any = None, conf: Any = None, **more: Any) -> MultiprocessOperator:
    """The operator, once Airflow has filled in its templates."""
    operator = MultiprocessOperator(task_id="t", command=command, **more)
    dag_run = SimpleNamespace(conf=conf, run_id="manual__1", partition_key=EVIL)
    operator.render_template_fields(
        {
            "params": params or {},
            "dag_run": dag_run,
            "ds": "2024-02-29",
            "partition_key": EVIL,
            "task": operator,
        }
    )
    return operator


def words(command: str) -> list[str]:
    """What the command, which is an echo, is told by a real shell."""
    told = subprocess.run(
        ["sh", "-c", command.replace("echo", "printf '%s\\0'", 1)], capture_output=True, text=True, check=True
    )
    return told.stdout.split("\0")[:-1]


@pytest.mark.parametrize(
    "template",
    [
        "echo {{ params.name }}",
        "echo {{ params['name'] }}",
        "echo {{ dag_run.conf['name'] }}",
        "echo {{ dag_run.conf.name }}",
        "echo {{ dag_run.conf.get('name') }}",
        "echo {{ params.deep.er.name }}",
        "echo {{ params.many[1] }}",
        "echo {% for one in params.many[1:] %}{{ one }}{% endfor %}",
        "echo {{ params.get('deep').get('er').get('name', 'none') }}",
        "echo {{ partition_key }}",
        "echo {{ dag_run.partition_key }}",
    ],
)
def test_a_text_is_one_word_of_the_command_wherever_it_comes_from(template: str):
    said = {"name": EVIL, "deep": {"er": {"name": EVIL}}, "many": ["a", EVIL]}

    operator = rendered(template, params=said, conf=said)

    assert words(operator.command) == [EVIL]


def test_the_names_in_what_a_person_wrote_are_quoted_where_they_are_listed():
    listed = "echo{% for name, value in params.env.items() %} {{ name }}={{ value }}{% endfor %}"

    operator = rendered(listed, params={"env": {"A": "1 2", EVIL: "b"}})

    assert words(operator.command) == ["A=1 2", f"{EVIL}=b"]


def test_names_with_spaces_are_found_as_they_were_written():
    params = {"my param": "a b"}

    assert words(rendered("echo {{ params['my param'] }}", params=params).command) == ["a b"]
    assert words(rendered("echo {{ params.get('my param') }}", params=params).command) == ["a b"]
    assert words(rendered("echo {{ 'my param' in params }}", params=params).command) == ["True"]
    assert words(rendered("echo {{ params.get('other', 'none') }}", params=params).command) == ["none"]
    assert words(rendered("echo {{ params.other is defined }}", params=params).command) == ["False"]


def test_numbers_and_truths_stay_what_they_are():
    operator = rendered(
        "echo {{ params.n + 1 }} {{ params.x }} {{ 'y' if params.b else 'n' }}",
        params={"n": 1, "x": 0.5, "b": False},
    )

    assert operator.command == "echo 2 0.5 n"


def test_what_needs_no_quotes_gets_none():
    assert rendered("echo {{ params.name }}", params={"name": "lung"}).command == "echo lung"
    assert rendered("echo {{ ds }} {{ dag_run.run_id }}").command == "echo 2024-02-29 manual__1"


def test_a_run_that_was_triggered_without_conf_has_an_empty_one():
    assert rendered("echo {{ dag_run.conf.get('name', 'nobody') }}").command == "echo nobody"


def test_a_list_of_words_stays_one():
    operator = rendered(["echo", "{{ params.name }}"], params={"name": "lung"})

    assert operator.command == ["echo", "lung"]


def test_environment_and_resources_are_no_shell_s_business():
    operator = rendered(
        "true",
        params={"name": "a b", "memory": "2 G"},
        env={"NAME": "{{ params.name }}"},
        compute_resources={"memory": "{{ params.memory }}"},
    )

    assert operator.env == {"NAME": "a b"}
    assert operator.compute_resources == {"memory": "2 G"}


def test_a_list_of_words_is_quoted_once():
    """Words of a list are quoted when they become a line, so that they may not be before."""
    from jobmon_airflow.dags.commands import as_text

    operator = rendered(["echo", "{{ params.name }}"], params={"name": EVIL})

    assert shlex.split(as_text(operator.command)) == ["echo", EVIL]
