"""What families and templates are called in Airflow, whose ids have fewer letters than Jobmon's names."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST: Final = 250  #: characters of an id
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_.-]")


def dag_id_of(tool: str, name: str) -> str:
    """The dag_id of all workflows of this tool and name; another family has another one.

    >>> dag_id_of("codcorrect", "burden")
    'codcorrect.burden'

    Workflows without a name are called like their tool. What had to be changed to be an id has a mark that tells it
    from all others that look the same.

    >>> dag_id_of("codcorrect", "")
    'codcorrect'
    >>> dag_id_of("codcorrect", "burden of 2024/25")
    'codcorrect.burden_of_2024_25-bd57bf20'
    """
    wanted = f"{tool}.{name}" if name else tool
    # With a dot in the tool's name, another tool and name could look the same.
    is_clear = wanted == _fit(wanted) and "." not in tool
    return wanted if is_clear else _marked(_fit(wanted), f"{tool}\0{name}")


def distinct_ids(names: Iterable[str], taken: Iterable[str] = (), longest: int = LONGEST) -> list[str]:
    """An id for each name, in their order; no two are the same, and none is taken.

    >>> distinct_ids(["transform", "run", "sum up"], taken=["run"])
    ['transform', 'run-c89d895a', 'sum_up']
    """
    used, ids = set(taken), []
    for name in names:
        wanted = found = _fit(name)[:longest]
        count = 0
        while found in used:
            found = _marked(wanted, f"{name}\0{count}" if count else name, longest)
            count += 1
        used.add(found)
        ids.append(found)
    return ids


def _fit(name: str) -> str:
    return _UNFIT.sub("_", name)[:LONGEST]


def _marked(name: str, of: str, longest: int = LONGEST) -> str:
    mark = blake2b(of.encode(), digest_size=4).hexdigest()
    return f"{name[: longest - len(mark) - 1]}-{mark}"
