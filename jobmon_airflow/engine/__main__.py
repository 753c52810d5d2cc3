"""What one types about runs.

python -m jobmon_airflow.engine resume 12         go on with workflow 12, without its script
python -m jobmon_airflow.engine resume 12 --cold  the same, but first end what still runs
python -m jobmon_airflow.engine reap              end the runs whose controller is gone, and their jobs
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from jobmon_airflow.client import registry
from jobmon_airflow.client.resuming import resume_workflow
from jobmon_airflow.engine import reaping
from jobmon_airflow.errors import JobmonError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says; 0 if all is well, 1 if tasks failed, 2 if it could not be done."""
    asked = _parser().parse_args(argv)
    try:
        return _reap(asked) if asked.command == "reap" else _resume(asked)
    except JobmonError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _resume(asked: argparse.Namespace) -> int:
    status = resume_workflow(
        asked.workflow_id,
        database=asked.database,
        reset_running_jobs=asked.cold,
        increase_resources=not asked.keep_resources,
        fail_fast=asked.fail_fast,
        seconds_until_timeout=asked.timeout,
        resume_timeout=asked.resume_timeout,
    )
    sys.stdout.write(f"workflow {asked.workflow_id}: {status.label} ({status})\n")
    return 0 if status == "D" else 1


def _reap(asked: argparse.Namespace) -> int:
    reaped = reaping.reap(
        registry.database(asked.database), leaves_jobs=asked.leave_jobs, patience=asked.patience
    )
    sys.stdout.write(f"{reaping.in_words(reaped)}\n")
    return 2 if reaped.left else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m jobmon_airflow.engine",
        description="Go on with workflows that the database knows.",
        allow_abbrev=False,
    )
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument("--database", help="its address; else where the settings say")
    commands = parser.add_subparsers(dest="command", required=True)
    resume = commands.add_parser("resume", parents=[where], help="go on with a workflow, without its script")
    resume.add_argument("workflow_id", type=int)
    resume.add_argument("--cold", action="store_true", help="first end what still runs")
    resume.add_argument(
        "--keep-resources", action="store_true", help="raise nothing for what died of too little"
    )
    resume.add_argument("--fail-fast", action="store_true", help="end at the first task that fails for good")
    resume.add_argument("--timeout", type=float, default=36_000, metavar="SECONDS")
    resume.add_argument("--resume-timeout", type=float, default=300, metavar="SECONDS")
    reap = commands.add_parser(
        "reap", parents=[where], help="end the runs whose controller is gone, and their jobs"
    )
    reap.add_argument("--leave-jobs", action="store_true", help="let jobs go on, for a resume to take over")
    reap.add_argument("--patience", type=float, default=reaping.PATIENCE, metavar="SECONDS")
    return parser


if __name__ == "__main__":
    sys.exit(main())
