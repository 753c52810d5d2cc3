"""How batches are cut, and how full clusters are waited for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from jobmon_airflow.distributors.slurm import submitting
from jobmon_airflow.distributors.slurm.held import Book, Held
from jobmon_airflow.distributors.slurm.orders import held_back
from jobmon_airflow.distributors.slurm.refusals import ArrayIsTooLarge
from jobmon_airflow.distributors.slurm.seam import ClusterLimits, Submission
from jobmon_airflow.distributors.slurm.submitting import Handover, Room
from jobmon_airflow.errors import ClusterIsFull, ClusterUnreachable, SubmissionRefused


def limits(**changed):
    known = {"max_array_size": 1000, "max_jobs": 10_000, "max_submit": None, **changed}
    return ClusterLimits(
        name="it",
        version=(22, 5),
        min_job_age=300,
        kill_wait=30,
        has_accounting=True,
        default_queue=None,
        queues=(),
        nodes=4,
        **known,
    )


@dataclass
class Cluster:
    """Takes submissions as long as there is room, and remembers what it was asked and what it said."""

    room: float = float("inf")  #: elements
    most: float = float("inf")  #: of one array, for ever
    errors: list = field(default_factory=list)  #: what goes wrong first
    sizes: list = field(default_factory=list)
    taken: list = field(default_factory=list)
    said: list = field(default_factory=list)
    is_full: asyncio.Event = field(default_factory=asyncio.Event)  #: rings when somebody was told so

    def says(self, error):
        self.said.append(error and error.problem)
        if error:
            self.is_full.set()

    async def submit(self, submission):
        self.sizes.append(submission.size)
        await asyncio.sleep(0)
        if self.errors and (error := self.errors.pop(0)):
            raise error
        if submission.size > self.most:
            raise ArrayIsTooLarge(submission.size, int(self.most), "job submit limit")
        if submission.size > self.room:
            raise ClusterIsFull("It is full.", remedy="Wait.")
        self.room -= submission.size
        self.taken.append(submission.name)
        return len(self.taken)


@pytest.fixture(autouse=True)
def _short_rests(monkeypatch):
    monkeypatch.setattr(submitting, "_FIRST_REST", 0.01)


def handed_over(cluster, steps, *, pack=1, allowed=None, at_most=10**6, during=None):
    """Hand a batch of so many steps over, and return the steps of each piece."""
    book, pieces = Book(), []
    for step in range(steps):
        book.take(Held(attempt=step, token="t-1", step=step))

    async def submission_of(piece):
        return Submission(
            name=piece.name,
            script="",
            size=piece.size,
            is_array=True,
            throttle=None,
            options={},
            environment={},
            working_dir="/",
        )

    def placed(piece, job_id):
        pieces.append(list(piece))
        for step in piece:
            book.by_step["t-1"][step].piece, book.by_step["t-1"][step].job_id = piece, job_id

    async def story():
        nudge = asyncio.Event()
        handover = Handover(
            book,
            cluster,
            Room(allowed or limits()),
            submission_of,
            placed,
            cluster.says,
            nudge,
        )
        running = asyncio.create_task(handover.run("t-1", pack, lambda first: at_most))
        if during is not None:
            await during(cluster, book, nudge)
        async with asyncio.timeout(20):
            await running

    asyncio.run(story())
    return pieces


def lengths(pieces):
    return [len(piece) for piece in pieces]


def test_a_batch_is_one_array_if_that_fits():
    cluster = Cluster()

    assert lengths(handed_over(cluster, 700)) == [700]
    assert cluster.taken == ["t-1.0-699.1"]


def test_a_batch_is_cut_by_what_an_array_a_script_and_the_cluster_can_hold():
    assert lengths(handed_over(Cluster(), 2500)) == [1000, 1000, 500]
    assert lengths(handed_over(Cluster(), 2500, pack=2)) == [2000, 500]
    assert lengths(handed_over(Cluster(), 100, at_most=30)) == [30, 30, 30, 10]
    assert lengths(handed_over(Cluster(), 100, allowed=limits(max_submit=40))) == [40, 40, 20]
    assert lengths(handed_over(Cluster(), 3, allowed=limits(max_array_size=1))) == [1, 1, 1]


def test_an_array_that_is_too_large_for_ever_is_cut_to_what_is_allowed():
    assert lengths(handed_over(Cluster(most=40), 100)) == [40, 40, 20]


def test_a_cluster_that_takes_nothing_is_full():
    cluster = Cluster(room=0)

    with pytest.raises(ClusterIsFull):
        handed_over(cluster, 100)

    assert cluster.sizes == [100, 50, 25, 12, 6, 3, 1]


def test_once_it_has_taken_something_the_rest_waits_and_says_why():
    cluster = Cluster(room=60)

    async def room_is_made(cluster, book, nudge):
        await cluster.is_full.wait()
        assert cluster.room < 40
        cluster.room = 1000

    pieces = handed_over(cluster, 100, during=room_is_made)

    assert [step for piece in pieces for step in piece] == list(range(100))
    assert cluster.said[-1] is None


def test_when_there_is_room_again_pieces_grow():
    cluster = Cluster(room=13)

    async def room_is_made(cluster, book, nudge):
        await cluster.is_full.wait()
        cluster.room = 10_000

    pieces = lengths(handed_over(cluster, 500, during=room_is_made))

    assert len(pieces) < 20
    assert max(pieces[5:]) > 100


def test_whoever_is_cancelled_while_he_waits_for_room_is_not_submitted_and_nobody_rests_for_him(monkeypatch):
    monkeypatch.setattr(submitting, "_FIRST_REST", 3600)

    async def cancelled(cluster, book, nudge):
        await cluster.is_full.wait()
        for held in book:
            held.is_cancelled = True
        nudge.set()

    assert lengths(handed_over(Cluster(room=64), 128, during=cancelled)) == [64]


def test_gaps_are_not_submitted():
    async def one_is_not_wanted(cluster, book, nudge):
        book.drop(book.by_step["t-1"][3])

    assert handed_over(Cluster(), 6, during=one_is_not_wanted) == [[0, 1, 2], [4, 5]]


@pytest.mark.parametrize(
    "error",
    [
        ClusterUnreachable("It is silent.", remedy="Wait."),
        SubmissionRefused("Never.", remedy="Ask for less."),
    ],
)
def test_what_is_in_doubt_or_refused_is_told_to_whoever_asked(error):
    cluster = Cluster(errors=[None, error])

    with pytest.raises(type(error)):
        handed_over(cluster, 2500)

    assert cluster.taken == ["t-1.0-999.1"]


def test_a_submission_is_held_back():
    plain = Submission(
        name="it",
        script="",
        size=9,
        is_array=True,
        throttle=None,
        options={"time": "5"},
        environment={},
        working_dir="/",
    )

    assert held_back(plain, None) == plain
    assert held_back(plain, 4).throttle == 4
    assert held_back(plain, 0).options == {"time": "5", "hold": None}
