"""A DAG's tasks where the engine does the work: one that runs the workflow, and a mirror of each template.

The mirrors wait neither for the run nor for each other: they begin with the DAG run and each ends with its template.
The run has no arrows, so that it is a leaf and its failure is the DAG run's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.dags.names import distinct_ids
from jobmon_airflow.operators.template import TemplateOperator
from jobmon_airflow.operators.workflow import WorkflowOperator

if TYPE_CHECKING:
    from jobmon_airflow.client.shape import Shape

RUN: Final = "run"


def fill(shape: Shape, *, database: str | None, poll_interval: float | None = None, **run: Any) -> None:
    """Give the DAG that is being made its tasks; ``run`` is what the `WorkflowOperator` is told besides."""
    ids = dict(zip(shape.names, distinct_ids(shape.names, taken=[RUN]), strict=True))
    common: dict[str, Any] = {"poll_interval": poll_interval, "database": database}
    WorkflowOperator(task_id=RUN, template_task_ids=ids, **common, **run)
    mirrors = {
        # With "always", each ends with its template, whatever became of those before it.
        name: TemplateOperator(
            task_id=task_id, template=name, run_task_id=RUN, trigger_rule="always", **common
        )
        for name, task_id in ids.items()
    }
    for upstream, downstream in shape.acyclic_edges:
        mirrors[upstream].set_downstream(mirrors[downstream])
