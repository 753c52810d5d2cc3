"""What is done to workflows and tasks. Changes are POSTed as JSON, with the header `X-Jobmon-Request: 1`."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from jobmon_airflow.engine.ordering import Stop
from jobmon_airflow.settings import UNLIMITED
from jobmon_airflow.view import orders, plan
from jobmon_airflow.view.orders import Action, Ordered
from jobmon_airflow.view.paging import Page
from jobmon_airflow.view.plan import How, ResumePlan
from jobmon_airflow.view.resuming import Resumed, Wish
from jobmon_airflow.web import triggering
from jobmon_airflow.web.access import TaskToChange, User, WorkflowToChange, WorkflowToRead
from jobmon_airflow.web.api.questions import CSV, After, Format, Limit, table
from jobmon_airflow.web.api.topics import topic
from jobmon_airflow.web.database import Store, Tables

router = topic("actions", changes=True)

_LONGEST = 10**9  # seconds; thirty years


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class NewLimit(_Body):
    """How many tasks may run at a time."""

    limit: Annotated[
        int, Field(ge=0, le=UNLIMITED, strict=True, description=f"0 pauses, {UNLIMITED} is none.")
    ]
    template: Annotated[str | None, Field(description="Of this template alone.")] = None


class StopOrder(_Body):
    """How a run is to end."""

    how: Stop


class ResumeOrder(_Body):
    """How a workflow is to go on."""

    how: How = How.HOT
    increase_resources: Annotated[bool, Field(strict=True)] = True
    fail_fast: Annotated[bool, Field(strict=True)] = False
    timeout: Annotated[float, Field(gt=0, le=_LONGEST, description="Seconds.")] = 36_000
    resume_timeout: Annotated[
        float, Field(gt=0, le=_LONGEST, description="Seconds that another run has to give way.")
    ] = 300


class AgainOrder(_Body):
    """What runs again."""

    downstream: Annotated[
        bool, Field(strict=True, description="Also all that was made of the task's result.")
    ] = True


class Nothing(_Body):
    """Nothing need be said."""


@router.get("/workflows/{workflow_id}/plan")
def resume_plan(
    workflow_id: WorkflowToRead,
    tables: Tables,
    how: Annotated[How, Query(description="Whether clusters keep what they have.")] = How.HOT,
    increase_resources: Annotated[bool, Query(description="Of what died of too little.")] = True,
) -> ResumePlan:
    """What a resume would do: what runs again and with which resources, what is taken over, what is skipped."""
    return plan.of_workflow(tables, workflow_id, how, increase_resources=increase_resources)


@router.get("/workflows/{workflow_id}/actions", responses=CSV)
def actions_of_workflow(
    workflow_id: WorkflowToRead,
    tables: Tables,
    after: After = None,
    limit: Limit = 100,
    format: Format = "json",  # noqa: A002
) -> Page[Action]:
    """What people ordered in these pages for a workflow and its tasks, newest first."""
    return table(
        lambda behind, most: orders.history(tables, workflow_id, after=behind, limit=most),
        after=after,
        limit=limit,
        form=format,
        name=f"workflow-{workflow_id}-actions",
    )


@router.post("/workflows/{workflow_id}/limit")
def set_limit(workflow_id: WorkflowToChange, body: NewLimit, store: Store, user: User) -> Ordered:
    """Let so many tasks of a workflow, or of one of its templates, run at a time; 0 pauses. Heeded within seconds."""
    return orders.set_limit(store, workflow_id, body.limit, body.template, user.get_name())


@router.post("/workflows/{workflow_id}/stop")
def stop(workflow_id: WorkflowToChange, body: StopOrder, store: Store, user: User) -> Ordered:
    """Let the run of a workflow end: when what runs is over (`drain`), or at once (`kill`)."""
    return orders.stop(store, workflow_id, body.how, user.get_name())


@router.post("/workflows/{workflow_id}/resume")
def resume(workflow_id: WorkflowToChange, body: ResumeOrder, store: Store, user: User) -> Resumed:
    """Go on with a workflow in a run of its DAG. Where no DAG runs it, the command to type is answered."""
    wish = Wish(
        cold=body.how is How.COLD,
        increase_resources=body.increase_resources,
        fail_fast=body.fail_fast,
        timeout=body.timeout,
        resume_timeout=body.resume_timeout,
    )
    return triggering.resume(store, workflow_id, wish, user)


@router.post("/tasks/{task_id}/done")
def mark_done(task_id: TaskToChange, body: Nothing, store: Store, user: User) -> Ordered:  # noqa: ARG001
    """Let a task count as done without having run. Nobody may be running its workflow."""
    return orders.mark_done(store, task_id, user.get_name())


@router.post("/tasks/{task_id}/again")
def run_again(task_id: TaskToChange, body: AgainOrder, store: Store, user: User) -> Ordered:
    """Let a task run again when its workflow is resumed. Nobody may be running its workflow."""
    return orders.run_again(store, task_id, user.get_name(), downstream=body.downstream)
