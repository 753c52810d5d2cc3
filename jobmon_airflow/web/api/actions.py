"""What is done to workflows and tasks."""

from __future__ import annotations

from jobmon_airflow.web.api.topics import topic

router = topic("actions")
