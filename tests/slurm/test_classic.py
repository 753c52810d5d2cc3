"""Scripts of Jobmon 1.x on a real Slurm, as they were written for SGE."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import pytest

from tests.workflows import close, migrated, rows_of

pytestmark = pytest.mark.long

SCRIPT = """
from jobmon.client.swarm.workflow.bash_task import BashTask
from jobmon.client.swarm.executors.base import ExecutorParameters
from jobmon.client.swarm.workflow.workflow import Workflow

EATS = "python3 -c \\"x = bytearray(150 << 20); x[::4096] = b'1' * len(x[::4096])\\""

workflow = Workflow("on the cluster", project="proj_a", stdout="{folder}", stderr="{folder}")
asked = dict(num_cores=1, queue="all.q", max_runtime_seconds=300, executor_class="SGEExecutor")
write = BashTask("echo hello > {folder}/said", executor_parameters=ExecutorParameters(m_mem_free="0.1G", **asked))
eat = BashTask(
    EATS,
    upstream_tasks=[write],
    max_attempts=3,
    executor_parameters=ExecutorParameters(m_mem_free="0.1G", resource_scales={{"m_mem_free": 2.0}}, **asked),
)
workflow.add_tasks([write, eat])
print("it ended", workflow.run())
"""
ENDS = """
    SELECT task.name, verdict, cluster.name FROM task_instance JOIN task ON task.id = task_id
    JOIN task_resources ON task_resources.id = task_instance.task_resources_id
    JOIN queue ON queue.id = queue_id JOIN cluster ON cluster.id = cluster_id ORDER BY task_instance.id
"""


@pytest.fixture
def url(box, sqlite_url, tmp_path, monkeypatch):
    monkeypatch.setenv("JOBMON_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setenv("JOBMON__DB__SQLALCHEMY_DATABASE_URI", migrated(sqlite_url))
    yield sqlite_url
    close(sqlite_url)


def test_a_script_for_sge_runs_on_slurm_and_is_given_more_of_what_was_too_little(url, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(folder=tmp_path))

    ran = subprocess.run(
        [sys.executable, "-m", "jobmon_airflow", "run", str(script)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert "it ended" in ran.stdout
    ends = partial(rows_of, url)(ENDS)
    assert [(verdict, cluster) for _, verdict, cluster in ends] == [
        ("done", "slurm"),
        ("out of memory", "slurm"),
        ("done", "slurm"),
    ]
    assert (tmp_path / "said").read_text() == "hello\n"
