"""What Slurm answers, as words and numbers that a task may return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobmon_airflow.distributors.slurm.seam import ClusterLimits, QueueRow, Record


def of_limits(limits: ClusterLimits) -> dict[str, Any]:
    """What a cluster allows."""
    return {
        "cluster": limits.name,
        "version": ".".join(map(str, limits.version)),
        "nodes": limits.nodes,
        "max_array_size": limits.max_array_size,
        "max_jobs": limits.max_jobs,
        "max_submit": limits.max_submit,
        "has_accounting": limits.has_accounting,
        "default_partition": limits.default_queue,
        "partitions": {queue.name: dict(queue.parameters()) for queue in limits.queues},
    }


def of_row(row: QueueRow) -> dict[str, Any]:
    """A job, or elements of an array that wait together."""
    return {
        "job_id": row.job_id,
        "elements": len(row.elements),
        "name": row.name,
        "state": row.word,
        "reason": row.reason,
        "node": row.node,
        "submitted": row.submitted.isoformat(),
        "restarts": row.restarts,
    }


def of_record(record: Record) -> dict[str, Any]:
    """What became of an element."""
    return {
        "job_id": record.job_id,
        "element": record.element,
        "name": record.name,
        "state": record.word,
        "exit_code": record.exit_code,
        "signal": record.signal,
        "node": record.node,
        "submitted": record.submitted.isoformat(),
        "wallclock": record.ran,
        "cpu": record.cpu,
        "maxrss": record.maxrss,
    }
