"""Commands that belong to no group: ``jobmon reap``, ``jobmon version``."""

from __future__ import annotations

from typing import Final

from jobmon_airflow.cli.declaring import Argument, Command

TOP: Final = (
    Command(
        name="reap",
        help="End the runs whose controller is gone, and their jobs",
        does="reaping:reap",
        arguments=(
            Argument(
                name="leave_jobs",
                flags=("--leave-jobs",),
                sets=True,
                default=False,
                help="let jobs go on, for a resume to take over",
            ),
            Argument(
                name="patience",
                flags=("--patience",),
                type=float,
                default=300,
                metavar="SECONDS",
                help="how long jobs have to be gone (default: 300)",
            ),
        ),
    ),
    Command(
        name="completion",
        help="A script by which a shell completes what is typed after jobmon",
        description="In bash: source <(jobmon completion bash), in ~/.bashrc. In zsh: source <(jobmon completion zsh), "
        "in ~/.zshrc after compinit. In fish: jobmon completion fish > ~/.config/fish/completions/jobmon.fish",
        does="completion:completion",
        asks_database=False,
        answers_in_forms=False,
        arguments=(
            Argument(
                name="shell",
                flags=("--shell",),
                by_place=True,
                required=True,
                choices=("bash", "zsh", "fish"),
                help="bash, zsh or fish",
            ),
        ),
    ),
    Command(
        name="version",
        help="Which version this is",
        does="versions:version",
        asks_database=False,
        arguments=(
            Argument(
                name="components",
                flags=("--components",),
                sets=True,
                default=False,
                help="and those of what it stands on",
            ),
        ),
    ),
)
