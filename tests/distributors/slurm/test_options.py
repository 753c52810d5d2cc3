"""What sbatch is asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobmon_airflow.distributors.slurm.options import NO_DEFAULTS, Defaults, options_of
from jobmon_airflow.errors import InvalidResources, SubmissionRefused
from jobmon_airflow.resources import Resources

ALWAYS = {"no-requeue": None, "open-mode": "append"}


def options(asked=None, defaults=NO_DEFAULTS, **more):
    found = options_of(Resources.parse(asked or {}), defaults, **more)
    assert ALWAYS.items() <= found.items()
    return {name: value for name, value in found.items() if name not in ALWAYS}


def test_a_request_that_says_nothing_asks_for_one_core():
    assert options() == {"cpus-per-task": "1"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"cores": 4}, {"cpus-per-task": "4"}),
        ({"memory": "8G"}, {"mem": "8192M"}),
        ({"memory": "1500K"}, {"mem": "2M"}),
        ({"memory": 0.5}, {"mem": "512M"}),
        ({"runtime": "1h"}, {"time": "60"}),
        ({"runtime": 61}, {"time": "2"}),
        ({"runtime": "10ms"}, {"time": "1"}),
        ({"queue": "long.q"}, {"partition": "long.q"}),
        ({"project": "proj_a"}, {"account": "proj_a"}),
        ({"account": "proj_a", "project": "proj_a"}, {"account": "proj_a"}),
        ({"constraints": "archive"}, {"constraint": "archive"}),
        ({"constraint": ["archive", "avx2"]}, {"constraint": "archive&avx2"}),
        ({"constraint": "archive|avx2"}, {"constraint": "archive|avx2"}),
        ({"gres": ["gpu:1", "tmp:5"]}, {"gres": "gpu:1,tmp:5"}),
        ({"gpus": 2}, {"gpus": "2"}),
        (
            {"qos": "normal", "reservation": "r", "licenses": "a:1"},
            {"qos": "normal", "reservation": "r", "licenses": "a:1"},
        ),
        ({"exclude": ["n1", "n2"], "nodelist": "n[3-4]"}, {"exclude": "n1,n2", "nodelist": "n[3-4]"}),
        ({"mail_type": "FAIL", "mail-user": "a@b.org"}, {"mail-type": "FAIL", "mail-user": "a@b.org"}),
        ({"ntasks_per_node": 2, "nodes": "1-2"}, {"ntasks-per-node": "2", "nodes": "1-2"}),
        ({"exclusive": True}, {"exclusive": None}),
        ({"exclusive": "user"}, {"exclusive": "user"}),
        ({"exclusive": False, "qos": None, "gres": "", "exclude": []}, {}),
        ({"nice": 100}, {"nice": "100"}),
        ({"mem_per_cpu": "2G", "tmp": "1G"}, {"mem-per-cpu": "2048M", "tmp": "1024M"}),
        ({"qos": "-x --wrap=y"}, {"qos": "-x --wrap=y"}),
        ({"stdout": "/a", "standard_error": "/b", "working_dir": "/", "env": {"A": "b"}, "pack": 5}, {}),
        ({"container_image": "x.sif", "container_args": ["--nv"]}, {}),
    ],
)
def test_resources_in_the_words_of_sbatch(asked, said):
    assert options(asked) == {"cpus-per-task": "1", **said}


def test_what_a_task_does_not_say_is_the_clusters_default():
    defaults = Defaults(queue="all.q", account="proj_a", reservation="night")

    assert options({}, defaults) == {
        "cpus-per-task": "1",
        "partition": "all.q",
        "account": "proj_a",
        "reservation": "night",
    }
    said = options({"queue": "long.q", "project": "proj_b", "reservation": "day"}, defaults)
    assert (said["partition"], said["account"], said["reservation"]) == ("long.q", "proj_b", "day")


def test_a_pack_is_given_a_time_of_its_own():
    assert options({"runtime": "1m"}, runtime=3601)["time"] == "61"


def test_slurms_own_log_is_kept_in_the_batchs_folder():
    assert options(log_folder="/spool/100%/t")["output"] == "/spool/100%%/t/scheduler-%N.log"


# --- what is refused --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "remedy"),
    [
        ({"nodelists": "n1"}, "Did you mean 'nodelist'?"),
        ({"frobnicate": 1}, "connection"),
        ({"working_dirs": "/a"}, "working_dir"),
        ({"qos": "a\nb"}, "line breaks"),
        ({"qos": "a\0b"}, "line breaks"),
        ({"qos": {"a": 1}}, "leave qos out"),
        ({"qos": True}, "leave qos out"),
        ({"gres": ["a", ["b"]]}, "leave gres out"),
        ({"account": "a", "project": "b"}, "account, project"),
        ({"memory": "1G", "mem_per_cpu": "1G"}, "Use memory alone"),
        ({"mem_per_cpu": "60"}, "60M"),
    ],
)
def test_what_means_nothing_is_refused_with_a_remedy(asked, remedy):
    with pytest.raises(SubmissionRefused) as refused:
        options(asked)

    assert remedy in refused.value.remedy


_NEVER = (
    "array job-name output error parsable wrap requeue no-requeue dependency export open-mode chdir comment input hold "
    "test-only clusters uid gid cpus-per-task time-min"
)


@pytest.mark.parametrize(
    "name",
    _NEVER.split(),
)
@pytest.mark.parametrize(
    "spelled", [lambda name: name, lambda name: name.replace("-", "_"), lambda name: f"--{name}", str.upper]
)
def test_what_would_run_a_command_twice_or_lose_it_is_refused_whoever_allows_it(name, spelled):
    with pytest.raises(
        (SubmissionRefused, InvalidResources)
    ) as refused:  # 'requeue' looks like 'queue', misspelt
        options({spelled(name): "x"}, Defaults(options=(name, spelled(name))))

    assert refused.value.remedy


@pytest.mark.parametrize("allowed", ["frob-nicate", "--frob_nicate", "frob_nicate"])
def test_a_connection_allows_further_options(allowed):
    defaults = Defaults(options=(allowed,))

    assert options({"frob_nicate": 5}, defaults)["frob-nicate"] == "5"
    assert options({"frob-nicate": True}, defaults)["frob-nicate"] is None


@given(st.text())
def test_a_value_is_one_word_or_refused(text):
    try:
        said = options({"qos": text}).get("qos", "")
    except SubmissionRefused:
        return
    assert said == text.strip()
    assert said.isprintable()
