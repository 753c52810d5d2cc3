"""What a try of an Airflow task is told of its workflow, and how it ends."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from jobmon_airflow.engine.plan import Functions
from jobmon_airflow.states import WorkflowRunStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jobmon_airflow.store.airflow_tasks import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A workflow that is in the database, and what of it is stored nowhere."""

    workflow_id: int
    functions: Functions = field(default_factory=Functions)
    refresh: Callable[[], object] | None = None  #: writes it again, when no other run holds it any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a try ended."""

    status: WorkflowRunStatus
    message: str = ""  #: what a person should read
    workflow_id: int | None = None
    workflow_run_id: int | None = None
    total: int = 0
    done: int = 0
    failed: int = 0
    templates: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        """Every task is done."""
        return self.status is WorkflowRunStatus.DONE

    def facts(self) -> dict[str, Any]:
        """Ids and counts, for whoever computes with them."""
        return {**asdict(replace(self, message="")), "status": self.status.value, "label": self.status.label}

    def to_json(self) -> str:
        return json.dumps({**asdict(self), "status": self.status.value})

    @classmethod
    def from_json(cls, text: str) -> Outcome:
        values = json.loads(text)
        return cls(**{**values, "status": WorkflowRunStatus.of(values["status"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """A mirror that had ended, and that a person let begin again."""

    template: str
    place: Place
    number: int  #: of the try that begins, or is about to
