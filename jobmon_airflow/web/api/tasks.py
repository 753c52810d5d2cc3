"""Tasks of a workflow, their attempts, neighbours and logs."""

from __future__ import annotations

from jobmon_airflow.web.api.topics import topic

router = topic("tasks")
