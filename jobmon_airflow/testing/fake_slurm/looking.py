"""squeue, sacct and sinfo: what the fake shows of its jobs and nodes."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import localtime, strftime
from typing import TYPE_CHECKING, Final

from jobmon_airflow.testing.fake_slurm import words as command_line
from jobmon_airflow.testing.fake_slurm.faults import Fault
from jobmon_airflow.testing.fake_slurm.jobs import now, written
from jobmon_airflow.testing.fake_slurm.processes import user_of
from jobmon_airflow.testing.fake_slurm.service import Said

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from jobmon_airflow.testing.fake_slurm.cluster import Cluster
    from jobmon_airflow.testing.fake_slurm.jobs import Array, Element, Run
    from jobmon_airflow.testing.fake_slurm.service import Call
    from jobmon_airflow.testing.fake_slurm.submitting import Limits
    from jobmon_airflow.testing.fake_slurm.words import Words

# --- squeue -------------------------------------------------------------------------------------------------------

SQUEUE: Final = command_line.known(
    valued="Format account format jobs name partition qos sort states user users nodelist clusters",
    flags="array noheader me all long version",
    short="A=account a=all h=noheader j=jobs l=long M=clusters n=name O=Format o=format p=partition q=qos r=array "
    "S=sort t=states u=user w=nodelist",
)
SHORT: Final = {
    "BOOT_FAIL": "BF", "CANCELLED": "CA", "COMPLETED": "CD", "COMPLETING": "CG", "FAILED": "F", "NODE_FAIL": "NF",
    "OUT_OF_MEMORY": "OOM", "PENDING": "PD", "PREEMPTED": "PR", "RUNNING": "R", "TIMEOUT": "TO",
}  # fmt: skip
LETTERS: Final = {
    "A": "JobID", "a": "Account", "B": "BatchHost", "C": "NumCPUs", "D": "NumNodes", "F": "ArrayJobID",
    "i": "JobArrayID", "j": "Name", "K": "ArrayTaskID", "k": "Comment", "l": "TimeLimit", "M": "TimeUsed",
    "m": "MinMemory", "N": "NodeList", "P": "Partition", "q": "QOS", "R": "ReasonList", "r": "Reason",
    "S": "StartTime", "T": "State", "t": "StateCompact", "U": "UserID", "u": "UserName", "V": "SubmitTime",
}  # fmt: skip
DEFAULT: Final = "%.18i %.9P %.8j %.8u %.2t %.10M %.6D %R"
HEADS: Final = {
    "i": "JOBID", "P": "PARTITION", "j": "NAME", "u": "USER", "t": "ST", "M": "TIME", "D": "NODES",
    "R": "NODELIST(REASON)",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A line of squeue: an element, or several that wait together."""

    array: Array
    element: Element | None
    waiting: tuple[int, ...] = ()
    state: str = "PENDING"
    ended: datetime | None = None

    @property
    def indices(self) -> tuple[int, ...]:
        return (self.element.index,) if self.element else self.waiting


def squeue(call: Call, cluster: Cluster) -> Said:
    """Show the queue."""
    asked = command_line.read("squeue", call.words, SQUEUE)
    rows, unknown = _chosen(_rows(cluster), asked, call, cluster)
    if unknown:
        return Said(err="slurm_load_jobs error: Invalid job id specified\n", code=1)
    if cluster.faults.strikes(Fault.SQUEUE_ANSWERS_HALF):
        rows = _half(rows)
    if "array" in asked:
        rows = [single for row in rows for single in _split(row)]
    lines = [_line(row, asked, call) for row in rows]
    head = [] if "noheader" in asked or asked.get("Format") else [_head(asked.get("format") or DEFAULT)]
    return Said(out="".join(f"{line}\n" for line in [*head, *lines]))


def _rows(cluster: Cluster) -> list[Row]:
    age = 0.0 if cluster.faults.strikes(Fault.SQUEUE_FORGETS) else cluster.min_job_age
    since = now() - timedelta(seconds=age)
    found = [row for array in cluster.known() for row in _rows_of(array)]
    return [row for row in found if row.ended is None or row.ended > since]


def _rows_of(array: Array) -> Iterator[Row]:
    if array.waiting:
        yield Row(array, None, tuple(array.waiting))
    elif array.cancelled is not None:
        yield Row(array, None, (), "CANCELLED", array.cancelled)
    elif array.refused is not None:
        yield Row(array, None, tuple(array.request.indices), "FAILED", array.refused)
    for element in array.elements.values():
        yield Row(array, element, (), element.state, element.ended if element.is_over else None)


def _split(row: Row) -> Iterator[Row]:
    if row.waiting:
        yield from (Row(row.array, None, (index,), row.state, row.ended) for index in row.waiting)
    else:
        yield row


def _half(rows: Sequence[Row]) -> list[Row]:
    """The first half of all elements, however many of them are in one row."""
    singles = [single for row in rows for single in _split(row)]
    kept = singles[: len(singles) // 2]
    waiting = {
        array: [row.waiting[0] for row in kept if row.array is array and row.waiting]
        for array in _arrays(kept)
    }
    together = [Row(array, None, tuple(indices)) for array, indices in waiting.items() if indices]
    return [*together, *(row for row in kept if not row.waiting)]


def _arrays(rows: Iterable[Row]) -> list[Array]:
    return list(dict.fromkeys(row.array for row in rows))


def _chosen(rows: list[Row], asked: Words, call: Call, cluster: Cluster) -> tuple[list[Row], bool]:
    """The rows that are asked for, and whether a job was asked for that nobody knows."""
    states = set(filter(None, asked.get("states").upper().split(",")))
    if "ALL" not in states:
        rows = [
            row
            for row in rows
            if (row.state in states or SHORT[row.state] in states if states else row.ended is None)
        ]
    users = set(filter(None, (asked.get("user") or asked.get("users")).split(",")))
    if "me" in asked:
        users.add(user_of(call.uid))
    if users:
        rows = [row for row in rows if users & {user_of(row.array.request.uid), str(row.array.request.uid)}]
    for option, column in (
        ("name", "Name"),
        ("partition", "Partition"),
        ("account", "Account"),
        ("qos", "QOS"),
    ):
        if wanted := set(filter(None, asked.get(option).split(","))):
            rows = [row for row in rows if _column(row, column, call) in wanted]
    return _with_ids(rows, asked.get("jobs"), cluster)


def _with_ids(rows: list[Row], written_ids: str, cluster: Cluster) -> tuple[list[Row], bool]:
    ids = list(filter(None, written_ids.split(",")))
    if not ids:
        return rows, False
    # One unknown job is an error, several are silence.
    unknown = len(ids) == 1 and "_" not in ids[0] and cluster.find(int(ids[0])) is None
    return [row for row in rows if _is_one_of(row, ids)], unknown


def _is_one_of(row: Row, ids: Iterable[str]) -> bool:
    labels = {str(row.array.job_id), *(f"{row.array.job_id}_{index}" for index in row.indices)}
    if row.element is not None:
        labels.add(str(row.element.raw_id))
    return not labels.isdisjoint(ids)


_LETTER: Final = re.compile(r"%(\.?)(\d*)([a-zA-Z])")
_NAMED: Final = re.compile(r"([\w-]+)(?::(\.?)(\d*)([^,\d]*))?")


def _line(row: Row, asked: Words, call: Call) -> str:
    if asked.get("Format"):
        return "".join(_cell(row, part, call) for part in asked.get("Format").split(","))

    def cell(found: re.Match[str]) -> str:
        return _sized(_column(row, LETTERS[found[3]], call), found[1], found[2])

    return _LETTER.sub(cell, asked.get("format") or DEFAULT)


def _cell(row: Row, part: str, call: Call) -> str:
    """A column of -O: 20 characters wide, unless a suffix or a width is written after a colon."""
    name, colon, how = part.partition(":")
    found = re.fullmatch(r"(\.?)(\d*)(.*)", how)
    assert found is not None
    width = found[2] or ("" if colon else "20")
    return _sized(_column(row, name, call), found[1], width) + found[3]


def _sized(text: str, right: str, width: str) -> str:
    if not width:
        return text
    return (text.rjust if right else text.ljust)(int(width))[: int(width)]


def _head(format_: str) -> str:
    return _LETTER.sub(
        lambda found: _sized(HEADS.get(found[3], LETTERS[found[3]].upper()), found[1], found[2]), format_
    )


def _column(row: Row, name: str, call: Call) -> str:
    array, element, request = row.array, row.element, row.array.request
    run = element.runs[-1] if element is not None and element.runs else None
    if element is not None and element.state == "PENDING":
        run = None  # it was put back, and has no node now
    columns = {name.lower(): value for name, value in _columns(row, array, element, run, call).items()}
    columns |= {
        "account": request.account,
        "comment": request.comment or "(null)",
        "minmemory": f"{request.memory or 64}M",
        "name": request.name,
        "numcpus": str(request.cpus),
        "numnodes": "1",
        "partition": request.partition,
        "qos": request.qos,
        "timelimit": duration(None if request.minutes is None else request.minutes * 60),
        "userid": str(request.uid),
        "username": user_of(request.uid),
    }
    return columns[name.lower()]


def _columns(row: Row, array: Array, element: Element | None, run: Run | None, call: Call) -> dict[str, str]:
    index = written(row.indices, array.throttle if row.waiting else 0) if array.request.is_array else ""
    reason = element.why if element else array.reason
    node = run.node if run else ""
    submitted = array.submitted
    if element is not None and element.restarts:
        submitted = element.runs[-1].ended or submitted
    given_up = written(array.given_up) if array.request.is_array and row.element is None else ""
    some = f"[{index or given_up}]" if row.element is None else index
    label = f"{array.job_id}_{some}" if index or given_up else str(array.job_id)
    return {
        "ArrayJobID": str(array.job_id),
        "ArrayTaskID": index or "N/A",
        "BatchHost": node or "n/a",
        "exit_code": str(run.status if run and run.is_over else int(array.refused is not None)),
        "JobArrayID": label,
        "JobID": str(element.raw_id if element else array.job_id),
        "NodeList": node,
        "Reason": reason,
        "ReasonList": node or f"({reason})",
        "RestartCnt": str(element.restarts if element else 0),
        "StartTime": moment(run.started if run else None, call, "N/A"),
        "State": row.state,
        "StateCompact": SHORT[row.state],
        "SubmitTime": moment(submitted, call),
        "TimeUsed": duration(_seconds(run) if run else 0),
    }


def _seconds(run: Run) -> int:
    return int(((run.ended or now()) - run.started).total_seconds())


def moment(when: datetime | None, call: Call, otherwise: str = "Unknown") -> str:
    """A time as Slurm writes it, in the zone of whoever asks."""
    if when is None:
        return otherwise
    if call.environment.get("TZ", "").startswith("UTC"):
        return f"{when:%Y-%m-%dT%H:%M:%S}"
    return strftime("%Y-%m-%dT%H:%M:%S", localtime(when.timestamp()))


def duration(seconds: float | None, *, full: bool = False) -> str:
    """``1-00:00:00``, ``1:00:00`` or ``0:09``; with ``full`` hours and minutes have two digits always."""
    if seconds is None:
        return "UNLIMITED"
    minutes, secs = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}-{hours:02}:{minutes:02}:{secs:02}"
    if full:
        return f"{hours:02}:{minutes:02}:{secs:02}"
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"


# --- sacct --------------------------------------------------------------------------------------------------------

SACCT: Final = command_line.known(
    valued="accounts endtime format jobs name partition qos starttime state uid user delimiter clusters units",
    flags="allocations allusers duplicates long noheader parsable parsable2 truncate version",
    short="A=accounts a=allusers D=duplicates E=endtime j=jobs l=long M=clusters n=noheader o=format P=parsable2 "
    "p=parsable r=partition S=starttime s=state T=truncate u=user X=allocations",
)
SACCT_DEFAULT: Final = "JobID,JobName,Partition,Account,AllocCPUS,State,ExitCode"
DISABLED: Final = "Slurm accounting storage is disabled\n"
REFUSED: Final = """\
sacct: error: slurm_persist_conn_open_without_init: failed to open persistent connection to host:127.0.0.1:6819: \
Connection refused
sacct: error: Sending PersistInit msg: Connection refused
sacct: error: Problem talking to the database: Connection refused
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What accounting has of a run, or of what waits or was cancelled while it did."""

    array: Array
    label: str
    raw_id: int
    run: Run | None = None
    state: str
    by: int | None = None  #: uid of who cancelled it
    submitted: datetime


def sacct(call: Call, cluster: Cluster) -> Said:
    """Show what accounting knows: elements that were begun, jobs that were cancelled before that, and what waits."""
    asked = command_line.read("sacct", call.words, SACCT)
    if cluster.faults.strikes(Fault.ACCOUNTING_DISABLED):
        return Said(err=DISABLED, code=1)
    if cluster.faults.strikes(Fault.ACCOUNTING_REFUSED):
        return Said(err=REFUSED, code=1)
    entries = [
        entry
        for array in cluster.arrays
        if _is_accounted(array, asked, call)
        for entry in _entries(array, asked)
    ]
    entries = _without_the_latest(entries, cluster)
    if cluster.faults.strikes(Fault.SACCT_ANSWERS_HALF):
        entries = entries[: len(entries) // 2]
    names = (asked.get("format") or SACCT_DEFAULT).split(",")
    rows = [
        [row.get(name.partition("%")[0].lower(), "") for name in names]
        for row in _account_rows(entries, asked, call)
    ]
    return Said(
        out="".join(_account_line(row, asked) for row in ([] if "noheader" in asked else [names]) + rows)
    )


def _is_accounted(array: Array, asked: Words, call: Call) -> bool:
    users = set(filter(None, asked.get("user").split(",")))
    if users and not users & {user_of(array.request.uid), str(array.request.uid)}:
        return False
    names = set(filter(None, asked.get("name").split(",")))
    if names and array.request.name not in names:
        return False
    ids = [label.partition(".")[0].partition("_")[0] for label in asked.get("jobs").split(",") if label]
    raw_ids = {str(each.raw_id) for each in array.elements.values()}
    if ids and not {str(array.job_id), *raw_ids}.intersection(ids):
        return False
    since = asked.get("starttime")
    is_utc = call.environment.get("TZ", "").startswith("UTC")
    ends = [each.ended for each in array.elements.values() if each.ended] if array.is_over else [now()]
    return not since or max([*ends, array.submitted]) >= _read_moment(since, is_utc=is_utc)


def _read_moment(text: str, *, is_utc: bool) -> datetime:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return now().replace(hour=0, minute=0, second=0)  # today, as without any
    return read.replace(tzinfo=now().tzinfo) if is_utc else read.astimezone()


def _entries(array: Array, asked: Words) -> Iterator[Entry]:
    """What never began, and could not have begun, is shown only to who asks for its job by its id."""
    is_plain, may_begin = not array.request.is_array, not array.request.is_held
    is_shown = bool(asked.get("jobs")) or (is_plain and may_begin)
    for element in array.elements.values():
        yield from _runs(element, asked)
        if element.state == "PENDING" or element.cancelled_by is not None:
            yield from [_unbegun(element)] if element.runs or is_shown else []
    if array.waiting and is_shown:
        label = f"{array.job_id}_[{written(array.waiting, array.throttle)}]"
        yield _waiting(array, str(array.job_id) if is_plain else label, "PENDING", None)
    if array.cancelled is not None and is_shown:
        yield _waiting(array, f"{array.job_id}_[{written(array.given_up)}]", "CANCELLED", array.cancelled_by)
    if array.refused is not None and is_shown:
        label = f"{array.job_id}_[{written(array.request.indices)}]"
        yield _waiting(array, str(array.job_id) if is_plain else label, "FAILED", None)


def _runs(element: Element, asked: Words) -> Iterator[Entry]:
    """All runs, or only the last one, which is none while it waits for another."""
    shown = element.runs if "duplicates" in asked else element.runs[-1:] if element.state != "PENDING" else []
    for run in shown:
        yield Entry(
            array=element.array,
            label=element.label,
            raw_id=element.raw_id,
            run=run,
            state=run.state,
            by=run.by,
            submitted=run.submitted,
        )


def _unbegun(element: Element) -> Entry:
    return Entry(
        array=element.array,
        label=element.label,
        raw_id=element.raw_id,
        state=element.state,
        by=element.cancelled_by,
        submitted=element.runs[-1].ended or element.array.submitted
        if element.runs
        else element.array.submitted,
    )


def _waiting(array: Array, label: str, state: str, by: int | None) -> Entry:
    return Entry(array=array, label=label, raw_id=array.job_id, state=state, by=by, submitted=array.submitted)


def _without_the_latest(entries: list[Entry], cluster: Cluster) -> list[Entry]:
    """What happened within the lag is not in the database yet."""
    lag = cluster.faults.seconds(Fault.SACCT_LAGS)
    if lag is None:
        return entries
    before = now() - timedelta(seconds=lag)
    return [entry for entry in entries if entry.run and entry.run.ended and entry.run.ended < before]


def _account_rows(entries: Iterable[Entry], asked: Words, call: Call) -> Iterator[dict[str, str]]:
    for entry in entries:
        job = _account_row(entry, call)
        yield job
        if "allocations" not in asked and entry.run is not None and entry.run.state != "BOOT_FAIL":
            yield _batch_row(job, entry.run)


def _account_row(entry: Entry, call: Call) -> dict[str, str]:
    run, request, state = entry.run, entry.array.request, entry.state
    by = "" if entry.by is None else f" by {entry.by}"
    seconds, refused = _seconds(run) if run else 0, int(entry.array.refused is not None)
    return {
        "account": request.account,
        "alloccpus": str(request.cpus),
        "allocnodes": "1",
        "comment": request.comment,
        "cputimeraw": str(seconds * request.cpus),
        "derivedexitcode": "0:0",
        "elapsed": duration(seconds, full=True),
        "elapsedraw": str(seconds),
        "end": moment(run.ended if run else None, call),
        "exitcode": _exit_code(run) if run and state in ("FAILED", "COMPLETED") else f"{refused}:0",
        "jobid": entry.label,
        "jobidraw": str(entry.raw_id),
        "jobname": request.name,
        "nnodes": "1",
        "nodelist": run.node if run else "None assigned",
        "partition": request.partition,
        "qos": request.qos,
        "reqmem": f"{request.memory or 64}M",
        "start": moment(run.started if run else None, call),
        "state": f"{state}{by}",
        "submit": moment(entry.submitted, call),
        "timelimit": duration(None if request.minutes is None else request.minutes * 60, full=True),
        "totalcpu": "00:00:00",
        "uid": str(request.uid),
        "user": user_of(request.uid),
    }


def _batch_row(job: Mapping[str, str], run: Run) -> dict[str, str]:
    own = {
        "jobid": f"{job['jobid']}.batch",
        "jobidraw": f"{job['jobidraw']}.batch",
        "jobname": "batch",
        "state": _batch_state(run),
        "exitcode": "" if run.state == "NODE_FAIL" else _exit_code(run) if run.is_over else "0:0",
        "derivedexitcode": "",
        "submit": job["start"],
        "maxrss": "0" if run.is_over else "",
        **dict.fromkeys(("partition", "user", "uid", "qos", "timelimit", "reqmem", "comment"), ""),
    }
    return {**job, **own}


def _batch_state(run: Run) -> str:
    if not run.is_over:
        return "RUNNING"
    if run.state == "NODE_FAIL" or run.status & 0x7F:
        return "CANCELLED"
    return "FAILED" if run.status else "COMPLETED"


def _exit_code(run: Run) -> str:
    """As sacct of 22.05 has it, which takes 128 off codes from there on."""
    code, signal = run.status >> 8, run.status & 0x7F
    return f"0:{signal}" if signal else f"{code - 128 if code >= 128 else code}:0"


def _account_line(cells: Sequence[str], asked: Words) -> str:
    if "parsable2" in asked:
        return asked.get("delimiter", "|").join(cells) + "\n"
    if "parsable" in asked:
        return "".join(f"{cell}|" for cell in cells) + "\n"
    return "".join(f"{cell if len(cell) <= 10 else cell[:9] + '+':>10} " for cell in cells) + "\n"


# --- sinfo --------------------------------------------------------------------------------------------------------

SINFO: Final = command_line.known(
    valued="format Format nodes partition states clusters sort",
    flags="all exact noheader Node long summarize responding version",
    short="a=all e=exact h=noheader l=long N=Node n=nodes o=format p=partition s=summarize t=states",
)


def sinfo(call: Call, cluster: Cluster, limits: Limits) -> Said:
    """Show the nodes, by partition and state; a line for each with -N."""
    asked = command_line.read("sinfo", call.words, SINFO)
    format_ = asked.get("format") or "%P %a %l %D %t %N"
    partitions = [name for name in cluster.partitions if name in (asked.get("partition") or name).split(",")]
    lines = (
        _LETTER.sub(lambda found, cells=cells: _sized(cells[found[3]], found[1], found[2]), format_)  # type: ignore[misc]
        for cells in _node_rows(cluster, limits, partitions, asked, format_)
    )
    return Said(out="".join(f"{line}\n" for line in dict.fromkeys(lines)))


def _node_rows(
    cluster: Cluster, limits: Limits, partitions: list[str], asked: Words, format_: str
) -> Iterator[dict[str, str]]:
    wanted = asked.get("nodes").split(",")
    states = {node: state for node, state in node_states(cluster).items() if wanted == [""] or node in wanted}
    by_state = re.search(r"%[.\d]*[TtN]", format_)
    groups = (
        [[node] for node in states] if "Node" in asked else _grouped(states) if by_state else [list(states)]
    )
    for name in partitions if re.search(r"%[.\d]*[RPal]", format_) or "Node" in asked else partitions[:1]:
        partition = cluster.partitions[name]
        for nodes in groups:
            yield {
                "a": partition.state.lower()[:5],
                "c": str(limits.cpus),
                "D": str(len(nodes)),
                "l": duration(None if partition.max_minutes is None else partition.max_minutes * 60),
                "m": str(limits.memory),
                "N": ",".join(nodes),
                "P": f"{name}*" if name == next(iter(cluster.partitions)) else name,
                "R": name,
                "T": states[nodes[0]],
                "t": {"allocated": "alloc", "drained": "drain", "draining": "drng", "mixed": "mix"}.get(
                    states[nodes[0]], states[nodes[0]]
                ),
            }


def _grouped(states: Mapping[str, str]) -> list[list[str]]:
    return [[node for node in states if states[node] == state] for state in dict.fromkeys(states.values())]


def node_states(cluster: Cluster) -> dict[str, str]:
    """The states of all nodes, as Slurm calls them."""
    busy = Counter(run.node for run in cluster.begun if not run.is_over)
    return {node: _node_state(state, busy[node], cluster.slots) for node, state in cluster.nodes.items()}


def _node_state(state: str, busy: int, slots: int) -> str:
    if state == "down":
        return "down"
    if state == "drain":
        return "draining" if busy else "drained"
    return "allocated" if busy >= slots else "mixed" if busy else "idle"
