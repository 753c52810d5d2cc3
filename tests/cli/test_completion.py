"""Shells complete what is typed after jobmon, each by its own script, read by the real shell."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from jobmon_airflow.cli.completion import completion
from jobmon_airflow.cli.definition.top import SHELLS

ALL_ARE_REQUIRED = os.environ.get("JOBMON_TEST_REQUIRE") == "all"
GROUPS = {"workflow", "task", "config", "db"}

BASH = """
source /dev/stdin <<< "$SCRIPT"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_jobmon
printf '%s\\n' "${COMPREPLY[@]}"
"""
# zsh completes at a terminal alone: what its function offers is printed by those who would be asked to show it.
ZSH = """
compdef() { : }
compadd() { shift; print -l -- "$@" }
_files() { print -- FILES }
_describe() { [[ $1 == -o ]] && shift; print -l -- "${(@P)2}" }
eval "$SCRIPT"
words=("$@") CURRENT=$#
_jobmon
"""
FISH = """
echo $SCRIPT | string collect | source
complete -C "$argv"
"""


def candidates(shell: str, *typed: str) -> set[str]:
    """What the shell offers for the last word."""
    if shutil.which(shell) is None:
        if ALL_ARE_REQUIRED:
            pytest.fail(f"{shell} is missing: scripts/install-shells brings it")
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run(
        {
            "bash": ["bash", "--norc", "-c", BASH, "bash", *typed],
            "zsh": ["zsh", "-f", "-c", ZSH, "zsh", *typed],
            "fish": ["fish", "--no-config", "-c", FISH, " ".join(typed)],
        }[shell],
        env={**os.environ, "SCRIPT": completion(shell).text},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    between = {"bash": None, "zsh": ":", "fish": "\t"}[shell]  # a word and its description
    return {line.split(between)[0] for line in done.stdout.splitlines() if line}


@pytest.mark.parametrize("shell", SHELLS)
def test_commands_come_first(shell):
    found = candidates(shell, "jobmon", "")

    assert found >= {*GROUPS, "reap", "version"}
    assert "workflow_status" not in found


@pytest.mark.parametrize("shell", SHELLS)
def test_commands_of_a_group_follow_it(shell):
    assert candidates(shell, "jobmon", "workflow", "") >= {"status", "tasks", "resume", "limit"}
    assert candidates(shell, "jobmon", "workflow", "resources", "") >= {"usage", "yaml"}
    assert not candidates(shell, "jobmon", "task", "") & GROUPS


@pytest.mark.parametrize("shell", SHELLS)
def test_flags_are_those_of_the_command(shell):
    found = candidates(shell, "jobmon", "workflow", "status", "-w", "1", "2", "--")

    assert found >= {"--workflow-id", "--user", "--watch", "--output", "--database"}
    assert "--drain" not in found


@pytest.mark.parametrize("shell", SHELLS)
def test_values_follow_flags_that_have_a_few(shell):
    assert candidates(shell, "jobmon", "workflow", "status", "-o", "") == {"table", "json", "csv"}
    assert candidates(shell, "jobmon", "workflow", "status", "--output", "") == {"table", "json", "csv"}


@pytest.mark.parametrize("shell", SHELLS)
def test_other_names_are_completed_too(shell):
    assert "--max-tasks" in candidates(shell, "jobmon", "workflow", "concurrency", "--")


@pytest.mark.parametrize("shell", SHELLS)
def test_words_by_place_are_offered(shell):
    assert candidates(shell, "jobmon", "completion", "") >= set(SHELLS)
