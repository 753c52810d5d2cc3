"""Airflow's simple auth manager, with rights to single DAGs, which it does not know by itself."""

from __future__ import annotations

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

#: By user, the DAGs that one may see or edit. Who is not named here has the rights of the role.
ONLY = {"reader": {"GET": {"study"}}, "editor": {"GET": {"study"}, "PUT": {"study"}}}
ROLES = {
    "admin": "admin",
    "viewer": "viewer",
    "reader": "viewer",
    "editor": "admin",
    "owner": "viewer",  # who ran the workflows
    "nobody": "",
}


class ByDag(SimpleAuthManager):
    """What Airflow's API server asks."""

    def is_authorized_dag(self, *, method, user, access_entity=None, details=None):
        only = ONLY.get(user.username)
        if only and details and details.id is not None and details.id not in only.get(method, ()):
            return False
        return super().is_authorized_dag(
            method=method, user=user, access_entity=access_entity, details=details
        )
