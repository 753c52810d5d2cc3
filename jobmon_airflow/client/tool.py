"""Tools: the applications that templates and workflows belong to."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from jobmon_airflow import settings
from jobmon_airflow.client.defaults import Defaults
from jobmon_airflow.client.names import checked_name
from jobmon_airflow.client.task_template import TaskTemplate
from jobmon_airflow.errors import UnknownVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from os import PathLike

    from jobmon_airflow.client.workflow import Workflow
    from jobmon_airflow.store.database import Database

LATEST = "latest"


class Tool(Defaults):
    """An application, by name. Its templates and workflows belong to one of its versions.

    >>> tool = Tool("codcorrect")
    >>> tool.set_default_compute_resources_from_dict("slurm", {"memory": "4G", "runtime": "1h", "queue": "all.q"})
    >>> template = tool.get_task_template("correct", "correct.py {year}", node_args=["year"])
    >>> template.create_task(year=1990).compute_resources["memory"]
    Memory('4G')

    Nothing is written before a workflow is bound or an id is asked for. ``database`` is the address of the
    Jobmon tables, if not the usual one (see `jobmon_airflow.settings`).
    """

    yaml_resources = "tool_resources"
    yaml_scales = "tool_scales"

    def __init__(
        self,
        name: str | None = None,
        active_tool_version_id: int | str = LATEST,
        *,
        database: str | None = None,
    ) -> None:
        super().__init__()
        self.name = checked_name(f"unknown-{settings.user_name()}" if name is None else name, "tool")
        self._address = database
        self.active_tool_version = ToolVersion(self)
        if active_tool_version_id != LATEST:
            self.set_active_tool_version_id(active_tool_version_id)

    def __repr__(self) -> str:
        return f"<Tool {self.name}>"

    def __str__(self) -> str:
        return f"tool '{self.name}'"

    def is_same_as(self, other: Tool) -> bool:
        """Whether both stand for one tool of one database."""
        return self is other or (self.name, self._address) == (other.name, other._address)

    @property
    def address(self) -> str | None:
        """The address of its database; none, if it is the usual one."""
        return self._address

    @cached_property
    def database(self) -> Database:
        """The database that the tool's workflows go to, ready to be used."""
        from jobmon_airflow.client import registry

        return registry.database(self._address)

    # --- versions ---------------------------------------------------------------------------------------

    @cached_property
    def id(self) -> int:
        """The id in the database; asking for it writes the tool there."""
        from jobmon_airflow.client import registry

        return registry.tool_id(self)

    @property
    def active_tool_version_id(self) -> int:
        """The id of the version that new templates and workflows belong to."""
        return self.active_tool_version.id

    @property
    def tool_version_ids(self) -> list[int]:
        """The ids of all versions in the database, oldest first."""
        from jobmon_airflow.client import registry

        return registry.tool_version_ids(self)

    def get_new_tool_version(self) -> int:
        """Make a new version, let new templates and workflows belong to it, and return its id.

        Do so when the application changed so much that its workflows should not be compared with earlier
        ones; not for every run.
        """
        from jobmon_airflow.client import registry

        self.active_tool_version.id  # noqa: B018 - what was defined so far stays with what was the latest until now
        self.active_tool_version = ToolVersion(self, registry.new_tool_version(self))
        return self.active_tool_version.id

    create_new_tool_version = get_new_tool_version

    def set_active_tool_version_id(self, tool_version_id: int | str = LATEST) -> None:
        """Let new templates and workflows belong to this version, or to the latest."""
        if tool_version_id == LATEST:
            self.active_tool_version = ToolVersion(self)
            return
        if tool_version_id not in (known := self.tool_version_ids):
            raise UnknownVersion(
                f"The tool '{self.name}' has no version {tool_version_id}.",
                remedy=f"Choose one of {', '.join(map(str, known)) or '(there are none yet)'}, or 'latest'.",
            )
        self.active_tool_version = ToolVersion(self, int(tool_version_id))

    # --- what belongs to it -----------------------------------------------------------------------------

    @property
    def active_task_templates(self) -> dict[str, TaskTemplate]:
        """The active version's templates that this script has named."""
        return dict(self.active_tool_version.task_templates)

    def get_task_template(
        self,
        template_name: str,
        command_template: str,
        node_args: Iterable[str] | None = None,
        task_args: Iterable[str] | None = None,
        op_args: Iterable[str] | None = None,
        default_cluster_name: str = "",
        default_compute_resources: Mapping[str, Any] | None = None,
        default_resource_scales: Mapping[str, Any] | None = None,
        yaml_file: str | PathLike[str] | None = None,
        max_attempts: int | None = None,
    ) -> TaskTemplate:
        """The template of this name, with the version of this command and args active.

        ``node_args`` make tasks differ within a workflow, ``task_args`` are data that make it another workflow,
        ``op_args`` (paths of interpreters and scripts, flags) may change without making it another task. In the
        command, ``{arg}`` puts the value in, ``{arg:q}`` quotes it for the shell, ``{{`` is a plain brace.
        """
        templates = self.active_tool_version.task_templates
        template = templates.get(template_name) or self._new_template(template_name)
        version = template.get_task_template_version(command_template, node_args, task_args, op_args)
        templates[template_name] = template
        version._set_at_once(
            default_cluster_name, default_compute_resources, default_resource_scales, max_attempts
        )
        if yaml_file is not None:
            if not default_compute_resources:
                version.set_default_compute_resources_from_yaml(yaml_file, default_cluster_name)
            if not default_resource_scales:
                version.set_default_resource_scales_from_yaml(
                    yaml_file, default_cluster_name, ignore_missing_keys=True
                )
        return template

    def create_workflow(
        self,
        workflow_args: str = "",
        name: str = "",
        description: str = "",
        workflow_attributes: Mapping[str, Any] | Iterable[str] | None = None,
        max_concurrently_running: int = settings.UNLIMITED,
        chunk_size: int = 500,
        default_cluster_name: str = "",
        default_compute_resources_set: Mapping[str, Mapping[str, Any]] | None = None,
        default_resource_scales_set: Mapping[str, Mapping[str, Any]] | None = None,
        default_max_attempts: int | None = None,
    ) -> Workflow:
        """A workflow of the active version; see `Workflow` for what its arguments mean."""
        from jobmon_airflow.client.workflow import Workflow

        return Workflow(
            self,
            workflow_args,
            name,
            description,
            workflow_attributes,
            max_concurrently_running,
            chunk_size,
            default_cluster_name,
            default_compute_resources_set,
            default_resource_scales_set,
            default_max_attempts,
        )

    def _new_template(self, template_name: str) -> TaskTemplate:
        return TaskTemplate(self.active_tool_version, template_name)

    # --- defaults from YAML, where tools have Jobmon's other order of arguments ---------------------------

    def set_default_compute_resources_from_yaml(  # type: ignore[override]
        self,
        default_cluster_name: str,
        yaml_file: str | PathLike[str],
        set_task_templates: bool = False,
        ignore_missing_keys: bool = False,
    ) -> None:
        """Take them from ``tool_resources.<cluster>``; with ``set_task_templates`` the templates' too."""
        for level in self._with_templates(set_task_templates):
            Defaults.set_default_compute_resources_from_yaml(
                level, yaml_file, default_cluster_name, ignore_missing_keys=ignore_missing_keys
            )

    def set_default_resource_scales_from_yaml(  # type: ignore[override]
        self,
        default_cluster_name: str,
        yaml_file: str | PathLike[str],
        set_task_templates: bool = False,
        ignore_missing_keys: bool = False,
    ) -> None:
        """Take them from ``tool_scales.<cluster>``; with ``set_task_templates`` the templates' too."""
        for level in self._with_templates(set_task_templates):
            Defaults.set_default_resource_scales_from_yaml(
                level, yaml_file, default_cluster_name, ignore_missing_keys=ignore_missing_keys
            )

    def _with_templates(self, are_meant: bool) -> list[Defaults]:
        return [self, *(self.active_task_templates.values() if are_meant else ())]

    def _yaml_path(self, key: str, content: Any) -> tuple[str, ...]:
        # Jobmon's documentation writes one level more than its code reads; both are understood.
        below = content.get(key) if isinstance(content, dict) else None
        return (key, self.name) if isinstance(below, dict) and self.name in below else (key,)


class ToolVersion:
    """A version of a tool; the latest one, unless it was made with an id."""

    def __init__(self, tool: Tool, tool_version_id: int | None = None) -> None:
        self.tool = tool
        self.task_templates: dict[str, TaskTemplate] = {}
        if tool_version_id is not None:
            self.id = tool_version_id

    def __repr__(self) -> str:
        return f"<ToolVersion of {self.tool.name}>"

    @cached_property
    def id(self) -> int:
        """The id in the database; asking for it writes tool and version there."""
        from jobmon_airflow.client import registry

        return registry.latest_tool_version_id(self.tool)
