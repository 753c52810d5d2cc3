"""The Jobmon tables from any DAG: how workflows stand, what failed, what tasks use; limits and resumes."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from jobmon_airflow.errors import InvalidSetting, JobmonError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from airflow.sdk import Connection

    from jobmon_airflow.states import WorkflowRunStatus
    from jobmon_airflow.store.database import Database

_DRIVERS: Final = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}


class JobmonHook(BaseHook):
    """The Jobmon tables that a connection of type ``jobmon`` leads to.

    Where there is no connection ``jobmon_default``, the tables are where ``[jobmon] sql_alchemy_conn`` says, as for
    everybody else. Answers are words and numbers, so that a task may return them.
    """

    conn_name_attr: ClassVar[str] = "jobmon_conn_id"
    default_conn_name: ClassVar[str] = "jobmon_default"
    conn_type: ClassVar[str] = "jobmon"
    hook_name: ClassVar[str] = "Jobmon"

    def __init__(self, jobmon_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.jobmon_conn_id = jobmon_conn_id

    # --- the database -----------------------------------------------------------------------------------

    @cached_property
    def database(self) -> Database:
        """The database, looked at and ready to be used."""
        from jobmon_airflow.client import registry

        return registry.database(self.address)

    def get_conn(self) -> Database:
        """The same as `database`."""
        return self.database

    @cached_property
    def address(self) -> str | None:
        """The database's address if a connection names it; None means that the settings do."""
        try:
            connection = self.get_connection(self.jobmon_conn_id)
        except AirflowNotFoundException:
            if self.jobmon_conn_id != self.default_conn_name:
                raise
            return None
        return _address(connection)

    def test_connection(self) -> tuple[bool, str]:
        """Whether the tables are there, and of the version that this code needs."""
        from sqlalchemy.exc import SQLAlchemyError

        from jobmon_airflow.store import migrations
        from jobmon_airflow.store.database import Database

        try:
            database = Database.open(self.address)
            try:
                migrations.check(database)
                return True, f"The Jobmon tables in {database.name} are of version {migrations.HEAD}."
            finally:
                database.close()
        except (JobmonError, SQLAlchemyError) as error:
            return False, str(error)

    # --- asking -------------------------------------------------------------------------------------------

    def status(self, workflow_id: int) -> dict[str, Any]:
        """How a workflow stands: its status in a word, and how many tasks of each template are how far."""
        from jobmon_airflow.engine import standing

        with self.database.read() as connection:
            return standing.described(standing.of_workflow(connection, workflow_id))

    def summary(self, workflow_id: int) -> str:
        """What is done and what failed, in which ways, and what to type to go on."""
        from jobmon_airflow.engine import standing

        with self.database.read() as connection:
            return standing.account(connection, standing.of_workflow(connection, workflow_id))

    def errors(self, workflow_id: int, limit: int | None = 1000) -> dict[int, dict[str, Any]]:
        """What so many of the workflow's tasks said when they last failed, by task id; see `Workflow.get_errors`."""
        from jobmon_airflow.client import failures

        self._require(workflow_id)
        return failures.of_workflow_id(self.database, workflow_id, limit)

    def tasks(
        self,
        workflow_id: int,
        *,
        templates: Collection[str] = (),
        statuses: Collection[str] = (),
        after: int = 0,
        limit: int = 1000,
    ) -> list[dict[str, Any]]:
        """The next tasks of a workflow behind the id ``after``: of some templates and statuses ("D", "F"), if named."""
        from jobmon_airflow.states import TaskStatus
        from jobmon_airflow.store import tasks

        arrays = self._arrays(workflow_id)
        otherwise = f"Workflow {workflow_id} has no template"
        chosen = [number for name in templates for number in _known(name, arrays, otherwise)]
        wanted = [TaskStatus.of(letter) for letter in statuses]
        with self.database.read() as connection:
            rows = tasks.page(
                connection, workflow_id, array_ids=chosen, statuses=wanted, after=after, limit=limit
            )
        names = {number: name for name, numbers in arrays.items() for number in numbers}
        return [
            {
                "task_id": row.id,
                "name": row.name,
                "template": names[row.array_id],
                "status": TaskStatus.of(row.status).label,
                "command": row.command,
                "num_attempts": row.num_attempts,
                "max_attempts": row.max_attempts,
                "since": row.status_date.isoformat(),
            }
            for row in rows
        ]

    def resource_usage(
        self,
        tool: str,
        template: str,
        *,
        workflows: Iterable[int] | int | None = None,
        node_args: Mapping[str, Any] | None = None,
        ci: float | None = None,
    ) -> dict[str, Any]:
        """What attempts at a template's tasks used, and what to ask for; see `TaskTemplate.resource_usage`."""
        from jobmon_airflow.client import usage
        from jobmon_airflow.client.task_template import TaskTemplate
        from jobmon_airflow.client.tool import Tool
        from jobmon_airflow.store import overviews

        with self.database.read() as connection:
            known = overviews.newest_templates(connection, tool)
        template_id, version_id = _known(template, known, f"The tool '{tool}' has no template")
        stored = TaskTemplate(Tool(tool, database=self.address).active_tool_version, template)
        stored.id = template_id  # known, so that asking about it writes nothing
        stored.set_active_task_template_version_id(version_id)
        return usage.of_template(stored, workflows, node_args, ci)

    # --- changing -----------------------------------------------------------------------------------------

    def resume(
        self,
        workflow_id: int,
        *,
        cold: bool = False,
        increase_resources: bool = True,
        fail_fast: bool = False,
        timeout: float = 36_000,
        resume_timeout: float = 300,
    ) -> WorkflowRunStatus:
        """Go on with a workflow, here and now, and return how that run ended; see `resume_workflow`."""
        from jobmon_airflow.client.resuming import resume_workflow

        return resume_workflow(
            workflow_id,
            reset_running_jobs=cold,
            increase_resources=increase_resources,
            fail_fast=fail_fast,
            seconds_until_timeout=timeout,
            resume_timeout=resume_timeout,
            database=self.address,
        )

    def set_limit(self, workflow_id: int, limit: int, *, template: str | None = None) -> None:
        """Let so many tasks of a workflow, or of one of its templates, run at a time; 0 pauses. Heeded at once."""
        from jobmon_airflow.engine import ordering

        self.database.write(lambda it: ordering.set_limit(it, workflow_id, limit, template))

    def _require(self, workflow_id: int) -> None:
        from jobmon_airflow.engine import claims

        with self.database.read() as connection:
            claims.known(connection, workflow_id)

    def _arrays(self, workflow_id: int) -> dict[str, list[int]]:
        """The workflow's arrays by the names of their templates, of which there may be several versions."""
        from jobmon_airflow.store import workflows

        self._require(workflow_id)
        with self.database.read() as connection:
            names = workflows.array_names(connection, workflow_id)
        found: dict[str, list[int]] = {}
        for number, name in names.items():
            found.setdefault(name, []).append(number)
        return found


def _known(name: str, known: Mapping[str, Any], otherwise: str) -> Any:
    if name not in known:
        raise UnknownName(
            f"{otherwise} '{name}'.",
            remedy=f"Choose one of {', '.join(sorted(known))}."
            if known
            else "It has none: is its name right?",
        )
    return known[name]


def _address(connection: Connection) -> str:
    """The database's address, made of a connection's fields."""
    from sqlalchemy import URL

    if url := connection.extra_dejson.get("url"):
        return _hidden(url)
    dialect = connection.extra_dejson.get("dialect") or ("postgresql" if connection.host else "sqlite")
    if dialect not in _DRIVERS:
        raise InvalidSetting(
            f"The connection '{connection.conn_id}' is of the dialect '{dialect}'.",
            remedy=f"Choose one of {', '.join(_DRIVERS)}.",
        )
    if not connection.schema:
        raise InvalidSetting(
            f"The connection '{connection.conn_id}' names no database.",
            remedy="Write its name, or the file of a SQLite database, in the field Schema; or an address in Url.",
        )
    return URL.create(
        _DRIVERS[dialect],
        username=connection.login or None,
        password=connection.password or None,
        host=connection.host or None,
        port=connection.port,
        database=connection.schema,
    ).render_as_string(hide_password=False)


def _hidden(url: str) -> str:
    """The address, whose password Airflow now keeps out of all logs: it does so by itself in its own field only."""
    from airflow.sdk.log import mask_secret
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        mask_secret(make_url(url).password)
    except ArgumentError:
        mask_secret(url)  # the database refuses it, without repeating it
    return url
