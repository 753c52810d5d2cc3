"""What slurmdbd said is kept for some minutes: workflows that begin one after the other do not ask it again."""

from __future__ import annotations

import asyncio
import json
import stat
import time

import pytest

from jobmon_airflow.distributors.slurm.commands import CommandController
from jobmon_airflow.distributors.slurm.distributor import Slurm
from jobmon_airflow.distributors.slurm.kept import FOR, kept
from jobmon_airflow.distributors.slurm.shells import LocalShell
from jobmon_airflow.testing.fake_slurm import FakeSlurm, Fault

MINE = {"cluster": "head", "user": "ada"}


class Slurmdbd:
    def __init__(self, **answers):
        self.answers, self.asked = answers, 0

    async def __call__(self):
        self.asked += 1
        return dict(self.answers)


@pytest.fixture
def slurmdbd():
    return Slurmdbd(qos="normal|10", mine="")


def ask(folder, slurmdbd, whose=MINE):
    return asyncio.run(kept(folder, whose, slurmdbd))


@pytest.fixture
def fake(tmp_path, monkeypatch):
    with FakeSlurm(tmp_path / "fake") as fake:
        monkeypatch.setenv("PATH", fake.path)
        yield fake


def test_it_is_asked_once(tmp_path, slurmdbd):
    answers = [ask(tmp_path / "new", slurmdbd) for _ in range(3)]

    assert answers == [slurmdbd.answers] * 3
    assert slurmdbd.asked == 1


def test_only_its_user_can_read_what_is_kept_and_nothing_else_is_left(tmp_path, slurmdbd):
    ask(tmp_path / "new", slurmdbd)

    [file] = (tmp_path / "new").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("age", [FOR + 1, -60.0], ids=["old", "of the future"])
def test_what_is_not_of_the_last_minutes_is_asked_again(tmp_path, slurmdbd, age):
    ask(tmp_path, slurmdbd)
    file = tmp_path / "accounts.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "asked_at": time.time() - age}))

    ask(tmp_path, slurmdbd)
    ask(tmp_path, slurmdbd)

    assert slurmdbd.asked == 2


@pytest.mark.parametrize("other", [{"cluster": "tail"}, {"user": "bob"}])
def test_what_was_said_of_others_is_of_no_use(tmp_path, slurmdbd, other):
    ask(tmp_path, slurmdbd)
    ask(tmp_path, slurmdbd, {**MINE, **other})

    assert slurmdbd.asked == 2


def test_an_answer_that_is_missing_is_asked_for_again(tmp_path):
    slurmdbd = Slurmdbd(qos="normal|10", mine=None)

    ask(tmp_path, slurmdbd)
    slurmdbd.answers["mine"] = "ada"

    assert ask(tmp_path, slurmdbd)["mine"] == "ada"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"whose": {"cluster": "head", "user": "ada"}}'])
def test_a_file_that_means_nothing_is_written_anew(tmp_path, slurmdbd, text):
    (tmp_path / "accounts.json").write_text(text)

    ask(tmp_path, slurmdbd)
    ask(tmp_path, slurmdbd)

    assert slurmdbd.asked == 1


def test_where_nothing_can_be_kept_everybody_asks(tmp_path, slurmdbd):
    (tmp_path / "file").touch()

    for folder in (None, tmp_path / "file" / "folder"):
        assert ask(folder, slurmdbd) == slurmdbd.answers

    assert slurmdbd.asked == 2


# --- by Slurm's commands ------------------------------------------------------------------------------------------


def test_workflows_that_begin_one_after_the_other_ask_slurmdbd_once(fake, tmp_path):
    async def begun():
        async with Slurm(spool=str(tmp_path / "spool")) as slurm:
            return slurm.asked["sacctmgr"], slurm.asked["sinfo"], await slurm.queues()

    first, *others = [asyncio.run(begun()) for _ in range(3)]

    assert first[0] == 4
    assert [asked for asked, *_ in others] == [0, 0]
    assert [rest for _, *rest in others] == [list(first[1:])] * 2


def test_whoever_only_looks_sees_the_limits_of_now(fake, tmp_path):
    async def asked():
        async with CommandController(LocalShell()) as controller:
            await controller.limits(tmp_path)
            await controller.limits()
            return controller.asked["sacctmgr"]

    assert asyncio.run(asked()) == 8


def test_a_slurmdbd_that_is_down_is_asked_again(fake, tmp_path):
    fake.set(Fault.ACCOUNTING_REFUSED)

    async def begun():
        async with CommandController(LocalShell()) as controller:
            await controller.limits(tmp_path)
            return controller.asked["sacctmgr"]

    assert asyncio.run(begun()) == 4
    fake.lift(Fault.ACCOUNTING_REFUSED)
    assert [asyncio.run(begun()), asyncio.run(begun())] == [4, 0]
