"""Why Slurm did not take a job, and what to do about it: wait, look whether it was taken all the same, or ask for less.

Pure: Slurm's words in, an error out. https://slurm.schedmd.com/sbatch.html has no list of them; they are those of
https://github.com/SchedMD/slurm/blob/master/src/common/slurm_errno.c
"""

from __future__ import annotations

import re
from typing import Final

from jobmon_airflow.errors import ClusterError, ClusterIsFull, ClusterUnreachable, SubmissionRefused

_LIMIT: Final = re.compile(r"\b(?:Assoc|QOS|Max)[A-Z]\w+")
_PREFIX: Final = re.compile(r"^(?:[\w-]+: )?(?:error|fatal): (?:Batch job submission failed: )?")


class ArrayIsTooLarge(SubmissionRefused):
    """The cluster never takes an array of this size; a smaller one it may take."""

    def __init__(self, size: int, most: int, words: str) -> None:
        super().__init__(
            f"Slurm takes at most {most} elements at a time, and was given an array of {size}: {words}",
            remedy=f"Submit arrays of {most} elements or fewer, or ask the administrators for a higher limit.",
        )
        self.size, self.most = size, most


class SubmissionInDoubt(ClusterUnreachable):
    """Nobody knows whether the job was taken: look for its name before it is submitted again."""


# https://slurm.schedmd.com/resource_limits.html: how much may be submitted at a time. What waits there is let in later.
_FULL: Final = re.compile(r"\b(?:Assoc|QOS)\w*Submit\w*\b", re.IGNORECASE)

# Limits of one job, by a QOS with DenyOnLimit: the same job is refused for ever.
_TOO_MUCH: Final = re.compile(r"\b(?:Assoc|QOS)(?:Grp|Max|Min)\w+\b")

_POLICY: Final = "violates accounting/qos policy"

# slurmctld did not answer, or not in time. It may have taken the job before it fell silent.
_SILENT: Final = (
    "socket timed out",
    "unable to contact slurm controller",
    "temporarily unable to accept job",
    "resource temporarily unavailable",
    "connection refused",
    "connection timed out",
    "connection reset by peer",
    "connection failure",
    "no route to host",
    "host is unreachable",
    "network is unreachable",
    "temporary failure in name resolution",
    "zero bytes were transmitted or received",
    "message receive failure",
    "message send failure",
    "transport endpoint is not connected",
    "shutdown failed",
    "broken pipe",
    "standby mode",
    "insane message length",
    "unexpected message received",
    "protocol authentication error",
    "munge encode failed",
    "invalid authentication credential",
    "unable to establish controller machine",
    "could not establish a configuration source",
    "reconfiguration in progress",
    "try again later",
)

# Slurm's words, and what to change. The first that is found counts.
_NEVER: Final = (
    ("time limit is invalid", "Ask for less runtime, or name a queue that allows more."),
    ("time limit specification", "Ask for less runtime, or name a queue that allows more."),
    ("invalid --time", "Write the runtime as '90s', '1h30m' or '1-12:00:00'."),
    ("invalid --mem", "Write the memory as '512M' or '1.5G'."),
    ("memory specification can not be satisfied", "No node has so much: ask for less memory."),
    ("memory required by task is not available", "Ask for less memory, or name a queue that allows more."),
    ("more processors requested than permitted", "No node has so many: ask for fewer cores."),
    ("node configuration is not available", "No node of the queue has all that: ask for less memory or fewer cores."),
    ("node count specification invalid", "The queue does not allow jobs of so many nodes."),
    ("invalid partition", "Name a queue that `sinfo -s` lists."),
    ("partition not available", "The queue takes no jobs now: name another one, or wait until it is open."),
    ("partition is in a down", "The queue takes no jobs now: name another one, or wait until it is open."),
    ("not permitted to use this partition", "Name a queue that you may use, or another project."),
    ("not in the allowed list", "Name a queue, project or qos that you may use."),
    ("invalid account", "Name a project (Slurm's account) that `sacctmgr show assoc user=$USER` lists."),
    ("invalid qos", "Name a qos that `sacctmgr show assoc user=$USER format=account,qos` lists."),
    ("reservation", "Name a reservation that `scontrol show reservation` lists, or leave it out."),
    ("invalid feature", "Name constraints that `sinfo -o '%f'` lists."),
    ("generic resource", "Name a gres that `sinfo -o '%G'` lists."),
    ("gres", "Name a gres that `sinfo -o '%G'` lists."),
    ("invalid license", "Name licenses that `scontrol show licenses` lists."),
    ("invalid node name", "Leave out nodes that `sinfo -N` does not list."),
    ("job array specification", "Submit smaller arrays: `scontrol show config | grep MaxArraySize`."),
    ("dependency problem", "The job that it was to wait for is not there."),
    ("does not look like a batch script", "The script must begin with #! and the path of a shell."),
    ("user's group not permitted", "Name a queue that you may use."),
    ("access/permission denied", "You may not submit jobs here, or not with these options."),
    ("unrecognized option", "This cluster's sbatch does not know the option: leave it out."),
    ("unknown key", "This version of slurmrestd does not know the option: leave it out."),
    ("disabled key", "This version of slurmrestd does not take the option: leave it out, or submit by sbatch."),
)  # fmt: skip


def refusal(said: str, *, name: str, size: int = 1, most: int | None = None) -> ClusterError:
    """The error that Slurm's words about a job mean. ``most`` is what may be submitted at a time, if that is known."""
    words = slurms_words(said)
    lowered = words.lower()
    if _FULL.search(words) or (_POLICY in lowered and not _TOO_MUCH.search(words)):
        return _full(words, name=name, size=size, most=most)
    if _is_silent(lowered):
        return SubmissionInDoubt(
            f"Slurm did not say whether it took '{name}': {words}",
            remedy="The job's name is looked up before it is submitted again. Is slurmctld up? scontrol ping.",
        )
    if most is not None and size > most and "job array specification" in lowered:
        return ArrayIsTooLarge(size, most, words)
    return SubmissionRefused(f"Slurm refuses '{name}': {words}", remedy=_remedy(words))


def is_silent(said: str) -> bool:
    """Whether the words mean that slurmctld did not answer."""
    return _is_silent(slurms_words(said).lower())


def slurms_words(said: str) -> str:
    """What Slurm complains of, in one line and without its commands' names."""
    lines = (_PREFIX.sub("", line.strip()) for line in said.splitlines())
    return "; ".join(dict.fromkeys(line for line in lines if line))[:1000] or "nothing"


def _is_silent(lowered: str) -> bool:
    return any(words in lowered for words in _SILENT)


def _full(words: str, *, name: str, size: int, most: int | None) -> ClusterError:
    if most is not None and size > most:
        return ArrayIsTooLarge(size, most, words)
    counts = f" An array counts as all its {size} elements." if size > 1 else ""
    return ClusterIsFull(
        f"Slurm takes no more jobs for now, '{name}' neither: {words}.{counts}",
        remedy="It is submitted again when others have ended. "
        "If nothing else of yours is there, it asks for more than its project or qos ever allows: "
        "sacctmgr show assoc user=$USER; sacctmgr show qos",
        reason=found[0] if (found := _LIMIT.search(words)) else "",
    )


def _remedy(words: str) -> str:
    if found := _TOO_MUCH.search(words):
        return f"Ask for less, or for another qos or project: `sacctmgr show qos` has the limit that {found[0]} names."
    lowered = words.lower()
    return next(
        (remedy for problem, remedy in _NEVER if problem in lowered),
        "Change what is asked for, or try it by hand: sbatch --test-only.",
    )
