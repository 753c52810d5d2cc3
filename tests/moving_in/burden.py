"""A workflow that both know: as an original has it, and as a script that is run here defines it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import inspect, select, text

from jobmon_airflow import Tool
from jobmon_airflow.store import schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobmon_airflow.client.workflow import Workflow
    from jobmon_airflow.store.database import Database
    from tests.moving_in.originals import Defined, Original

YEARS: Final = range(1990, 2000)
COMMAND: Final = "transform.py --out {out} --year {year} --verbose {verbose}"
DONE, FAILED = YEARS[:7], YEARS[7:]


def there(original: Original, *, tool: str = "burden", versions: int = 1, **row: Any) -> Defined:
    """Ten tasks and one that waits for them; seven are done, three ran out of memory twice."""
    version = original.add_tool(tool, versions)[-1]
    return of_version(original, version, **row)


def of_version(original: Original, version: int, **row: Any) -> Defined:
    transform = original.add_template(
        version, "transform", COMMAND, node_args=["year"], task_args=["out"], op_args=["verbose"]
    )
    aggregate = original.add_template(version, "aggregate", "aggregate.py {what}", task_args=["what"])
    request = original.add_request(memory=2, runtime=600, cores=1, project="proj_burden")
    tasks: dict[str, Any] = {
        f"transform_year-{year}": (transform, {"year": year, "out": "/data", "verbose": 1}, ())
        for year in YEARS
    }
    tasks["aggregate"] = (aggregate, {"what": "all years"}, tuple(tasks))
    its = original.add_workflow(version, tasks, request, **row)
    original.run(its)
    for year in DONE:
        original.attempt(its, f"transform_year-{year}", "D")
    for year in FAILED:
        for _ in range(2):
            says = ["slurmstepd: error: Detected 1 oom_kill event"]
            original.attempt(its, f"transform_year-{year}", "Z", says)
    original.stand(
        its,
        **{f"transform_year-{year}": "D" for year in DONE},
        **{f"transform_year-{year}": "F" for year in FAILED},
    )
    return its


def here(database: Database, *, tool: str = "burden", args: str = "release 16") -> Workflow:
    """The same, as a script would define it; how much it tells is no part of its identity."""
    burden = Tool(tool, database=database.engine.url.render_as_string(hide_password=False))
    burden.set_default_cluster_name("slurm")
    transform = burden.get_task_template(
        "transform", COMMAND, node_args=["year"], task_args=["out"], op_args=["verbose"]
    )
    aggregate = burden.get_task_template("aggregate", "aggregate.py {what}", task_args=["what"])
    workflow = burden.create_workflow(workflow_args=args, name="burden_2024")
    workflow.add_tasks(transform.create_tasks(year=YEARS, out="/data", verbose=3))
    workflow.add_task(aggregate.create_task(what="all years", upstream_tasks=workflow.tasks))
    return workflow


def asked(database: Database, question: str) -> list[tuple[Any, ...]]:
    """The rows that answer a question."""
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(text(question))]


def everything(database: Database, *, but: Sequence[str] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, without columns that say when something was brought."""
    moments = {"origin.created_date", "dag.created_date", "array.created_date", *but}
    with database.read() as connection:
        there = set(inspect(connection).get_table_names())
        return {
            name: sorted(
                (
                    tuple(row)
                    for row in connection.execute(
                        select(*(each for each in table.columns if f"{name}.{each.name}" not in moments))
                    )
                ),
                key=repr,
            )
            for name, table in schema.metadata.tables.items()
            if name in there
        }
