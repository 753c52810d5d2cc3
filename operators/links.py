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


def page_of(place: Any) -> str:
    """The whole address of the page that shows the workflow of a task instance, for logs."""
    parts = urlsplit(conf.get("api", "base_url", fallback="") or "http://localhost:8080")
    return f"{parts.scheme}://{parts.netloc}{_page(place)}"


def _page(place: Any) -> str:
    names = ("dag_id", "run_id", "task_id", "map_index")
    query = urlencode({name: getattr(place, name) for name in names}, quote_via=quote)
    return address(f"/run?{query}")


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
        return _page(ti_key)
