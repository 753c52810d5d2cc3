"""``jobmon run``: scripts that were written for Jobmon, as they are."""

from __future__ import annotations

import os
import runpy
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from jobmon_airflow import stand_in
from jobmon_airflow.cli.answers import Answer
from jobmon_airflow.cli.asides import aside
from jobmon_airflow.errors import InvalidDefinition, JobmonError
from jobmon_airflow.settings import JOBMON_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

CLUSTER_VARIABLE = "AIRFLOW__JOBMON__CLASSIC_CLUSTER"


def run(words: Sequence[str], cluster: str = "", resume: bool = False, database: str = "") -> Answer:
    """Run a script with its arguments, as ``python`` would, with Jobmon's modules at hand."""
    script = _script(words[0])
    for variable, value in ((CLUSTER_VARIABLE, cluster), (JOBMON_VARIABLE, database)):
        if value:
            os.environ[variable] = value
    stand_in.install()
    if resume:
        _let_workflows_go_on()
    sys.argv[:] = words
    sys.path.insert(0, str(script.parent))
    try:
        runpy.run_path(str(script), run_name="__main__")
    except JobmonError as error:
        _say_where(error, script)
        raise
    return Answer("")


def _script(name: str) -> Path:
    script = Path(name).absolute()
    if script.is_file():
        return script
    raise InvalidDefinition(
        f"There is no script {name}.", remedy="Name a file of Python: jobmon run path/to/workflow.py"
    )


def _let_workflows_go_on() -> None:
    from jobmon_airflow.classic.workflow import ToolWorkflow

    ToolWorkflow.goes_on = True


def _say_where(error: JobmonError, script: Path) -> None:
    """Name the line of the script: what an error says of itself is the same wherever it arose."""
    steps = traceback.extract_tb(error.__traceback__)
    step = next((step for step in reversed(steps) if step.filename == str(script)), None)
    if step is not None:
        aside(f"{script}, line {step.lineno}: {step.line}")
