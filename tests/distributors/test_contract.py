"""The distributors that keep the contract."""

from __future__ import annotations

import re

import pytest

from jobmon_airflow.distributors.local import Multiprocess, Sequential
from jobmon_airflow.testing import SimulatedClock, SimulatedCluster
from tests.distributors.contract import Case, DistributorContract


def simulated(**settings):
    """A cluster that takes commands at their word."""
    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=seconds, exit_code=exit_code, grace=5, **settings)
    return Case(cluster, clock.run)


def seconds(attempt, _):
    slept = re.search(r"sleep ([\d.]+)", attempt.command)
    return float(slept[1]) if slept else 0


def exit_code(attempt, _):
    command = attempt.command.replace("$JOBMON_TASK_ID", str(attempt.task_id))
    code = re.search(r"exit (\d+)", command)
    return int(code[1]) if code else 0


CASES = {
    "simulated": simulated,
    "simulated, one at a time": lambda: simulated(slots=1, queue_delay=0.1),
    "simulated, not outliving": lambda: simulated(outlives_us=False),
    "multiprocess": lambda: Case(Multiprocess(grace=0.5)),
    "sequential": lambda: Case(Sequential(grace=0.5)),
}


class TestContract(DistributorContract):
    @pytest.fixture(params=CASES.values(), ids=CASES)
    def case(self, request):
        return request.param()
