"""Swarms, drawn as arrows."""

from __future__ import annotations

from jobmon_airflow.swarm.events import Began, Done, Failed, Failure, Launch
from jobmon_airflow.swarm.graph import Graph
from jobmon_airflow.swarm.limits import Waiting
from jobmon_airflow.swarm.swarm import Swarm


class Drawn:
    """A swarm whose tasks are letters: ``a>b c>b`` says that b waits for a and c. Each letter's array is 0,
    unless ``arrays`` says otherwise."""

    def __init__(
        self,
        picture,
        *,
        attempts=3,
        limit=None,
        array_limits=None,
        arrays=None,
        done="",
        active="",
        **options,
    ):
        edges = [part.split(">") for part in picture.split()]
        self.letters = sorted({letter for edge in edges for letter in edge})
        downstreams = {letter: [] for letter in self.letters}
        for upstream, *following in edges:
            for downstream in following:
                downstreams[upstream].append(self.number(downstream))
        waiting = Waiting(array_limits=array_limits) if limit is None else Waiting(limit, array_limits)
        self.swarm = Swarm(
            Graph(len(self.letters), downstreams.values()),
            [(arrays or {}).get(letter, 0) for letter in self.letters],
            [attempts] * len(self.letters),
            waiting,
            done=self.numbers(done),
            active=dict.fromkeys(self.numbers(active), 1),
            **options,
        )

    def number(self, letter):
        return self.letters.index(letter)

    def numbers(self, letters):
        return [self.number(letter) for letter in letters]

    def began(self):
        return self.handle(Began())

    def done(self, letters):
        return self.handle(Done(self.numbers(letters)))

    def failed(self, letter, failure=Failure.APPLICATION):
        return self.handle(Failed(self.number(letter), failure))

    def handle(self, *events):
        return self.swarm.handle(*events)

    def launch(self, letters, array=0):
        """The command that starts these."""
        return Launch(array, self.numbers(letters))
