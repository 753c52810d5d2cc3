"""A cluster by its own commands: sbatch, squeue, sacct, scancel, scontrol, sinfo, sacctmgr.

Text in columns of our choice, never JSON: squeue's ignores every filter, sacct's is wrong about exit codes, and both
cost fifty times as much.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, Self, TypeVar

from jobmon_airflow.distributors.slurm import limits, reading, rows
from jobmon_airflow.distributors.slurm.kept import kept
from jobmon_airflow.distributors.slurm.refusals import SubmissionInDoubt, is_silent, refusal, slurms_words
from jobmon_airflow.distributors.slurm.shells import WITHIN
from jobmon_airflow.distributors.slurm.together import together
from jobmon_airflow.errors import (
    AccountingIsDown,
    ClusterError,
    ClusterIsSilent,
    ClusterUnreachable,
    SubmissionRefused,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from jobmon_airflow.distributors.slurm.seam import ClusterLimits, Elements, QueueRow, Record, Submission
    from jobmon_airflow.distributors.slurm.shells import Answer, Shell

Found = TypeVar("Found")

# Every time is asked for, and told, in UTC, wherever the cluster is; lists of indices are not cut.
_PLAIN: Final = {"TZ": "UTC0", "SLURM_TIME_FORMAT": "standard", "SLURM_BITSTR_LEN": "0", "LC_ALL": "C"}

_SUBMIT_WITHIN: Final = 180.0  # sbatch asks again by itself, for two minutes, when slurmctld is full
_ACCOUNTING_WITHIN: Final = 60.0
_CLOCKS_DIFFER: Final = timedelta(minutes=5)  # between the cluster and us
_WORDS_OF_A_LINE: Final = 60_000  # characters; a system may allow 128 KiB for one argument


class CommandController:
    """slurmctld and slurmdbd by their commands, which ``shell`` runs."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._user: str | None = None
        self._home: str | None = None
        self._limits: ClusterLimits | None = None
        self._queue = rows.Queue()
        self.asked: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        await self._shell.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._shell.__aexit__(*error)

    # --- submit -----------------------------------------------------------------------------------------------------

    async def submit(self, submission: Submission) -> int:
        """Submit, and return the job's id."""
        said = await self._run(
            _sbatch(submission, await self._expanded(submission.working_dir)),
            stdin=submission.script.encode(),
            only=submission.environment,
            within=_SUBMIT_WITHIN,
            may_repeat=False,
        )
        if said.code != 0:
            raise await self._why(submission, said)
        return _job_id(submission, said)

    async def _why(self, submission: Submission, said: Answer) -> ClusterError:
        most = self._most_at_once(submission)
        error = refusal(said.err or said.out, name=submission.name, size=submission.size, most=most)
        if isinstance(error, SubmissionRefused) and (said.code not in (1, 255) or not said.err.strip()):
            # It was killed, it crashed, or nobody knows how it ended: these are not the words of a refusal.
            return _in_doubt(submission, said)
        return error

    def _most_at_once(self, submission: Submission) -> int | None:
        if self._limits is None:
            return None
        options = submission.options
        allowed = self._limits.most_at_once(options.get("account"), options.get("qos"))
        return limits.narrowest(allowed, self._limits.max_array_size if submission.is_array else None)

    # --- look -------------------------------------------------------------------------------------------------------

    async def queue(self) -> Sequence[QueueRow]:
        """All jobs of this user that slurmctld still remembers."""
        asked = ("squeue", "--noheader", "--me", "--states=all", f"--Format={rows.QUEUE_FORMAT}")
        return self._read(self._queue.rows, await self._told(asked))

    async def accounting(
        self, since: datetime, jobs: Collection[int] | None = None, *, with_steps: bool = False
    ) -> Sequence[Record]:
        """What slurmdbd knows of these arrays, or of all jobs of this user, that were submitted since then."""
        if jobs is not None and not jobs:
            return []
        begin = since.astimezone(UTC) - _CLOCKS_DIFFER
        asked = (
            *("sacct", "--noheader", "--parsable2", "--duplicates", f"--format={rows.ACCOUNTING_FORMAT}"),
            *(
                f"--starttime={begin:%Y-%m-%dT%H:%M:%S}",
                "--endtime=now+1days",
            ),  # sacct's clock may be behind ours
            *(() if with_steps else ("--allocations",)),
        )
        whose = (
            [f"--jobs={ids}" for ids in _lines(map(str, sorted(jobs)))]
            if jobs
            else [f"--user={await self._me()}"]
        )
        found = [record for each in whose for record in await self._accounting((*asked, each))]
        return sorted(
            (record for record in found if record.submitted >= begin), key=lambda record: record.submitted
        )

    async def _accounting(self, asked: Sequence[str]) -> list[Record]:
        said = await self._run(asked, extra=_PLAIN, within=_ACCOUNTING_WITHIN)
        if said.code != 0:
            raise AccountingIsDown(
                f"Slurm's accounting does not answer: {slurms_words(said.err)}",
                remedy="What jobs tell themselves, and squeue, go on without it. Is slurmdbd up? sacctmgr ping.",
            )
        return self._read(rows.accounting, said.out)

    # --- change -----------------------------------------------------------------------------------------------------

    async def cancel(self, elements: Mapping[int, Elements | None], *, at_once: bool = False) -> None:
        """End elements of arrays, whole arrays for None; unknown ones are left alone."""
        if not at_once:
            for names in _lines(_names(elements), " "):
                await self._order(("scancel", "--quiet", *names.split()))
        else:
            # Only a signal to the batch shell itself spares it the wait after TERM. Elements one by one: of a range,
            # it would end everything of the array that still waits.
            for names in _lines(_single_names(elements), " "):
                await self._order(("scancel", "--quiet", "--signal=KILL", "--batch", *names.split()))

    async def throttle(self, job_id: int, at_a_time: int) -> None:
        """Let only so many elements of an array run at a time, from now on; 0 lifts it."""
        await self._order(("scontrol", "update", f"JobId={job_id}", f"ArrayTaskThrottle={at_a_time}"))

    async def hold(self, jobs: Collection[int], *, release: bool = False) -> None:
        """Let nothing that waits of these arrays begin; or let it again."""
        for ids in _lines(map(str, sorted(jobs))):
            await self._order(("scontrol", "release" if release else "hold", ids))

    async def _order(self, words: Sequence[str]) -> None:
        """Give an order. Jobs that are over, or gone, are left alone."""
        said = await self._run(words, extra=_PLAIN)
        if said.code != 0 and not _is_about_what_is_over(said.err):
            raise _failure(words[0], said)

    # --- limits -----------------------------------------------------------------------------------------------------

    async def limits(self, kept_in: Path | None = None) -> ClusterLimits:
        """What the cluster allows."""
        user, config = (
            await self._me(),
            self._read(limits.configuration, await self._told(("scontrol", "show", "config"))),
        )
        cluster = config.get("clustername", "")
        nodes_of = ("sinfo", "--noheader", "--all")
        async with together() as asking:
            partitions = asking.create_task(self._told(("scontrol", "show", "partition", "--oneliner")))
            sizes = asking.create_task(self._told((*nodes_of, "--exact", f"--format={limits.NODES_FORMAT}")))
            nodes = asking.create_task(self._told((*nodes_of, "--format=%D")))
            accounts = asking.create_task(
                kept(kept_in, {"cluster": cluster, "user": user}, partial(self._accounts, cluster, user))
            )
        known = accounts.result()
        self._limits = self._read(
            lambda answer: limits.cluster_limits(
                config,
                limits.partitions(answer),
                limits.largest_nodes(sizes.result()),
                nodes=sum(filter(None, map(reading.count, nodes.result().split()))),
                known=limits.associations((known["accounts"] or "") + (known["mine"] or "")),
                by_qos=limits.qos(known["qos"] or ""),
                user=user,
                default_account=(known["default"] or "").strip() or None,
            ),
            partitions.result(),
        )
        return self._limits

    async def _accounts(self, cluster: str, user: str) -> dict[str, str | None]:
        """What slurmdbd knows of the user's accounts and of all above them, and of QOS."""
        where, associations = f"cluster={cluster}", f"format={','.join(limits.ASSOCIATIONS)}"
        questions = {
            "accounts": ("show", "association", where, "user=", associations),
            "mine": ("show", "association", where, f"user={user}", associations),
            "default": ("show", "user", f"name={user}", where, "format=DefaultAccount"),
            "qos": ("show", "qos", f"format={','.join(limits.QOS)}"),
        }
        async with together() as asking:
            answers = {
                name: asking.create_task(self._told_by_slurmdbd(asked)) for name, asked in questions.items()
            }
        return {name: answer.result() for name, answer in answers.items()}

    async def _told_by_slurmdbd(self, asked: Sequence[str]) -> str | None:
        """None where there is no accounting, or it is down: then Slurm's refusals must do."""
        try:
            said = await self._run(("sacctmgr", "--noheader", "--parsable2", *asked), extra=_PLAIN)
        except ClusterUnreachable:
            return None
        return said.out if said.code == 0 else None

    # --- ask --------------------------------------------------------------------------------------------------------

    async def _me(self) -> str:
        if self._user is None:
            self._user = (await self._told(("id", "-un"))).strip()
        return self._user

    async def _expanded(self, folder: str) -> str:
        """A folder that begins with ``~`` begins with the home of whoever runs the commands."""
        if folder != "~" and not folder.startswith("~/"):
            return folder
        if self._home is None:
            self._home = (await self._told(("sh", "-c", "cd && pwd"))).rstrip("\n")
        return self._home + folder[1:]

    async def _told(self, words: Sequence[str]) -> str:
        said = await self._run(words, extra=_PLAIN)
        if said.code != 0:
            raise _failure(words[0], said)
        return said.out

    async def _run(
        self,
        words: Sequence[str],
        *,
        stdin: bytes = b"",
        extra: Mapping[str, str] | None = None,
        only: Mapping[str, str] | None = None,
        within: float = WITHIN,
        may_repeat: bool = True,
    ) -> Answer:
        if words[0] not in ("id", "sh"):
            self.asked[words[0]] += 1
        return await self._shell.run(
            words, stdin=stdin, extra=extra, only=only, within=within, may_repeat=may_repeat
        )

    def _read(self, how: Callable[[str], Found], text: str) -> Found:
        try:
            return how(text)
        except ValueError as error:
            raise ClusterUnreachable(
                f"An answer of Slurm's makes no sense: {str(error)[:300]}",
                remedy="Is it Slurm whose commands are on the PATH, and is it 20.11 or newer?",
            ) from error


# --- words --------------------------------------------------------------------------------------------------------


def _sbatch(submission: Submission, working_dir: str) -> list[str]:
    array = f"--array=0-{submission.size - 1}" + (f"%{submission.throttle}" if submission.throttle else "")
    return [
        *("sbatch", "--parsable", f"--job-name={submission.name}", "--export=ALL"),
        f"--chdir={working_dir}",
        *((array,) if submission.is_array else ()),
        *(
            f"--{name}" if value is None else f"--{name}={value}"
            for name, value in submission.options.items()
        ),
    ]


def _job_id(submission: Submission, said: Answer) -> int:
    """The id of ``123`` or ``123;cluster``, the last line: a site's own plugin may say something before it."""
    last = said.out.strip().rpartition("\n")[2].partition(";")[0]
    if not last.isdigit():
        raise _in_doubt(submission, said)
    return int(last)


def _names(elements: Mapping[int, Elements | None]) -> Iterator[str]:
    """Jobs and elements as scancel knows them, a few hundred elements in a word."""
    for job, some in elements.items():
        if some is None:
            yield str(job)
        else:
            yield from (f"{job}_[{indices}]" for indices in _lines(_spans(some)))


def _single_names(elements: Mapping[int, Elements | None]) -> Iterator[str]:
    for job, some in elements.items():
        yield from (str(job),) if some is None else (f"{job}_{element}" for element in some)


def _spans(some: Elements) -> Iterator[str]:
    for each in some.ranges:
        if each.step == 1 and len(each) > 1:
            yield f"{each[0]}-{each[-1]}"
        else:
            yield from map(str, each)  # what scancel says of steps is not documented


def _lines(words: Iterable[str], between: str = ",") -> Iterator[str]:
    """The words in as few lines as a system allows."""
    line = ""
    for word in words:
        if line and len(line) + len(word) >= _WORDS_OF_A_LINE:
            yield line
            line = ""
        line = f"{line}{between}{word}" if line else word
    if line:
        yield line


# --- what went wrong ------------------------------------------------------------------------------------------------

_OVER: Final = (
    "invalid job id specified",
    "already completing or completed",
    "already finished",
    "job has finished",
    "no error",  # what scontrol says of an array of which nothing waits
)


def _is_about_what_is_over(said: str) -> bool:
    lines = [line for line in said.lower().splitlines() if line.strip()]
    if not lines:  # scancel says nothing of what is completing
        return True
    return any(words in line for words in _OVER for line in lines) and not is_silent(said)


def _in_doubt(submission: Submission, said: Answer) -> SubmissionInDoubt:
    return SubmissionInDoubt(
        f"sbatch ended with {said.code} and did not say whether '{submission.name}' was taken: "
        f"{slurms_words(said.err or said.out)}",
        remedy="The job's name is looked up before it is submitted again.",
    )


def _failure(command: str, said: Answer) -> ClusterError:
    words = slurms_words(said.err or said.out)
    if is_silent(words):
        return ClusterIsSilent(f"Slurm does not answer: {words}", remedy="Is slurmctld up? scontrol ping.")
    return ClusterUnreachable(
        f"{command} failed (exit code {said.code}): {words}", remedy=f"Try it by hand: {command} --help."
    )
