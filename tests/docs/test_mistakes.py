"""What authors get wrong is told on the page about troubles in the words of the errors themselves."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from jobmon_airflow import JobmonError, Tool
from jobmon_airflow.engine import claims
from jobmon_airflow.store import migrations
from jobmon_airflow.store.database import Database
from jobmon_airflow.testing import SimulatedClock, SimulatedCluster, simulate
from jobmon_airflow.worker.call import IMPORTING
from tests.docs.pages import ROOT, rows, section


def tool() -> Tool:
    made = Tool("mistakes")
    made.set_default_cluster_name("multiprocess")
    return made


def workflow(of: Tool, *tasks):
    made = of.create_workflow(name="mistakes")
    made.add_tasks(tasks)
    return made


def template(of: Tool):
    return of.get_task_template("transform", "transform {year}", node_args=["year"])


def without_cluster():
    of = Tool("mistakes")
    workflow(of, template(of).create_task(year=1990)).bind()


def an_unknown_cluster():
    of = tool()
    workflow(of, template(of).create_task(year=1990, cluster_name="slrum")).bind()


def a_foreign_word():
    template(tool()).create_task(year=1990, compute_resources={"mem": "8G"})


def memory_without_unit():
    template(tool()).create_task(year=1990, compute_resources={"memory": "60"})


def awk_with_single_braces():
    tool().get_task_template("first", "awk '{print $1}' {path}", node_args=["path"])


def a_missing_argument():
    template(tool()).create_task()


def the_same_task_twice():
    of = tool()
    workflow(of, template(of).create_task(year=1990), template(of).create_task(year=1990))


def an_upstream_that_was_not_added():
    of = tool()
    upstream = template(of).create_task(year=1990)
    workflow(of, template(of).create_task(year=2000, upstream_tasks=[upstream])).bind()


def a_database_without_tables():
    migrations.check(Database.open("sqlite://"))


def a_driver_that_is_missing():
    Database.open("postgresql+pg8000://host/name")


def study():
    of = tool()
    made = of.create_workflow(workflow_args="release 16")
    made.add_task(template(of).create_task(year=1990, max_attempts=1))
    return made


def a_second_run_that_is_no_resume():
    simulate(study(), SimulatedCluster(exit_code=lambda *_: 1))
    simulate(study(), SimulatedCluster())


def a_second_run_at_the_same_time():
    bound = study().bind()
    an_hour = timedelta(hours=1)
    bound.tool.database.write(
        lambda it: claims.take(it, bound.workflow_id, datetime.now(UTC), resume=False, lease=an_hour)
    )
    simulate(study(), SimulatedCluster())


def a_run_of_what_is_done():
    simulate(study(), SimulatedCluster())
    simulate(study(), SimulatedCluster())


def too_little_time():
    simulate(study(), SimulatedCluster(SimulatedClock(), takes=3600), seconds_until_timeout=60)


def a_run_while_a_task_imports_it():
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(IMPORTING, "study")
        study().run()


MISTAKES = [
    without_cluster,
    an_unknown_cluster,
    a_foreign_word,
    memory_without_unit,
    awk_with_single_braces,
    a_missing_argument,
    the_same_task_twice,
    an_upstream_that_was_not_added,
    a_database_without_tables,
    a_driver_that_is_missing,
    a_second_run_that_is_no_resume,
    a_second_run_at_the_same_time,
    a_run_of_what_is_done,
    too_little_time,
    a_run_while_a_task_imports_it,
]


def test_the_page_has_a_row_for_every_mistake_and_a_mistake_for_every_row():
    assert len(rows_on_errors()) == len(MISTAKES)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_the_page_quotes_errors_as_they_are_raised(mistake):
    with pytest.raises(JobmonError) as caught:
        mistake()

    assert re.fullmatch(as_pattern(rows_on_errors()[MISTAKES.index(mistake)]), caught.value.problem), (
        caught.value.problem
    )


def rows_on_errors() -> list[str]:
    """What the errors say of which the first table tells."""
    told = section(ROOT / "docs" / "troubleshooting.md", "An error says")
    return [cells[0].strip("`") for cells in rows(told) if cells[0].startswith("`")]


def as_pattern(quoted: str) -> str:
    return ".*".join(map(re.escape, quoted.split("…")))
