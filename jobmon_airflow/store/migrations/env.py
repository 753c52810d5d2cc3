"""What alembic runs; the connection is handed over by ``migrate``."""

from __future__ import annotations

from alembic import context

from jobmon_airflow.store import dialect_options, schema
from jobmon_airflow.store.migrations import VERSION_TABLE

dialect_options.tell()  # for whoever lets alembic write a migration
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.metadata,
    version_table=VERSION_TABLE,
    render_as_batch=context.config.attributes["connection"].dialect.name == "sqlite",
    transactional_ddl=True,  # SQLite can roll DDL back too, since we begin its transactions ourselves
)
context.run_migrations()
