"""Which mirrors a person has cleared, although they had ended: their templates are to run again.

A mirror that had ended and is not at its end now was cleared. For a moment one cannot tell: it has said how it ends,
and Airflow has not heard it yet; or it was cleared, and its next try has not begun. Either shows within seconds.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.dags.airflow_states import FINAL, WAITING, states_of
from jobmon_airflow.engine.outcomes import Cleared
from jobmon_airflow.store import airflow_tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Row

    from jobmon_airflow.store.airflow_tasks import Place
    from jobmon_airflow.store.database import Database

PATIENCE: Final = 60.0  #: seconds for Airflow to hear of an end, or to begin a try
_LOOK: Final = 0.5


def cleared_mirrors(
    database: Database,
    place: Place,
    mirrors: Mapping[str, str],
    *,
    ask: Callable[[Place, list[str]], Mapping[str, str | None]] = states_of,
    sleep: Callable[[float], object] = time.sleep,
) -> list[Cleared]:
    """The mirrors (task ids by template) of a DAG run that were cleared, and that the workflow has not heeded."""
    templates = {task_id: template for template, task_id in mirrors.items()}
    known = _known(database, place, templates)
    if not known:
        return []
    waited = 0.0
    while True:
        states = ask(place, list(known))
        found = {task_id: _try_of(row, states.get(task_id)) for task_id, row in known.items()}
        if None not in found.values() or waited >= PATIENCE:
            break
        sleep(_LOOK)
        waited += _LOOK
        known = _known(database, place, templates)
    return [
        Cleared(template=templates[task_id], place=_place(known[task_id]), number=number)
        for task_id, number in found.items()
        if number
    ]


def _known(database: Database, place: Place, templates: Mapping[str, str]) -> dict[str, Row[Any]]:
    with database.read() as connection:
        rows = airflow_tasks.of_run(connection, place.dag_id, place.run_id)
    return {row.task_id: row for row in rows if row.task_id in templates}


def _try_of(row: Row[Any], state: str | None) -> int | None:
    """The try that a person has ordered; 0 if nobody has, None as long as one cannot tell."""
    if state in FINAL:
        return 0
    if row.try_number > row.heeded:
        return int(row.try_number)
    if row.outcome is None:
        return 0
    return int(row.try_number) + 1 if state in WAITING else None


def _place(row: Row[Any]) -> Place:
    return airflow_tasks.Place(
        dag_id=row.dag_id, run_id=row.run_id, task_id=row.task_id, map_index=row.map_index
    )
