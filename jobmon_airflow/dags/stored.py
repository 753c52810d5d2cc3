"""DAGs of families of workflows that the database knows, as the bundle's files define them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow.sdk import Param

from jobmon_airflow.client.shape import Shape
from jobmon_airflow.dags import mirrored
from jobmon_airflow.dags.making import new_dag
from jobmon_airflow.dags.names import dag_id_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.sdk import DAG

    from jobmon_airflow.client.shape import Edge

_DOC: Final = """\
Workflows of the tool and name that stand in this DAG's tags and title, as they were bound by scripts and DAGs.

Without a `workflow_id` the newest of them is run: what is not done of it. To go on with another one:

    airflow dags trigger {dag_id} --conf '{{"workflow_id": 12}}'
"""


def stored_dag(
    *,
    tool: str,
    name: str,
    templates: Iterable[str],
    edges: Iterable[Edge],
    database: str | None = None,
) -> DAG:
    """The DAG of a tool's workflows of this name, whose templates wait for each other like this."""
    shape = Shape.of_names(templates, edges)
    dag_id = dag_id_of(tool, name)
    with new_dag(
        dag_id,
        tool,
        dag_display_name=f"{tool}.{name}" if name else tool,
        doc_md=_DOC.format(dag_id=dag_id),
        is_paused_upon_creation=False,
        params=_params(),
    ) as dag:
        mirrored.fill(shape, family=(tool, name), database=database)
    return dag


def _params() -> dict[str, Param]:
    """What a person may choose who triggers the DAG."""
    return {
        "workflow_id": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            title="Workflow",
            description="The id of the workflow to run or to resume. The newest one, if this is empty.",
        ),
        "cold": Param(
            False,
            type="boolean",
            title="Cold resume",
            description="End what an earlier run still has on a cluster. Otherwise it is taken over.",
        ),
        "increase_resources": Param(
            True,
            type="boolean",
            title="Increase resources",
            description="Let tasks that failed because a resource was too small begin with more of it.",
        ),
        "fail_fast": Param(
            False,
            type="boolean",
            title="Fail fast",
            description="End the run at the first task that fails for good.",
        ),
        "seconds_until_timeout": Param(
            36_000,
            type="number",
            exclusiveMinimum=0,
            title="Timeout",
            description="Seconds after which the run ends, whatever is still going on.",
        ),
    }
