"""A workflow that is run from the triggerer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jobmon_airflow.dags import reaching
from jobmon_airflow.dags.about import about, packed
from jobmon_airflow.dags.clearing import cleared_mirrors
from jobmon_airflow.dags.defining import asked_for
from jobmon_airflow.dags.engine import Order
from jobmon_airflow.dags.loading import whereabouts
from jobmon_airflow.dags.wishes import Wishes
from jobmon_airflow.triggers.attending import AttendingTrigger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jobmon_airflow.store.airflow_tasks import Try


@dataclass(kw_only=True, eq=False, repr=False)
class WorkflowTrigger(AttendingTrigger):
    """Ends its task as a workflow ends."""

    workflow_id: int | str | None
    workflow_args: str | None
    family: Sequence[str] | None
    is_built: bool
    template_task_ids: Mapping[str, str]
    wishes: Mapping[str, Any]
    clusters: Sequence[str] = ()  #: that the DAG file names

    def order(self, this: Try) -> Order:
        """What the engine is to do for a try."""
        facts = about(self.task_instance.get_template_context())  # type: ignore[union-attr]
        return Order(
            place=this.place,
            try_number=this.number,
            facts=packed(facts),
            wishes=Wishes(**self.wishes).heard(facts["params"], facts["conf"]).as_dict(),
            cancel_on_kill=self.cancel_on_kill,
            workflow_id=asked_for(self.workflow_id, facts),
            family=self.family,
            workflow_args=self.workflow_args,
            dag_file=whereabouts(self.task.dag) if self.is_built else None,  # type: ignore[union-attr]
            clusters=reaching.ways_of_all(self.store(), self.clusters),
            cleared=cleared_mirrors(self.store(), this.place, self.template_task_ids),
        )
