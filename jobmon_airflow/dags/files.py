"""The small files in which Airflow finds the DAGs of families.

A file holds all that its DAG is made of, so that neither the dag-processor nor a worker asks the database when it
reads one, and two readings make one version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jobmon_airflow.client.shape import Shape

_FILE: Final = """\
# Written by JobmonDagBundle from the Jobmon database, and written again when it changes there.
from jobmon_airflow.dags.stored import stored_dag

dag = stored_dag(
    tool={tool!a},
    name={name!a},
    templates={templates!a},
    edges={edges!a},
    database={database!a},
)
"""


def file_of(tool: str, name: str, shape: Shape, database: str | None) -> str:
    """The text of a file that defines this DAG; another one only if the DAG is."""
    return _FILE.format(
        tool=tool, name=name, templates=list(shape.names), edges=list(shape.edges), database=database
    )
