"""Workflows that a function builds when the DAG run is there: what the function is told, and what it may return.

Imports no Airflow: a worker and an engine beside the triggerer call the function alike.
"""

from __future__ import annotations

import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.client import garbage
from jobmon_airflow.client.foreign import foreign, protect
from jobmon_airflow.client.shape import Shape
from jobmon_airflow.client.workflow import Workflow
from jobmon_airflow.errors import InvalidArguments, InvalidDefinition

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from inspect import Parameter

#: what is known of every DAG run; moments are datetimes
FACTS: Final = (
    *("params", "conf", "dag_id", "run_id", "run_type", "ds"),
    *("logical_date", "data_interval_start", "data_interval_end", "run_after"),
)


def call_builder(build: Callable[..., Workflow], context: Mapping[str, Any]) -> Workflow:
    """The workflow that the function builds for a DAG run.

    The function's parameters get the DAG's params of their names, and of the rest the run's facts (see `FACTS`).
    Texts among them are `Foreign`.
    """
    arguments = dict(_arguments(build, context))
    with garbage.left_lying():
        workflow = build(**arguments)
    if not isinstance(workflow, Workflow):
        raise InvalidDefinition(
            f"{build.__name__} returned {workflow!r:.60}, which is no workflow.",
            remedy="Let it return the workflow that it made: return workflow",
        )
    protect(workflow, arguments)
    return workflow


def of_declared(build: Callable[..., Workflow], templates: Collection[str]) -> Callable[..., Workflow]:
    """The same function, which refuses to return tasks of other templates than these."""

    @wraps(build)
    def checked(**arguments: Any) -> Workflow:
        workflow = build(**arguments)
        if isinstance(workflow, Workflow):
            _refuse_undeclared(build, workflow, templates)
        return workflow

    return checked


def check_parameters(build: Callable[..., Workflow], params: Collection[str]) -> None:
    """Refuse a function that nobody could call: parameters without a default that no param and no fact is called."""
    known = {*params, *FACTS}
    for parameter in _parameters(build):
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY}:
            raise InvalidArguments(
                f"The parameter '{parameter.name}' of {build.__name__} cannot be passed by its name.",
                remedy="Write an ordinary parameter: they are filled by their names.",
            )
        is_optional = parameter.default is not parameter.empty or parameter.kind == parameter.VAR_KEYWORD
        if parameter.name not in known and not is_optional:
            raise InvalidArguments(
                f"Nobody knows what to pass as '{parameter.name}' to {build.__name__}.",
                remedy=f"Give it a default or declare it in params=; there is {', '.join(sorted(known))}.",
            )


def _arguments(build: Callable[..., Workflow], context: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    params = context.get("params") or {}
    check_parameters(build, params)
    named = {parameter.name for parameter in _parameters(build)}
    for parameter in _parameters(build):
        name = parameter.name
        if parameter.kind == parameter.VAR_KEYWORD:
            yield from ((other, foreign(params[other])) for other in params if other not in named)
        elif name in params:
            yield name, foreign(params[name])
        elif name in FACTS and (name in context or parameter.default is parameter.empty):
            yield name, foreign(context.get(name))


def _parameters(build: Callable[..., Workflow]) -> Collection[Parameter]:
    return inspect.signature(build).parameters.values()


def _refuse_undeclared(
    build: Callable[..., Workflow], workflow: Workflow, templates: Collection[str]
) -> None:
    if unknown := [name for name in Shape.of_workflow(workflow).names if name not in templates]:
        raise InvalidDefinition(
            f"The workflow that {build.__name__} returned has tasks of {', '.join(map(repr, unknown))}, which the DAG "
            f"does not show: it declares {', '.join(templates) or 'none'}.",
            remedy=f"Add it to the decorator: workflow_dag(templates=[…, {unknown[0]}]). Arrows between templates say "
            "which wait for which.",
        )
