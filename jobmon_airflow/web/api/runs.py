"""From Airflow's runs and DAGs to workflows."""

from __future__ import annotations

from jobmon_airflow.web.api.topics import topic

router = topic("runs")
