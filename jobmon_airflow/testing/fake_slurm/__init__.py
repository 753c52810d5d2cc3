"""A Slurm that misbehaves as a healthy cluster does not, for tests: its commands on the PATH, its jobs as processes.

    >>> from jobmon_airflow.testing.fake_slurm import Fault, FakeSlurm

    with FakeSlurm(folder, nodes=2, slots=4) as fake:
        monkeypatch.setenv("PATH", fake.path)
        fake.set(Fault.SBATCH_TIMES_OUT_THOUGH_TAKEN, times=1)

`sbatch`, `squeue`, `sacct`, `scancel`, `scontrol`, `sinfo` and `sacctmgr` stand in ``folder/bin``. They ask the fake,
which lives in a thread of this process, so that whatever runs elsewhere, is killed and starts again finds the same
cluster. What they print is what Slurm 22.05 prints, with its oddities; scripts really run, with the variables that
Slurm would set, on nodes that are names only. Time limits hold at once, and memory limits do not.
"""

from __future__ import annotations

from jobmon_airflow.testing.fake_slurm.fake import FakeSlurm
from jobmon_airflow.testing.fake_slurm.faults import Fault
from jobmon_airflow.testing.fake_slurm.jobs import Partition

__all__ = ["FakeSlurm", "Fault", "Partition"]
