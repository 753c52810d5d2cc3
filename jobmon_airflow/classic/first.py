"""Workflows of Jobmon 1.0, which go on by themselves where the same workflow was left."""

from __future__ import annotations

from typing import Any, ClassVar

from jobmon_airflow.classic import workflow
from jobmon_airflow.classic.workflow import Ended, ResumeStatus
from jobmon_airflow.errors import WorkflowAlreadyExists

__all__ = ["ResumeStatus", "Workflow"]


class Workflow(workflow.Workflow):
    """A workflow that is resumed if its args and tasks are those of one that was begun before.

    Its tasks have two gigabytes of memory, unless they say otherwise.
    """

    usual_memory: ClassVar[str] = "2G"

    def run(self, *args: Any, **kwargs: Any) -> Ended:  # type: ignore[override]
        """Run all tasks that are not done, in an earlier run or in this one."""
        try:
            return super().run(*args, **kwargs)
        except WorkflowAlreadyExists:
            return super().run(*args, **{**kwargs, "resume": True})
