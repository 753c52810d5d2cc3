"""From a task instance to the Jobmon view of its workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import quote, urlencode, urlsplit

from airflow.configuration import conf
from airflow.sdk.bases.operatorlink import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

#: The operators that act for workflows, by module.
OPERATORS: Final = {
    "workflow": ("WorkflowOperator",),
    "template": ("TemplateOperator",),
    "command": (
        "CommandOperator",
        "SlurmOperator",
        "MultiprocessOperator",
        "SequentialOperator",
        "TaskOperator",
    ),
}


def address(path: str) -> str:
    """The address of a page of ours on Airflow's API server, which may live below a path of its own."""
    base = urlsplit(conf.get("api", "base_url", fallback="") or "").path
    return f"{base.rstrip('/')}/jobmon{path}"


def _named(module: str, name: str) -> type:
    return type(name, (), {"__module__": f"jobmon_airflow.operators.{module}"})


class JobmonLink(BaseOperatorLink):
    """The workflow that a task instance acts for. Nothing is asked to write it: the page itself finds the workflow."""

    name = "Jobmon workflow"
    # Airflow compares the names of classes and of their modules. Stand-ins of these names spare every process of
    # Airflow the import of all operators.
    operators: ClassVar[Any] = [_named(module, name) for module, names in OPERATORS.items() for name in names]

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 - Airflow's form
        """Where the workflow of the task instance is shown."""
        place = {"dag_id": ti_key.dag_id, "run_id": ti_key.run_id, "task_id": ti_key.task_id}
        query = urlencode({**place, "map_index": ti_key.map_index}, quote_via=quote)
        return address(f"/run?{query}")
