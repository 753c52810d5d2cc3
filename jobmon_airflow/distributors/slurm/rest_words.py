"""What slurmrestd's JSON means, in all the shapes that its versions give it. Pure.

https://slurm.schedmd.com/rest_api.html describes the newest; v0.0.38 is Slurm 22.05's. Numbers became
``{"set": …, "infinite": …, "number": …}``, words became lists of words, exit codes became structures.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from jobmon_airflow.distributors.slurm import reading
from jobmon_airflow.distributors.slurm.limits import Association, Partition, narrowest
from jobmon_airflow.distributors.slurm.pieces import Piece
from jobmon_airflow.distributors.slurm.seam import Elements, QueueRow, Record, State
from jobmon_airflow.errors import ClusterUnreachable, InvalidSetting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Json = dict[str, Any]

PORT: Final = 6820
_VERSIONED: Final = re.compile(r"/slurm/(v\d+\.\d+\.(\d+))/ping/?$")
_VERSION: Final = re.compile(r"v\d+\.\d+\.(\d+)")
_NO_NUMBER: Final = frozenset({-1, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFE})

# --- address --------------------------------------------------------------------------------------------------------


def base(host: str, port: int | None) -> str:
    """The address of a slurmrestd; without a word about it, http and Slurm's own port."""
    address = host.rstrip("/")
    if "://" not in address:
        address = f"http://{address}"
    if not address.startswith(("http://", "https://")):
        raise InvalidSetting(
            f"'{address}' is no address of a slurmrestd.", remedy="Write a host, or https:// and a host."
        )
    if urlsplit(address).port is None and (port or address.startswith("http://")):
        address = f"{address}:{port or PORT}"
    return address


def headers(user: str | None, token: str | None) -> dict[str, str]:
    """Who asks, and the proof of it."""
    said = {"X-SLURM-USER-NAME": user, "X-SLURM-USER-TOKEN": token, "Accept": "application/json"}
    return {name: value for name, value in said.items() if value}


def newest_version(openapi: Json, where: str) -> str:
    """The newest version of the API that `/openapi/v3` lists."""
    found = [match for path in openapi.get("paths") or {} if (match := _VERSIONED.search(path))]
    if not found:
        raise ClusterUnreachable(
            f"{where} does not say which versions of Slurm's API it has.",
            remedy="Name one in the connection (api_version, such as v0.0.42), or is this no slurmrestd?",
        )
    return max(found, key=lambda match: int(match[2]))[1]


def number_of(version: str) -> int:
    """38 of v0.0.38."""
    found = _VERSION.fullmatch(version)
    if found is None:
        raise InvalidSetting(
            f"'{version}' is no version of Slurm's API.", remedy="Write it as v0.0.42, or leave it out."
        )
    return int(found[1])


def up(answer: Json) -> Json | None:
    """The first of the controllers that answer a ping."""
    return next(
        (
            ping
            for ping in answer.get("pings") or []
            if ping.get("ping") == "UP" or ping.get("pinged") == "UP" or ping.get("responding") is True
        ),
        None,
    )


def complaints(answer: Json) -> str:
    """What went wrong, in Slurm's words."""
    said = (
        word
        for error in answer.get("errors") or []
        for word in (error.get("description"), error.get("error"))
        if word
    )
    return "; ".join(dict.fromkeys(map(str, said)))


# --- values ---------------------------------------------------------------------------------------------------------


def number(value: Any) -> int | None:
    """A number, if it is set and finite."""
    if isinstance(value, dict):
        value = None if not value.get("set", True) or value.get("infinite") else value.get("number")
    if isinstance(value, bool) or not isinstance(value, int | float) or value in _NO_NUMBER:
        return None
    return int(value)


def word(value: Any) -> str:
    """A state: the word, or the word of several that says most. Flags come after the state that they are about."""
    if not isinstance(value, list):
        return str(value or "")
    flags = [each for each in value[1:] if reading.state(each) is not State.UNKNOWN]
    return str(flags[0] if flags else value[0]) if value else ""


def exit_and_signal(value: Any) -> tuple[int, int]:
    """Exit code and signal of a raw status of wait(2), or of a structure."""
    if not isinstance(value, dict) or "number" in value:
        status = number(value) or 0
        return status >> 8, status & 0x7F
    signal = value.get("signal") or {}
    named = number(signal.get("signal_id", signal.get("id")))
    return number(value.get("return_code")) or 0, named or 0


def moment(value: Any) -> datetime | None:
    seconds = number(value)
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


# --- jobs -----------------------------------------------------------------------------------------------------------


def queue(jobs: Iterable[Json], user: str | None) -> list[QueueRow]:
    """The rows of one user; all, if none is named."""
    return [row for job in jobs if not user or job.get("user_name") == user for row in _queue_row(job)]


def _queue_row(job: Json) -> Iterator[QueueRow]:
    submitted, said = moment(job.get("submit_time")), word(job.get("job_state"))
    if submitted is None:
        return
    state = reading.state(said)
    code, signal = exit_and_signal(job.get("exit_code"))
    raw, name, reason = (
        number(job.get("job_id")),
        str(job.get("name") or ""),
        str(job.get("state_reason") or ""),
    )
    indices = _indices(job, name)
    yield QueueRow(
        job_id=number(job.get("array_job_id")) or raw or 0,
        elements=indices or Elements((range(1),)),
        name=name,
        state=state,
        word=said,
        reason="" if reason in reading.NOWHERE else reason,
        node=str(job.get("batch_host") or "") or reading.first_node(str(job.get("nodes") or "")),
        submitted=submitted,
        restarts=number(job.get("restart_cnt")) or 0,
        raw_id=raw,
        is_whole=indices is None,
        exit_code=code if state.is_over else None,
        signal=signal if state.is_over and signal else None,
    )


def _indices(job: Json, name: str) -> Elements | None:
    """The elements of an array that the row is about; None if there are none."""
    written = str(job.get("array_task_string") or "")
    if written:
        return reading.elements(written) or _all_from(written, name)
    element = number(job.get("array_task_id"))
    return (
        None
        if element is None or not number(job.get("array_job_id"))
        else Elements((range(element, element + 1),))
    )


def _all_from(written: str, name: str) -> Elements | None:
    """What a list may hold that slurmrestd has cut: its whole words, and all that may come after them."""
    words = written.strip("[]").partition("%")[0].removesuffix("...").split(",")[:-1]
    piece = Piece.named(name)
    begun = reading.elements(",".join(words)) if words else Elements(())
    if piece is None or begun is None:
        return None
    after = max(begun, default=-1) + 1
    return Elements((*begun.ranges, range(after, max(after, piece.size))))


# --- accounting -----------------------------------------------------------------------------------------------------


def accounting(jobs: Iterable[Json], user: str | None, ids: frozenset[int] | None) -> list[Record]:
    """The records of one user, or of some arrays; what waits is left out."""
    return [
        record
        for job in jobs
        if ids is not None or not user or job.get("user") == user
        for record in _records(job)
        if ids is None or record.job_id in ids
    ]


def _records(job: Json) -> Iterator[Record]:
    times, array, status = job.get("time") or {}, job.get("array") or {}, job.get("state") or {}
    said, submitted = word(status.get("current")), moment(times.get("submission"))
    state = reading.state(said)
    if submitted is None or state is State.PENDING:
        return
    steps = job.get("steps") or []
    code, signal = exit_and_signal(job.get("exit_code"))
    nodes = str(job.get("nodes") or "")
    element = number(array.get("task_id"))
    indices = (
        reading.elements(str(array.get("task") or ""))
        if element is None
        else Elements((range(element, element + 1),))
    )
    for each in indices or Elements((range(1),)):
        yield Record(
            job_id=number(array.get("job_id")) or number(job.get("job_id")) or 0,
            element=each,
            name=str(job.get("name") or ""),
            state=state,
            word=said,
            exit_code=_trusted(code, state),
            signal=signal or None,
            node="" if nodes in reading.NOWHERE else reading.first_node(nodes),
            submitted=submitted,
            is_whole=indices is None,
            ran=float(number(times.get("elapsed")) or 0),
            cpu=_seconds(times) or sum(_seconds(step.get("time") or {}) or 0.0 for step in steps),
            maxrss=max((_most_memory(step) for step in steps), default=0) or None,
            steps={
                name: reading.state(word(step.get("state")))
                for step in steps
                if (name := _step(step)) != "extern"
            },
            derived=exit_and_signal(job.get("derived_exit_code")),
        )


def _trusted(code: int, state: State) -> int | None:
    """22.05 says 0 of every code: what is not 0 is true, and 0 if it completed."""
    return code if code or state is State.COMPLETED else None


def _seconds(times: Json) -> float | None:
    """Of the CPU. 22.05 says nothing of a job's, and all of its steps'."""
    total = times.get("total")
    if not isinstance(total, dict):
        return None
    return (number(total.get("seconds")) or 0) + (number(total.get("microseconds")) or 0) / 1e6


def _step(step: Json) -> str:
    """``batch`` or ``0``, also of ``12.batch``."""
    return str((step.get("step") or {}).get("id", "")).rpartition(".")[2]


def _most_memory(step: Json) -> int:
    most = ((step.get("tres") or {}).get("requested") or {}).get("max") or []
    return max((number(each.get("count")) or 0 for each in most if each.get("type") == "mem"), default=0)


# --- limits ---------------------------------------------------------------------------------------------------------


def partitions(answer: Json) -> list[Partition]:
    """The queues of v0.0.38 and of later versions, which sort what they say into groups."""
    return [_partition(each) for each in answer.get("partitions") or []]


def _partition(said: Json) -> Partition:
    most, nodes, cpus = said.get("maximums") or {}, said.get("nodes") or {}, said.get("cpus") or {}
    minutes = number(most.get("time", said.get("max_time_limit")))
    memory = number(most.get("partition_memory_per_node", said.get("maximum_memory_per_node")))
    flags = [*(said.get("flags") or []), *(said.get("default_flags") or [])]
    return Partition(
        name=str(said.get("name")),
        is_default=any(str(flag).lower() == "default" for flag in flags),
        nodes=number(said.get("total_nodes", nodes.get("total") if isinstance(nodes, dict) else None)) or 0,
        cpus=number(said.get("total_cpus", cpus.get("total") if isinstance(cpus, dict) else None)) or 0,
        max_cpus_per_node=number(most.get("cpus_per_node", said.get("maximum_cpus_per_node"))),
        max_memory_per_node=None if not memory else memory * 2**20,
        max_seconds=None if minutes is None else minutes * 60.0,
    )


def largest_nodes(answer: Json) -> dict[str, tuple[int, int]]:
    """The most CPUs and the most bytes of memory of a node, by queue."""
    largest: dict[str, tuple[int, int]] = {}
    for node in answer.get("nodes") or []:
        for queue in node.get("partitions") or []:
            cpus, memory = largest.get(queue, (0, 0))
            has = number(node.get("cpus")) or 0, (number(node.get("real_memory")) or 0) * 2**20
            largest[queue] = max(cpus, has[0]), max(memory, has[1])
    return largest


def associations(answer: Json, cluster: str) -> list[Association]:
    """The associations of one cluster."""
    rows = answer.get("associations") or []
    return [_association(each) for each in rows if not cluster or each.get("cluster") == cluster]


def _association(said: Json) -> Association:
    jobs = (said.get("max") or {}).get("jobs") or {}
    default = (said.get("default") or {}).get("qos")
    return Association(
        account=str(said.get("account")),
        user=str(said.get("user") or ""),
        parent=str(said.get("parent_account") or ""),
        most=narrowest(number(jobs.get("total")), number((jobs.get("per") or {}).get("submitted"))),
        default_qos=str(default or ""),
        qos=tuple(said.get("qos") or ()),
    )


def qos(answer: Json) -> dict[str, int | None]:
    """The most that a user may have submitted at a time, by QOS."""
    rows = answer.get("qos") or answer.get("QOS") or []
    return {str(each.get("name")): _most_of_qos(each.get("limits") or {}) for each in rows}


def _most_of_qos(limits: Mapping[str, Any]) -> int | None:
    per = ((limits.get("max") or {}).get("jobs") or {}).get("per") or {}
    return narrowest(number(per.get("user")), number(per.get("account")))
