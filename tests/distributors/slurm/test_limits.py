"""What a cluster allows, as its commands say."""

from __future__ import annotations

from jobmon_airflow.distributors.slurm import limits
from jobmon_airflow.queues import QueueLimits, Range
from jobmon_airflow.units import Memory, Runtime

CONFIG = """\
Configuration data as of 2026-11-27T18:12:34
AccountingStorageType   = accounting_storage/slurmdbd
ClusterName             = reach
KillWait                = 2 sec
MaxArraySize            = 100001
MaxJobCount             = 300000
MinJobAge               = 300 sec
SLURM_VERSION           = 22.05.8
SLURM_CONF = /etc/slurm/slurm.conf

Slurmctld(primary) at vm is UP
"""


def partition(name, **said):
    words = {"PartitionName": name, "Default": "NO", "TotalCPUs": "64", "TotalNodes": "4", **said}
    return " ".join(f"{word}={value}" for word, value in words.items())


ANY = {"MaxTime": "UNLIMITED", "MaxMemPerNode": "UNLIMITED", "MaxCPUsPerNode": "UNLIMITED"}
ALL = partition("all.q", **{**ANY, "Default": "YES", "MaxTime": "1-00:00:00", "DefaultTime": "NONE"})
SMALL = partition("small.q", MaxTime="01:00:00", MaxMemPerNode="256", MaxCPUsPerNode="2")
OPEN = partition("open.q", **ANY)
NODES = "all.q|16|4096|3\nall.q|64|1031000+|1\nsmall.q|16|4096|1\n"


def read(accounts="", qos="", user="ada", default=None):
    return limits.cluster_limits(
        limits.configuration(CONFIG),
        limits.partitions(f"{ALL}\n{SMALL}\n{OPEN}\n"),
        limits.largest_nodes(NODES),
        nodes=4,
        known=limits.associations(accounts),
        by_qos=limits.qos(qos),
        user=user,
        default_account=default,
    )


def test_the_configuration_is_read():
    found = read()

    assert (found.name, found.version, found.nodes) == ("reach", (22, 5), 4)
    assert (found.max_array_size, found.max_jobs) == (100001, 300000)
    assert (found.min_job_age, found.kill_wait, found.has_accounting) == (300, 2, True)
    assert found.default_queue == "all.q"


def test_a_cluster_that_says_nothing_has_slurm_s_own_defaults():
    found = limits.cluster_limits({"accountingstoragetype": "accounting_storage/none"}, [], {}, nodes=0)

    assert (found.max_array_size, found.max_jobs, found.kill_wait) == (1001, 10_000, 30)
    assert not found.has_accounting
    assert found.max_submit is None


def test_a_queue_holds_what_it_allows_and_what_its_largest_node_has():
    assert read().queues == [
        QueueLimits("all.q", Range(most=64), Range(most=Memory("1031000M")), Range(most=Runtime("1d"))),
        QueueLimits("small.q", Range(most=2), Range(most=Memory("256M")), Range(most=Runtime("1h"))),
        QueueLimits("open.q"),
    ]


def test_an_account_s_limit_holds_for_its_users_and_for_those_below():
    accounts = (
        "root||||||\n"
        "big||root||1000||\n"
        "part||big||||\n"
        "tiny||root||5||\n"
        "part|ada||2000|||normal\n"
        "tiny|ada||||fast|normal,fast\n"
        "root|ada|||||\n"
    )

    found = read(accounts, "normal||||\nfast|3|||\n", default="part")

    assert found.submit_by_account == {"part": 1000, "tiny": 3, "root": None}
    assert found.max_submit == 1000
    assert found.most_at_once("tiny") == 3
    assert found.most_at_once("part", "fast") == 3
    assert found.most_at_once() == 1000
    assert found.most_at_once("root") is None


def test_a_limit_of_the_qos_that_jobs_have_by_default_holds():
    assert read("a|ada|||||normal\n", "normal|7|9||\n").max_submit == 7


def test_other_users_limits_do_not_count():
    assert read("a|ada|||||\na|bob||1|||\n").max_submit is None
