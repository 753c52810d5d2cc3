"""Commands as Jobmon 1.x, 2.x and 3.x had them: each line of their documents is read, and leads to today's command."""

from __future__ import annotations

import pytest

from jobmon_airflow.cli.declaring import commands_of
from jobmon_airflow.cli.old_names import OLD_NAMES
from tests.cli.typing_words import EVERYTHING, read, typed

#: As documents of Jobmon print them, and what they say.
LINES = {
    "workflow_status -u ada": ("workflow status", {"users": ["ada"]}),
    "workflow_status -w 9876": ("workflow status", {"workflow_ids": [9876]}),
    "workflow_status -w 9876 1234": ("workflow status", {"workflow_ids": [9876, 1234]}),
    "workflow_status --user ada --workflow_id 3 --json": (
        "workflow status",
        {"users": ["ada"], "workflow_ids": [3], "output": "json"},
    ),
    "workflow_tasks -w 9876": ("workflow tasks", {"workflow_id": 9876}),
    "workflow_tasks -w 9876 -s PENDING RUNNING": (
        "workflow tasks",
        {"workflow_id": 9876, "statuses": ["PENDING", "RUNNING"]},
    ),
    "workflow_tasks -w 9876 -s PENDING -l 20": ("workflow tasks", {"limit": 20}),
    "task_status -t 1234": ("task status", {"task_ids": [1234]}),
    "task_status -t 1234 7652 -s done -n": (
        "task status",
        {"task_ids": [1234, 7652], "statuses": ["done"], "output": "json"},
    ),
    "task_status --task_ids 1 2 --status DONE": ("task status", {"task_ids": [1, 2], "statuses": ["DONE"]}),
    "task_dependencies -t 12": ("task dependencies", {"task_id": 12}),
    "get_filepaths -w 1 -a array -j job -l 3 -n": (
        "workflow logs",
        {"workflow_id": 1, "limit": 3, "output": "json"},
    ),
    "get_filepaths --workflow_id 1 --array_name array --job_name job": ("workflow logs", {"workflow_id": 1}),
    "update_task_status -t 1 2 -w 3 -s D": (
        "task update",
        {"task_ids": [1, 2], "workflow_id": 3, "status": "D"},
    ),
    "update_task_status -t 1 2 -w 3 -s F": ("task update", {"status": "G"}),
    "update_task_status --task_ids 1 --workflow_id 3 --new_status G -f -r": (
        "task update",
        {"status": "G", "force": True, "recursive": True},
    ),
    # In 2.1 -n was the limit; in 3.x it is -m.
    "concurrency_limit -w 12 -n 100": (
        "workflow concurrency",
        {"workflow_id": 12, "tasks": 100, "output": "table"},
    ),
    "concurrency_limit -w 12 -m 100": ("workflow concurrency", {"tasks": 100}),
    "concurrency_limit --workflow_id 12 --max_tasks 0": ("workflow concurrency", {"tasks": 0}),
    "workflow_reset -w 3": ("workflow reset", {"workflow_id": 3, "partial": False}),
    "workflow_reset -w 3 -p": ("workflow reset", {"partial": True}),
    "workflow_reset -w 3 --partial_reset": ("workflow reset", {"partial": True}),
    "workflow_resume -w 3 -c slurm": (
        "workflow resume",
        {"workflow_id": 3, "cluster": "slurm", "cold": False},
    ),
    "workflow_resume -w 3 --cluster_name slurm --reset-running-jobs -t 60 --seconds-until-timeout 3600": (
        "workflow resume",
        {"cluster": "slurm", "cold": True, "resume_timeout": 60.0, "timeout": 3600.0},
    ),
    "workflow_resume -w 3 -c slurm --use-original-resources --force-cleanup": (
        "workflow resume",
        {"keep_resources": True, "force_cleanup": True},
    ),
    'task_template_resources -t 12 -w 101 102 -a {"location_id":[101,102],"sex":[1]}': (
        "workflow resources usage",
        {"template": "12", "workflow_ids": [101, 102], "node_args": '{"location_id":[101,102],"sex":[1]}'},
    ),
    "task_template_resources --task_template_version 12 --workflows 101": (
        "workflow resources usage",
        {"template": "12", "workflow_ids": [101]},
    ),
    "task_template_resources -t 12 -p f usage.txt": (
        "workflow resources usage",
        {"template": "12", "to": ["f", "usage.txt"]},
    ),
    "create_resource_yaml -w 1 --value_mem avg --value_core max --value_runtime max -f out.yaml -p -c slurm": (
        "workflow resources yaml",
        {"workflow_id": 1, "mem_strategy": "avg", "core_strategy": "max", "file": "out.yaml", "stdout": True},
    ),
    "create_resource_yaml -t 9 --print --clusters slurm dummy": (
        "workflow resources yaml",
        {"task_id": 9, "stdout": True, "clusters": ["slurm", "dummy"]},
    ),
    "update_config http.retries_attempts 15": ("config set", {"key": "http.retries_attempts", "value": "15"}),
    "update_config http.retries_attempts 15 --config-file x": ("config set", {"file": "x"}),
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_the_documents_is_read(line):
    today, said = LINES[line]

    told = read(line)

    assert told["command"].today == today
    assert {name: told[name] for name in said} == said


def test_every_old_name_is_in_a_line():
    assert {line.split()[0] for line in LINES} == {old.name for old in OLD_NAMES}


def test_an_old_command_does_what_today_s_does():
    commands = dict(commands_of(EVERYTHING))
    aliases = {"workflow concurrency": "workflow limit"}
    for old in OLD_NAMES:
        assert commands[old.name].does == commands[aliases.get(old.today, old.today)].does


def test_an_old_name_works_and_says_on_stderr_what_one_types_today(tmp_path):
    address = f"sqlite:///{tmp_path / 'jobmon.db'}"
    typed("db", "init", "--database", address)

    done = typed("workflow_status", "-n", "--database", address)

    assert (done.returncode, done.stdout) == (0, "[]\n")
    assert done.stderr == (
        "'jobmon workflow_status' is an old name. Today one types 'jobmon workflow status'.\n"
    )
