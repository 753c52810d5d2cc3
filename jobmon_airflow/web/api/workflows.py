"""Workflows, and how each stands."""

from __future__ import annotations

from jobmon_airflow.web.api.topics import topic

router = topic("workflows")
