"""Workflows, as Jobmon 1.x and 2.x had them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from jobmon_airflow.classic.executors import SGE, cluster_of
from jobmon_airflow.classic.tasks import CommandTask
from jobmon_airflow.classic.tool import Tool
from jobmon_airflow.client import graph, workflow
from jobmon_airflow.settings import UNLIMITED
from jobmon_airflow.states import WorkflowRunStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jobmon_airflow.client.task import Task
    from jobmon_airflow.errors import JobmonError

#: as many tasks as ran at a time where nobody said anything
AT_A_TIME: Final = 10_000


class ResumeStatus:
    """Whether to go on with a workflow that was begun before."""

    RESUME: Final = True
    DONT_RESUME: Final = False


class Ended(str):
    """How a run ended: the letter, and what scripts of 2.x asked of a run.

    >>> ended = Ended("D", workflow_run_id=12)
    >>> ended == "D", ended.status, ended.label
    (True, <WorkflowRunStatus.DONE: 'D'>, 'DONE')
    """

    __slots__ = ("workflow_run_id",)

    def __new__(cls, letter: str, workflow_run_id: int | None) -> Self:
        ended = super().__new__(cls, letter)
        ended.workflow_run_id = workflow_run_id
        return ended

    workflow_run_id: int | None

    @property
    def status(self) -> WorkflowRunStatus:
        """The same as a status."""
        return WorkflowRunStatus.of(self)

    @property
    def label(self) -> str:
        """The status in words."""
        return self.status.label


class ToolWorkflow(workflow.Workflow):
    """A workflow of a tool, as `jobmon_airflow.Workflow` and as Jobmon 2.x had it."""

    usual_memory: ClassVar[str] = "1G"
    #: whether every run goes on where an earlier one ended, whatever the script says
    goes_on: ClassVar[bool] = False

    def __init__(self, tool: Tool, *args: Any, **kwargs: Any) -> None:
        super().__init__(tool, *args, **kwargs)
        if self.max_concurrently_running == UNLIMITED:
            self.max_concurrently_running = AT_A_TIME
        #: what `run` does if it is not told otherwise
        self._usual: dict[str, Any] = {}

    def set_executor(
        self,
        executor_class: str = SGE,
        project: str | None = None,
        stderr: str | None = None,
        stdout: str | None = None,
        working_dir: str | None = None,
    ) -> None:
        """Say where its tasks run, under which project, and where what they print goes.

        SGEExecutor, SequentialExecutor, MultiprocessExecutor and DummyExecutor stand for clusters of today. Tasks ask
        for a core and a gigabyte of memory there, unless they, their template, the workflow or the tool say otherwise.
        """
        cluster = cluster_of(executor_class)
        said = {*self.resources_on(cluster).as_dict(), *self.tool.resources_on(cluster).as_dict()}
        usual = {"cores": 1, "memory": self.usual_memory}
        asked = {"project": project, "stderr": stderr, "stdout": stdout, "working_dir": working_dir}
        self.set_default_cluster_name(cluster)
        self.update_default_compute_resources(
            cluster,
            **{name: value for name, value in usual.items() if name not in said},
            **{name: value for name, value in asked.items() if value is not None},
        )

    def add_task(self, task: Task) -> Task:
        """Add a task, and return it. One that was made without a template becomes a task of the workflow's tool."""
        if isinstance(task, CommandTask) and task.workflow is None:
            task.move_to(self.tool)
        return super().add_task(task)

    def validate(self, strict: bool = True, raise_on_error: bool = False) -> list[JobmonError]:
        """What is wrong with it; where nobody said where its tasks run, they do where SGE's would."""
        if strict and graph.homeless(self):
            self.set_executor()
        return super().validate(strict, raise_on_error)

    def run(  # type: ignore[override]
        self,
        fail_fast: bool | None = None,
        seconds_until_timeout: float | None = None,
        resume: bool | None = None,
        reset_running_jobs: bool | None = None,
        **more: Any,
    ) -> Ended:
        """Run all tasks that are not done, and return how it ended; see `jobmon_airflow.Workflow.run`."""
        said = {
            "fail_fast": fail_fast,
            "seconds_until_timeout": seconds_until_timeout,
            "resume": resume,
            "reset_running_jobs": reset_running_jobs,
        }
        options = self._usual | {name: value for name, value in said.items() if value is not None}
        if self.goes_on:
            options["resume"] = True
        status = super().run(**options, **more)
        return Ended(status, self.last_workflow_run_id)

    def execute(self, **options: Any) -> Ended:
        """The same as `run`, as 1.x called it."""
        return self.run(**options)


class Workflow(ToolWorkflow):
    """A workflow without a tool of its own, which says itself where and how it runs: 1.x's, and 2.x's UnknownWorkflow.

    >>> from jobmon_airflow.classic import BashTask
    >>> workflow = Workflow("quickstart", executor_class="SequentialExecutor", project="proj_x", fail_fast=True)
    >>> write = workflow.add_task(BashTask("touch notes", slots=2, mem_free=4))
    >>> write.compute_resources["memory"], write.compute_resources["project"]
    (Memory('4G'), 'proj_x')
    """

    def __init__(
        self,
        workflow_args: str | None = "",
        name: str = "",
        description: str = "",
        stderr: str | None = None,
        stdout: str | None = None,
        project: str | None = None,
        reset_running_jobs: bool = True,
        working_dir: str | None = None,
        executor_class: str = SGE,
        fail_fast: bool = False,
        seconds_until_timeout: float = 36_000,
        resume: bool = ResumeStatus.DONT_RESUME,
        workflow_attributes: Mapping[str, Any] | Iterable[str] | None = None,
        max_concurrently_running: int = AT_A_TIME,
        **of_the_server: Any,
    ) -> None:
        _check_of_the_server(of_the_server)
        super().__init__(
            Tool(),
            workflow_args or "",
            name,
            description,
            workflow_attributes,
            max_concurrently_running=max_concurrently_running,
        )
        self.set_executor(executor_class, project, stderr, stdout, working_dir)
        self._usual = {
            "fail_fast": fail_fast,
            "seconds_until_timeout": seconds_until_timeout,
            "resume": resume,
            "reset_running_jobs": reset_running_jobs,
        }


UnknownWorkflow = Workflow

# How Jobmon's own processes talked to each other. Nothing of it changes what tasks do.
_OF_THE_SERVER: Final = frozenset(
    (
        "chunk_size",
        "heartbeat_interval",
        "interrupt_on_error",
        "reconciliation_interval",
        "report_by_buffer",
        "requester",
        "requester_url",
    )
)


def _check_of_the_server(given: Mapping[str, Any]) -> None:
    if unknown := sorted(given.keys() - _OF_THE_SERVER):
        raise TypeError(f"A Workflow has no argument {', '.join(map(repr, unknown))}.")
