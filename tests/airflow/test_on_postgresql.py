"""The same on PostgreSQL, where Airflow's tables and Jobmon's are kept by a server."""

from __future__ import annotations

import pytest

from tests.airflow.test_killed import test_a_triggerer_that_is_killed_leaves_its_engine_at_work
from tests.airflow.test_workflows import (
    study,
    test_a_green_template_that_is_cleared_with_the_run_runs_again_with_all_that_depends_on_it,
    test_a_workflow_runs_to_its_end_and_others_learn_what_became_of_it,
    test_clearing_a_run_while_it_runs_ends_what_runs_and_goes_on_with_the_rest,
    test_two_dag_runs_are_two_workflows_side_by_side,
    test_what_failed_is_told_and_runs_again_when_it_is_cleared_by_the_command_line,
)

__all__ = [
    "study",
    "test_a_green_template_that_is_cleared_with_the_run_runs_again_with_all_that_depends_on_it",
    "test_a_triggerer_that_is_killed_leaves_its_engine_at_work",
    "test_a_workflow_runs_to_its_end_and_others_learn_what_became_of_it",
    "test_clearing_a_run_while_it_runs_ends_what_runs_and_goes_on_with_the_rest",
    "test_two_dag_runs_are_two_workflows_side_by_side",
    "test_what_failed_is_told_and_runs_again_when_it_is_cleared_by_the_command_line",
]

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def airflow(airflows):
    """An Airflow whose databases are PostgreSQL's."""
    with airflows.running(metadata="postgresql") as airflow:
        yield airflow
