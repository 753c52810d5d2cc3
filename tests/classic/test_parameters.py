"""What tasks asked for in the words of 1.x and 2.x, and what it means today."""

from __future__ import annotations

import copy

import pytest

from jobmon_airflow.classic import ExecutorParameters, Tool
from jobmon_airflow.classic.parameters import settings_of
from jobmon_airflow.classic.sge import words_of
from jobmon_airflow.errors import InvalidResources, UnknownCluster


def test_parameters_are_resources_of_today():
    parameters = ExecutorParameters(
        num_cores=3,
        queue="long.q",
        max_runtime_seconds=60,
        m_mem_free="1.5G",
        context_args={"constraint": "archive"},
    )

    assert parameters.compute_resources == {
        "cores": 3,
        "memory": "1.5G",
        "runtime": 60,
        "queue": "long.q",
        "constraint": "archive",
    }
    assert copy.copy(parameters) == parameters


def test_a_scale_may_be_a_factor_a_function_or_values():
    scales = {"m_mem_free": 0.6, "max_runtime_seconds": lambda seconds: seconds + 1, "num_cores": [2, 4]}

    settings = settings_of({"executor_parameters": ExecutorParameters(resource_scales=scales)})

    assert settings["resource_scales"] == {
        "memory": 0.6,
        "runtime": scales["max_runtime_seconds"],
        "cores": [2, 4],
    }


@pytest.mark.parametrize(
    ("queue", "hard_limits", "larger"),
    [("all.q", False, ["long.q"]), ("all.q", True, []), ("long.q", False, []), (None, False, [])],
)
def test_a_request_that_outgrows_its_queue_moves_unless_limits_are_hard(queue, hard_limits, larger):
    assert ExecutorParameters(queue=queue, hard_limits=hard_limits).fallback_queues == larger


def test_words_of_1_0_mean_the_same():
    settings = settings_of({"slots": 2, "mem_free": 4, "max_runtime": 60, "max_attempts": 2})

    assert settings["compute_resources"] == {"cores": 2, "memory": 4, "runtime": 60}
    assert settings["max_attempts"] == 2


def test_what_is_said_twice_counts_as_the_parameters_say_it():
    wishes = {"slots": 2, "num_cores": 3, "m_mem_free": "1G", "queue": "all.q"}

    settings = settings_of({**wishes, "executor_parameters": ExecutorParameters(m_mem_free="2G")})

    assert settings["compute_resources"] == {"cores": 3, "memory": "2G", "queue": "all.q"}
    assert settings["fallback_queues"] == ["long.q"]


def test_no_retries_are_one_attempt():
    assert settings_of({"max_attempts": 0})["max_attempts"] == 1


def test_a_word_that_nobody_knows_is_refused():
    with pytest.raises(TypeError, match="num_core"):
        settings_of({"num_core": 2})
    with pytest.raises(UnknownCluster, match="SGEExectuor"):
        ExecutorParameters(executor_class="SGEExectuor")


def test_a_function_may_return_parameters_or_resources_and_its_scales_are_no_use(caplog):
    answers = [
        ExecutorParameters(m_mem_free="2G", queue="all.q", resource_scales={"m_mem_free": 1}),
        {"memory": "3G"},
        "4G",
    ]
    settings = settings_of({"executor_parameters": lambda: answers.pop(0), "num_cores": 2})

    ask = settings["compute_resources_callable"]
    assert [ask(), ask(), ask()] == [{"memory": "2G", "queue": "all.q"}, {"memory": "3G"}, "4G"]
    assert settings["compute_resources"] == {"cores": 2}
    assert "resource_scales" in caplog.text


def test_a_template_of_2_x_takes_parameters_and_words_of_today():
    template = Tool("health").get_task_template("fit", "fit {place}", node_args=["place"])
    parameters = ExecutorParameters(m_mem_free="2G", max_runtime_seconds=60, queue="all.q")

    (task,) = template.create_tasks(place=[1], executor_parameters=parameters, max_attempts=0)
    other = template.create_task(
        "fit_2", executor_parameters=parameters, compute_resources={"memory": "8G"}, place=2
    )
    plain = template.create_task(place=3, compute_resources={"memory": "1G"}, resource_scales={"memory": 2})

    assert {name: str(value) for name, value in task.compute_resources.items()} == {
        "memory": "2G",
        "runtime": "1m",
        "queue": "all.q",
    }
    assert (task.max_attempts, task.fallback_queues) == (1, ["long.q"])
    assert (other.name, str(other.compute_resources["memory"])) == ("fit_2", "8G")
    assert (plain.fallback_queues, plain.resource_scales) == ([], {"memory": 2})


# qsub's options


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("-l hostname=node-7", {"nodelist": "node-7"}),
        ("-l m_mem_free=4G,fthread=2 -q long.q", {"memory": "4G", "cores": 2, "queue": "long.q"}),
        ("-l h_rt=01:00:00 -P proj_x", {"runtime": "01:00:00", "project": "proj_x"}),
        ("-l archive=TRUE", {"constraint": "archive"}),
        ("-V -cwd -j y -N name", {}),
        ("", {}),
    ],
)
def test_options_of_qsub_are_said_in_todays_words(options, words):
    assert words_of({"sge_add_args": options}) == words


@pytest.mark.parametrize("options", ["-hold_jid 12", "-l gpu=1", "-l hostname", "-pe smp 4"])
def test_an_option_that_means_nothing_today_is_refused(options):
    with pytest.raises(InvalidResources, match="no counterpart here"):
        words_of({"sge_add_args": options})


def test_the_archives_drive_is_a_constraint():
    assert ExecutorParameters(j_resource=True).compute_resources == {"constraint": "archive"}
