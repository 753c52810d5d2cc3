"""What was found: how it is, in words, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from jobmon_airflow.errors import JobmonError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Health(StrEnum):
    """How it is."""

    OK = "ok"
    NOTE = "note"  #: nothing is wrong, and somebody may want to know
    WARNING = "warning"  #: it will do, for now or for most
    PROBLEM = "problem"  #: something will not work


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found about one thing."""

    about: str
    health: Health
    says: str
    remedy: str = ""


def ok(about: str, says: str) -> Finding:
    """All is well."""
    return Finding(about=about, health=Health.OK, says=says)


def note(about: str, says: str, remedy: str = "") -> Finding:
    """Nothing is wrong."""
    return Finding(about=about, health=Health.NOTE, says=says, remedy=remedy)


def warning(about: str, says: str, remedy: str) -> Finding:
    """It will do."""
    return Finding(about=about, health=Health.WARNING, says=says, remedy=remedy)


def problem(about: str, says: str, remedy: str) -> Finding:
    """It will not do."""
    return Finding(about=about, health=Health.PROBLEM, says=says, remedy=remedy)


def examined(about: str, look: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """What a look finds; that it could not be taken is a finding, too."""
    try:
        yield from look()
    except JobmonError as error:
        yield problem(about, error.problem, error.remedy)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is what the doctor was called for
        said = str(getattr(error, "orig", None) or error).strip()
        yield problem(
            about, f"{type(error).__name__}: {said}", "Ask whoever looks after it, with these words."
        )
