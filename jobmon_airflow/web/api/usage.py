"""What workflows asked for and used, over time."""

from __future__ import annotations

from jobmon_airflow.web.api.topics import topic

router = topic("usage")
