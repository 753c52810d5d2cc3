"""Single commands in a hand-written DAG, with what Jobmon does for a workflow's tasks.

    extract >> fit >> draw (one for each sex) >> summarize

Each is held to the memory and runtime that it asks for, tried again with more of what ran out, and written down in the
Jobmon tables. What the command says shows in the log of its Airflow task while it runs. `SlurmOperator` is the same on
a cluster: see slurm.py.
"""

import sys

from airflow.sdk import DAG, Param

from jobmon_airflow.operators.command import MultiprocessOperator, SequentialOperator

PYTHON = sys.executable

with DAG(
    "examples.single_operators",
    schedule=None,
    tags=["example"],
    params={"release": Param("release 16", type="string")},
) as dag:
    extract = SequentialOperator(
        task_id="extract",
        # A template. Words that a person may have typed are quoted for the shell.
        command="echo extract {{ params.release }} of {{ dag_run.run_id }}, by $AUTHOR",
        env={"AUTHOR": "ada"},
    )
    fit = MultiprocessOperator(
        task_id="fit",
        # A list of words needs no quoting. It needs 70 MB and asks for 40M, then for 60M, then for 90M.
        command=[PYTHON, "-c", "import time; draws = bytearray(60 * 1024**2); time.sleep(1)"],
        compute_resources={"memory": "40M", "runtime": "1m", "cores": 1},
        resource_scales={"memory": 0.5},
        max_attempts=3,
    )
    draw = MultiprocessOperator.partial(
        task_id="draw", compute_resources={"memory": "1G", "runtime": "1m"}, max_attempts=2
    ).expand(command=["echo draw.py --sex female", "echo draw.py --sex male"])
    summarize = MultiprocessOperator(task_id="summarize", command="echo all is drawn", deferrable=True)

    extract >> fit >> draw >> summarize
