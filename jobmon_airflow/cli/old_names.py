"""Names and flags that commands had in earlier versions of Jobmon, 1.x to 3.x: they work, and say what one types today.

An old command takes all that today's takes, each flag with underscores too, and older flags besides.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.cli.declaring import Argument, commands_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jobmon_airflow.cli.declaring import Command, Group


@dataclass(frozen=True, slots=True, kw_only=True)
class OldName:
    """What a command was called, and what its flags were."""

    name: str
    today: str
    flags: Mapping[str, str] = field(default_factory=dict)  #: today's, by the older ones
    meanings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  #: of values, by today's flags
    also: tuple[Argument, ...] = ()  #: what it took that today's command takes otherwise


OLD_NAMES: Final = (
    OldName(name="workflow_status", today="workflow status"),
    OldName(name="workflow_tasks", today="workflow tasks"),
    OldName(name="workflow_reset", today="workflow reset", flags={"--partial_reset": "--partial"}),
    OldName(
        name="workflow_resume",
        today="workflow resume",
        flags={
            "--cluster_name": "--cluster",
            "--reset-running-jobs": "--reset-running",
            "--seconds-until-timeout": "--execution-timeout",
            "--use-original-resources": "--keep-resources",
        },
    ),
    # In 2.1 -n was the limit, and is not JSON here.
    OldName(name="concurrency_limit", today="workflow concurrency", flags={"-n": "--max-tasks"}),
    OldName(
        name="get_filepaths",
        today="workflow logs",
        flags={"--array_name": "--array", "--job_name": "--job"},
    ),
    OldName(
        name="task_template_resources",
        today="workflow resources usage",
        flags={"--task_template_version": "--template-version", "--workflows": "--workflow-id"},
        # Documents of 2.x write: -p f FILE.
        also=(
            Argument(name="to", flags=("--to", "-p"), many=True, metavar="FILE", help="write it to a file"),
        ),
    ),
    OldName(
        name="create_resource_yaml",
        today="workflow resources yaml",
        flags={
            "--value_mem": "--mem-strategy",
            "--value_core": "--core-strategy",
            "--value_runtime": "--runtime-strategy",
            "--clusters": "--cluster",
            "-p": "--stdout",
            "--print": "--stdout",
        },
    ),
    OldName(name="task_status", today="task status", flags={"--task_ids": "--task-id"}),
    OldName(name="task_dependencies", today="task dependencies"),
    OldName(
        name="update_task_status",
        today="task update",
        flags={"--task_ids": "--task-id", "--new_status": "--status"},
        # 2.x wrote F for tasks that are to run again, with all that depends on them.
        meanings={"--status": {"F": "G"}},
    ),
    OldName(name="update_config", today="config set"),
)


def with_old_names(group: Group) -> Group:
    """The same, with a command for each old name besides."""
    return replace(group, commands=(*group.commands, *old_commands(group)))


def old_commands(group: Group) -> Iterator[Command]:
    """A command for each old name, which does what today's of a group does."""
    today = {
        words: command
        for path, command in commands_of(group)
        for words in (path, *(" ".join([*path.split()[:-1], alias]) for alias in command.aliases))
    }
    for old in OLD_NAMES:
        command = today[old.today]
        yield replace(
            command,
            name=old.name,
            aliases=(),
            today=old.today,
            arguments=(*(_with_old_flags(argument, old) for argument in command.arguments), *old.also),
            without=frozenset(old.flags),
        )


def _with_old_flags(argument: Argument, old: OldName) -> Argument:
    if not argument.flags:
        return argument
    older = [flag for flag, today in old.flags.items() if today in argument.flags]
    spelt = [f"--{flag[2:].replace('-', '_')}" for flag in argument.flags if "-" in flag[2:]]
    meant = next((old.meanings[flag] for flag in argument.flags if flag in old.meanings), None)
    return replace(
        argument,
        flags=tuple(dict.fromkeys([*argument.flags, *spelt, *older])),
        type=_meaning(argument.type, meant) if meant else argument.type,
    )


def _meaning(read: Callable[[str], Any], meant: Mapping[str, str]) -> Callable[[str], Any]:
    return lambda text: read(meant.get(text.upper(), text))
