"""The tables of Jobmon 3.x, as far as they are read."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import DateTime, Integer, Text

_FOUND_BY_ID: Final = {"id": Integer()}


def _numbers(*names: str) -> dict[str, Any]:
    return {name: Integer() for name in names}


def _texts(*names: str) -> dict[str, Any]:
    return {name: Text() for name in names}


def _moments(*names: str) -> dict[str, Any]:
    return {name: DateTime() for name in names}


def _attributes(of: str) -> dict[str, dict[str, Any]]:
    return {
        f"{of}_attribute_type": {**_FOUND_BY_ID, **_texts("name")},
        f"{of}_attribute": {**_numbers(f"{of}_id", f"{of}_attribute_type_id"), **_texts("value")},
    }


TABLES: Final[dict[str, dict[str, Any]]] = {
    "tool": {**_FOUND_BY_ID, **_texts("name")},
    "tool_version": {**_FOUND_BY_ID, **_numbers("tool_id")},
    "task_template": {**_FOUND_BY_ID, **_numbers("tool_version_id"), **_texts("name")},
    "task_template_version": {**_FOUND_BY_ID, **_numbers("task_template_id"), **_texts("command_template")},
    "arg": {**_FOUND_BY_ID, **_texts("name")},
    "template_arg_map": _numbers("task_template_version_id", "arg_id", "arg_type_id"),
    "cluster_type": {**_FOUND_BY_ID, **_texts("name")},
    "cluster": {**_FOUND_BY_ID, **_numbers("cluster_type_id"), **_texts("name")},
    "queue": {**_FOUND_BY_ID, **_numbers("cluster_id"), **_texts("name", "parameters")},
    "task_resources": {
        **_FOUND_BY_ID,
        **_numbers("queue_id"),
        **_texts("task_resources_type_id", "requested_resources"),
    },
    "node": {**_FOUND_BY_ID, **_numbers("task_template_version_id"), **_texts("node_args_hash")},
    "node_arg": {**_numbers("node_id", "arg_id"), **_texts("val")},
    "dag": {**_FOUND_BY_ID, **_moments("created_date")},
    "edge": {**_numbers("dag_id", "node_id"), **_texts("upstream_node_ids", "downstream_node_ids")},
    "workflow": {
        **_FOUND_BY_ID,
        **_numbers("tool_version_id", "dag_id"),
        **_texts("description", "name", "workflow_args", "max_concurrently_running", "status"),
        **_moments("created_date", "status_date"),
    },
    **_attributes("workflow"),
    "workflow_run": {
        **_FOUND_BY_ID,
        **_numbers("workflow_id"),
        **_texts("user", "jobmon_version", "jobmon_server_version", "status"),
        **_moments("created_date", "status_date", "heartbeat_date"),
    },
    "array": {
        **_FOUND_BY_ID,
        **_numbers("task_template_version_id", "workflow_id"),
        **_texts("name", "max_concurrently_running"),
    },
    "task": {
        **_FOUND_BY_ID,
        **_numbers("workflow_id", "node_id", "task_resources_id", "num_attempts", "max_attempts"),
        **_texts("name", "command", "resource_scales", "fallback_queues", "status"),
        **_moments("status_date"),
    },
    "task_arg": {**_numbers("task_id", "arg_id"), **_texts("val")},
    **_attributes("task"),
    "task_instance": {
        **_FOUND_BY_ID,
        **_numbers("workflow_run_id", "task_id", "task_resources_id", "array_batch_num", "array_step_id"),
        **_texts(
            "distributor_id", "nodename", "process_group_id", "usage_str", "wallclock", "maxrss", "maxpss"
        ),
        **_texts("cpu", "io", "stdout", "stderr", "stdout_log", "stderr_log", "status"),
        **_moments("submitted_date", "status_date", "report_by_date"),
    },
    "task_instance_error_log": {
        **_FOUND_BY_ID,
        **_numbers("task_instance_id"),
        **_texts("description"),
        **_moments("error_time"),
    },
    "task_status_audit": {
        **_FOUND_BY_ID,
        **_numbers("task_id", "workflow_id"),
        **_texts("previous_status", "new_status"),
        **_moments("entered_at"),
    },
}

#: Without these, a database is none of Jobmon 3.x.
NEEDED: Final = (
    frozenset(TABLES)
    - {"workflow_attribute", "workflow_attribute_type"}
    - {
        "task_attribute",
        "task_attribute_type",
        "task_status_audit",
    }
)
