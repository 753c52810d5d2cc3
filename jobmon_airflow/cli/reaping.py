"""``reap``."""

from __future__ import annotations

from jobmon_airflow.cli.answers import Answer, Exit
from jobmon_airflow.client import registry
from jobmon_airflow.engine import reaping


def reap(
    *,
    leave_jobs: bool = False,
    patience: float = reaping.PATIENCE,
    database: str | None = None,
) -> Answer:
    """End the runs whose controller was not heard of in time, and their jobs, so that workflows can be resumed.

    There is no last answer for whoever watches: controllers that are alive today may be gone tomorrow.
    """
    reaped = reaping.reap(registry.database(database), leaves_jobs=leave_jobs, patience=patience)
    left = {str(workflow_id): why for workflow_id, why in reaped.left.items()}
    return Answer(
        reaping.in_words(reaped),
        Exit.COULD_NOT if left else Exit.OK,
        data={"workflow_runs": reaped.runs, "jobs": reaped.jobs, "left": left},
    )
