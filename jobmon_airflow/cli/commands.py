"""What ``airflow jobmon ...`` does with what was typed: print the answer, and exit with its code."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.exc import DBAPIError

from jobmon_airflow.cli import explain, orders, tables, workflows
from jobmon_airflow.cli.answers import Answer, Exit
from jobmon_airflow.errors import JobmonError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator, Mapping

_WHICH: Final = "Which one it is: airflow jobmon db address"


def _answering(command: Callable[[Namespace], Answer]) -> Callable[[Namespace], None]:
    @wraps(command)
    def answer(asked: Namespace) -> None:
        try:
            with _logs_on_stderr():
                found = command(asked)
        except JobmonError as error:
            sys.stderr.write(f"{error}\n")
            sys.exit(Exit.COULD_NOT)
        except DBAPIError as error:
            sys.stderr.write(f"The Jobmon database does not answer: {error.orig}\n{_WHICH}\n")
            sys.exit(Exit.COULD_NOT)
        sys.stdout.write(f"{found.text}\n")
        sys.exit(found.code)

    return answer


@contextmanager
def _logs_on_stderr() -> Iterator[None]:
    """Airflow logs to stdout, where a program expects nothing but the answer."""
    sys.stdout.flush()
    stdout = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(stdout, 1)
        os.close(stdout)


@_answering
def workflow_status(asked: Namespace) -> Answer:
    """``airflow jobmon workflow status``."""
    return workflows.status(
        asked.workflow_ids, user=asked.user, limit=asked.limit, output=asked.output, database=asked.database
    )


@_answering
def workflow_errors(asked: Namespace) -> Answer:
    """``airflow jobmon workflow errors``."""
    return workflows.errors(
        asked.workflow_id, limit=asked.limit, output=asked.output, database=asked.database
    )


@_answering
def workflow_explain(asked: Namespace) -> Answer:
    """``airflow jobmon workflow explain``."""
    return explain.workflow(asked.workflow_id, output=asked.output, database=asked.database)


@_answering
def task_explain(asked: Namespace) -> Answer:
    """``airflow jobmon task explain``."""
    return explain.task(asked.task_id, output=asked.output, database=asked.database)


@_answering
def workflow_resume(asked: Namespace) -> Answer:
    """``airflow jobmon workflow resume``."""
    how = {
        "cold": asked.cold,
        "keep_resources": asked.keep_resources,
        "fail_fast": asked.fail_fast,
        "timeout": asked.timeout,
        "resume_timeout": asked.resume_timeout,
        "database": asked.database,
    }
    if asked.here:
        return workflows.resume_here(asked.workflow_id, **how)
    return workflows.resume_in_airflow(asked.workflow_id, _trigger, **how, output=asked.output)


@_answering
def workflow_limit(asked: Namespace) -> Answer:
    """``airflow jobmon workflow limit``."""
    return orders.limit(asked.workflow_id, asked.tasks, template=asked.template, database=asked.database)


@_answering
def workflow_stop(asked: Namespace) -> Answer:
    """``airflow jobmon workflow stop``."""
    return orders.stop(asked.workflow_id, drain=asked.drain, database=asked.database)


@_answering
def task_done(asked: Namespace) -> Answer:
    """``airflow jobmon task done``."""
    return orders.done(asked.task_id, database=asked.database)


@_answering
def task_again(asked: Namespace) -> Answer:
    """``airflow jobmon task again``."""
    return orders.again(asked.task_id, alone=asked.alone, database=asked.database)


@_answering
def reap(asked: Namespace) -> Answer:
    """``airflow jobmon reap``."""
    return workflows.reap(
        leave_jobs=asked.leave_jobs, patience=asked.patience, output=asked.output, database=asked.database
    )


@_answering
def db_address(asked: Namespace) -> Answer:
    """``airflow jobmon db address``."""
    return tables.address(asked.database)


@_answering
def db_check(asked: Namespace) -> Answer:
    """``airflow jobmon db check``."""
    return tables.check(asked.database)


@_answering
def db_migrate(asked: Namespace) -> Answer:
    """``airflow jobmon db migrate``."""
    return tables.migrate(asked.revision, asked.database)


def _trigger(dag_id: str, conf: dict[str, Any]) -> Mapping[str, Any]:
    """Start a run of a DAG, as ``airflow dags trigger`` does."""
    from airflow.api.client import get_current_api_client
    from airflow.sdk.exceptions import AirflowException

    from jobmon_airflow.settings import user_name

    try:
        run = get_current_api_client().trigger_dag(dag_id=dag_id, conf=conf, triggering_user_name=user_name())
    except AirflowException as error:  # the DAG is not there, or cannot be run
        run, why = None, str(error)
    else:
        why = "it was not started"
    if not run:
        raise JobmonError(
            f"Airflow could not run the DAG {dag_id}: {why}",
            remedy="Is the bundle jobmon_airflow.dags.bundle.JobmonDagBundle configured, and the dag-processor up? "
            "With --here, the workflow runs in this terminal instead.",
        )
    return run
