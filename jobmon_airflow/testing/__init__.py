"""A cluster and a clock for tests: a workflow of a month runs in milliseconds, with every misfortune you like.

    >>> from jobmon_airflow.testing import Faults, SimulatedClock, SimulatedCluster
    >>> clock = SimulatedClock()
    >>> cluster = SimulatedCluster(clock, takes=3600, fail_first={"transform 1990": 2}, faults=Faults(kill_nodes=0.1))

Each command takes an hour here, the first two tries at one task fail, and one job in ten loses its node. Run a workflow
on this cluster with `simulate(workflow, cluster)`, then ask what it saw: `cluster.attempts`, `cluster.most_at_once`,
`cluster.done_twice`. Everything is drawn from one seeded random generator, so a test that fails will fail again.

`SimulatedClock` says how to run a program in simulated time, `SimulatedCluster` how commands behave, and `Faults` what
can go wrong.
"""

from __future__ import annotations

from jobmon_airflow.testing.clock import NothingWillHappen, SimulatedClock
from jobmon_airflow.testing.cluster import SimulatedCluster
from jobmon_airflow.testing.faults import Call, Faults, Misfortune
from jobmon_airflow.testing.simulating import simulate

__all__ = [
    "Call",
    "Faults",
    "Misfortune",
    "NothingWillHappen",
    "SimulatedClock",
    "SimulatedCluster",
    "simulate",
]
