"""When the tasks of a workflow waited and ran."""

from __future__ import annotations

from jobmon_airflow.web.api.topics import topic

router = topic("timeline")
