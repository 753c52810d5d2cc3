"""Params and conf as a command line may take them: texts that a person typed are quoted for the shell."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import Context


def quoting(context: Context, command: str | Sequence[str] = "") -> Context:
    """The same context, in which texts of params and of the DAG run's conf are quoted.

    The words of a list stay as they are: each is quoted when they become a line.
    """
    if not isinstance(command, str):
        return context
    dag_run: Any = context["dag_run"]
    key = quoted(getattr(dag_run, "partition_key", None))
    foreign: Any = {
        "params": quoted(context["params"]),
        "dag_run": _Quoted(dag_run, conf=quoted(dag_run.conf or {}), partition_key=key),
        "partition_key": key,
    }
    return {**context, **foreign}


def quoted(value: Any) -> Any:
    """The value, with every text in it quoted."""
    if isinstance(value, str):
        return shlex.quote(value)
    if isinstance(value, Mapping):
        return _Names({quoted(key): quoted(each) for key, each in value.items()})
    if hasattr(value, "dump"):  # Airflow's own dictionary of params
        return quoted(value.dump())
    if isinstance(value, list | tuple):
        return [quoted(each) for each in value]
    return value


class _Names(dict[Any, Any]):
    """A dictionary whose keys are quoted where they are listed, and found as they were."""

    def __missing__(self, key: Any) -> Any:
        if (name := quoted(key)) == key:
            raise KeyError(key)
        return self[name]

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or super().__contains__(quoted(key))

    def get(self, key: Any, default: Any = None) -> Any:
        try:
            return self[key]
        except KeyError:
            return default


class _Quoted(SimpleNamespace):
    """A thing with some of its attributes in other words."""

    def __init__(self, thing: Any, **others: Any) -> None:
        super().__init__(**others)
        self._thing = thing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._thing, name)
