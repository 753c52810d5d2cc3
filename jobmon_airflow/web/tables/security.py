"""What AppBuilder may show to whom. It has no users, roles or permissions of its own: Airflow decides."""

from __future__ import annotations

from typing import Any, Final, NoReturn

from flask import abort, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.manager import BaseSecurityManager
from flask_limiter import Limiter

from jobmon_airflow.web.tables.models import MODELS
from jobmon_airflow.web.tables.reading import rights

_SHOWN: Final = frozenset({"can_list", "can_show", "menu_access"})


class Denied(BaseView):
    """Where AppBuilder sends whom it refuses something."""

    route_base = "/denied"

    @expose("/")
    def login(self) -> None:
        """Say so."""
        _refuse()


def _refuse() -> NoReturn:
    abort(403, "This table is for those who may see all DAGs. Ask who looks after this Airflow.")


# Not that of AppBuilder's security.sqla, whose models are at odds with those of Airflow's FabAuthManager.
class AirflowSecurity(BaseSecurityManager):
    """Airflow's user, and what Airflow lets this user read."""

    def register_views(self) -> None:
        """No pages for users, roles, or a login of its own."""
        self.auth_view = self.appbuilder.add_view_no_menu(Denied)

    def has_access(self, permission_name: str, view_name: str) -> bool:
        """Whether the request's user sees a table."""
        if permission_name not in _SHOWN:
            return False
        return view_name not in MODELS or rights().sees(MODELS[view_name].__table__)

    def is_item_public(self, permission_name: str, view_name: str) -> bool:  # noqa: ARG002 - AppBuilder's form
        """Nothing is."""
        return False

    def create_limiter(self, app: Any) -> Limiter:  # noqa: ARG002 - AppBuilder's form
        """Airflow's own API is not limited either."""
        return Limiter(key_func=str, enabled=False)

    def before_request(self) -> None:
        """Refuse at once: AppBuilder would note it in a cookie first. Who asks, Airflow has found out before."""
        table = request.blueprint  # each has one
        if table and table in MODELS and not self.has_access("can_list", table):
            _refuse()

    def add_permissions_view(self, base_permissions: Any, view_menu: Any) -> None:
        """Permissions are not stored."""

    def add_permissions_menu(self, view_menu_name: Any) -> None:
        """Permissions are not stored."""

    def security_cleanup(self, baseviews: Any, menus: Any) -> None:
        """Permissions are not stored."""
