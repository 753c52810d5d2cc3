"""``workflow status``, ``workflow errors``, ``workflow resume``, ``reap``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.cli.answers import Answer, Exit, Table
from jobmon_airflow.client import failures, registry
from jobmon_airflow.client.resuming import resume_workflow
from jobmon_airflow.dags.names import dag_id_of
from jobmon_airflow.engine import claims, reaping, standing
from jobmon_airflow.settings import user_name
from jobmon_airflow.states import TaskBucket
from jobmon_airflow.view.resuming import Wish

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jobmon_airflow.engine.standing import Standing

_BUCKETS: Final = [bucket.value for bucket in TaskBucket]
_WORKFLOW: Final = ["WORKFLOW_ID", "TOOL", "NAME", "WORKFLOW_ARGS", "STATUS", "CREATED", "TASKS", *_BUCKETS]
_TEMPLATE: Final = ["TEMPLATE", "TASKS", *_BUCKETS]
_LONGEST: Final = 40


def status(
    workflow_ids: Sequence[int] = (),
    *,
    users: Sequence[str] = (),
    everyone: bool = False,
    limit: int = 5,
    database: str | None = None,
) -> Answer:
    """How workflows stand: those that are named, else the latest of some users, of everyone, or of whoever asks.

    One that is named alone is shown with its templates, and with what failed.
    """
    ids = list(dict.fromkeys(workflow_ids))
    who = [] if everyone else users or [user_name()]
    with registry.database(database).read() as connection:
        found = (
            [standing.of_workflow(connection, number) for number in ids]
            if ids
            else standing.latest(connection, limit, users=who)
        )
        says: list[str | Table] = [Table(_WORKFLOW, [_workflow(each) for each in found], _nothing_of(who))]
        if len(ids) == 1:
            account = standing.account(connection, found[0], _resume_command(ids[0]))
            says += [Table(_TEMPLATE, _templates(found[0])), account]
    return Answer(
        says,
        data=[standing.described(each) for each in found],
        is_last=all(each.status.is_final for each in found),
    )


def errors(workflow_id: int, *, limit: int = 10, database: str | None = None) -> Answer:
    """What so many of a workflow's tasks said when they last failed; those that failed last come first."""
    store = registry.database(database)
    with store.read() as connection:
        claims.known(connection, workflow_id)
    found = failures.of_workflow_id(store, workflow_id, limit)
    says = [_told(task_id, error) for task_id, error in found.items()]
    return Answer(says or f"No task of workflow {workflow_id} has failed.", data=found)


def resume(
    workflow_id: int,
    *,
    here: bool = True,
    cold: bool = False,
    keep_resources: bool = False,
    fail_fast: bool = False,
    timeout: float = 36_000,
    resume_timeout: float = 300,
    database: str | None = None,
) -> Answer:
    """Go on with a workflow, in this terminal or in Airflow."""
    how = Wish(
        cold=cold,
        increase_resources=not keep_resources,
        fail_fast=fail_fast,
        timeout=timeout,
        resume_timeout=resume_timeout,
    )
    if here:
        return resume_here(workflow_id, how, database=database)
    from jobmon_airflow.cli.triggering import trigger

    return resume_in_airflow(workflow_id, how, trigger, database=database)


def resume_here(workflow_id: int, how: Wish, *, database: str | None = None) -> Answer:
    """Go on with a workflow in this process, and wait for its end."""
    ended = resume_workflow(
        workflow_id,
        reset_running_jobs=how.cold,
        increase_resources=how.increase_resources,
        fail_fast=how.fail_fast,
        seconds_until_timeout=how.timeout,
        resume_timeout=how.resume_timeout,
        database=database,
    )
    return Answer(
        f"workflow {workflow_id}: {ended.label} ({ended})",
        Exit.OK if ended == "D" else Exit.TASKS_FAILED,
        data={"workflow_id": workflow_id, "status": ended.label},
    )


def resume_in_airflow(
    workflow_id: int,
    how: Wish,
    trigger: Callable[[str, dict[str, Any]], Mapping[str, Any]],
    *,
    database: str | None = None,
) -> Answer:
    """Let Airflow go on with a workflow, and do not wait; ``trigger`` starts a run of a DAG, with a conf."""
    with registry.database(database).read() as connection:
        claims.refuse_complete(claims.known(connection, workflow_id))
        found = standing.of_workflow(connection, workflow_id)
    conf = how.conf(workflow_id)
    dag_id = dag_id_of(found.tool, found.name)
    run_id = trigger(dag_id, conf)["dag_run_id"]
    return Answer(
        f"Workflow {workflow_id} goes on in run {run_id} of the DAG {dag_id}.",
        data={"dag_id": dag_id, "run_id": run_id, "conf": conf},
    )


def reap(
    *,
    leave_jobs: bool = False,
    patience: float = reaping.PATIENCE,
    database: str | None = None,
) -> Answer:
    """End the runs whose controller was not heard of in time, and their jobs, so that workflows can be resumed."""
    reaped = reaping.reap(registry.database(database), leaves_jobs=leave_jobs, patience=patience)
    left = {str(workflow_id): why for workflow_id, why in reaped.left.items()}
    return Answer(
        reaping.in_words(reaped),
        Exit.COULD_NOT if left else Exit.OK,
        data={"workflow_runs": reaped.runs, "jobs": reaped.jobs, "left": left},
    )


def _nothing_of(users: Sequence[str]) -> str:
    if not users:
        return "There is no workflow yet."
    return f"There is no workflow yet of {' or '.join(users)}; --all shows those of everyone."


def _resume_command(workflow_id: int) -> str:
    return f"airflow jobmon workflow resume {workflow_id}"


def _workflow(found: Standing) -> dict[str, Any]:
    return {
        "WORKFLOW_ID": found.workflow_id,
        "TOOL": found.tool,
        "NAME": found.name,
        "WORKFLOW_ARGS": _shortened(found.workflow_args),
        "STATUS": found.status.label,
        "CREATED": f"{found.created:%Y-%m-%d %H:%M}" if found.created else "",
        "TASKS": found.total,
        **{bucket.value: count for bucket, count in found.counts.items()},
    }


def _templates(found: Standing) -> list[dict[str, Any]]:
    return [
        {
            "TEMPLATE": template.name,
            "TASKS": template.total,
            **{bucket.value: count for bucket, count in template.counts.items()},
        }
        for template in found.templates
    ]


def _told(task_id: int, error: Mapping[str, Any]) -> str:
    said = [
        f"task {task_id}, attempt {error['task_instance_id']}, {each['error_time']:%Y-%m-%d %H:%M:%S} UTC\n"
        + "\n".join(f"  {line}" for line in each["description"].splitlines())
        for each in error["error_log"]
    ]
    return "\n".join(said)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
