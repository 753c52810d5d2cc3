"""Names of things: what may be one, and what one is called whom nobody named."""

from __future__ import annotations

import re
from typing import Final

from jobmon_airflow.errors import InvalidName, InvalidValue

LONGEST_NAME: Final = 255
# Bytes, not characters: a job's output file is called like its task, so far as a file's name may go.
LONGEST_TASK_NAME: Final = 250

# A task's name becomes a file's name and a job's name.
_UNFIT: Final = re.compile(r"[/\\'\"\s\x00-\x1f]")
_LEADING_DIGIT: Final = re.compile(r"^\d")


def checked_name(name: str, what: str) -> str:
    """The name, if it can be one of ``what``."""
    if not isinstance(name, str) or not name or name != name.strip() or "\0" in name:
        raise InvalidName(
            f"{name!r} cannot be the name of {_with_article(what)}.",
            remedy="Use a text that is not empty and neither begins nor ends with a space.",
        )
    if len(name) > LONGEST_NAME:
        raise InvalidName(
            f"The name of {_with_article(what)} has {len(name)} characters: {name[:40]!r}…",
            remedy=f"Shorten it to {LONGEST_NAME}; a description or an attribute can say the rest.",
        )
    return checked_text(name, f"the name of {_with_article(what)}")


def checked_task_name(name: str) -> str:
    """The name, if it can also be a file's."""
    if not isinstance(name, str) or not name or _LEADING_DIGIT.match(name) or _UNFIT.search(name):
        raise InvalidName(
            f"{name!r} cannot be the name of a task.",
            remedy="Names of tasks become names of files and jobs: begin with a letter, and leave out "
            "spaces, quotes and slashes.",
        )
    size = len(checked_text(name, "the name of a task").encode())
    if size > LONGEST_TASK_NAME:
        raise InvalidName(
            f"The name of a task has {size} bytes: {name[:40]!r}…",
            remedy=f"Shorten it to {LONGEST_TASK_NAME}; a task attribute can say the rest.",
        )
    return name


def default_task_name(raw: str) -> str:
    """A name made of a template and its arguments, so that it can be a file's."""
    name = (_UNFIT.sub("_", raw) if _UNFIT.search(raw) else raw)[:LONGEST_TASK_NAME]
    if not name.isascii():
        name = name.encode()[:LONGEST_TASK_NAME].decode(errors="ignore")
    return f"_{name[1:]}" if name[0].isdecimal() else name


def checked_text(value: str, what: str) -> str:
    """The value, if a command line and a database can carry it."""
    if "\0" in value:
        raise InvalidValue(
            f"There is a NUL character in {what}: {value[:40]!r}.",
            remedy="No command line can carry a NUL; pass the name of a file that holds the data.",
        )
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise InvalidValue(
                f"There is half a character in {what}: {value[:40]!r}.",
                remedy="This is what undecodable bytes (of a file's name, say) look like in Python; "
                "decode them with the right encoding first.",
            ) from error
    return value


def _with_article(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"
