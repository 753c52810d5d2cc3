"""A cluster by slurmrestd, with a token: for where neither Slurm's commands nor a login node can be reached.

It says less: no configuration of slurmctld, no name of the limit that was reached, and JSON that costs fifty times what
text costs; so it is asked for all jobs at once, and not more often than they may have changed.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import Counter
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import quote

from jobmon_airflow.distributors.slurm import limits as read_limits
from jobmon_airflow.distributors.slurm import rest_limits, rest_rows, rest_words
from jobmon_airflow.distributors.slurm.kept import kept
from jobmon_airflow.distributors.slurm.refusals import SubmissionInDoubt, is_silent, refusal
from jobmon_airflow.distributors.slurm.rest_job import body
from jobmon_airflow.errors import AccountingIsDown, ClusterError, ClusterUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    import httpx

    from jobmon_airflow.distributors.slurm.rest_words import Json
    from jobmon_airflow.distributors.slurm.seam import ClusterLimits, Elements, QueueRow, Record, Submission

WITHIN: Final = 60.0  #: seconds
EVERY: Final = 2.0  #: seconds for which the list of jobs is good
_CLOCKS_DIFFER: Final = timedelta(minutes=5)
_ONE_BY_ONE: Final = 20  #: arrays; of more than that, accounting is asked for all jobs at once
_FIRST_WITH_FLAGS: Final = 39  #: v0.0.39
_AT_A_TIME: Final = 8  #: connections

_OVER: Final = ("invalid job id", "already completing or completed", "already finished", "job has finished")
_NOTHING: Final = "nothing found"
# What 22.05 says of every change of an array, also of those that worked.
_OF_NO_MEANING: Final = "job array update from"


class RestController:
    """slurmctld and slurmdbd by slurmrestd. The token is asked for whenever it is sent, and kept nowhere."""

    def __init__(
        self,
        host: str,
        *,
        port: int | None = None,
        user: str | None = None,
        token: Callable[[], str | None],
        version: str | None = None,
        every: float = EVERY,
        within: float = WITHIN,
    ) -> None:
        self._base = rest_words.base(host, port)
        self._user, self._token, self._version = user, token, version
        self._every, self._within = every, within
        self._client: httpx.AsyncClient | None = None
        self._rows: tuple[float, Sequence[QueueRow]] = (-every, ())
        self._looking = asyncio.Lock()
        self._limits: ClusterLimits | None = None
        self.asked: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        import httpx  # not before it is needed

        self._client = httpx.AsyncClient(
            timeout=self._within,
            follow_redirects=False,  # a token is sent to the host that was named, and to no other
            trust_env=False,  # nor to a proxy
            verify=ssl.create_default_context() if self._base.startswith("https:") else True,
            limits=httpx.Limits(max_connections=_AT_A_TIME),
        )
        try:
            if self._version is None:
                self._version = rest_words.newest_version(await self._get("/openapi/v3"), self._base)
            rest_words.number_of(self._version)
        except BaseException:
            await self._client.aclose()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._client is not None:
            await self._client.aclose()

    # --- submit -----------------------------------------------------------------------------------------------------

    async def submit(self, submission: Submission) -> int:
        """Submit, and return the job's id."""
        asked = body(submission, rest_words.number_of(self._known_version))
        try:
            answer = await self._ask("POST", self._slurm("job/submit"), asked)
        except SlurmComplains as complaint:
            most = self._most_at_once(submission)
            raise refusal(complaint.words, name=submission.name, size=submission.size, most=most) from None
        except ClusterUnreachable as error:
            raise SubmissionInDoubt(
                f"slurmrestd did not say whether '{submission.name}' was taken. {error.problem}",
                remedy=error.remedy,
            ) from error
        job = rest_words.number(answer.get("job_id"))
        if not job:
            raise SubmissionInDoubt(
                f"slurmrestd named no job for '{submission.name}'.", remedy="The job's name is looked up."
            )
        self._rows = (-self._every, ())  # what was known is no longer all
        return job

    def _most_at_once(self, submission: Submission) -> int | None:
        if self._limits is None:
            return None
        return self._limits.most_at_once(submission.options.get("account"), submission.options.get("qos"))

    # --- look -------------------------------------------------------------------------------------------------------

    async def queue(self) -> Sequence[QueueRow]:
        """All jobs of this user that slurmctld still remembers, as they were at most a moment ago."""
        async with self._looking:
            at, rows = self._rows
            if time.monotonic() - at >= self._every:
                at = time.monotonic()
                answer = await self._get(self._slurm("jobs"))
                rows = rest_rows.queue(answer.get("jobs") or [], self._user)
                self._rows = (at, rows)
            return rows

    async def accounting(
        self, since: datetime, jobs: Collection[int] | None = None, *, with_steps: bool = False
    ) -> Sequence[Record]:
        """What slurmdbd knows of these arrays, or of all jobs of this user, that were submitted since then."""
        begin = since.astimezone(UTC) - _CLOCKS_DIFFER
        ids = None if jobs is None else frozenset(jobs)
        if ids is not None and not ids:
            return []
        if ids is not None and len(ids) <= _ONE_BY_ONE:
            found = [job for each in sorted(ids) for job in await self._accounted(f"job/{each}")]
        else:
            steps = "" if with_steps else "&skip_steps=true"
            found = await self._accounted(f"jobs?start_time=uts{int(begin.timestamp())}{steps}")
        records = rest_rows.accounting(found, self._user, ids)
        return sorted(
            (each for each in records if each.submitted >= begin), key=lambda record: record.submitted
        )

    async def _accounted(self, path: str) -> list[Json]:
        try:
            answer = await self._get(f"/slurmdb/{self._known_version}/{path}")
        except SlurmComplains as complaint:
            if _NOTHING in complaint.words.lower():
                return []
            raise _accounting_is_down(complaint.words) from None
        return answer.get("jobs") or []

    # --- change -----------------------------------------------------------------------------------------------------

    async def cancel(self, elements: Mapping[int, Elements | None], *, at_once: bool = False) -> None:
        """End elements of arrays, whole arrays for None; unknown ones are left alone. A call for each range."""
        how = ""
        if at_once:
            # To the batch shell itself, as scancel --batch; v0.0.38 has no word for it, and gives some seconds.
            is_old = rest_words.number_of(self._known_version) < _FIRST_WITH_FLAGS
            how = "?signal=KILL" if is_old else "?signal=KILL&flags=BATCH_JOB"
        names = [
            name
            for job, some in elements.items()
            for name in ([str(job)] if some is None else [f"{job}_{span}" for span in _spans(some)])
        ]
        await self._each(("DELETE", self._slurm(f"job/{quote(name, safe='')}{how}"), None) for name in names)

    async def throttle(self, job_id: int, at_a_time: int) -> None:
        """Let only so many elements of an array run at a time, from now on; 0 lifts it."""
        await self._order("POST", self._slurm(f"job/{job_id}"), {"array": str(at_a_time)})

    async def hold(self, jobs: Collection[int], *, release: bool = False) -> None:
        """Let nothing that waits of these arrays begin; or let it again."""
        await self._each(("POST", self._slurm(f"job/{job}"), {"hold": not release}) for job in sorted(jobs))

    async def _each(self, orders: Iterable[tuple[str, str, Json | None]]) -> None:
        """Give all orders, and complain of the first that was not carried out."""
        ends = await asyncio.gather(*(self._order(*order) for order in orders), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end

    async def _order(self, method: str, path: str, what: Json | None) -> None:
        """Give an order. Jobs that are over, or gone, are left alone."""
        self._rows = (-self._every, ())
        try:
            await self._ask(method, path, what)
        except SlurmComplains as complaint:
            words = complaint.words.lower()
            if not words.startswith(_OF_NO_MEANING) and not any(each in words for each in _OVER):
                raise

    # --- limits -----------------------------------------------------------------------------------------------------

    async def limits(self, kept_in: Path | None = None) -> ClusterLimits:
        """What the cluster allows. slurmctld's own settings are Slurm's defaults, since nobody tells them."""
        partitions, nodes, known = await asyncio.gather(
            self._get(self._slurm("partitions")),
            self._get(self._slurm("nodes")),
            kept(kept_in, {"cluster": self._base, "user": self._user or ""}, self._accounts),
        )
        version = (
            (partitions.get("meta") or {}).get("Slurm") or (partitions.get("meta") or {}).get("slurm") or {}
        )
        accounts, qos, clusters = (known[what] or {} for what in ("associations", "qos", "clusters"))
        names = [str(each.get("name")) for each in clusters.get("clusters") or []]
        name = names[0] if len(names) == 1 else ""
        self._limits = read_limits.cluster_limits(
            {
                "clustername": name,
                "slurm_version": str(version.get("release", "")),
                "accountingstoragetype": "slurmdbd" if accounts else "none",
            },
            rest_limits.partitions(partitions),
            rest_limits.largest_nodes(nodes),
            nodes=len(nodes.get("nodes") or []),
            known=rest_limits.associations(accounts, name),
            by_qos=rest_limits.qos(qos),
            user=self._user or "",
            default_account=_default_account(accounts, self._user),
        )
        return self._limits

    async def _accounts(self) -> dict[str, Json | None]:
        """What slurmdbd knows of the user's accounts and of all above them, of QOS and of clusters."""
        accounts = await self._told_by_slurmdbd("associations")
        rows = (accounts or {}).get("associations") or []
        mine = [row for row in rows if row.get("user") in (None, "", self._user) or not self._user]
        return {
            "associations": accounts and {"associations": mine},
            "qos": await self._told_by_slurmdbd("qos"),
            "clusters": await self._told_by_slurmdbd("clusters"),
        }

    async def _told_by_slurmdbd(self, what: str) -> Json | None:
        """None where it is down, or not there: then Slurm's refusals must do."""
        try:
            return await self._get(f"/slurmdb/{self._known_version}/{what}")
        except ClusterError:
            return None

    # --- ask --------------------------------------------------------------------------------------------------------

    @property
    def _known_version(self) -> str:
        assert self._version is not None, "enter the controller first"
        return self._version

    def _slurm(self, path: str) -> str:
        return f"/slurm/{self._known_version}/{path}"

    async def _get(self, path: str) -> Json:
        return await self._ask("GET", path, None)

    async def _ask(self, method: str, path: str, what: Json | None) -> Json:
        import httpx

        assert self._client is not None, "enter the controller first"
        self.asked[f"{method} {_kind(path)}"] += 1
        token = await asyncio.to_thread(self._token)  # whoever makes it may have to ask somebody
        try:
            answer = await self._client.request(
                method, self._base + path, json=what, headers=rest_words.headers(self._user, token)
            )
        except httpx.HTTPError as error:
            raise ClusterUnreachable(
                f"{self._base} does not answer: {str(error) or type(error).__name__}.",
                remedy="Is slurmrestd up, and may this machine reach it?",
            ) from error
        return _read(answer, f"{self._base}{path}")


class SlurmComplains(ClusterUnreachable):
    """slurmrestd passed the question on, and Slurm did not do what it was asked.

    Where slurmctld is down it may say no more than "Unspecified error".
    """

    def __init__(self, words: str, where: str) -> None:
        super().__init__(f"{where} says: {words[:500]}", remedy="Is it asked for what Slurm can do?")
        self.words = words


def _read(answer: httpx.Response, where: str) -> Json:
    if answer.status_code in (401, 403):
        raise ClusterUnreachable(
            f"{where} lets nobody in: {answer.status_code} {answer.text[:200]}",
            remedy="Its user (login) and token (password) may be missing or too old: scontrol token lifespan=86400",
        )
    try:
        told = answer.json()
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise ClusterUnreachable(
            f"{where} answers {answer.status_code}, with no JSON.", remedy="Is this a slurmrestd?"
        )
    words = rest_words.complaints(told)
    if "config is unable to load" in words or is_silent(words):
        # An invalid token has the same effect as a slurmctld that is down.
        raise ClusterUnreachable(
            f"slurmrestd answers, but slurmctld does not: {words}",
            remedy="Is slurmctld up? Is the token still valid? scontrol token lifespan=86400",
        )
    if words or answer.status_code >= 300:
        raise SlurmComplains(words or f"{answer.status_code} {answer.reason_phrase}", where)
    return told


def _accounting_is_down(words: str) -> AccountingIsDown:
    return AccountingIsDown(
        f"Slurm's accounting does not answer: {words[:500]}",
        remedy="The queue goes on without it. Is slurmdbd up?",
    )


def _kind(path: str) -> str:
    """The path without ids, versions and questions."""
    parts = [part for part in path.partition("?")[0].split("/") if part and not part.startswith("v0.")]
    return "/".join("ID" if part[0].isdigit() else part for part in parts)


def _spans(some: Elements) -> list[str]:
    return [
        f"[{each[0]}-{each[-1]}]" if each.step == 1 and len(each) > 1 else str(element)
        for each in some.ranges
        for element in (each[:1] if each.step == 1 and len(each) > 1 else each)
    ]


def _default_account(accounts: Json, user: str | None) -> str | None:
    rows = accounts.get("associations") or []
    return next(
        (str(row["account"]) for row in rows if row.get("is_default") and row.get("user") == user), None
    )
