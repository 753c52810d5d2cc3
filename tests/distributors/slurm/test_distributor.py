"""A Slurm as the engine sees it, under what a healthy cluster does not show: told on a fake that misbehaves."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from jobmon_airflow.distributors.protocol import Cause, Ended
from jobmon_airflow.distributors.slurm.distributor import Slurm
from jobmon_airflow.distributors.slurm.evidence import Patience
from jobmon_airflow.distributors.slurm.ways import way_to
from jobmon_airflow.errors import ClusterIsFull, ClusterUnreachable, SubmissionRefused
from jobmon_airflow.testing.fake_slurm import Fault
from tests.distributors.contract import Case, DistributorContract, batch, causes, exit_codes
from tests.testing.batches import begun, endings, ids, jobs, told

SHORT = Patience(
    for_line=0.8,
    for_line_of_killed=0.2,
    for_slurm=2,
    for_accounting=2,
    until_seen=0.5,
    on_its_way=2,
    between_questions=0.3,
)
WITHIN = 45  # seconds


@pytest.fixture(autouse=True)
def _short_rests(monkeypatch):
    monkeypatch.setattr("jobmon_airflow.distributors.slurm.submitting._FIRST_REST", 0.2)


@pytest.fixture
def spool(tmp_path):
    return str(tmp_path / "spool")


@pytest.fixture
def tell(spool):
    """Tell a story about a Slurm that is entered."""

    def tell(story, *, patience=SHORT, shares_a_folder=True):
        way = way_to(spool=spool)
        if not shares_a_folder:
            way = replace(way, spool=lambda: None)

        async def inside():
            async with asyncio.timeout(WITHIN), Slurm(way=way, patience=patience) as slurm:
                return await story(slurm)

        return asyncio.run(inside())

    return tell


async def end(slurm, one):
    """How the only attempt of a batch ended."""
    (ended,) = (await endings(slurm, one)).values()
    return ended


async def hears_nothing_for(seconds, slurm):
    until = asyncio.get_running_loop().time() + seconds
    try:
        async with asyncio.timeout_at(until):
            while True:
                assert not [news for news in await slurm.news() if isinstance(news, Ended)]
    except TimeoutError:
        return


async def until(holds, within=20):
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


class TestContract(DistributorContract):
    @pytest.fixture
    def case(self, fake, spool):
        return Case(Slurm(spool=spool))

    def test_a_command_that_takes_longer_than_it_asked_for_is_ended(self, run, fake):
        """Slurm counts in minutes: here somebody says that time is up."""

        async def story(distributor):
            (name,) = await distributor.submit(slow := batch("sleep 60", runtime="1m"))
            await distributor.news()
            await asyncio.to_thread(fake.time_out, name)
            return await endings(distributor, slow)

        assert causes(run(story)) == [Cause.OVER_RUNTIME]


# --- submissions in doubt -----------------------------------------------------------------------------------------


def test_a_submission_that_was_taken_though_it_timed_out_is_adopted(fake, tell):
    async def story(slurm):
        fake.set(Fault.SBATCH_TIMES_OUT_THOUGH_TAKEN, times=1)
        with pytest.raises(ClusterUnreachable):
            await slurm.submit(some := batch("true", "exit 3", "sleep 0.5"))
        adopted = await slurm.adopt(jobs(some))
        return set(adopted) == set(ids(some)), await endings(slurm, some)

    are_all, ended = tell(story)

    assert are_all
    assert exit_codes(ended) == [0, 3, 0]
    assert len(fake.taken()) == 1


def test_what_its_job_had_told_before_it_was_adopted_is_heard(fake, tell):
    """It ended while sbatch had not given up yet."""

    async def story(slurm):
        fake.set(Fault.SBATCH_TIMES_OUT_THOUGH_TAKEN, times=1)
        submitting = asyncio.create_task(slurm.submit(one := batch("kill -9 $$")))
        with pytest.raises(ClusterUnreachable):
            await submitting
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await slurm.news()
        await slurm.adopt(jobs(one))
        return await end(slurm, one)

    assert tell(story).evidence.exit_code == 137


def test_a_submission_that_timed_out_and_was_not_taken_never_runs_however_late_it_comes(fake, tell, tmp_path):
    async def story(slurm):
        fake.set(Fault.SBATCH_TIMES_OUT_AND_IS_TAKEN_LATER, times=1, value=1)
        with pytest.raises(ClusterUnreachable):
            await slurm.submit(one := batch(f"touch {tmp_path}/ran"))
        adopted = await slurm.adopt(jobs(one))
        await until(lambda: fake.begun() and set(fake.states(1).values()) == {"COMPLETED"})
        return set(adopted)

    assert tell(story) == set()
    assert not (tmp_path / "ran").exists()


def test_a_submission_that_was_garbled_is_in_doubt_too(fake, tell):
    async def story(slurm):
        fake.set(Fault.GARBAGE, times=1, value="sbatch")
        with pytest.raises(ClusterUnreachable):
            await slurm.submit(one := batch("true"))
        return await slurm.adopt(jobs(one))

    assert set(tell(story)) == set()


def test_half_of_a_batch_that_was_taken_before_the_rest_went_wrong_is_not_taken_twice(make, tell):
    fake = make(max_array_size=2)

    async def story(slurm):
        submitting = asyncio.create_task(slurm.submit(some := batch(*["sleep 0.3"] * 6)))
        await until(lambda: len(fake.taken()) == 1)
        fake.set(Fault.SBATCH_TIMES_OUT, times=1)
        with pytest.raises(ClusterUnreachable):
            await submitting
        adopted = await slurm.adopt(jobs(some))
        ended = await told(slurm, adopted)
        return {len(news) for news in ended.values()} <= {1, 2}, len(adopted)

    are_told_once, adopted = tell(story)

    assert are_told_once
    assert adopted == 2 * len(fake.taken()) == len(fake.begun())


def test_a_row_of_a_refused_submission_is_nobodys_job(make, tell):
    fake = make(nodes=1)

    async def story(slurm):
        with pytest.raises(SubmissionRefused):
            await slurm.submit(one := batch("true", exclude="n1"))
        return await slurm.adopt(jobs(one))

    assert set(tell(story)) == set()
    assert fake.taken() == []


# --- limits -------------------------------------------------------------------------------------------------------


def test_a_batch_that_is_larger_than_an_array_may_be_is_cut(make, tell):
    fake = make(max_array_size=10)

    async def story(slurm):
        names = await slurm.submit(some := batch(*["true"] * 25))
        return names, await endings(slurm, some)

    names, ended = tell(story)

    assert exit_codes(ended) == [0] * 25
    assert len(set(names)) == 25
    assert [len(fake.states(job)) for job in fake.taken()] == [10, 10, 5]


@pytest.mark.parametrize("most", [0, 1])
def test_a_cluster_without_arrays_gets_plain_jobs(make, tell, most):
    fake = make(max_array_size=most)

    async def story(slurm):
        await slurm.submit(some := batch("true", "exit 3", "sleep 60"))
        nodes = await told(slurm, ids(some)[:2])
        await slurm.cancel(ids(some)[2:])
        return [nodes[attempt][-1].evidence.exit_code for attempt in ids(some)[:2]], (
            await told(slurm, ids(some)[2:])
        )[ids(some)[2]][-1].evidence.cause

    codes, cause = tell(story)

    assert (codes, cause) == ([0, 3], Cause.CANCELLED)
    assert not any("--array" in word for words in fake.typed for word in words)


def test_nothing_is_taken_while_a_limit_is_reached_and_it_says_so(fake, tell):
    async def story(slurm):
        fake.set(Fault.SUBMIT_LIMIT)
        with pytest.raises(ClusterIsFull, match="job submit limit"):
            await slurm.submit(one := batch("true", "exit 4"))
        fake.lift()
        await slurm.submit(one)
        return await endings(slurm, one), slurm.note

    ended, note = tell(story)

    assert (exit_codes(ended), note) == ([0, 4], "")


def test_what_does_not_fit_waits_says_why_and_goes_on(make, tell):
    make(max_submit=3)

    async def story(slurm):
        submitting = asyncio.create_task(slurm.submit(some := batch(*["sleep 0.2"] * 7)))
        listening = asyncio.create_task(endings(slurm, some))
        await until(lambda: slurm.note)
        note = slurm.note
        return note, await submitting, await listening, slurm.note

    note, names, ended, last = tell(story)

    assert "Slurm takes no more jobs for now" in note
    assert len(set(names)) == 7
    assert (exit_codes(ended), last) == ([0] * 7, "")


def test_what_is_cancelled_while_it_waits_for_room_is_never_submitted(make, tell):
    fake = make(max_submit=2)

    async def story(slurm):
        submitting = asyncio.create_task(slurm.submit(some := batch(*["sleep 60"] * 5)))
        await until(lambda: slurm.note)
        begun_at = time.monotonic()
        await slurm.cancel(ids(some))
        names = await submitting
        return names, await endings(slurm, some), slurm.note, time.monotonic() - begun_at

    names, ended, note, took = tell(story)

    assert [bool(name) for name in names] == [True, True, False, False, False]
    assert (causes(ended), note) == ([Cause.CANCELLED] * 5, "")
    assert len(fake.taken()) == 1
    assert took < 10


def test_what_is_cancelled_while_slurm_is_asked_to_take_it_is_ended_there(fake, tell, tmp_path):
    async def story(slurm):
        fake.pause()
        fake.set(Fault.HANGS, times=1, value=1)
        submitting = asyncio.create_task(slurm.submit(some := batch(*[f"touch {tmp_path}/ran"] * 3)))
        await until(lambda: fake.calls["sbatch"] == 1)
        await slurm.cancel(ids(some)[:2])
        await submitting
        fake.go_on()
        return await endings(slurm, some)

    assert causes(tell(story)) == [Cause.CANCELLED, Cause.CANCELLED, None]
    assert len(fake.begun()) == 1


# --- what Slurm says of jobs --------------------------------------------------------------------------------------


def test_who_is_missing_once_has_not_ended(fake, tell):
    async def story(slurm):
        await slurm.submit(some := batch(*["sleep 60"] * 4))
        await begun(slurm, some)
        asked = fake.calls["squeue"]
        fake.set(Fault.SQUEUE_ANSWERS_HALF, times=1)
        await hears_nothing_for(1.5, slurm)
        return fake.calls["squeue"] - asked

    assert tell(story) > 1


def test_who_waits_and_is_missing_once_is_not_given_up(fake, tell):
    async def story(slurm):
        fake.pause()
        await slurm.submit(some := batch(*["exit 3"] * 4))
        fake.set(Fault.SQUEUE_ANSWERS_HALF, times=1)
        fake.set(Fault.SACCT_ANSWERS_HALF)
        listening = asyncio.create_task(endings(slurm, some))
        await until(lambda: sum(slurm.waiting.values()) == 4)
        fake.go_on()
        return await listening

    assert exit_codes(tell(story)) == [3] * 4


def test_jobs_that_are_forgotten_at_once_have_told_how_they_ended(make, tell):
    fake = make(min_job_age=0)
    fake.set(Fault.SQUEUE_FORGETS)
    fake.set(Fault.ACCOUNTING_DISABLED)

    async def story(slurm):
        await slurm.submit(some := batch("true", "exit 3", "sleep 1; exit 4"))
        return await endings(slurm, some)

    assert exit_codes(tell(story)) == [0, 3, 4]


def test_ids_that_begin_again_mean_other_jobs(fake, tell):
    async def story(slurm):
        await slurm.submit(first := batch("exit 3"))
        before = await end(slurm, first)
        fake.recycle_ids()
        (name,) = await slurm.submit(second := batch("exit 4"))
        return before, name, await end(slurm, second)

    before, name, after = tell(story)

    assert name == "1_0"
    assert (before.evidence.exit_code, after.evidence.exit_code) == (3, 4)


def test_a_job_that_slurm_has_forgotten_is_not_the_stranger_that_got_its_number(fake, tell):
    async def story(slurm):
        await slurm.submit(one := batch("kill -STOP $$"))
        await begun(slurm, one)
        fake.lose_node("n1")
        fake.recycle_ids()
        stranger = await asyncio.create_subprocess_exec(
            *("sbatch", "--parsable", "--array=0", "--output=/dev/null", "--job-name=theirs", "--wrap=exit 0")
        )
        await stranger.wait()
        return await end(slurm, one)

    assert tell(story).evidence.cause in (Cause.LOST, Cause.NODE_FAILED)


def test_garbage_is_no_news(fake, tell):
    async def story(slurm):
        await slurm.submit(some := batch("sleep 1; exit 3", "sleep 60"))
        await begun(slurm, some)
        fake.set(Fault.GARBAGE)
        heard = await told(slurm, ids(some)[:1])
        note = slurm.note
        fake.lift()
        await slurm.cancel(ids(some)[1:])
        await told(slurm, ids(some)[1:])
        return heard[ids(some)[0]][-1].evidence.exit_code, note, slurm.note

    code, note, last = tell(story)

    assert (code, last) == (3, "")
    assert "makes no sense" in note


def test_a_cluster_that_answers_with_garbage_is_not_entered(fake, tell):
    fake.set(Fault.GARBAGE, value="scontrol")

    with pytest.raises(ClusterUnreachable, match="makes no sense"):
        tell(lambda slurm: None)


def test_outcomes_are_told_at_once_while_slurmctld_is_down_and_it_says_so(fake, tell):
    async def story(slurm):
        await slurm.submit(some := batch("sleep 1; exit 3", "sleep 60"))
        await begun(slurm, some)
        fake.set(Fault.CONTROLLER_DOWN)
        since = time.monotonic()
        heard = await told(slurm, ids(some)[:1])
        took, note = time.monotonic() - since, slurm.note
        with pytest.raises(ClusterUnreachable):
            await slurm.cancel(ids(some)[1:])
        fake.lift()
        await slurm.cancel(ids(some)[1:])
        ended = await told(slurm, ids(some)[1:])
        return heard[ids(some)[0]][-1], took, note, ended[ids(some)[1]][-1], slurm.note

    first, took, note, second, last = tell(story)

    assert first.evidence.exit_code == 3
    assert took < 6
    assert "Slurm does not answer" in note
    assert (second.evidence.cause, last) == (Cause.CANCELLED, "")


def test_a_slurmctld_that_hangs_holds_up_nobody_who_tells_his_own_end(fake, tell):
    async def story(slurm):
        await slurm.submit(one := batch("sleep 1; exit 3"))
        await begun(slurm, one)
        fake.set(Fault.HANGS, value=8)
        since = time.monotonic()
        ended = await end(slurm, one)
        return ended, time.monotonic() - since

    ended, took = tell(story)

    assert ended.evidence.exit_code == 3
    assert took < 5


# --- who ends jobs from outside -----------------------------------------------------------------------------------


def test_a_requeued_job_runs_once(fake, tell, tmp_path):
    async def story(slurm):
        (name,) = await slurm.submit(one := batch(f"echo run >>{tmp_path}/runs; sleep 60"))
        await until((tmp_path / "runs").exists)
        fake.requeue(name)
        ended = await end(slurm, one)
        await until(lambda: fake.states(name) == {0: "COMPLETED"})
        return ended

    assert tell(story).evidence.cause is Cause.NODE_FAILED
    assert len(fake.begun()) == 2
    assert (tmp_path / "runs").read_text() == "run\n"


def test_a_node_that_fails_is_spared_by_the_retry_and_by_everybody_and_what_goes_on_there_is_ended(
    fake, tell, tmp_path
):
    alive = tmp_path / "alive"

    async def fails(slurm):
        command = f"while :; do date +%s.%N >{alive}; sleep 0.1; done"
        await slurm.submit(one := batch(command))
        (node,) = (await begun(slurm, one)).values()
        fake.lose_node(node)
        ended = await end(slurm, one)
        fake.cluster.nodes[node] = "up"  # for new jobs
        await slurm.submit(retry := batch("true"))
        return ended, await end(slurm, retry)

    async def another(slurm):
        await slurm.submit(one := batch("true"))
        return await end(slurm, one)

    ended, retry = tell(fails)
    other = tell(another)

    assert (ended.evidence.cause, ended.nodename) == (Cause.NODE_FAILED, "n1")
    assert retry.nodename == other.nodename == "n2"


def test_a_suspect_is_better_than_no_node_at_all(fake, tell):
    async def story(slurm):
        await slurm.submit(one := batch("sleep 60", nodelist="n3"))
        await begun(slurm, one)
        fake.lose_node("n3")
        await end(slurm, one)
        fake.return_node("n3")
        await slurm.submit(again := batch("exit 3", nodelist="n3"))
        return await end(slurm, again)

    ended = tell(story)

    assert (ended.evidence.exit_code, ended.nodename) == (3, "n3")


def test_whoever_still_runs_on_a_node_that_was_given_up_is_told_to_end(fake, tell, spool):
    async def story(slurm):
        await slurm.submit(packed := batch("sleep 60", "sleep 60", pack=2, runtime="5m"))
        first = ids(packed)[0]
        while first not in {news.attempt for news in await slurm.news()}:
            pass
        fake.lose_node("n1")
        ended = await endings(slurm, packed)
        (run,) = fake.cluster.begun
        await until(lambda: run.process.poll() is not None, within=15)
        return ended

    assert set(causes(tell(story))) <= {Cause.NODE_FAILED, Cause.LOST}


@pytest.mark.parametrize(
    ("befalls", "words"),
    [
        (lambda fake, name: fake.preempt(name), "PREEMPTED"),
        (lambda fake, name: fake.cancel(name, by=4321), "cancelled"),
    ],
    ids=["preempted", "cancelled by somebody else"],
)
def test_what_others_end_is_not_the_tasks_fault(fake, tell, befalls, words):
    async def story(slurm):
        (name,) = await slurm.submit(one := batch("sleep 60"))
        await begun(slurm, one)
        befalls(fake, name)
        return await end(slurm, one)

    evidence = tell(story).evidence

    assert evidence.cause is Cause.NODE_FAILED
    assert words in evidence.detail


def test_a_node_that_does_not_boot_is_not_the_tasks_fault(fake, tell):
    async def story(slurm):
        fake.set(Fault.BOOT_FAIL, times=1)
        await slurm.submit(one := batch("true"))
        return await end(slurm, one)

    assert tell(story).evidence.cause is Cause.NODE_FAILED


# --- accounting ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault.ACCOUNTING_REFUSED, Fault.ACCOUNTING_DISABLED])
def test_nobody_needs_accounting_who_tells_his_own_end(fake, tell, fault):
    async def story(slurm):
        fake.set(fault)
        await slurm.submit(some := batch("true", "exit 3", "kill -9 $$"))
        return await endings(slurm, some)

    assert exit_codes(tell(story)) == [0, 3, 137]


def test_a_job_that_vanished_is_neither_done_nor_failed_until_accounting_is_back(fake, tell):
    async def story(slurm):
        await slurm.submit(one := batch("sleep 60"))
        await begun(slurm, one)
        fake.set(Fault.ACCOUNTING_REFUSED)
        fake.lose_node("n1")
        fake.set(Fault.SQUEUE_FORGETS)
        await hears_nothing_for(2, slurm)
        note = slurm.note
        fake.lift(Fault.ACCOUNTING_REFUSED)
        return await end(slurm, one), note

    ended, note = tell(story, patience=replace(SHORT, for_accounting=60))

    assert ended.evidence.cause is Cause.NODE_FAILED
    assert "NODE_FAIL" in ended.evidence.detail
    assert "accounting does not answer" in note


def test_accounting_that_lags_behind_is_waited_for(fake, tell):
    async def story(slurm):
        fake.set(Fault.SACCT_LAGS, value=1.5)
        await slurm.submit(one := batch("sleep 60"))
        await begun(slurm, one)
        fake.lose_node("n1")
        fake.set(Fault.SQUEUE_FORGETS)
        return await end(slurm, one)

    assert "NODE_FAIL" in tell(story, patience=replace(SHORT, for_accounting=60)).evidence.detail


def test_a_job_of_which_nobody_will_ever_know_is_lost(fake, tell):
    async def story(slurm):
        await slurm.submit(one := batch("sleep 60"))
        await begun(slurm, one)
        fake.lose_node("n1")
        fake.set(Fault.SQUEUE_FORGETS)
        fake.set(Fault.ACCOUNTING_DISABLED)
        return await end(slurm, one)

    assert tell(story).evidence.cause is Cause.LOST


# --- without a shared folder --------------------------------------------------------------------------------------


@pytest.mark.parametrize("forgets", [False, True], ids=["squeue tells", "accounting tells"])
def test_slurm_alone_tells_how_jobs_ended(fake, tell, forgets):
    async def story(slurm):
        if forgets:
            fake.set(Fault.SQUEUE_FORGETS)
        await slurm.submit(some := batch("true", "exit 3"))
        return await endings(slurm, some)

    good, bad = tell(story, shares_a_folder=False).values()

    assert (good.evidence.exit_code, good.evidence.cause) == (0, None)
    if forgets:
        assert bad.evidence.cause in (None, Cause.LOST)
        assert bad.evidence.exit_code != 0
    else:
        assert bad.evidence.exit_code == 3


def test_without_a_folder_an_outage_of_accounting_is_waited_for(fake, tell):
    async def story(slurm):
        fake.set(Fault.SQUEUE_FORGETS)
        fake.set(Fault.ACCOUNTING_REFUSED)
        await slurm.submit(one := batch("true"))
        await hears_nothing_for(3, slurm)
        fake.lift(Fault.ACCOUNTING_REFUSED)
        return await end(slurm, one)

    assert tell(story, shares_a_folder=False).evidence.exit_code == 0


def test_without_a_folder_nothing_can_be_packed(fake, tell):
    async def story(slurm):
        with pytest.raises(SubmissionRefused, match="share a folder"):
            await slurm.submit(batch("true", "true", pack=2))

    tell(story, shares_a_folder=False)


def test_without_a_folder_a_submission_in_doubt_is_looked_for_as_long_as_it_may_come(fake, tell):
    async def story(slurm):
        fake.set(Fault.SBATCH_TIMES_OUT_AND_IS_TAKEN_LATER, times=1, value=1)
        with pytest.raises(ClusterUnreachable):
            await slurm.submit(one := batch("sleep 1"))
        while True:
            try:
                adopted = await slurm.adopt(jobs(one))
            except ClusterUnreachable:
                await asyncio.sleep(0.2)
            else:
                return set(adopted) == set(ids(one)), await end(slurm, one)

    is_adopted, ended = tell(story, shares_a_folder=False)

    assert is_adopted
    assert ended.evidence.exit_code == 0
