"""Workflows: tasks, what they wait for, and the intent to run them."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING, Any, Literal

from jobmon_airflow.client import garbage, graph
from jobmon_airflow.client.array import Array
from jobmon_airflow.client.attributes import checked_attributes
from jobmon_airflow.client.defaults import Defaults, checked_limit, checked_seconds
from jobmon_airflow.client.names import checked_name, checked_text
from jobmon_airflow.client.task import Task, listed
from jobmon_airflow.errors import DuplicateTask, InvalidDefinition, JobmonError, UnknownName
from jobmon_airflow.settings import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow.sdk import DAG

    from jobmon_airflow.client.task_template_version import TaskTemplateVersion
    from jobmon_airflow.client.tool import Tool
    from jobmon_airflow.dags.submitting import Submission
    from jobmon_airflow.states import WorkflowRunStatus


class Workflow(Defaults):
    """Tasks and their dependencies. Tools make workflows: see `Tool.create_workflow`.

    A workflow *is* its ``workflow_args`` and its tasks: the same of both are the same workflow, in every
    script and on every day, and can be resumed; a change of either makes a new workflow. Without
    ``workflow_args`` it is a new one each time.

    >>> from jobmon_airflow import Tool
    >>> tool = Tool("kitchen")
    >>> boil = tool.get_task_template("boil", "boil {what}", node_args=["what"])
    >>> workflow = tool.create_workflow(workflow_args="breakfast", default_cluster_name="multiprocess")
    >>> water = workflow.add_task(boil.create_task(what="water"))
    >>> tea = workflow.add_task(boil.create_task(what="tea", upstream_tasks=[water]))
    >>> workflow.validate()
    []

    ``max_concurrently_running`` limits how many tasks run at a time; ``workflow_attributes`` are free facts.
    ``chunk_size`` is Jobmon's, and has no effect here: binding chooses its own.
    """

    yaml_resources = "workflow_resources"
    yaml_scales = "workflow_scales"
    #: what its author types to go on with it, as the end of a run says
    resumed_by = "workflow.run(resume=True)"

    def __init__(
        self,
        tool: Tool,
        workflow_args: str = "",
        name: str = "",
        description: str = "",
        workflow_attributes: Mapping[str, Any] | Iterable[str] | None = None,
        max_concurrently_running: int = UNLIMITED,
        chunk_size: int = 500,
        default_cluster_name: str = "",
        default_compute_resources_set: Mapping[str, Mapping[str, Any]] | None = None,
        default_resource_scales_set: Mapping[str, Mapping[str, Any]] | None = None,
        default_max_attempts: int | None = None,
    ) -> None:
        super().__init__()
        del chunk_size
        self.tool = tool
        self.tool_version = tool.active_tool_version
        args = "" if workflow_args is None else str(workflow_args)
        #: whether its author said what it is, so that the same may be meant another time
        self.has_own_args = bool(args)
        self.workflow_args = checked_text(args, "workflow_args") or str(uuid.uuid4())
        self.name = checked_name(name, "workflow") if name else ""
        self.description = checked_text(description, "a workflow's description")
        self.max_concurrently_running = checked_limit(max_concurrently_running)
        self._attributes = checked_attributes(workflow_attributes or {})
        self._tasks: list[Task] = []
        self._arrays: dict[bytes, Array] = {}  # by the digest of their template version
        self._workflow_id: int | None = None
        self._dag_id: int | None = None
        self._task_hash: str | None = None
        #: the id of the last run that this script began
        self.last_workflow_run_id: int | None = None
        if default_cluster_name:
            self.set_default_cluster_name(default_cluster_name)
        for cluster, resources in (default_compute_resources_set or {}).items():
            self.set_default_compute_resources_from_dict(cluster, resources)
        for cluster, scales in (default_resource_scales_set or {}).items():
            self.set_default_resource_scales_from_dict(cluster, scales)
        if default_max_attempts is not None:
            self.set_default_max_attempts(default_max_attempts)

    def __repr__(self) -> str:
        return f"<Workflow {self.name or self.workflow_args!r} of {len(self._tasks)} tasks>"

    def __str__(self) -> str:
        return f"workflow '{self.name or self.workflow_args}'"

    # --- tasks ------------------------------------------------------------------------------------------

    @property
    def tasks(self) -> list[Task]:
        """The tasks, in the order in which they were added."""
        return list(self._tasks)

    @property
    def arrays(self) -> dict[str, Array]:
        """The arrays by the name of their template."""
        return {array.name: array for array in self._arrays.values()}

    @property
    def all_arrays(self) -> list[Array]:
        """The arrays, also those of several versions of one template, which share its name."""
        return list(self._arrays.values())

    def array_of(self, task_template_version: TaskTemplateVersion) -> Array | None:
        """The tasks of one template version; several versions share their template's name."""
        return self._arrays.get(task_template_version.digest)

    def add_task(self, task: Task) -> Task:
        """Add a task, and return it. Those it depends on may be added later, but before binding."""
        if not isinstance(task, Task):
            raise InvalidDefinition(
                f"{task!r} cannot be added to a workflow: it is no task.",
                remedy="Pass what create_task returned; a list of tasks goes to add_tasks.",
            )
        if task.array is not None:
            self._refuse_again(task)
        version = task._version
        array = self._arrays.get(version.digest)
        if array is None:
            array = self._arrays[version.digest] = self._new_array(version)
        array.take(task)
        self._tasks.append(task)
        self.forget_binding()
        return task

    def add_tasks(self, tasks: Iterable[Task]) -> None:
        """Add tasks; in any order, upstreams before or after those that depend on them."""
        with garbage.left_lying():
            for task in listed(tasks):
                self.add_task(task)

    def get_tasks_by_node_args(self, task_template_name: str, **node_args: Any) -> list[Task]:
        """The template's tasks whose node args are these; a list means any of its values."""
        arrays = self._arrays_named(task_template_name)
        return [task for array in arrays for task in array.get_tasks_by_node_args(**node_args)]

    # --- what is said of it -----------------------------------------------------------------------------

    @property
    def workflow_attributes(self) -> dict[str, str | None]:
        """Free facts about it, for people and statistics."""
        return dict(self._attributes)

    @workflow_attributes.setter
    def workflow_attributes(self, workflow_attributes: Mapping[str, Any] | Iterable[str]) -> None:
        """Note these facts and no others; what is bound keeps those that it has."""
        self._attributes = {}
        self.add_attributes(workflow_attributes)

    def add_attributes(self, workflow_attributes: Mapping[str, Any] | Iterable[str]) -> None:
        """Note facts, in place of earlier ones of these names; at once if the workflow is bound."""
        attributes = checked_attributes(workflow_attributes)
        self._attributes |= attributes
        if self._workflow_id is not None:
            from jobmon_airflow.client import registry

            registry.write_workflow_attributes(self, attributes)

    def set_max_concurrently_running(self, max_concurrently_running: int) -> None:
        """Let this many tasks run at a time; 0 pauses. At once if the workflow is bound."""
        self.max_concurrently_running = checked_limit(max_concurrently_running)
        if self._workflow_id is not None:
            from jobmon_airflow.client import registry

            registry.write_workflow_limit(self)

    def set_task_template_max_concurrency_limit(self, task_template_name: str, limit: int) -> None:
        """Let this many of a template's tasks run at a time; 0 pauses. At once if the workflow is bound."""
        for array in self._arrays_named(task_template_name):
            array.limit_to(limit)
            if self._workflow_id is not None:
                from jobmon_airflow.client import registry

                registry.write_array_limit(array)

    # --- the database -----------------------------------------------------------------------------------

    def validate(self, strict: bool = True, raise_on_error: bool = False) -> list[JobmonError]:
        """What is wrong with it, without asking the database; nothing, if the list is empty.

        With ``strict``, requests are also checked for a cluster to go to.
        """
        errors = list(graph.problems(self))
        if strict:
            errors += graph.homeless(self)
        if errors and raise_on_error:
            raise errors[0]
        return errors

    def bind(self) -> Workflow:
        """Write it all to the database, or find it there. Binding again, here or elsewhere, changes no id.

        What may change without making it another workflow (commands, op args, names, resources, attempts,
        limits, attributes) is brought up to date, save for tasks that are done or while a run is going on.
        """
        from jobmon_airflow.client import binding

        binding.bind(self)
        return self

    def forget_binding(self) -> None:
        """Other tasks or edges are another workflow, which is not in the database yet."""
        self._workflow_id = None

    @property
    def is_bound(self) -> bool:
        """Whether it is in the database as it stands."""
        return self._workflow_id is not None

    @property
    def workflow_id(self) -> int:
        """The id in the database."""
        self._require_bound()
        assert self._workflow_id is not None
        return self._workflow_id

    @property
    def dag_id(self) -> int:
        """The id of its graph, which other workflows may share."""
        self._require_bound()
        assert self._dag_id is not None
        return self._dag_id

    @property
    def task_hash(self) -> str:
        """What stands for all its tasks."""
        self._require_bound()
        assert self._task_hash is not None
        return self._task_hash

    # --- running ----------------------------------------------------------------------------------------

    def run(
        self,
        fail_fast: bool = False,
        seconds_until_timeout: float = 36_000,
        resume: bool = False,
        reset_running_jobs: bool = True,
        distributor_startup_timeout: float = 180,
        resume_timeout: float = 300,
        configure_logging: bool = False,
        *,
        increase_resources: bool = False,
    ) -> WorkflowRunStatus:
        """Run all tasks that are not done, and return how it ended: 'D' if everything is done now.

        A workflow that was begun before needs ``resume=True``. If it is still being run, that run is asked to make
        way, within ``resume_timeout`` seconds. ``reset_running_jobs`` ends what it has on a cluster; without that,
        it is taken over. ``increase_resources`` lets tasks that failed because a resource was too small begin with
        more of it. ``fail_fast`` ends the run at the first task that fails for good. ``configure_logging`` shows what
        the engine logs. ``distributor_startup_timeout`` is Jobmon's, and has no effect here.
        """
        from jobmon_airflow.engine.running import run_workflow
        from jobmon_airflow.engine.session import Options

        del distributor_startup_timeout
        if configure_logging:
            logging.basicConfig(level=logging.INFO)
        return run_workflow(
            self,
            Options(
                resume=resume,
                cold=reset_running_jobs,
                fail_fast=fail_fast,
                timeout=checked_seconds(seconds_until_timeout, "seconds_until_timeout"),
                resume_timeout=checked_seconds(resume_timeout, "resume_timeout"),
                increase_resources=increase_resources,
            ),
        )

    def submit(
        self,
        *,
        wait: bool = False,
        timeout: float | None = None,
        resume: bool = False,
        cold: bool = False,
        increase_resources: bool = True,
        fail_fast: bool = False,
        seconds_until_timeout: float = 36_000,
        api_url: str | None = None,
        token: str | None = None,
        username: str | None = None,
        password: str | None = None,
        dag_timeout: float = 120,
    ) -> Submission:
        """Bind it and let Airflow run it, whatever becomes of this script; return where it can be seen and asked.

        Its DAG is that of all workflows of its tool and name, which the bundle
        `jobmon_airflow.dags.bundle.JobmonDagBundle` shows in Airflow some seconds after binding; for that it waits
        ``dag_timeout`` seconds. With ``wait`` it returns when the run has ended, or fails after ``timeout`` seconds
        while the run goes on. A workflow that was begun before needs ``resume=True``; ``cold``, then, ends what an
        earlier run still has on a cluster. Submitting twice before it has begun starts one run.

        ``api_url`` is the address of Airflow's API server, and ``token`` lets it know who asks, or a ``username`` and a
        ``password``; if they are not given, the options ``api_url``, ``api_token``, ``api_username`` and
        ``api_password`` of ``[jobmon]`` count, as AIRFLOW__JOBMON__API_URL and so on.
        """
        from jobmon_airflow.dags.submitting import api_named, submit

        asked = {
            "cold": cold,
            "increase_resources": increase_resources,
            "fail_fast": fail_fast,
            "seconds_until_timeout": checked_seconds(seconds_until_timeout, "seconds_until_timeout"),
        }
        return submit(
            self,
            wait=wait,
            timeout=timeout,
            resume=resume,
            dag_timeout=dag_timeout,
            api=api_named(api_url, token, username, password),
            conf=asked,
        )

    def to_dag(
        self,
        dag_id: str | None = None,
        *,
        granularity: Literal["template", "task"] = "template",
        schedule: Any = None,
        deferrable: bool | None = None,
        fail_fast: bool = False,
        seconds_until_timeout: float = 36_000,
        cancel_on_kill: bool = True,
        poll_interval: float | None = None,
        **dag_arguments: Any,
    ) -> DAG:
        """The workflow as an Airflow DAG, for a DAG file: ``dag = workflow.to_dag(schedule="@daily")``.

        The DAG has a task ``run``, which runs the whole workflow, and for each template a task that shows how far
        it is and that other tasks can wait for: ``jobmon_airflow.dags.templates(dag)["aggregate"] >> notify``.
        With ``granularity="task"`` each Jobmon task is an Airflow task, for small workflows. It is called
        ``<tool>.<name>``, and takes any argument that a DAG takes. ``deferrable`` runs it without a worker, from the
        triggerer; ``cancel_on_kill=False`` lets jobs go on when Airflow's task is marked or cleared while they run;
        ``poll_interval`` are the seconds between two looks. Without ``workflow_args``, each DAG run is a workflow
        of its own; with them, all are the same workflow, of which each does what is not done yet.

        Airflow reads DAG files again and again, and each time the tasks are made again: what makes many is better
        made by a function when the DAG runs, see `jobmon_airflow.dags.workflow_dag`.
        """
        from jobmon_airflow.dags.making import to_dag

        return to_dag(
            self,
            dag_id,
            granularity=granularity,
            schedule=schedule,
            deferrable=deferrable,
            fail_fast=fail_fast,
            seconds_until_timeout=seconds_until_timeout,
            cancel_on_kill=cancel_on_kill,
            poll_interval=poll_interval,
            **dag_arguments,
        )

    # --- what became of it ------------------------------------------------------------------------------

    def get_errors(self, limit: int | None = 1000) -> dict[int, dict[str, Any]]:
        """What so many tasks said when they last failed, by task id: those that failed last come first.

        Each has what `Task.get_errors` returns. With ``limit=None``, all of them.
        """
        from jobmon_airflow.client import failures

        return failures.of_workflow(self, limit)

    @property
    def task_errors(self) -> dict[str, dict[str, Any] | None]:
        """What the tasks said that failed for good, by name; None if they said nothing.

        Of several that share a name, the first keeps it and others have their ids with it: 'name (task 12)'.
        """
        from jobmon_airflow.client import failures

        return failures.of_fatal_tasks(self)

    def _require_bound(self) -> None:
        if self._workflow_id is None:
            raise InvalidDefinition(
                f"The {self} is not bound.", remedy="Write it to the database: workflow.bind()."
            )

    def _new_array(self, version: TaskTemplateVersion) -> Array:
        if not self.tool.is_same_as(version.tool):
            raise InvalidDefinition(
                f"The template '{version.template_name}' is of the {version.tool}, the {self} of the {self.tool}.",
                remedy="Get the template from the workflow's own tool, or from one of its name and database.",
            )
        return Array(version, self)

    def _arrays_named(self, name: str) -> list[Array]:
        """The template's arrays: one for each of its versions that has tasks here."""
        arrays = [array for array in self._arrays.values() if array.name == name]
        if not arrays:
            raise UnknownName(
                f"The {self} has no tasks of a template '{name}'.",
                remedy=f"Choose one of {', '.join(self.arrays) or '(there are none yet)'}; add tasks first.",
            )
        return arrays

    def _refuse_again(self, task: Task) -> None:
        if task.workflow is self:
            raise DuplicateTask(
                f"The {self} has this task already: {task.command}", remedy="Add each task once."
            )
        raise InvalidDefinition(
            f"The task {task.name} is in another workflow, {task.workflow}.",
            remedy="Create a task for each workflow, from the same template.",
        )
