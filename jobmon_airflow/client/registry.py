"""What the client writes one thing at a time, when somebody asks for an id or changes a limit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jobmon_airflow.store import attributes, migrations, templates, tools, workflows
from jobmon_airflow.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Connection

    from jobmon_airflow.client.array import Array
    from jobmon_airflow.client.task_template import TaskTemplate
    from jobmon_airflow.client.task_template_version import TaskTemplateVersion
    from jobmon_airflow.client.tool import Tool
    from jobmon_airflow.client.workflow import Workflow

_opened: dict[str, Database] = {}


def database(address: str | None) -> Database:
    """The database at an address (or where the settings say), looked at once and then kept open."""
    opening = Database.open(address)
    url = opening.engine.url.render_as_string(hide_password=False)
    if url not in _opened:
        migrations.prepare(opening)
        _opened[url] = opening
    return _opened[url]


def tool_id(tool: Tool) -> int:
    return tool.database.write(lambda connection: tools.tool_id(connection, tool.name))


def tool_version_ids(tool: Tool) -> list[int]:
    number = tool.id
    with tool.database.read() as connection:
        return tools.version_ids(connection, number)


def latest_tool_version_id(tool: Tool) -> int:
    number, at = tool.id, datetime.now(UTC)
    return tool.database.write(lambda connection: tools.latest_version(connection, number, at))


def new_tool_version(tool: Tool) -> int:
    number, at = tool.id, datetime.now(UTC)
    return tool.database.write(lambda connection: tools.add_version(connection, number, at))


def template_id(template: TaskTemplate) -> int:
    name, version_id = template.template_name, template.tool_version.id
    return template.tool.database.write(
        lambda connection: templates.template_ids(connection, version_id, [name])[name]
    )


def bind_template_versions(versions: Collection[TaskTemplateVersion]) -> None:
    """Write templates and versions of one tool that have no ids yet, all at once, and note their ids."""
    unknown = [version for version in versions if "id" not in vars(version)]
    # Versions of one template mostly belong to one tool version; a script may have made a new one in between.
    tool_versions = {version: version.task_template.tool_version.id for version in unknown}
    if unknown:
        ids = unknown[0].tool.database.write(lambda connection: _write_versions(connection, tool_versions))
        for version, (template_id, number) in ids.items():
            version.task_template.id, version.id = template_id, number


def _write_versions(
    connection: Connection, tool_versions: Mapping[TaskTemplateVersion, int]
) -> dict[TaskTemplateVersion, tuple[int, int]]:
    template_ids = {
        tool_version_id: templates.template_ids(
            connection,
            tool_version_id,
            {version.template_name for version, its in tool_versions.items() if its == tool_version_id},
        )
        for tool_version_id in sorted(set(tool_versions.values()))
    }
    rows = {
        version: templates.Version(
            template_id=template_ids[tool_version_id][version.template_name],
            command=version.command_template.text,
            node_args=version.node_args,
            task_args=version.task_args,
            op_args=version.op_args,
        )
        for version, tool_version_id in tool_versions.items()
    }
    ids = templates.bind_versions(connection, set(rows.values()))
    return {version: (row.template_id, ids[row]) for version, row in rows.items()}


def template_versions(template: TaskTemplate) -> list[tuple[int, templates.Version]]:
    number = template.id
    with template.tool.database.read() as connection:
        return templates.versions_of(connection, number)


def write_workflow_attributes(workflow: Workflow, facts: attributes.Facts) -> None:
    def write(connection: Connection) -> None:
        workflows.lock(connection, workflow.workflow_id)
        attributes.write(connection, "workflow", {workflow.workflow_id: facts})

    workflow.tool.database.write(write)


def write_workflow_limit(workflow: Workflow) -> None:
    limit = workflow.max_concurrently_running
    workflow.tool.database.write(
        lambda connection: workflows.set_limit(connection, workflow.workflow_id, limit)
    )


def write_array_limit(array: Array) -> None:
    assert array.array_id is not None
    limits = {array.array_id: array.max_concurrently_running}
    array.workflow.tool.database.write(lambda connection: workflows.set_array_limits(connection, limits))
