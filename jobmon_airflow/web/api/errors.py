"""Errors of a workflow, in groups."""

from __future__ import annotations

from jobmon_airflow.web.api.topics import topic

router = topic("errors")
