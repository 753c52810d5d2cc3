"""What commands inherit, where several runs share a process."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest

from jobmon_airflow.distributors import inherited
from jobmon_airflow.distributors.slurm import secrets


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch):
    for name in [name for name in os.environ if name.startswith(("JOBMON_", "SLURM_JWT"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(secrets, "_held", {})


def test_two_runs_in_one_process_do_not_see_what_was_added_for_the_other():
    seen, together = {}, threading.Barrier(2)

    async def look(name):
        await asyncio.sleep(0)
        seen[name] = {key: value for key, value in inherited.environment().items() if key == "WHO"}

    def run(name):
        with inherited.added({"WHO": name}):
            together.wait()
            asyncio.run(look(name))

    threads = [threading.Thread(target=run, args=(name,)) for name in ("ada", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == {"ada": {"WHO": "ada"}, "bob": {"WHO": "bob"}}
    assert "WHO" not in inherited.environment()
    assert "WHO" not in os.environ


def test_what_was_added_goes_along_and_so_does_what_is_named(monkeypatch):
    monkeypatch.setenv("JOBMON_EXPORT", "PROJECT, MISSING")
    monkeypatch.setenv("PROJECT", "burden")
    monkeypatch.setenv("UNNAMED", "stays")

    with inherited.added({"STAGE": "test"}):
        assert inherited.exported() == {"PROJECT": "burden", "STAGE": "test"}
        assert inherited.environment()["JOBMON_EXPORT"] == "MISSING,PROJECT,STAGE"
    assert inherited.exported() == {"PROJECT": "burden"}


def test_a_token_is_known_to_this_process_alone():
    secrets.hold("https://api.example.org:6820", "hush", user="ada")

    assert secrets.token_of("api.example.org", "ada") == "hush"
    assert secrets.token_of("api.example.org", "bob") is None
    assert secrets.token_of("other.example.org", "ada") is None
    assert "hush" not in str(inherited.environment())


def test_a_token_of_the_host_serves_every_user_who_has_none_of_his_own():
    secrets.hold("api.example.org", "for all")
    secrets.hold("api.example.org", "ada's", user="ada")

    assert (secrets.token_of("api.example.org", "ada"), secrets.token_of("api.example.org", "bob")) == (
        "ada's",
        "for all",
    )


@pytest.mark.parametrize(
    "name",
    [
        "JOBMON_SLURM_TOKEN_ADA_API_EXAMPLE_ORG",
        "JOBMON_SLURM_TOKEN_API_EXAMPLE_ORG",
        "JOBMON_SLURM_TOKEN",
        "SLURM_JWT",
    ],
)
def test_a_script_has_its_token_in_the_environment(monkeypatch, name):
    monkeypatch.setenv(name, "hush")

    assert secrets.token_of("api.example.org", "ada") == "hush"


def test_the_variable_that_says_most_counts(monkeypatch):
    monkeypatch.setenv("SLURM_JWT", "any")
    monkeypatch.setenv("JOBMON_SLURM_TOKEN_API_EXAMPLE_ORG", "of this host")

    assert secrets.token_of("http://api.example.org", None) == "of this host"
