"""How a workflow is to be run: as its DAG says, or as the person says who triggered the DAG run."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Self

from jobmon_airflow.errors import InvalidDefinition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobmon_airflow.engine.session import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How a workflow is to be run."""

    fail_fast: bool = False
    seconds_until_timeout: float = 36_000.0
    resume_timeout: float = 300.0
    cold: bool = False  #: end what an earlier run still has on a cluster, rather than take it over
    increase_resources: bool = True  #: of tasks that failed because a resource was too small

    def heard(self, *said: Mapping[str, Any]) -> Self:
        """The same, with what was said in a DAG run's params or conf; the last word counts."""
        words: dict[str, Any] = {}
        for each in said:
            words |= {name: each[name] for name in _NAMES if each.get(name) is not None}
        checked: dict[str, Any] = {name: _checked(name, value) for name, value in words.items()}
        return replace(self, **checked)

    def options(self) -> Options:
        """The same, as the engine knows it."""
        from jobmon_airflow.engine.session import Options

        return Options(
            resume=True,
            cold=self.cold,
            fail_fast=self.fail_fast,
            timeout=self.seconds_until_timeout,
            resume_timeout=self.resume_timeout,
            increase_resources=self.increase_resources,
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


_TYPES: Mapping[str, type] = {field.name: type(field.default) for field in fields(Wishes)}
_NAMES = tuple(_TYPES)


def _checked(name: str, value: Any) -> bool | float:
    if _TYPES[name] is bool and isinstance(value, bool):
        return value
    if _TYPES[name] is float and not isinstance(value, bool) and isinstance(value, int | float) and value > 0:
        return float(value)
    wanted = "true or false" if _TYPES[name] is bool else "a number of seconds, larger than 0"
    raise InvalidDefinition(
        f"The run was triggered with {name} = {value!r}.", remedy=f"Write {wanted}, or leave it out."
    )
