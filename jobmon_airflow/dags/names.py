"""What a workflow's family is called in Airflow, which allows fewer letters than Jobmon does."""

from __future__ import annotations

import re
from typing import Final

LONGEST: Final = 250  #: characters of a dag_id
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_.-]")


def dag_id_of(tool: str, name: str) -> str:
    """The dag_id of all workflows of this tool and name.

    >>> dag_id_of("codcorrect", "burden of 2024/25")
    'codcorrect.burden_of_2024_25'
    """
    return _UNFIT.sub("_", f"{tool}.{name}")[:LONGEST]
