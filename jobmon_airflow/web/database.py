"""The Jobmon tables, as routes ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy import Connection

from jobmon_airflow.client import registry
from jobmon_airflow.store.database import Database


def _store() -> Database:
    return registry.database(None)


Store = Annotated[Database, Depends(_store)]


def _tables(store: Store) -> Iterator[Connection]:
    with store.read() as connection:
        yield connection


#: Sees one state of the tables and changes nothing; one for all that a request asks, until it is answered.
Tables = Annotated[Connection, Depends(_tables)]
