"""Who runs a workflow while its file is only read would run it again with every reading: that is refused."""

from __future__ import annotations

import os
from traceback import walk_stack
from typing import Final

from jobmon_airflow.errors import RunInsideTask, RunWhileParsed
from jobmon_airflow.worker.call import IMPORTING

#: How Airflow begins the name that it gives to the module of a DAG file.
_OF_A_DAG_FILE: Final = "unusual_prefix_"


def refuse_while_imported() -> None:
    """Refuse to run a workflow from a module that a task, or Airflow, is just importing."""
    if module := os.environ.get(IMPORTING):
        raise RunInsideTask(
            f"The module '{module}' runs a workflow while it is imported for one of its own tasks.",
            remedy="Put what defines and runs the workflow under: if __name__ == '__main__':",
        )
    for frame, _ in walk_stack(None):
        module = str(frame.f_globals.get("__name__"))
        if frame.f_code.co_name == "<module>" and module.startswith(_OF_A_DAG_FILE):
            raise RunWhileParsed(
                f"{frame.f_code.co_filename} runs a workflow while Airflow reads it, which it does every minute or so.",
                remedy="Make a DAG of the workflow instead: dag = workflow.to_dag(). What a script does when it is "
                "run by hand stands under: if __name__ == '__main__':",
            )
