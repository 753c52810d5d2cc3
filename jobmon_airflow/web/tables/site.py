"""The AppBuilder: an application of Flask that knows nothing of where it is mounted, or of who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import Flask, Response, g, render_template, request
from flask_appbuilder import AppBuilder, BaseView, expose
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from jobmon_airflow.client import registry
from jobmon_airflow.errors import JobmonError
from jobmon_airflow.web import refusals
from jobmon_airflow.web.tables.models import MODELS
from jobmon_airflow.web.tables.reading import rights
from jobmon_airflow.web.tables.rights import MAY_READ, Rights
from jobmon_airflow.web.tables.security import AirflowSecurity
from jobmon_airflow.web.tables.views import views

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.typing import ResponseReturnValue

_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "Workflows": (
        "workflow",
        "workflow_run",
        "workflow_attribute",
        "array",
        "airflow_task",
        "waiting_reason",
    ),
    "Tasks and attempts": (
        "task",
        "task_instance",
        "task_instance_error_log",
        "task_status_audit",
        "task_arg",
        "task_attribute",
        "task_resources",
    ),
    "Graphs": ("dag", "node", "node_arg", "edge", "dag_join", "template_edge"),
    "Tools and templates": (
        "tool",
        "tool_version",
        "task_template",
        "task_template_version",
        "template_arg_map",
        "arg",
    ),
    "Clusters": ("cluster", "cluster_type", "queue"),
}
_OTHERS: Final = "Words"


class Index(BaseView):
    """The tables, with what they are for."""

    route_base = ""
    default_view = "index"

    @expose("/")
    def index(self) -> str:
        """Those that the user sees."""
        shown = {
            kind: [MODELS[name].__table__ for name in names if rights().sees(MODELS[name].__table__)]
            for kind, names in kinds().items()
        }
        hidden = sum(not rights().sees(model.__table__) for model in MODELS.values())
        return str(self.render_template("tables/index.html", title="Tables", kinds=shown, hidden=hidden))


class Builder(AppBuilder):
    """AppBuilder with our pages alone: its own would keep a history and a language in cookies."""

    def _add_admin_views(self) -> None:
        self._indexview = self.add_view_no_menu(self.indexview)
        self.sm.register_views()


def make_site() -> Flask:
    """Make it, with a view of each table."""
    site = Flask("jobmon_airflow.web.tables", static_url_path="/static")
    site.url_map.merge_slashes = False  # a key may have several in a row
    site.config.update(
        APP_NAME="Jobmon tables",
        FAB_UPDATE_PERMS=False,
        FAB_STATIC_FOLDER="static/none",  # its pages are ours, and so are their styles
        RATELIMIT_ENABLED=False,
    )
    site.jinja_env.filters["parent"] = lambda path: path.rpartition("/")[0]
    site.before_request(_look)
    site.teardown_request(_look_away)
    site.register_error_handler(JobmonError, _failed)
    site.register_error_handler(HTTPException, _refused)
    site.register_error_handler(SQLAlchemyError, _unanswered)
    with site.app_context():
        builder = Builder(
            site,
            None,
            indexview=Index,
            security_manager_class=AirflowSecurity,
            base_template="tables/frame.html",
        )
        made = views()
        for kind, names in kinds().items():
            for name in names:
                builder.add_view(made[name], name, category=kind)
    return site


def kinds() -> dict[str, tuple[str, ...]]:
    """The names of the tables by what they are about; those that nobody thought of come last."""
    known = {name for names in _KINDS.values() for name in names}
    return {**_KINDS, _OTHERS: tuple(name for name in MODELS if name not in known)}


def _look() -> None:
    reading = registry.database(None).read()
    g.jobmon_connection = reading.__enter__()
    g.jobmon_reading = reading  # which is ended by whoever answers last
    g.jobmon_rights = Rights(connection=g.jobmon_connection, may_read=request.environ[MAY_READ])


def _look_away(error: BaseException | None) -> None:  # noqa: ARG001 - Flask's form
    reading = g.pop("jobmon_reading", None)
    if reading is not None:
        reading.__exit__(None, None, None)


# --- what does not work -----------------------------------------------------------------------------------------


def _failed(error: Any) -> ResponseReturnValue:
    status = refusals.status_of(error)
    return _message(refusals.title_of(status), str(error), status)


def _refused(error: Any) -> ResponseReturnValue:
    response = error.get_response()
    if isinstance(response, Response) and 300 <= response.status_code < 400:
        return response
    return _message(error.name, error.description or "", error.code or 500)


def _unanswered(error: Any) -> ResponseReturnValue:
    return _message(refusals.title_of(503), refusals.of_silence(error).text, 503)


def _message(title: str, text: str, status: int) -> ResponseReturnValue:
    return render_template("tables/message.html", title=title, text=text), status
