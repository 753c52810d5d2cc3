"""Addresses of databases that Airflow may store: what triggers are told stands in its database, for many to read."""

from __future__ import annotations

from urllib.parse import urlsplit

from jobmon_airflow.errors import InvalidAddress


def without_password(address: str | None, task_id: str) -> str | None:
    """The address, if there is no secret in it."""
    if address is not None and urlsplit(address).password:
        raise InvalidAddress(
            f"The task '{task_id}' runs in the triggerer, and its tool names a database with a password.",
            remedy="Leave the address out of the DAG file, and name it in AIRFLOW__JOBMON__SQL_ALCHEMY_CONN.",
        )
    return address
