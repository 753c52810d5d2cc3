"""What scripts told SGE's qsub, in the words of today's clusters.

The options are those of https://gridscheduler.sourceforge.net/htmlman/htmlman1/qsub.html.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.errors import InvalidResources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KEY: Final = "sge_add_args"  #: under which scripts kept options of qsub

_RESOURCES: Final = {
    "hostname": "nodelist",
    "h": "nodelist",
    "m_mem_free": "memory",
    "fthread": "cores",
    "h_rt": "runtime",
}
_OPTIONS: Final = {"-P": "project", "-q": "queue"}
# How qsub was to read its script, and whom it was to write to, with the number of words that follow. Nothing of it
# changes what a command does.
_SILENT: Final = {
    **dict.fromkeys(("-V", "-cwd", "-terse", "-notify"), 0),
    **dict.fromkeys(("-S", "-b", "-j", "-m", "-M", "-N", "-now", "-r", "-shell", "-w"), 1),
}
ARCHIVE: Final = {"constraint": "archive"}  #: nodes from which the archive's drive is seen


def words_of(context_args: Mapping[str, Any]) -> dict[str, Any]:
    """The further keys of a request.

    >>> words_of({"sge_add_args": "-l hostname=node-7,m_mem_free=4G -P proj_x"})
    {'nodelist': 'node-7', 'memory': '4G', 'project': 'proj_x'}
    """
    said = dict(context_args)
    options = said.pop(KEY, None) or ""
    return {**said, **dict(_translated(str(options)))}


def _translated(options: str) -> Iterator[tuple[str, Any]]:
    words = iter(shlex.split(options))
    for word in words:
        if word == "-l":
            yield from map(_resource, next(words, "").split(","))
        elif word in _OPTIONS:
            yield _OPTIONS[word], next(words, "")
        elif word in _SILENT:
            for _ in range(_SILENT[word]):
                next(words, None)
        else:
            raise _unknown(word)


def _resource(asked: str) -> tuple[str, Any]:
    name, _, value = asked.partition("=")
    if name == "archive":
        return ("constraint", ARCHIVE["constraint"]) if value.upper() != "FALSE" else ("constraint", None)
    if name not in _RESOURCES or not value:
        raise _unknown(f"-l {asked}")
    return _RESOURCES[name], int(value) if name == "fthread" else value


def _unknown(option: str) -> InvalidResources:
    return InvalidResources(
        f"{KEY} has '{option}', an option of SGE's qsub that has no counterpart here.",
        remedy=f"Take it out of {KEY}; or say what is meant in the cluster's own words, such as "
        "context_args={'constraint': 'archive'}.",
    )
