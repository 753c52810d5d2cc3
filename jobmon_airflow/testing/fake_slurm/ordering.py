"""scancel and scontrol: what people do to jobs and nodes of the fake."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING, Final, TypeAlias

from jobmon_airflow.testing.fake_slurm import words as command_line
from jobmon_airflow.testing.fake_slurm.jobs import indices_of, written
from jobmon_airflow.testing.fake_slurm.looking import duration, moment, node_states
from jobmon_airflow.testing.fake_slurm.processes import user_of
from jobmon_airflow.testing.fake_slurm.service import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from jobmon_airflow.testing.fake_slurm.cluster import Cluster
    from jobmon_airflow.testing.fake_slurm.jobs import Array, Element, Partition
    from jobmon_airflow.testing.fake_slurm.service import Call
    from jobmon_airflow.testing.fake_slurm.submitting import Limits

Chosen: TypeAlias = "tuple[Array, list[int] | None]"

# --- scancel ------------------------------------------------------------------------------------------------------

SCANCEL: Final = command_line.known(
    valued="account jobname name partition qos signal state user clusters",
    flags="batch ctld full hurry interactive me quiet verbose version",
    short="A=account b=batch f=full H=hurry i=interactive M=clusters n=name p=partition q=qos Q=quiet "
    "s=signal t=state u=user v=verbose",
)
SELECTS: Final = frozenset(
    {"name", "jobname", "user", "me", "state", "partition", "account", "qos", "nodelist"}
)


def scancel(call: Call, cluster: Cluster) -> Said:
    """Cancel jobs, or signal them. What is unknown is left alone, silently."""
    asked = command_line.read("scancel", call.words, SCANCEL)
    if not asked.others and not asked.options.keys() & SELECTS:
        return Said(err="scancel: error: No job identification provided\n", code=1)
    jobs = [found for label in asked.others if (found := chosen(cluster, label)) is not None]
    if not asked.others:
        jobs = [(array, None) for array in cluster.known()]
    for array, indices in jobs:
        if _is_meant(array, asked, call):
            _cancel(call, cluster, array, _in_state(array, indices, asked.get("state")), asked)
    return Said()


def _is_meant(array: Array, asked: command_line.Words, call: Call) -> bool:
    request = array.request
    wanted = (
        (asked.get("name") or asked.get("jobname"), request.name),
        (asked.get("user"), user_of(request.uid)),
        (user_of(call.uid) if "me" in asked else "", user_of(request.uid)),
        (asked.get("partition"), request.partition),
        (asked.get("account"), request.account),
        (asked.get("qos"), request.qos),
    )
    return all(value in ("", has) for value, has in wanted)


def _cancel(
    call: Call, cluster: Cluster, array: Array, indices: list[int] | None, asked: command_line.Words
) -> None:
    name = asked.get("signal").upper().removeprefix("SIG")
    if "batch" in asked or name not in ("", "KILL"):
        # Without --batch and --full other signals than KILL go to steps of srun only, which the fake has none of.
        if "batch" in asked or "full" in asked:
            cluster.signal_batch(array, indices, signal.Signals[f"SIG{name or 'TERM'}"], by=call.uid)
        return
    cluster.cancel(array, indices, by=call.uid)


def _in_state(array: Array, indices: list[int] | None, state: str) -> list[int] | None:
    if not state:
        return indices
    is_waiting = state.upper() in ("PENDING", "PD")
    wanted = (
        array.waiting
        if is_waiting
        else [i for i, each in array.elements.items() if each.state == state.upper()]
    )
    return [index for index in wanted if indices is None or index in indices]


def chosen(cluster: Cluster, label: str) -> Chosen | None:
    """The job, or the elements of it, that ``81``, ``81_3`` or ``81_[1-2,4]`` mean."""
    job_id, underscore, indices = label.partition("_")
    found = cluster.find(int(job_id)) if job_id.isdigit() else None
    if found is None or not underscore:
        return found
    return found[0], indices_of(indices)[0]


# --- scontrol -----------------------------------------------------------------------------------------------------

SCONTROL: Final = command_line.known(
    valued="clusters",
    flags="all details future oneliner quiet verbose version hide",
    short="a=all d=details o=oneliner V=version",
)
INVALID: Final = "Invalid job id specified"


def scontrol(call: Call, cluster: Cluster, limits: Limits) -> Said:
    """Show things and change them."""
    asked = command_line.read("scontrol", call.words, SCONTROL)
    verb, *words = (*asked.others, "")
    words = [word for word in words if word]
    if "version" in asked or verb == "version":
        return Said(out="slurm-wlm 22.05.8\n")
    if verb == "ping":
        return Said(out="Slurmctld(primary) at fake is UP\n")
    if verb == "show" and words:
        return _show(words, cluster, limits, call, on_one_line="oneliner" in asked)
    if verb == "update":
        return _update(dict(word.split("=", 1) for word in words), cluster)
    orders: Mapping[str, Callable[[Cluster, Chosen], str]] = {
        "hold": _hold,
        "release": _release,
        "requeue": _requeue,
    }
    if verb in orders:
        return _order(orders[verb], words, cluster)
    return Said(err=f"invalid keyword: {verb}\n", code=1)


def _order(order: Callable[[Cluster, Chosen], str], labels: Iterable[str], cluster: Cluster) -> Said:
    """Do it to each job; one that fails makes the command fail, after the others were done."""
    complaints = []
    for label in (label for word in labels for label in word.split(",")):
        found = chosen(cluster, label)
        complaints.append(order(cluster, found) if found else f"{INVALID} for job {label}\n")
    said = "".join(complaints)
    return Said(err=said, code=1 if said else 0)


def _hold(cluster: Cluster, job: Chosen) -> str:
    return _change(cluster, job[0], lambda array: cluster.hold(array, release=False))


def _release(cluster: Cluster, job: Chosen) -> str:
    return _change(cluster, job[0], lambda array: cluster.hold(array, release=True))


def _change(cluster: Cluster, array: Array, change: Callable[[Array], None]) -> str:
    """Change what waits of an array. Where nothing does Slurm complains, of "No error" if the rest still runs."""
    with cluster.lock:
        waiting = bool(array.waiting) or any(each.state == "PENDING" for each in array.elements.values())
        if not array.is_over:
            change(array)
        if waiting:
            return ""
        last = max(array.elements, default=0)
        if not array.request.is_array:
            return "" if not array.is_over else f"Job has already finished for job {array.job_id}\n"
        what = "Job has already finished" if array.is_over else "No error"
        return f"{array.job_id}_{min(array.elements, default=0)}-{last}: {what}\n"


def _requeue(cluster: Cluster, job: Chosen) -> str:
    array, indices = job
    with cluster.lock:
        runs = [
            each.run for i, each in array.elements.items() if each.runs and (indices is None or i in indices)
        ]
        alive = [run for run in runs if not run.is_over]
        if not array.request.may_requeue:
            return f"Requested operation is presently disabled for job {array.job_id}\n"
        if not alive:
            return f"Job is pending execution for job {array.job_id}\n"
        for run in alive:
            cluster.end(run, "REQUEUED")
        return ""


def _update(words: Mapping[str, str], cluster: Cluster) -> Said:
    said = {name.lower(): value for name, value in words.items()}
    if "nodename" in said:
        return _update_node(said["nodename"], said.get("state", "").lower(), cluster)
    found = chosen(cluster, said.get("jobid", ""))
    if found is None:
        return Said(err=f"{INVALID} for job {said.get('jobid', '')}\n", code=1)
    complaint = ""
    if "arraytaskthrottle" in said:
        at_a_time = int(said["arraytaskthrottle"])
        complaint = _change(cluster, found[0], lambda array: cluster.change_throttle(array, at_a_time))
    return Said(err=complaint, code=1 if complaint else 0)


def _update_node(node: str, state: str, cluster: Cluster) -> Said:
    if node not in cluster.nodes:
        return Said(err="slurm_update error: Invalid node name specified\n", code=1)
    if state in ("down", "fail"):
        cluster.lose_node(node)
        cluster.end_lost(node)  # slurmd is there, and is told
    elif state == "drain":
        cluster.nodes[node] = "drain"
    else:
        cluster.return_node(node)
    return Said()


# --- scontrol show --------------------------------------------------------------------------------------------------


def _show(words: Sequence[str], cluster: Cluster, limits: Limits, call: Call, *, on_one_line: bool) -> Said:
    what, *which = words
    if what.startswith("config"):
        return Said(out=_config(cluster, limits))
    if what.startswith("part"):
        shown = [each for each in cluster.partitions.values() if not which or each.name in which]
        return _records(
            [_partition(each, cluster, limits) for each in shown],
            on_one_line,
            f"Partition {' '.join(which)} not found",
        )
    if what.startswith("node"):
        nodes = [node for node in cluster.nodes if not which or node in which]
        return _records(
            [_node(node, cluster, limits) for node in nodes], on_one_line, f"Node {' '.join(which)} not found"
        )
    if what.startswith("job"):
        return _records(list(_jobs(which, cluster, call)), on_one_line, f"slurm_load_jobs error: {INVALID}")
    return Said(err=f"invalid entity: {what} for keyword: show\n", code=1)


def _records(records: list[dict[str, str]], on_one_line: bool, otherwise: str) -> Said:
    if not records:
        return Said(err=f"{otherwise}\n", code=1)
    between, after = (" ", "\n") if on_one_line else ("\n   ", "\n\n")
    texts = (between.join(f"{name}={value}" for name, value in record.items()) + after for record in records)
    return Said(out="".join(texts))


def _config(cluster: Cluster, limits: Limits) -> str:
    settings = {
        "AccountingStorageType": "accounting_storage/slurmdbd",
        "ClusterName": cluster.name,
        "EnforcePartLimits": "ALL",
        "KillWait": f"{cluster.kill_wait:g} sec",
        "MaxArraySize": str(limits.array_size),
        "MaxJobCount": "300000",
        "MaxJobId": "67043328",
        "MessageTimeout": "10 sec",
        "MinJobAge": f"{cluster.min_job_age:g} sec",
        "NEXT_JOB_ID": str(cluster.next_id),
        "SLURM_VERSION": "22.05.8",
    }
    return "Configuration data\n" + "".join(f"{name:<23} = {value}\n" for name, value in settings.items())


def _partition(partition: Partition, cluster: Cluster, limits: Limits) -> dict[str, str]:
    def time(minutes: int | None) -> str:
        return duration(None if minutes is None else minutes * 60, full=True)

    return {
        "PartitionName": partition.name,
        "AllowAccounts": "ALL",
        "Default": "YES" if partition.name == next(iter(cluster.partitions)) else "NO",
        "DefaultTime": time(partition.default_minutes),
        "MaxNodes": "UNLIMITED",
        "MaxTime": time(partition.max_minutes),
        "MaxCPUsPerNode": "UNLIMITED",
        "Nodes": ",".join(cluster.nodes),
        "State": partition.state,
        "TotalCPUs": str(limits.cpus * len(cluster.nodes)),
        "TotalNodes": str(len(cluster.nodes)),
        "MaxMemPerNode": "UNLIMITED" if partition.max_memory is None else str(partition.max_memory),
    }


def _node(node: str, cluster: Cluster, limits: Limits) -> dict[str, str]:
    state = node_states(cluster)[node].upper()
    return {
        "NodeName": node,
        "CPUTot": str(limits.cpus),
        "RealMemory": str(limits.memory),
        "State": {"DRAINED": "IDLE+DRAIN", "DRAINING": "MIXED+DRAIN"}.get(state, state),
        "Partitions": ",".join(cluster.partitions),
    }


def _jobs(labels: Sequence[str], cluster: Cluster, call: Call) -> Iterator[dict[str, str]]:
    wanted = (
        [chosen(cluster, label) for label in labels]
        if labels
        else [(array, None) for array in cluster.known()]
    )
    for array, indices in filter(None, wanted):
        if array.waiting and (indices is None or set(indices) & set(array.waiting)):
            yield _job(array, None, call)
        for index, element in array.elements.items():
            if indices is None or index in indices:
                yield _job(array, element, call)


def _job(array: Array, element: Element | None, call: Call) -> dict[str, str]:
    request, run = array.request, element.runs[-1] if element and element.runs else None
    which = (
        {"ArrayJobId": str(array.job_id), "ArrayTaskId": _task(array, element)} if request.is_array else {}
    )
    status = run.status if run else 0
    return {
        "JobId": str(element.raw_id if element else array.job_id),
        **which,
        "JobName": re.sub(r"\s", "_", request.name),
        "UserId": f"{user_of(request.uid)}({request.uid})",
        "Account": request.account,
        "QOS": request.qos,
        "JobState": element.state if element else "PENDING",
        "Reason": element.why if element else array.reason,
        "Requeue": str(int(request.may_requeue)),
        "Restarts": str(element.restarts if element else 0),
        "ExitCode": f"0:{signal_}" if (signal_ := status & 0x7F) else f"{status >> 8}:0",
        "TimeLimit": duration(None if request.minutes is None else request.minutes * 60, full=True),
        "SubmitTime": moment(array.submitted, call),
        "StartTime": moment(run.started if run else None, call),
        "EndTime": moment(run.ended if run else None, call),
        "Partition": request.partition,
        "NodeList": run.node if run else "",
        "BatchHost": run.node if run else "",
        "WorkDir": request.cwd,
        "StdOut": request.output,
    }


def _task(array: Array, element: Element | None) -> str:
    return str(element.index) if element else written(array.waiting, array.throttle)
