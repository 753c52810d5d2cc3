"""What a person types to go on."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobmon_airflow.store.airflow_tasks import Place


def clear_command(place: Place) -> str:
    """Run again what is not done of a DAG run."""
    return shlex.join(
        ["airflow", "dags", "clear", place.dag_id, "--run-id", place.run_id, "--only-failed", "--yes"]
    )
