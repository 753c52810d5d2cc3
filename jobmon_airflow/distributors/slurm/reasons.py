"""Why Slurm lets a job wait, in words that help: what its own word means, and what one may do.

The words are those of https://slurm.schedmd.com/job_reason_codes.html.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Reason:
    """What a word means."""

    meaning: str
    remedy: str = ""  #: empty where waiting is all that is to be done


_WAIT: Final = "It begins by itself."
_LIMITS: Final = (
    "sacctmgr show assoc user=$USER format=account,qos,maxjobs,maxsubmit,grpjobs,grpsubmit shows the limits."
)

_KNOWN: Final[dict[str, Reason]] = {
    "None": Reason("Slurm has not looked at it yet", _WAIT),
    "Priority": Reason(
        "jobs of others, or older ones, come first", f"{_WAIT} `sprio -u $USER` shows the order."
    ),
    "Resources": Reason("its nodes are busy", f"{_WAIT} A job that asks for less finds room earlier."),
    "BeginTime": Reason("it was put back, and waits a moment before it begins again", _WAIT),
    "Cleaning": Reason("its node is being cleared after an earlier job", _WAIT),
    "Dependency": Reason(
        "it waits for another job", "Somebody gave it a dependency: `scontrol show job ID`."
    ),
    "DependencyNeverSatisfied": Reason(
        "it waits for a job that has failed", "It never begins. Cancel it: the task is tried again."
    ),
    "JobArrayTaskLimit": Reason(
        "so many tasks of its array run as may", "Raise max_concurrently_running; it is heeded at once."
    ),
    "JobHeldUser": Reason(
        "it is held: the workflow, or somebody, paused it", "scontrol release ID lets it begin."
    ),
    "JobHeldAdmin": Reason("an administrator holds it", "Ask them why."),
    "PartitionDown": Reason(
        "its partition is closed", "Wait until it is open again, or name another: queue, or fallback_queues."
    ),
    "PartitionInactive": Reason(
        "its partition takes no jobs",
        "Wait until it is open again, or name another: queue, or fallback_queues.",
    ),
    "PartitionNodeLimit": Reason(
        "it asks for more, or other, nodes than its partition has", "Ask for less, or name another queue."
    ),
    "PartitionTimeLimit": Reason(
        "it asks for more time than its partition allows", "Lower runtime, or name another queue."
    ),
    "ReqNodeNotAvail": Reason(
        "nodes that it needs are down, drained or reserved for maintenance",
        "`sinfo -R` and `scontrol show reservation` show which, and until when. A shorter runtime may end before.",
    ),
    "NodeDown": Reason("a node that it needs is down", "`sinfo -R` shows which."),
    "BadConstraints": Reason(
        "no node fits what it asks for",
        "It never begins. Correct constraint, gres or memory, then cancel it.",
    ),
    "Licenses": Reason("all licences that it needs are in use", _WAIT),
    "Reservation": Reason(
        "its reservation has not begun, or is full", "`scontrol show reservation` shows when it begins."
    ),
    "ReservationDeleted": Reason(
        "its reservation is gone", "Name another, or none: reservation in compute_resources."
    ),
    "InvalidAccount": Reason(
        "its account may not use the cluster any more", "Name another project (account)."
    ),
    "InvalidQOS": Reason("its QOS is not there, or not yours", "Name another qos."),
    "AccountNotAllowed": Reason("its account may not use this partition", "Name another project or queue."),
    "QOSNotAllowed": Reason("its QOS may not use this partition", "Name another qos or queue."),
    "AccountingPolicy": Reason("a limit of its account or QOS is reached", _LIMITS),
    "JobLaunchFailure": Reason(
        "its node could not start it",
        "Slurm has put it back. If it stays so: `scontrol show job ID`, and cancel it.",
    ),
    "launch failed requeued held": Reason(
        "its node could not start it, and Slurm holds it since",
        "Cancel it: the task is tried again elsewhere.",
    ),
    "job requeued in held state": Reason(
        "it was put back, and is held since", "scontrol release ID lets it begin; or cancel it."
    ),
    "Prolog": Reason("its node is being made ready", _WAIT),
    "MaxMemPerLimit": Reason(
        "it asks for more memory than is allowed", "Lower memory, or name another queue."
    ),
    "FedJobLock": Reason("the clusters of the federation decide which of them runs it", _WAIT),
}

_LIMIT: Final = re.compile(
    r"(?P<whose>QOS|Assoc)?(?P<scope>Grp|Max)(?P<what>\w+?)(?:Per(?P<per>User|Account|Job|Node))?(?:Limit)?"
)
_WHOSE: Final = {"QOS": "the QOS", "Assoc": "the account", None: "the account"}
_PER: Final = {
    "User": " for each user",
    "Account": " for each account",
    "Job": " for a job",
    "Node": " for a node",
}
_WHAT: Final = {
    "SubmitJobs": "submitted jobs",
    "SubmitJob": "submitted jobs",
    "Jobs": "running jobs",
    "Job": "running jobs",
    "Cpu": "cores",
    "CPU": "cores",
    "Mem": "memory",
    "Memory": "memory",
    "Node": "nodes",
    "GRES": "GPUs and the like",
    "WallDuration": "runtime",
    "Wall": "runtime",
    "Billing": "billed units",
}


def explained(word: str) -> Reason:
    """What a reason means; of a word that is not known, that it is Slurm's.

    >>> explained("QOSMaxJobsPerUserLimit").meaning
    'the QOS allows no more running jobs for each user'
    >>> explained("ReqNodeNotAvail, UnavailableNodes:n[1-2]").meaning
    'nodes that it needs are down, drained or reserved for maintenance'
    """
    cleaned = word.strip().strip("()")
    known = _KNOWN.get(cleaned) or _KNOWN.get(re.split(r"[,:(]", cleaned)[0].strip())
    return (
        known
        or _of_limit(cleaned)
        or Reason("Slurm says so", "https://slurm.schedmd.com/job_reason_codes.html")
    )


def _of_limit(word: str) -> Reason | None:
    """Most limits are called after whose they are, what they count and for whom."""
    found = _LIMIT.fullmatch(word)
    if found is None:
        return None
    whose, per = _WHOSE[found["whose"]], _PER.get(found["per"] or "", "")
    what = next((text for name, text in _WHAT.items() if found["what"].startswith(name)), found["what"])
    if found["per"] in {"Job", "Node"}:
        return Reason(f"it asks for more {what} than {whose} allows{per}", f"Ask for less. {_LIMITS}")
    return Reason(f"{whose} allows no more {what}{per}", f"{_WAIT} {_LIMITS}")
