"""``workflow resources usage``, ``workflow resources yaml``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.cli.answers import Answer, Table
from jobmon_airflow.client import registry
from jobmon_airflow.client import usage as measured
from jobmon_airflow.client.usage import Known
from jobmon_airflow.engine import claims
from jobmon_airflow.errors import InvalidQuestion, UnknownName, UnknownVersion
from jobmon_airflow.store import tasks, templates, workflows
from jobmon_airflow.store import usage as stored
from jobmon_airflow.view import asking, origins
from jobmon_airflow.view.asking import Strategies, Strategy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection

_COLUMNS: Final = ["FIGURE", "MEMORY", "RUNTIME"]
_FIGURES: Final = ("min", "mean", "median", "max")


def usage(
    template: str,
    *,
    workflow_ids: Sequence[int] | None = None,
    node_args: str | None = None,
    ci: float | None = None,
    database: str | None = None,
) -> Answer:
    """What attempts at a template's tasks used: of a version by its number, or of a template of a workflow by name."""
    values = _node_args(node_args)
    with registry.database(database).read() as connection:
        _, version = _version(connection, template, workflow_ids or ())
        found = measured.of_version(connection, version, workflow_ids or None, values, ci)
    figures = Table(_COLUMNS, list(_figures(found)))
    counts = f"{found['num_attempts']:,} attempts at {found['num_tasks']:,} tasks"
    suggested = ", ".join(f"{name} {value}" for name, value in found["suggested"].items())
    return Answer(
        [
            f"{counts} of {version}, version {version.id}.",
            figures,
            f"Suggested: {suggested}." if suggested else "",
        ],
        data=found,
    )


def _node_args(text: str | None) -> Mapping[str, Any]:
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if isinstance(found, dict):
        return found
    raise InvalidQuestion(
        f"The node args, {text[:200]!r}, are no JSON object.",
        remedy="""Write one, such as -a '{"location": [101, 102]}'.""",
    )


def _version(connection: Connection, template: str, workflow_ids: Sequence[int]) -> tuple[str, Known]:
    """The name of a template, and the version of it that was named."""
    number = int(template) if template.isdecimal() else _version_named(connection, template, workflow_ids)
    found = templates.of_id(connection, number)
    if found is None:
        raise UnknownVersion(
            f"There is no template version {number} in this database.",
            remedy="Name a template of a workflow instead: -t TEMPLATE -w WORKFLOW_ID.",
        )
    name, version = found
    return name, Known(id=number, name=f"task template '{name}'", node_args=version.node_args)


def _version_named(connection: Connection, template: str, workflow_ids: Sequence[int]) -> int:
    """The newest version of a template of this name in some workflows."""
    if not workflow_ids:
        raise InvalidQuestion(
            f"A template may be called '{template[:80]}' by many tools.",
            remedy="Name a workflow that has it: -w WORKFLOW_ID; or give the number of a version.",
        )
    named: list[int] = []
    for workflow_id in workflow_ids:
        claims.known(connection, workflow_id)
        names = workflows.array_names(connection, workflow_id)
        versions = workflows.array_ids(connection, workflow_id)
        named += [version for version, array_id in versions.items() if names[array_id] == template]
    if not named:
        raise UnknownName(
            f"Workflow {', '.join(map(str, workflow_ids))} has no template '{template[:80]}'.",
            remedy="jobmon workflow explain -w WORKFLOW_ID lists those that it has.",
        )
    return max(named)


def _figures(found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name in _FIGURES:
        yield _figure(name, found[f"{name}_mem"], found[f"{name}_runtime"])
    for name in ("p75", "p90", "p95", "p99"):
        yield _figure(name, found["percentiles_mem"][name], found["percentiles_runtime"][name])
    for place, name in enumerate(("ci low", "ci high")):
        if found["ci_mem"][place] is not None or found["ci_runtime"][place] is not None:
            yield _figure(name, found["ci_mem"][place], found["ci_runtime"][place])


def _figure(name: str, memory: str | float | None, runtime: float | None) -> dict[str, Any]:
    return {
        "FIGURE": name,
        "MEMORY": "" if memory is None else f"{float(str(memory).removesuffix('B')) / 1024**2:,.1f} MiB",
        "RUNTIME": "" if runtime is None else f"{runtime:,.{1 if runtime >= 10 else 3}f} s",
    }


# --- yaml -------------------------------------------------------------------------------------------------------


def yaml(
    *,
    workflow_id: int | None = None,
    template: str | None = None,
    task_id: int | None = None,
    mem_strategy: str = Strategy.AVG,
    core_strategy: str = Strategy.AVG,
    runtime_strategy: str = Strategy.MAX,
    clusters: Sequence[str] | None = None,
    file: str | None = None,
    stdout: bool = False,
    database: str | None = None,
) -> Answer:
    """What to ask for the next time, by what attempts used: a YAML file for tools and templates to read."""
    how = Strategies(
        memory=Strategy(mem_strategy), cores=Strategy(core_strategy), runtime=Strategy(runtime_strategy)
    )
    with registry.database(database).read() as connection:
        arrays = _arrays(connection, workflow_id, template, task_id)
        found = asking.of_templates(connection, arrays, how, clusters or ())
    if not found:
        raise InvalidQuestion(
            "None of these tasks has come to its end yet, so that nobody knows what they use.",
            remedy="Run them first, or name another workflow.",
        )
    text = asking.as_yaml(found)
    if file is None:
        return Answer(text.rstrip("\n"), data=found)
    path = Path(file).expanduser()
    _write(path, text)
    return Answer([f"Written to {path}.", text.rstrip("\n") if stdout else ""], data=found)


def _arrays(
    connection: Connection, workflow_id: int | None, template: str | None, task_id: int | None
) -> Mapping[str, Sequence[int]]:
    """The arrays of a workflow by the names of their templates, or those of one template's version."""
    if [workflow_id, template, task_id].count(None) != 2:
        raise InvalidQuestion(
            "It takes a workflow (-w), a task (-t) or a version of a template (--template-version).",
            remedy="Name one of them.",
        )
    found: dict[str, list[int]] = {}
    if workflow_id is not None:
        claims.known(connection, workflow_id)
        for number, name in workflows.array_names(connection, workflow_id).items():
            found.setdefault(name, []).append(number)
        return found
    named = template if task_id is None else str(_version_of_task(connection, task_id))
    name, version = _version(connection, named or "", ())
    return {name: list(stored.arrays_of_version(connection, version.id).values())}


def _version_of_task(connection: Connection, task_id: int) -> int:
    """The version of the template that a task is of."""
    workflow_id = origins.workflow_of_task(connection, task_id)
    task = tasks.row(connection, task_id)
    assert task is not None, "its workflow was found"
    versions = workflows.array_ids(connection, workflow_id)
    return next(version for version, array_id in versions.items() if array_id == task.array_id)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidQuestion(
            f"{path} cannot be written: {error.strerror}.", remedy="Name another file, or ask for --stdout."
        ) from error
