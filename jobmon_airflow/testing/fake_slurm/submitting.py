"""sbatch."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jobmon_airflow.testing.fake_slurm import words as command_line
from jobmon_airflow.testing.fake_slurm.faults import Fault
from jobmon_airflow.testing.fake_slurm.jobs import Request, indices_of
from jobmon_airflow.testing.fake_slurm.service import Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobmon_airflow.testing.fake_slurm.cluster import Cluster
    from jobmon_airflow.testing.fake_slurm.jobs import Partition
    from jobmon_airflow.testing.fake_slurm.service import Call
    from jobmon_airflow.testing.fake_slurm.words import Words

OPTIONS: Final = command_line.known(
    valued=(
        "account acctg-freq array batch bb bbf begin chdir cluster-constraint clusters comment constraint "
        "core-spec cores-per-socket cpu-freq cpus-per-gpu cpus-per-task deadline delay-boot dependency "
        "distribution error exclude export export-file extra-node-info gid gpu-bind gpu-freq gpus gpus-per- "
        "node gpus-per-socket gpus-per-task gres gres-flags hint input job-name licenses mail-type mail-user "
        "mcs-label mem mem-bind mem-per-cpu mem-per-gpu mincpus network nodefile nodelist nodes ntasks "
        "ntasks-per-core ntasks-per-gpu ntasks-per-node ntasks-per-socket open-mode output partition power "
        "prefer priority profile qos reservation signal sockets-per-node switches thread-spec threads-per- "
        "core time time-min tmp uid wait-all-nodes wckey wrap"
    ),
    flags=(
        "contiguous help hold ignore-pbs no-requeue overcommit oversubscribe parsable quiet reboot requeue spread-job "
        "test-only use-min-nodes verbose version wait"
    ),
    either="exclusive get-user-env kill-on-invalid-dep nice no-kill propagate resv-ports",
    short=(
        "A=account a=array C=constraint c=cpus-per-task D=chdir d=dependency e=error F=nodefile G=gpus H=hold i=input "
        "J=job-name L=licenses M=clusters m=distribution N=nodes n=ntasks O=overcommit o=output p=partition Q=quiet "
        "q=qos s=oversubscribe t=time V=version v=verbose W=wait w=nodelist x=exclude"
    ),
)
NO_SCRIPT: Final = """\
sbatch: error: This does not look like a batch script.  The first
sbatch: error: line must start with #! followed by the path to an interpreter.
sbatch: error: For instance: #!/bin/sh
"""
LIMIT: Final = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"
TIMED_OUT: Final = "Socket timed out on send/recv operation"


class Refused(Exception):
    """Why the job is not taken: complaints, and the last of them."""

    def __init__(self, why: str, *before: str) -> None:
        super().__init__(why)
        self.lines = [*before, f"Batch job submission failed: {why}"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be submitted."""

    array_size: int  #: one more than the largest index
    submit: int | None  #: elements of a user at a time
    memory: int  #: MB that a node has
    cpus: int  #: that a node has
    accounts: tuple[str, ...]
    qos: tuple[str, ...]


def sbatch(call: Call, cluster: Cluster, limits: Limits) -> Said:
    """Submit a job, as far as the faults let it be."""
    try:
        asked = command_line.read("sbatch", call.words, OPTIONS, stops=True)
    except command_line.Misspelled as error:
        return Said(err=f'{error}Try "sbatch --help" for more information\n', code=255)
    if "version" in asked:
        return Said(out="slurm-wlm 22.05.8\n")
    script = _script(call, asked)
    if not script.startswith(b"#!"):
        return Said(err=NO_SCRIPT, code=1)
    try:
        asked = _with_directives(asked, script)
        request = _request(call, asked, script, cluster, limits)
        return _submit(cluster, request, asked, limits)
    except command_line.Misspelled as error:
        return Said(err=f"{error}", code=255)
    except Refused as refused:
        return Said(err="".join(f"sbatch: error: {line}\n" for line in refused.lines), code=1)


def _submit(cluster: Cluster, request: Request, asked: Words, limits: Limits) -> Said:
    faults = cluster.faults
    _check_nodes(cluster, request)
    _check_submit_limit(cluster, request, limits)
    if "test-only" in asked:
        return Said(err=f"sbatch: Job 0 to start on n1 in partition {request.partition}\n")
    if faults.strikes(Fault.SBATCH_TIMES_OUT):
        raise Refused(TIMED_OUT)
    if (delay := faults.seconds(Fault.SBATCH_TIMES_OUT_AND_IS_TAKEN_LATER)) is not None:
        cluster.later(delay, lambda: cluster.submit(request))
        raise Refused(TIMED_OUT)
    job_id = cluster.submit(request)
    if faults.strikes(Fault.SBATCH_TIMES_OUT_THOUGH_TAKEN):
        raise Refused(TIMED_OUT)
    return Said(out=f"{job_id}\n" if "parsable" in asked else f"Submitted batch job {job_id}\n")


# --- the request --------------------------------------------------------------------------------------------------


def _script(call: Call, asked: Words) -> bytes:
    if "wrap" in asked:
        return f"#!/bin/sh\n# This script was created by sbatch --wrap.\n\n{asked.get('wrap')}\n".encode()
    if asked.others:
        return (Path(call.cwd) / asked.others[0]).read_bytes()
    return call.read_stdin()


_DIRECTIVE: Final = re.compile(rb"^#SBATCH\s+(.*)$")


def _with_directives(asked: Words, script: bytes) -> Words:
    """What the command line says wins over what the script's first lines say."""
    said = command_line.read("sbatch", _directives(script), OPTIONS)
    return command_line.Words({**said.options, **asked.options}, asked.others)


def _directives(script: bytes) -> Iterator[str]:
    for line in script.splitlines():
        if found := _DIRECTIVE.match(line):
            yield from shlex.split(found[1].decode(), comments=True)
        elif line.strip() and not line.startswith(b"#"):
            return


def _request(call: Call, asked: Words, script: bytes, cluster: Cluster, limits: Limits) -> Request:
    indices, throttle = _indices(asked, limits)
    partition = _partition(asked, cluster)
    cwd = str(Path(call.cwd) / asked.get("chdir", call.cwd))
    return Request(
        name=asked.get("job-name")
        or ("wrap" if "wrap" in asked else Path((*asked.others, "sbatch")[0]).name),
        script=script,
        arguments=asked.others[1:],
        environment=_exported(call, asked.get("export", "ALL")),
        cwd=cwd,
        uid=call.uid,
        indices=indices,
        is_array="array" in asked,
        throttle=throttle,
        partition=partition.name,
        account=_one_of(
            limits.accounts,
            asked.get("account"),
            "Invalid account or account/partition combination specified",
        ),
        qos=_one_of(limits.qos, asked.get("qos"), "Invalid qos specification"),
        minutes=_minutes(asked, partition),
        memory=_memory(asked, partition, limits),
        cpus=_cpus(asked, limits),
        output=asked.get("output") or ("slurm-%A_%a.out" if "array" in asked else "slurm-%j.out"),
        error=asked.get("error") or None,
        appends=asked.get("open-mode").startswith("a"),
        may_requeue="no-requeue" not in asked,
        is_held="hold" in asked or asked.get("priority") == "0",
        exclude=_nodes(asked.get("exclude"), cluster),
        nodelist=_nodes(asked.get("nodelist"), cluster),
        comment=asked.get("comment"),
    )


def _indices(asked: Words, limits: Limits) -> tuple[list[int], int]:
    if "array" not in asked:
        return [0], 0
    try:
        indices, throttle = indices_of(asked.get("array"))
    except ValueError:
        raise Refused("Invalid job array specification") from None
    if not indices or indices[-1] >= limits.array_size:
        raise Refused("Invalid job array specification")
    return indices, throttle


def _partition(asked: Words, cluster: Cluster) -> Partition:
    name = asked.get("partition") or next(iter(cluster.partitions))
    partition = cluster.partitions.get(name)
    if partition is None:
        raise Refused("Invalid partition name specified", f"invalid partition specified: {name}")
    if partition.state == "INACTIVE":
        raise Refused("Required partition not available (inactive or drain)")
    return partition


def _one_of(allowed: tuple[str, ...], name: str, otherwise: str) -> str:
    if name and name not in allowed:
        raise Refused(otherwise)
    return name or allowed[0]


def _minutes(asked: Words, partition: Partition) -> int | None:
    default = min(partition.default_minutes, partition.max_minutes or partition.default_minutes)
    try:
        minutes = command_line.minutes(asked.get("time")) if "time" in asked else default
    except ValueError:
        raise command_line.Misspelled("sbatch: error: Invalid --time specification\n") from None
    if partition.max_minutes is not None and (minutes is None or minutes > partition.max_minutes):
        raise Refused("Requested time limit is invalid (missing or exceeds some limit)")
    return minutes


def _memory(asked: Words, partition: Partition, limits: Limits) -> int | None:
    if "mem" not in asked:
        return None
    try:
        memory = command_line.megabytes(asked.get("mem"))
    except ValueError:
        raise command_line.Misspelled("sbatch: error: Invalid --mem specification\n") from None
    if partition.max_memory is not None and memory > partition.max_memory:
        raise Refused("Memory required by task is not available")
    if memory > limits.memory:
        raise Refused(
            "Requested node configuration is not available", "Memory specification can not be satisfied"
        )
    return memory


def _cpus(asked: Words, limits: Limits) -> int:
    cpus = int(asked.get("cpus-per-task", "1"))
    if cpus > limits.cpus:
        raise Refused("More processors requested than permitted")
    return cpus


def _nodes(written: str, cluster: Cluster) -> frozenset[str]:
    """Nodes of ``n1,n3`` or ``n[1-2,4]``."""
    nodes = set[str]()
    for prefix, ranges, plain in re.findall(r"(\w+)\[([\d,-]+)\]|([\w.-]+)", written):
        nodes |= {f"{prefix}{index}" for index in indices_of(ranges)[0]} if ranges else {plain}
    if unknown := nodes.difference(cluster.nodes):
        raise Refused("Invalid node name specified", f"invalid node {min(unknown)}")
    return frozenset(nodes)


def _exported(call: Call, wanted: str) -> dict[str, str]:
    """What the job finds of the environment of sbatch, by ``--export``."""
    names = wanted.split(",")
    given = dict(pair.split("=", 1) for pair in names if "=" in pair)
    if "ALL" in names:
        return {**call.environment, **given}
    return {name: call.environment[name] for name in names if name in call.environment} | given


# --- limits -------------------------------------------------------------------------------------------------------


def _check_nodes(cluster: Cluster, request: Request) -> None:
    if request.nodelist & request.exclude:
        raise Refused("Invalid node name specified")
    if not cluster.has_nodes_for(request):
        cluster.refuse(request)
        raise Refused("Requested node configuration is not available")


def _check_submit_limit(cluster: Cluster, request: Request, limits: Limits) -> None:
    """An array counts as all its elements, and is refused whole."""
    there = sum(
        len(array.waiting) + sum(not each.is_over for each in array.elements.values())
        for array in cluster.known()
        if array.request.uid == request.uid
    )
    is_over = limits.submit is not None and there + len(request.indices) > limits.submit
    if cluster.faults.strikes(Fault.SUBMIT_LIMIT) or is_over:
        raise Refused(LIMIT, "AssocGrpSubmitJobsLimit")
