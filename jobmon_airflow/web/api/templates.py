"""Templates of a workflow: what their tasks used, and what to ask for."""

from __future__ import annotations

from jobmon_airflow.web.api.topics import topic

router = topic("templates")
