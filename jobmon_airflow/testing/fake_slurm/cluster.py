"""The fake's slurmctld and slurmds: which job runs where, and how it ends."""

from __future__ import annotations

import signal
from collections import Counter
from threading import RLock, Thread
from typing import TYPE_CHECKING, Final

from jobmon_airflow.testing.fake_slurm import processes
from jobmon_airflow.testing.fake_slurm.agenda import Agenda
from jobmon_airflow.testing.fake_slurm.faults import Fault
from jobmon_airflow.testing.fake_slurm.jobs import Array, Element, Partition, Run, now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from jobmon_airflow.testing.fake_slurm.faults import Faults
    from jobmon_airflow.testing.fake_slurm.jobs import Request

WHY: Final = {"TIMEOUT": "TimeLimit", "NODE_FAIL": "NodeDown"}  #: what ended it, in the reason's column
SAID: Final = {
    "TIMEOUT": " DUE TO TIME LIMIT",
    "PREEMPTED": " DUE TO PREEMPTION",
    "REQUEUED": " DUE TO JOB REQUEUE",
    "NODE_FAIL": " DUE TO NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS",
}


class Cluster:
    """Jobs, nodes and slots. Every method may be called from any thread."""

    def __init__(
        self,
        folder: Path,
        faults: Faults,
        *,
        name: str,
        nodes: int,
        slots: int,
        partitions: Sequence[Partition],
        kill_wait: float,
        requeue_after: float,
        min_job_age: float,
    ) -> None:
        self.lock = RLock()
        self.folder, self.faults, self.name = folder, faults, name
        self.slots, self.kill_wait, self.requeue_after = slots, kill_wait, requeue_after
        self.min_job_age = min_job_age
        self.partitions = {partition.name: partition for partition in partitions}
        self.nodes = {f"n{number}": "up" for number in range(1, nodes + 1)}  #: up, drain or down
        self.arrays: list[Array] = []
        self.forgotten: set[Array] = set()
        self.next_id = 1
        self.is_paused = False
        self.begun: list[Run] = []  #: every time that a script was started
        self._agenda = Agenda()
        self._watchers: set[Thread] = set()
        self._is_closed = False

    # --- submit -----------------------------------------------------------------------------------------------------

    def submit(self, request: Request) -> int:
        """Take a job, and begin what there is room for."""
        with self.lock:
            array = Array(
                self._new_id(),
                request,
                now(),
                request.throttle,
                sorted(request.indices),
                is_held=request.is_held,
            )
            array.reason = "JobHeldUser" if array.is_held else "Priority"
            script = self._script(array)
            script.parent.mkdir(parents=True)
            script.write_bytes(request.script)
            script.chmod(0o700)
            self.arrays.append(array)
            self.schedule()
            return array.job_id

    def refuse(self, request: Request) -> None:
        """Do not take a job that no node will ever hold; what is left of it is a row that looks like a failed job's."""
        with self.lock:
            array = Array(self._new_id(), request, now(), request.throttle, [], refused=now())
            array.reason = "BadConstraints"
            self.arrays.append(array)

    def has_nodes_for(self, request: Request) -> bool:
        """Whether there is a node, up or not, on which it may run."""
        return any(
            node not in request.exclude and (not request.nodelist or node in request.nodelist)
            for node in self.nodes
        )

    def _new_id(self) -> int:
        """The next id; ids that start again leave out those of jobs that are known."""
        taken = {each.raw_id for array in self.known() for each in array.elements.values()}
        taken.update(array.job_id for array in self.known())
        while self.next_id in taken:
            self.next_id += 1
        self.next_id += 1
        return self.next_id - 1

    def _script(self, array: Array) -> Path:
        """Ids may be used again, and scripts of old jobs may still run."""
        return self.folder / "spool" / f"{self.arrays_before(array)}-job{array.job_id:05}" / "slurm_script"

    def arrays_before(self, array: Array) -> int:
        return self.arrays.index(array) if array in self.arrays else len(self.arrays)

    # --- begin ------------------------------------------------------------------------------------------------------

    def schedule(self) -> None:
        """Begin what waits and may begin."""
        with self.lock:
            if self.is_paused or self._is_closed:
                return
            for array in self.known():
                if not array.is_held and self.partitions[array.request.partition].state == "UP":
                    self._begin(array)

    def _begin(self, array: Array) -> None:
        for index in self._ready(array):
            if array.throttle and array.running >= array.throttle:
                array.reason = "JobArrayTaskLimit"
                return
            node = self._free_node(array.request)
            if node is None:
                array.reason = "Resources"
                return
            self._start(array, index, node)

    def _ready(self, array: Array) -> list[int]:
        """Those that were put back, and those that were never begun."""
        back = [
            each.index
            for each in array.elements.values()
            if each.state == "PENDING" and each.reason != "BeginTime"
        ]
        return [*back, *array.waiting]

    def _free_node(self, request: Request) -> str | None:
        busy = Counter(run.node for run in self._running() if not run.is_lost)
        for node, state in self.nodes.items():
            is_wanted = node not in request.exclude and (not request.nodelist or node in request.nodelist)
            if state == "up" and is_wanted and busy[node] < self.slots:
                return node
        return None

    def _running(self) -> Iterator[Run]:
        return (run for run in self.begun if not run.is_over)

    def _start(self, array: Array, index: int, node: str) -> None:
        element = self._element(array, index)
        run = Run(element, node, element.runs[-1].ended or now() if element.runs else array.submitted, now())
        element.runs.append(run)
        element.state, element.reason = "RUNNING", "None"
        if self.faults.strikes(Fault.BOOT_FAIL):
            self._over(run, "BOOT_FAIL", 0)
            return
        try:
            environment = processes.environment(run, cluster=self.name, nodes=len(self.nodes))
            processes.start(run, self._script(array), environment)
        except processes.CannotLaunch as error:
            self._over(run, "FAILED", error.status)
            return
        self.begun.append(run)
        self._limit_time(run)
        self._thread(self._watch, run)

    def _element(self, array: Array, index: int) -> Element:
        """The element, which has a record of its own from now on; so has the last, which takes the array's own id."""
        if index in array.elements:
            return array.elements[index]
        array.waiting.remove(index)
        raw_id = self._new_id() if array.waiting else array.job_id
        array.elements[index] = Element(array, index, raw_id)
        if len(array.waiting) == 1:
            last = array.waiting.pop()
            array.elements[last] = Element(array, last, array.job_id)
        return array.elements[index]

    def _limit_time(self, run: Run) -> None:
        minutes = run.element.array.request.minutes
        if minutes is not None:
            self.later(minutes * 60, lambda: self.end(run, "TIMEOUT"))

    # --- end --------------------------------------------------------------------------------------------------------

    def _watch(self, run: Run) -> None:
        assert run.process is not None
        code = run.process.wait()
        if not run.is_over:
            processes.kill_children(run)  # nothing of a job outlives its script
        with self.lock:
            if not run.is_over:
                self._over(run, run.verdict or ("COMPLETED" if code == 0 else "FAILED"), _status(code))
                self.schedule()

    def end(self, run: Run, verdict: str, *, by: int | None = None) -> None:
        """End a run from outside: TERM for all its processes, KILL a moment later."""
        with self.lock:
            if run.is_over or run.verdict is not None:
                return
            run.verdict, run.by, run.element.state = verdict, by, "COMPLETING"
            self._say(run, verdict)
            processes.signal_all(run, signal.SIGTERM)
            self.later(self.kill_wait, lambda: processes.signal_all(run, signal.SIGKILL))

    def _over(self, run: Run, verdict: str, status: int) -> None:
        """It has ended, and is run again if that is what the verdict means."""
        element = run.element
        run.state, run.status, run.ended = verdict, status, now()
        again = verdict == "REQUEUED" or (
            verdict in ("NODE_FAIL", "PREEMPTED", "BOOT_FAIL") and element.array.request.may_requeue
        )
        if again:
            element.state, element.reason, element.restarts = "PENDING", "BeginTime", element.restarts + 1
            self.later(self.requeue_after, lambda: self._put_back(element))
        else:
            element.state, element.ended = verdict, run.ended
            element.reason = WHY.get(verdict) or ("None" if verdict != "FAILED" else _reason(status))

    def _put_back(self, element: Element) -> None:
        with self.lock:
            element.reason = "None"
            self.schedule()

    def _say(self, run: Run, verdict: str) -> None:
        """Leave in the job's log what slurmstepd leaves there."""
        if run.log is not None and run.log.parent.is_dir():
            with run.log.open("a", encoding="utf-8") as log:
                log.write(
                    f"slurmstepd-{run.node}: error: *** JOB {run.element.raw_id} ON {run.node} CANCELLED "
                    f"AT {now():%Y-%m-%dT%H:%M:%S}{SAID.get(verdict, '')} ***\n"
                )

    # --- what people, and fate, do ----------------------------------------------------------------------------------

    def cancel(self, array: Array, indices: Iterable[int] | None, *, by: int) -> None:
        """End elements of an array; all of them for None."""
        with self.lock:
            wanted = set(array.request.indices if indices is None else indices)
            for element in [each for index, each in array.elements.items() if index in wanted]:
                self._cancel(element, by)
            self._cancel_waiting(array, wanted, by)
            self.schedule()

    def _cancel(self, element: Element, by: int) -> None:
        if element.state == "PENDING":
            element.reason = element.why
            element.state, element.ended, element.cancelled_by = "CANCELLED", now(), by
        elif not element.is_over:
            self.end(element.run, "CANCELLED", by=by)

    def _cancel_waiting(self, array: Array, wanted: set[int], by: int) -> None:
        """Of elements that never began nothing is left; only if all that waits goes together there is a row of it.

        Accounting knows of that, too, when it is asked for the job by its id.
        """
        if array.waiting and not array.request.is_array:
            self._cancel(self._element(array, array.waiting[0]), by)
            return
        left = [index for index in array.waiting if index not in wanted]
        if array.waiting and not left:
            array.cancelled, array.cancelled_by, array.given_up = now(), by, array.waiting
        array.waiting = left

    def signal_batch(
        self, array: Array, indices: Iterable[int] | None, how: signal.Signals, *, by: int
    ) -> None:
        """``scancel --batch``: only the scripts' own processes get it, and a job that ends of it has failed.

        Slurm 22.05 has a fault here: a KILL to one element that waits takes all with it that wait.
        """
        with self.lock:
            wanted = set(array.request.indices if indices is None else indices)
            for index, element in array.elements.items():
                if index in wanted and not element.is_over:
                    processes.signal_batch(element.run, how) if element.runs else self._cancel(element, by)
            if how is signal.SIGKILL and wanted.intersection(array.waiting):
                self._cancel_waiting(array, set(array.waiting), by)

    def hold(self, array: Array, *, release: bool) -> None:
        with self.lock:
            array.is_held = not release
            array.reason = "None" if release else "JobHeldUser"
            self.schedule()

    def change_throttle(self, array: Array, at_a_time: int) -> None:
        with self.lock:
            array.throttle = at_a_time
            self.schedule()

    def lose_node(self, node: str) -> None:
        """Declare a node dead. What runs there goes on, which nobody here sees any more."""
        with self.lock:
            self.nodes[node] = "down"
            for run in [run for run in self._running() if run.node == node]:
                run.is_lost = True
                self._over(run, "NODE_FAIL", 0)
            self.schedule()

    def return_node(self, node: str) -> None:
        """It is back, and ends what it finds there of jobs that were given up."""
        with self.lock:
            self.nodes[node] = "up"
            self.end_lost(node)
            self.schedule()

    def end_lost(self, node: str) -> None:
        """End what still runs on a node of jobs that were given up."""
        with self.lock:
            for run in self.begun:
                if run.node == node and run.is_lost:
                    processes.signal_all(run, signal.SIGKILL)

    # --- what is known ----------------------------------------------------------------------------------------------

    def known(self) -> list[Array]:
        """What slurmctld remembers, the oldest first."""
        return [array for array in self.arrays if array not in self.forgotten]

    def find(self, job_id: int) -> tuple[Array, list[int] | None] | None:
        """The array of this id, or the element that has it; None if nothing has it."""
        for array in reversed(self.known()):
            if array.job_id == job_id:
                return array, None
            for element in array.elements.values():
                if element.raw_id == job_id:
                    return array, [element.index]
        return None

    def forget_ended(self) -> None:
        """Let slurmctld forget all that is over."""
        with self.lock:
            self.forgotten.update(array for array in self.arrays if array.is_over)

    def recycle_ids(self) -> None:
        """Let ids begin again, as if slurmctld had lost its state; accounting knows of the old ones."""
        with self.lock:
            self.forget_ended()
            self.next_id = 1

    # --- threads ----------------------------------------------------------------------------------------------------

    def later(self, seconds: float, what: Callable[[], object]) -> None:
        """Do it in so many seconds, unless all is over by then."""
        self._agenda.later(seconds, what)

    def _thread(self, what: Callable[[Run], None], run: Run) -> None:
        def act() -> None:
            what(run)
            with self.lock:
                self._watchers.discard(thread)

        thread = Thread(target=act, name=f"fake slurm job {run.element.label}", daemon=True)
        self._watchers.add(thread)
        thread.start()

    def close(self) -> None:
        """End everything that runs, on lost nodes too."""
        with self.lock:
            self._is_closed = True
            for run in self.begun:
                if run.process is not None and (run.is_lost or not run.is_over):
                    processes.signal_all(run, signal.SIGKILL)
            watchers = tuple(self._watchers)
        self._agenda.close()
        for thread in watchers:
            thread.join()


def _status(code: int) -> int:
    """The status of wait(2) that subprocess made its code of."""
    return -code if code < 0 else code << 8


def _reason(status: int) -> str:
    return "JobLaunchFailure" if status & 0x7F else "NonZeroExitCode"
