"""Workflows of real commands on this machine, and the processes that they leave, or do not."""

from __future__ import annotations

import os
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobmon_airflow import Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jobmon_airflow import Workflow

PATIENCE = 60.0  #: seconds; the machine may be busy
MARK = "JOBMON_TEST_STORY"  #: in the environment of all that a story starts


def commanded(
    url: str,
    commands: Mapping[str, str],
    edges: str = "",
    *,
    args: str = "real",
    cluster: str = "multiprocess",
    each: Mapping[str, Mapping[str, Any]] | None = None,
    of_workflow: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Workflow:
    """A workflow of shell commands by the names of their tasks; ``edges`` are drawn as ``a>b c>b``.

    A task is the same whatever its command is. ``settings`` are those of every task, ``each`` has more for some.
    """
    tool = Tool("real", database=url)
    template = tool.get_task_template(
        "shell", ": {name_}\n{command}", node_args=["name_"], op_args=["command"]
    )
    workflow = tool.create_workflow(workflow_args=args, default_cluster_name=cluster, **(of_workflow or {}))
    made = {
        name: template.create_task(
            name=name, name_=name, command=command, **{**settings, **(each or {}).get(name, {})}
        )
        for name, command in commands.items()
    }
    workflow.add_tasks(made.values())
    for edge in edges.split():
        names = edge.split(">")
        for upstream, downstream in pairwise(names):
            made[upstream].add_downstream(made[downstream])
    return workflow


def python(program: str) -> str:
    """The command that runs a program of a few lines, which may hold no single quote."""
    assert "'" not in program
    return f"{sys.executable} -S -c '{program}'"


def eventually(holds: Callable[[], object]) -> bool:
    """Wait until something holds, if it ever does."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.02)
    return bool(holds())


def marked(mark: str) -> set[int]:
    """The processes that were started with this mark in their environment, and have not ended."""
    wanted = f"{MARK}={mark}".encode()
    return {pid for pid in _pids() if wanted in _read(pid, "environ").split(b"\0")}


def children() -> set[int]:
    """Our own children, the ended ones too."""
    me = str(os.getpid()).encode()
    return {pid for pid in _pids() if _read(pid, "stat").rpartition(b")")[2].split()[1:2] == [me]}


def open_files() -> set[str]:
    """What our process has open, by number and target."""
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        try:
            found.add(f"{link.name} {link.readlink()}")
        except OSError:  # the one through which we look
            continue
    return found


def _pids() -> list[int]:
    return [int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit()]


def _read(pid: int, what: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:  # it is gone, or not ours to see
        return b""
