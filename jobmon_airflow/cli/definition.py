"""The words of ``airflow jobmon ...``, which Airflow reads with any command; what they do is loaded when typed."""

from __future__ import annotations

from typing import Final

from airflow.cli.cli_config import ActionCommand, Arg, CLICommand, GroupCommand, lazy_load_command

_COMMANDS: Final = "jobmon_airflow.cli.commands"


def get_cli_commands() -> list[CLICommand]:
    """The group of commands that Airflow adds to its own."""
    return [
        GroupCommand(
            name="jobmon",
            help="Workflows of Jobmon",
            description="Look at Jobmon's workflows, go on with them, and look after their tables. "
            "0 is success, 1 says that tasks failed, 2 that it could not be done.",
            subcommands=[
                GroupCommand(
                    name="workflow",
                    help="Look at workflows, stop them, and go on with them",
                    subcommands=_WORKFLOW,
                ),
                GroupCommand(name="task", help="Look at single tasks, and change them", subcommands=_TASK),
                GroupCommand(name="db", help="Look after the tables", subcommands=_TABLES),
                _command("reap", "End the runs whose controller is gone, and their jobs", *_REAP),
            ],
        )
    ]


def _command(name: str, text: str, *args: Arg, function: str | None = None) -> ActionCommand:
    path = f"{_COMMANDS}.{function or name}"
    return ActionCommand(name=name, help=text, func=lazy_load_command(path), args=args)


_OUTPUT: Final = Arg(
    ("-o", "--output"), choices=("table", "json"), default="table", help="for people, or for programs"
)
_DATABASE: Final = Arg(("--database",), metavar="ADDRESS", help="the database, in place of the usual one")
_WORKFLOW_ID: Final = Arg(("workflow_id",), type=int, metavar="WORKFLOW_ID", help="the number of a workflow")
_TASK_ID: Final = Arg(("task_id",), type=int, metavar="TASK_ID", help="the number of a task")

_REAP: Final = (
    Arg(("--leave-jobs",), action="store_true", help="let jobs go on, for a resume to take over"),
    Arg(
        ("--patience",),
        type=float,
        default=300,
        metavar="SECONDS",
        help="how long jobs have to be gone (default: 300)",
    ),
    _OUTPUT,
    _DATABASE,
)

_WORKFLOW: Final = [
    _command(
        "status",
        "How workflows stand: those named, else the latest",
        Arg(("workflow_ids",), type=int, nargs="*", metavar="WORKFLOW_ID", help="numbers of workflows"),
        Arg(("-u", "--user"), help="the latest that this user ran"),
        Arg(("-l", "--limit"), type=int, default=5, help="how many of the latest (default: 5)"),
        _OUTPUT,
        _DATABASE,
        function="workflow_status",
    ),
    _command(
        "errors",
        "What tasks of a workflow said when they failed",
        _WORKFLOW_ID,
        Arg(("-l", "--limit"), type=int, default=10, help="of how many tasks (default: 10)"),
        _OUTPUT,
        _DATABASE,
        function="workflow_errors",
    ),
    _command(
        "explain",
        "Whether a workflow is run, what its tasks wait for, and what failed",
        _WORKFLOW_ID,
        _OUTPUT,
        _DATABASE,
        function="workflow_explain",
    ),
    _command(
        "resume",
        "Go on with a workflow: in Airflow, or with --here in this terminal",
        _WORKFLOW_ID,
        Arg(("--cold",), action="store_true", help="first end what still runs"),
        Arg(("--keep-resources",), action="store_true", help="raise nothing for what died of too little"),
        Arg(("--fail-fast",), action="store_true", help="end at the first task that fails for good"),
        Arg(("--here",), action="store_true", help="run it in this terminal, and wait for its end"),
        Arg(
            ("--timeout",),
            type=float,
            default=36_000,
            metavar="SECONDS",
            help="how long it may take",
        ),
        Arg(
            ("--resume-timeout",),
            type=float,
            default=300,
            metavar="SECONDS",
            help="how long another run has to give way",
        ),
        _OUTPUT,
        _DATABASE,
        function="workflow_resume",
    ),
    _command(
        "limit",
        "Let so many tasks of a workflow run at a time, at once; 0 pauses it",
        _WORKFLOW_ID,
        Arg(("tasks",), type=int, metavar="TASKS", help="so many; 0 pauses, 2147483647 is no limit"),
        Arg(("--template",), help="of this template alone"),
        _DATABASE,
        function="workflow_limit",
    ),
    _command(
        "stop",
        "End the run of a workflow, which can be resumed",
        _WORKFLOW_ID,
        Arg(("--drain",), action="store_true", help="when what runs is over; else that is ended"),
        _DATABASE,
        function="workflow_stop",
    ),
]
_TASK: Final = [
    _command(
        "explain",
        "How a task stands, what it waits for, and how its attempts ended",
        _TASK_ID,
        _OUTPUT,
        _DATABASE,
        function="task_explain",
    ),
    _command(
        "done", "Let a task count as done without having run", _TASK_ID, _DATABASE, function="task_done"
    ),
    _command(
        "again",
        "Let a task run again when its workflow is resumed, and all that depends on it",
        _TASK_ID,
        Arg(("--alone",), action="store_true", help="and nothing that depends on it"),
        _DATABASE,
        function="task_again",
    ),
]
_TABLES: Final = [
    _command("address", "Where the tables are, and who says so", _DATABASE, function="db_address"),
    _command("check", "Whether the tables are those that this version needs", _DATABASE, function="db_check"),
    _command(
        "migrate",
        "Make the tables, or bring them up to date",
        Arg(
            ("revision",),
            nargs="?",
            default="head",
            help="a version to go to instead; base removes the tables",
        ),
        _DATABASE,
        function="db_migrate",
    ),
]
