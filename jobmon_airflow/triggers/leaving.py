"""What a trigger leaves for other tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.triggers.base import BaseTrigger


def leave(trigger: BaseTrigger, value: Any) -> None:
    """Leave the value as what the trigger's task returned.

    Values that an event carries are stored as JSON within JSON, which a task that pulls them gets as a text.
    """
    from airflow.sdk.execution_time.xcom import XCom

    this: Any = trigger.task_instance
    XCom.set(
        key="return_value",
        value=value,
        dag_id=this.dag_id,
        task_id=this.task_id,
        run_id=this.run_id,
        map_index=-1 if this.map_index is None else this.map_index,
    )
