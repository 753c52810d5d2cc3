"""``jobmon workflow ...``."""

from __future__ import annotations

from typing import Final

from jobmon_airflow.cli.declaring import Argument, Command, Group
from jobmon_airflow.cli.definition.common import (
    WORKFLOW_ID,
    WORKFLOW_IDS,
    limit,
    of_template,
    seconds,
    statuses,
    switch,
)
from jobmon_airflow.cli.definition.resources import RESOURCES

_RESUME: Final = (
    switch("cold", "first end what still runs", "--cold", "--reset-running"),
    switch("keep_resources", "raise nothing for what died of too little"),
    Argument(
        name="cluster",
        flags=("-c", "--cluster"),
        help="known from Jobmon, and not needed: each task goes on on the cluster that it was made for",
    ),
    Argument(
        name="force_cleanup",
        flags=("--force-cleanup",),
        sets=True,
        help="known from Jobmon, and not needed: nothing that an earlier run left behind is waited for",
    ),
    switch("fail_fast", "end at the first task that fails for good"),
    Argument(name="here", flags=("--here",), sets=True, help="run it in this terminal, and wait for its end"),
    Argument(
        name="here", flags=("--in-airflow",), sets=False, help="let Airflow run it, and do not wait for it"
    ),
    seconds("timeout", "how long it may take", 36_000, "--execution-timeout"),
    seconds(
        "resume_timeout", "how long another run has to give way", 300, "-t", "--timeout", "--resume-timeout"
    ),
)

WORKFLOW: Final = Group(
    name="workflow",
    help="Look at workflows, stop them, and go on with them",
    commands=(
        Command(
            name="status",
            help="How workflows stand: those named, else the latest",
            does="status:of_workflows",
            arguments=(
                WORKFLOW_IDS,
                Argument(
                    name="users",
                    flags=("-u", "--user"),
                    many=True,
                    help="the latest that these users ran, in place of your own",
                ),
                switch("everyone", "the latest that anybody ran", "-a", "--all"),
                limit("how many of the latest"),
            ),
            may_watch=True,
        ),
        Command(
            name="tasks",
            help="The tasks of a workflow and how they stand, those first that were entered last",
            does="tasks:of_workflow",
            arguments=(
                WORKFLOW_ID,
                statuses(""),
                of_template(),
                limit("how many of them"),
            ),
            may_watch=True,
        ),
        Command(
            name="logs",
            help="Where attempts at a workflow's tasks wrote what they said, the latest first",
            does="logs:paths",
            arguments=(
                WORKFLOW_ID,
                of_template(("-a", "--array", "--template")),
                Argument(
                    name="task_name",
                    flags=("-j", "--job", "--task-name"),
                    metavar="TASK_NAME",
                    help="of the task of this name alone",
                ),
                limit("of how many attempts"),
            ),
        ),
        RESOURCES,
        Command(
            name="errors",
            help="What tasks of a workflow said when they failed",
            does="workflows:errors",
            arguments=(WORKFLOW_ID, limit("of how many tasks", 10)),
        ),
        Command(
            name="explain",
            help="Whether a workflow is run, what its tasks wait for, and what failed",
            does="explain:workflow",
            arguments=(WORKFLOW_ID,),
            may_watch=True,
        ),
        Command(
            name="plan",
            help="What a resume would do: what runs again and asks for what, and what is left as it is",
            does="planning:of_resume",
            arguments=(WORKFLOW_ID, *_RESUME[:2]),
        ),
        Command(
            name="watch",
            help="How a workflow goes on, until nobody runs it any more; how it ended is the exit code",
            does="following:workflow",
            arguments=(
                WORKFLOW_ID,
                seconds("seconds", "between two looks", 2.0),
            ),
        ),
        Command(
            name="resume",
            help="Go on with a workflow: in this terminal, or in Airflow",
            does="resuming:resume",
            arguments=(WORKFLOW_ID, *_RESUME),
            in_airflow={"here": False},
        ),
        Command(
            name="limit",
            help="Let so many tasks of a workflow run at a time, at once; 0 pauses it",
            does="orders:limit",
            aliases=("concurrency",),
            arguments=(
                WORKFLOW_ID,
                Argument(
                    name="tasks",
                    flags=("-m", "--max-tasks"),
                    by_place=True,
                    required=True,
                    type=int,
                    metavar="TASKS",
                    help="so many; 0 pauses, 2147483647 is no limit",
                ),
                of_template(),
            ),
        ),
        Command(
            name="reset",
            help="Let a workflow begin from its beginning when it is resumed; for whose run of it failed last",
            does="orders:reset",
            arguments=(
                WORKFLOW_ID,
                switch("partial", "leave what is done", "-p", "--partial"),
            ),
        ),
        Command(
            name="stop",
            help="End the run of a workflow, which can be resumed",
            does="orders:stop",
            arguments=(
                WORKFLOW_ID,
                switch("drain", "when what runs is over; else that is ended"),
            ),
        ),
    ),
)
