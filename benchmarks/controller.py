"""What a task costs the controller: its processor time and memory, in a run on the simulated cluster.

    python benchmarks/controller.py               10,000 and 100,000 tasks on SQLite
    python benchmarks/controller.py --million     1,000,000 too
    python benchmarks/controller.py --profile 10000

Three phases with 2.4 edges a task. As many commands run at a time as `slots` says, and end together, so that so many
tasks share a turn; the whole takes 200 simulated seconds. Small turns show what a turn costs by itself; in a real run
the next turn grows while one is written.

Binding, the run, and the cluster by itself are a process each. What the cluster takes by itself for the same tasks is
subtracted, in time and in memory; what is left is all of the controller: plan, swarm, engine, store and SQLite.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import tempfile
import time

import bind
import workbench

COLUMNS = ("tasks", "slots", "run cpu s", "cluster cpu s", "cpu ms/task", "peak MB", "cluster MB", "net MB")
LASTS = 200.0  # simulated seconds


def main() -> None:
    asked = _parser().parse_args()
    if asked.one:
        print(json.dumps(measure(**json.loads(asked.one))))
    elif asked.profile:
        profile(asked.profile)
    else:
        sizes = [10_000, 100_000, *([1_000_000] if asked.million else [])]
        workbench.show_head(COLUMNS)
        for tasks, slots in [*((size, size // 20) for size in sizes), (10_000, 50), (10_000, 5)]:
            workbench.show(COLUMNS, compared(tasks, slots))


def compared(tasks: int, slots: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        asked = {"folder": folder, "tasks": tasks, "slots": slots}
        workbench.in_a_process(__file__, what="bind", **asked)
        run = workbench.in_a_process(__file__, what="run", **asked)
        cluster = workbench.in_a_process(__file__, what="cluster", **asked)
    cluster_memory = cluster["peak MB"] - cluster["before MB"]
    return {
        "tasks": tasks,
        "slots": slots,
        "run cpu s": run["cpu s"],
        "cluster cpu s": cluster["cpu s"],
        "cpu ms/task": (run["cpu s"] - cluster["cpu s"]) / tasks * 1000,
        "peak MB": run["peak MB"],
        "cluster MB": cluster_memory,
        "net MB": run["peak MB"] - cluster_memory,
    }


def measure(what: str, folder: str, tasks: int, slots: int) -> dict[str, float]:
    import jobmon_airflow.engine.session
    import jobmon_airflow.testing  # noqa: F401 - both loaded before the clock starts, whatever is measured

    match what:
        case "bind":
            bind.three_phases(tasks, workbench.new_database(folder))[0].bind()
            return {}
        case "run":
            session, clock, cluster = prepared(folder, tasks, slots)
            work = lambda: _run(session, clock, cluster, tasks)  # noqa: E731
        case _:
            work = lambda: cluster_alone(tasks, slots)  # noqa: E731
    before = _peak()
    began = time.process_time()
    work()
    return {"cpu s": time.process_time() - began, "peak MB": _peak(), "before MB": before}


def prepared(folder: str, tasks: int, slots: int):
    """A run of the workflow in this folder; all in one thread, in simulated time."""
    from jobmon_airflow.engine.session import Options, Session
    from jobmon_airflow.store.database import Database
    from jobmon_airflow.testing import SimulatedClock, SimulatedCluster

    clock = SimulatedClock()
    cluster = SimulatedCluster(clock, takes=LASTS * slots / tasks, slots=slots)
    session = Session(
        Database.open(f"sqlite:///{folder}/jobmon.db"),
        1,
        Options(timeout=1e9),
        distributors={"multiprocess": cluster},
        clock=clock,
        threaded=False,
    )
    return session, clock, cluster


def cluster_alone(tasks: int, slots: int) -> None:
    """As many jobs, without a controller: the first phase at once, then as many as have ended."""
    from jobmon_airflow.distributors.protocol import Attempt, Batch, Ended
    from jobmon_airflow.resources import Resources
    from jobmon_airflow.testing.behaviour import Behaviour
    from jobmon_airflow.testing.state import ClusterState

    state = ClusterState(Behaviour(takes=LASTS * slots / tasks), slots=slots)
    mailbox = state.connect()
    asked = Resources.parse({"memory": "1G", "runtime": "10m"})
    submitted = ended = 0
    wanted = tasks // 5
    while ended < tasks:
        attempts = [
            Attempt(number, number, f"transform location-{number}_year-1990_sex-1", f"transform.py {number}")
            for number in range(submitted, min(tasks, submitted + wanted))
        ]
        if attempts:
            batch = Batch(
                token=f"jobmon-{submitted}",
                workflow_id=1,
                workflow_run_id=1,
                array="transform",
                resources=asked,
                attempts=attempts,
            )
            state.submit(batch, mailbox)
            submitted += len(attempts)
        state.advance(state.next_event())
        wanted = sum(isinstance(news, Ended) for news in mailbox.take(state.time))
        ended += wanted


def profile(tasks: int) -> None:
    """Where the time goes."""
    import cProfile
    import pstats

    with tempfile.TemporaryDirectory() as folder:
        measure("bind", folder, tasks, tasks // 20)
        session, clock, cluster = prepared(folder, tasks, tasks // 20)
        profiler = cProfile.Profile()
        profiler.runcall(_run, session, clock, cluster, tasks)
        pstats.Stats(profiler).sort_stats("tottime").print_stats(40)


def _run(session, clock, cluster, tasks: int) -> None:
    result = clock.run(session.run())
    assert result.status == "D", result.status
    assert len(cluster.ends) == tasks, len(cluster.ends)


def _peak() -> float:
    gc.collect()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--million", action="store_true", help="measure 1,000,000 tasks too")
    parser.add_argument("--profile", type=int, metavar="TASKS", help="show where the time goes instead")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
