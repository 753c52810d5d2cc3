"""Commands that belong to no group: ``jobmon reap``, ``jobmon version``."""

from __future__ import annotations

from typing import Final

from jobmon_airflow.cli.declaring import Argument, Command
from jobmon_airflow.cli.definition.common import WORKFLOW_ID, limit, seconds, switch

SHELLS: Final = ("bash", "zsh", "fish")

TOP: Final = (
    Command(
        name="run",
        help="Run a script that was written for Jobmon, as it is",
        description="What the script imports of jobmon is found here where Jobmon itself is not installed. Options of "
        "this command come before the script, and the script's own arguments behind it.",
        does="scripts:run",
        prints=True,
        arguments=(
            Argument(
                name="cluster",
                flags=("-c", "--cluster"),
                metavar="NAME",
                help="the cluster that SGEExecutor stands for, in place of [jobmon] classic_cluster",
            ),
            switch("resume", "go on with workflows that were begun before, whatever the script says"),
            Argument(name="words", is_rest=True, metavar="SCRIPT", help="the script, and its arguments"),
        ),
    ),
    Command(
        name="errors",
        help="What went wrong in a workflow, in groups of attempts that failed alike",
        does="grouping:of_workflow",
        arguments=(
            WORKFLOW_ID,
            limit("how many groups", 10),
            Argument(
                name="lines",
                flags=("--lines",),
                type=int,
                default=12,
                metavar="NUMBER",
                help="of what an attempt of the first groups said (default: 12)",
            ),
        ),
    ),
    Command(
        name="doctor",
        help="Whether the database, Airflow and the clusters are there and answer, and what to do if not",
        does="doctor:examine",
        arguments=(
            Argument(
                name="clusters",
                flags=("-c", "--cluster"),
                many=True,
                help="these clusters, in place of all that tasks were ever sent to",
            ),
        ),
    ),
    Command(
        name="reap",
        help="End the runs whose controller is gone, and their jobs",
        does="reaping:reap",
        arguments=(
            switch("leave_jobs", "let jobs go on, for a resume to take over"),
            seconds("patience", "how long jobs have to be gone", 300),
        ),
        may_watch=True,
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
                choices=SHELLS,
                help="bash, zsh or fish",
            ),
        ),
    ),
    Command(
        name="version",
        help="Which version this is",
        does="versions:ours",
        asks_database=False,
        arguments=(switch("components", "and those of what it stands on"),),
    ),
)
