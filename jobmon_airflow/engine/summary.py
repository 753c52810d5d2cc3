"""What a scientist reads when a run is over: what failed, how often, why, and what to type next."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from jobmon_airflow.engine.kinds import ANSI, LONG, UNPRINTABLE, last_lines, where_it_tells
from jobmon_airflow.engine.pace import tasks_in_words
from jobmon_airflow.engine.verdict import error_kind, why

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_IN_FULL: Final = 4  # kinds with a sample
_IN_A_LINE: Final = 8  # kinds after those
_TEMPLATES: Final = 4  # of one kind
_LAST_LINES: Final = 3  # of a sample's text
_BLOCKED: Final = " because something before them failed"
_WIDTH: Final = 160  # of a line, in characters


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedTask:
    """A task that failed for good, as its last attempt left it."""

    task_id: int
    attempt_id: int
    name: str
    template: str
    verdict: str  #: in words, such as "out of memory"
    exit_code: int | None
    text: str  #: the end of what it wrote to stderr
    stderr: str | None  #: the file with all of it, if there is one
    nodename: str | None
    asked: str | None  #: for memory or runtime, if it was short of that
    used: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the tasks of a workflow."""

    done: int
    failed: int
    not_run: int  #: because something before them failed
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Tasks that failed in the same way."""

    kind: str
    templates: Mapping[str, int]
    sample: FailedTask

    @property
    def count(self) -> int:
        """How many tasks."""
        return sum(self.templates.values())


def summary(failed: Iterable[FailedTask], counts: Counts, resume: str) -> str:
    """Say how the run ended, what failed and how to go on, in a screenful whatever the number of failures."""
    largest_first = groups(failed)
    paragraphs = [_result(counts), *_kinds(largest_first), *_remedy(counts, resume)]
    return "\n\n".join(paragraphs)


def groups(failed: Iterable[FailedTask]) -> list[Group]:
    """Put together what failed in the same way; the largest groups first."""
    templates: dict[tuple[str, str], Counter[str]] = {}
    samples: dict[tuple[str, str], FailedTask] = {}
    for task in failed:
        key = task.verdict, error_kind(task.verdict, task.exit_code, task.text)
        templates.setdefault(key, Counter())[task.template] += 1
        samples.setdefault(key, task)
    found = [Group(kind=key[1], templates=templates[key], sample=samples[key]) for key in samples]
    return sorted(found, key=lambda group: -group.count)


def _result(counts: Counts) -> str:
    if counts.done == counts.total:
        return "The task is done." if counts.total == 1 else f"All {tasks_in_words(counts.total)} are done."
    unfinished = counts.total - counts.done - counts.failed - counts.not_run
    of_all = "" if counts.failed else f" of {counts.total:,}"
    clauses = [
        f"{tasks_in_words(counts.failed)} of {counts.total:,} failed for good" if counts.failed else "",
        f"{counts.done:,}{of_all} {_is(counts.done)} done",
        f"{counts.not_run:,} {_was(counts.not_run)} not run{_BLOCKED}" if counts.not_run else "",
        f"{unfinished:,} {_is(unfinished)} left" if unfinished > 0 else "",
    ]
    return ", ".join(filter(None, clauses)) + "."


def _kinds(largest_first: Sequence[Group]) -> Iterator[str]:
    for number, group in enumerate(largest_first[:_IN_FULL], 1):
        yield "\n".join(_paragraph(number, group))
    if rest := largest_first[_IN_FULL:]:
        yield "\n".join(_in_a_line_each(rest))


def _paragraph(number: int, group: Group) -> Iterator[str]:
    sample = group.sample
    yield _cut(f"{number}. {tasks_in_words(group.count)}: {group.kind}")
    yield _cut(f"   of {_templates(group.templates)}")
    yield _cut(f"   such as {_plain(sample.name)}: {_place(sample)}: {why(sample.verdict, sample.exit_code)}")
    if sample.asked or sample.used:
        yield _cut(
            f"   it asked for {sample.asked or 'nothing'} and used {sample.used or 'nobody knows what'}"
        )
    for line in _excerpt(sample.text):
        yield _cut(f"     | {line}")
    yield f"   {_logs(sample)}"


def _in_a_line_each(rest: Sequence[Group]) -> Iterator[str]:
    for number, group in enumerate(rest[:_IN_A_LINE], _IN_FULL + 1):
        yield _cut(f"{number}. {tasks_in_words(group.count)}: {group.kind} (task {group.sample.task_id})")
    if more := rest[_IN_A_LINE:]:
        kinds = "1 more kind" if len(more) == 1 else f"{len(more):,} more kinds"
        yield f"and {kinds}: {tasks_in_words(sum(group.count for group in more))}"


def _templates(counts: Mapping[str, int]) -> str:
    largest = sorted(counts.items(), key=lambda item: -item[1])
    named = ", ".join(f"{_plain(name)[:40]} ({count:,})" for name, count in largest[:_TEMPLATES])
    more = len(largest) - _TEMPLATES
    return f"{named} and {more:,} more templates" if more > 0 else named


def _place(task: FailedTask) -> str:
    node = f" on {_plain(task.nodename)}" if task.nodename else ""
    return f"task {task.task_id}, attempt {task.attempt_id}{node}"


def _excerpt(text: str) -> list[str]:
    """The last lines, and the telling one if that is none of them."""
    lines = last_lines(text)
    if not lines:
        return []
    last = range(max(0, len(lines) - _LAST_LINES), len(lines))
    telling = where_it_tells(lines)
    shown = [lines[number] for number in last]
    return [_plain(line) for line in (shown if telling in last else [lines[telling], "...", *shown[1:]])]


def _logs(task: FailedTask) -> str:
    if task.stderr:
        return f"its log: {_plain(task.stderr)}"
    return f"all that it said: table task_instance_error_log, task_instance_id = {task.attempt_id}"


def _remedy(counts: Counts, resume: str) -> Iterator[str]:
    if counts.done < counts.total and resume:
        yield f"To run again what is not done:\n  {resume}"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _plain(text: str) -> str:
    """What others wrote, as one line that does nothing to a terminal."""
    return UNPRINTABLE.sub("", " ".join(islice(ANSI.sub("", text[: 4 * LONG]).splitlines(), 3)).rstrip())


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 3]}..."
