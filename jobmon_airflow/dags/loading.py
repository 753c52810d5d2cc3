"""A DAG file, loaded outside of Airflow's own processes: for an engine that builds what the file defines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobmon_airflow import stand_in
from jobmon_airflow.errors import InvalidDefinition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def whereabouts(dag: Any) -> dict[str, str | None]:
    """Where a DAG is defined, as far as is known of it."""
    return {"path": dag.fileloc, "relative_path": dag.relative_fileloc}


def operator_in(dag_file: Mapping[str, Any], dag_id: str, task_id: str) -> Any:
    """The operator of this task, as the file defines it."""
    path, root = _found(dag_file)
    stand_in.install()  # as in Airflow's own processes, where our plugin does
    from airflow.dag_processing.dagbag import BundleDagBag

    bag = BundleDagBag(
        dag_folder=str(path),
        safe_mode=False,
        load_op_links=False,
        bundle_path=root,
        bundle_name="jobmon-engine",
    )
    dag = bag.dags.get(dag_id)
    if dag is None or task_id not in dag.task_dict:
        raise InvalidDefinition(
            f"{path} does not define the task '{task_id}' of the DAG '{dag_id}' any more. "
            f"{' '.join(bag.import_errors.values())}".rstrip(),
            remedy="Look at the file as the triggerer's machine has it; or let the task run in a worker: "
            "deferrable=False.",
        )
    return dag.task_dict[task_id]


def _found(dag_file: Mapping[str, Any]) -> tuple[Path, Path]:
    """The file, and the folder that its bundle begins at."""
    path = Path(dag_file["path"])
    relative = dag_file["relative_path"] or path.name
    if path.is_file():
        return path, path.parents[len(Path(relative).parts) - 1]
    for root in _bundles():
        if (root / relative).is_file():
            return root / relative, root
    raise InvalidDefinition(
        f"The machine of the triggerer has no file {path}, which builds the workflow.",
        remedy="Give the triggerer the DAG bundle too; or let the task run in a worker: deferrable=False.",
    )


def _bundles() -> Iterator[Path]:
    from airflow.dag_processing.bundles.manager import DagBundlesManager

    for bundle in DagBundlesManager().get_all_dag_bundles():
        bundle.initialize()
        yield bundle.path
