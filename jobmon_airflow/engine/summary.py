"""What a scientist reads when a run is over: what failed, how often, why, and what to type next.

`kind_of` finds the line of an error text that tells what went wrong, and masks in it what differs from task to
task. It is exact about nothing and fast: it looks at the end of a text only, and at a few lines of that.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from jobmon_airflow.engine.verdict import KILLED, LOST, MEMORY, NODE, TIME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

#: An attempt that ended like this was ended by others, so that its own last words do not say why.
ENDED_BY_OTHERS: Final = frozenset(verdict.words for verdict in (MEMORY, TIME, NODE, LOST, KILLED))

_IN_FULL: Final = 4  # kinds with a sample
_IN_A_LINE: Final = 8  # kinds after those
_TEMPLATES: Final = 4  # of one kind
_LAST_LINES: Final = 3  # of a sample's text
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
        key = task.verdict, _kind(task)
        templates.setdefault(key, Counter())[task.template] += 1
        samples.setdefault(key, task)
    found = [Group(kind=key[1], templates=templates[key], sample=samples[key]) for key in samples]
    return sorted(found, key=lambda group: -group.count)


def kind_of(text: str) -> str:
    r"""Name the kind of error that a text tells of; texts that differ in details only are of one kind.

    >>> kind_of("Loading 7\nOSError: [Errno 28] No space left on device: '/tmp/draw_7.csv'")
    "OSError: [Errno 28] No space left on device: '...'"
    """
    return _masked(telling_line(text))


def telling_line(text: str) -> str:
    """Find the words that say best what went wrong: the last ones that look like an error, else the last ones."""
    lines = _last_lines(text)
    return _sentence(lines, _where_it_tells(lines)) if lines else ""


# --- finding the line ------------------------------------------------------------------------------------------

_TAIL: Final = 8_192  # what is looked at of a text, in characters
_MARGIN: Final = " \t|"  # of a continued line, and of a line in an exception group
_FAR: Final = 100  # lines; what stands before them was seldom the end of it
_LONG: Final = 400  # what is looked at of a line, in characters
_TRACEBACK: Final = "Traceback (most recent call last):"

_ANSI: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")

_BEGINS: Final = re.compile(
    r"""
    [\s|]*(?:\w+\.)*\w*(?:Error|Exception|Interrupt|Exit|ExceptionGroup)(?::|\s*$)  # Python
    | Error\ in\b | Error\s:                # R
    | r\(\d+\);                            # Stata
    | Exception\ in\ thread\b | Caused\ by\b  # Java; tidyverse, too
    | terminate\ called\b | \s*what\(\):    # C++
    """,
    re.VERBOSE,
)
# None of the above begins like this without one of these in it.
_HINTS: Final = ("Error", "Exception", "Interrupt", "Exit", "r(", "Caused by", "terminate", "what()")
# Plain words, because a regular expression that may begin anywhere would take ten times as long.
_CONTAINS: Final = (
    *("rror:", "atal:", "anic:", "ERROR", "FATAL", "CRITICAL", "SEVERE", "panicked at"),  # anybody
    *("Killed", "Terminated", "Segmentation fault", "Bus error", "Illegal instruction", "Floating point exc"),
    *("command not found", ": not found", "syntax error", "No such file or directory", "Permission denied"),
    *("No space left", "Cannot allocate memory", "quota exceeded"),
    *("oom_kill", "oom-kill", "DUE TO", "memory limit"),  # Slurm
)

# These tell that something ended, and what it was stands above them.
_CONSEQUENCE: Final = re.compile(
    r"srun: |make(?:\[\d+\])?: \*\*\* |\s+at |Execution halted|Error termination"
)
_STATA_CODE: Final = re.compile(r"r\(\d+\);")
_STATA_END: Final = re.compile(r"r\(\d+\);|end of do-file")


def _last_lines(text: str) -> list[str]:
    tail = text[-_TAIL:]
    if "\x1b" in tail:
        tail = _ANSI.sub("", tail)
    return [line for line in tail.splitlines()[-_FAR:] if line and not line.isspace()]


def _where_it_tells(lines: Sequence[str]) -> int:
    raised = _where_python_raised(lines)
    after = "\n".join(lines[raised + 1 :])
    words = [word for word in _CONTAINS if word in after]
    if words or any(hint in after for hint in _HINTS):
        for number in range(len(lines) - 1, raised, -1):
            if _tells(lines[number][:_LONG], words):
                return number
    return raised if raised >= 0 else len(lines) - 1


def _tells(line: str, words: Sequence[str]) -> bool:
    looks_like_it = _BEGINS.match(line) or any(word in line for word in words)
    return bool(looks_like_it) and not _CONSEQUENCE.match(line)


def _where_python_raised(lines: Sequence[str]) -> int:
    """Where the last traceback names its exception, which may be called anything; -1 if there is none."""
    headers = (number for number in reversed(range(len(lines))) if lines[number].endswith(_TRACEBACK))
    return next((_first_after_frames(lines, header) for header in headers), -1)


def _first_after_frames(lines: Sequence[str], header: int) -> int:
    """Frames are further to the right than the header, whose own margin may be that of an exception group."""
    margin = lines[header].removesuffix(_TRACEBACK)
    for number in range(header + 1, len(lines)):
        line = lines[number]
        if line.startswith(margin) and not line[len(margin) :].startswith((" ", "\t")):
            return number
    return -1


def _sentence(lines: Sequence[str], number: int) -> str:
    """The line, with the one that belongs to it."""
    line = lines[number].strip(_MARGIN)
    if _STATA_CODE.match(line):
        return f"{_before_stata_code(lines, number)} {line}".strip()
    if line.endswith(":") and number + 1 < len(lines):
        return f"{line} {lines[number + 1].strip(_MARGIN)}"
    return line


def _before_stata_code(lines: Sequence[str], number: int) -> str:
    above = (line.strip() for line in reversed(lines[:number]) if not _STATA_END.match(line))
    return next(above, "")


# --- masking ---------------------------------------------------------------------------------------------------

# What stands in one of these is the same in every copy of an error. What comes first wins.
_DETAILS: Final = re.compile(
    r"""
    (?P<kept>
        \br\(\d+\) | \b(?:exit|status|code|signal|Errno|HTTP)[ ](?:(?:status|code|Error)[ ])?\d+
        | \b(?:u?int|float|complex)\d+\b | \b[Uu][Tt][Ff]-?\d+\b | \bx86_64\b
    )
    | (?P<quoted>
        '\[.*?\]'(?!\w) | (?<!\w)'(?:[^'\\]|\\.)*'(?!\w) | (?<!\w)"(?:[^"\\]|\\.)*"(?!\w)
        | \u2018[^\u2019]*\u2019 | \u201c[^\u201d]*\u201d
    )
    | (?P<url> \b[a-z][a-z0-9+]*://[^\s'">)\],]+ )
    | (?P<path>
        (?<![\w/.<])(?:~|\.{1,2})?/[^\s:,;'"()\[\]<>|]+ | \b[A-Za-z]:\\[^\s'"]+
        | (?<![\w/])[\w.=-]+(?:/[\w.=-]+)*/[\w=-]+\.\w{1,8}\b
        | \b[\w-]+\.(?:csv|tsv|txt|rds|rda|dta|h5|hdf5?|nc|parquet|feather|json|ya?ml|gz|zip|pkl|np[yz]|tiff?)\b
    )
    | (?P<time>
        \d{4}[-/]\d\d[-/]\d\d(?:[T\ ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[ ]?[+-]\d\d:?\d\d)?)?
        | (?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[ ])?
          (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[ ]+\d+[ ]\d\d:\d\d:\d\d(?:[ ]\d{4})?
        | \b\d\d?:\d\d:\d\d(?:[.,]\d+)?
    )
    | (?P<id>
        (?i:\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b | \b0x[0-9a-f]+\b
        | \b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}\b)
    )
    | (?P<n> (?<![\w)>\]])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?:[ ]?(?:[KMGTP]i?B|kB|bytes)\b)? | \d+(?:\.\d+)? )
    """,
    re.VERBOSE,
)
_MASKS: Final = {
    "quoted": "'...'",
    "url": "<url>",
    "path": "<path>",
    "time": "<time>",
    "id": "<id>",
    "n": "<n>",
}
_SAME_AGAIN: Final = re.compile(r"('\.\.\.'|<\w+>)(?:[,\s]+\1)+")
_QUOTED_MESSAGE: Final = re.compile(r"""([\w.]+:\ )(['"])((?:\S+\s+){3,}\S+)\2$""", re.VERBOSE)


def _masked(line: str) -> str:
    line = " ".join(_UNPRINTABLE.sub("", line[:_LONG]).split())
    # KeyError puts quotes around a whole message: that is no value, and what it says matters.
    line = _QUOTED_MESSAGE.sub(r"\1\3", line)
    return _SAME_AGAIN.sub(r"\1, ...", _DETAILS.sub(_mask, line))


def _mask(detail: re.Match[str]) -> str:
    return _MASKS.get(detail.lastgroup or "", detail[0])


# --- writing it down -------------------------------------------------------------------------------------------


def _kind(task: FailedTask) -> str:
    if task.verdict in ENDED_BY_OTHERS:
        return task.verdict
    return kind_of(task.text) or f"{_why(task)}, without a word"


def _result(counts: Counts) -> str:
    if counts.done == counts.total:
        return f"All {_tasks(counts.total)} are done."
    unfinished = counts.total - counts.done - counts.failed - counts.not_run
    clauses = [
        f"{_tasks(counts.failed)} of {counts.total:,} failed for good" if counts.failed else "",
        f"{counts.done:,} of {counts.total:,} are done" if not counts.failed else f"{counts.done:,} are done",
        f"{counts.not_run:,} were not run because something before them failed" if counts.not_run else "",
        f"{unfinished:,} are left" if unfinished > 0 else "",
    ]
    return ", ".join(filter(None, clauses)) + "."


def _kinds(largest_first: Sequence[Group]) -> Iterator[str]:
    for number, group in enumerate(largest_first[:_IN_FULL], 1):
        yield "\n".join(_paragraph(number, group))
    if rest := largest_first[_IN_FULL:]:
        yield "\n".join(_in_a_line_each(rest))


def _paragraph(number: int, group: Group) -> Iterator[str]:
    sample = group.sample
    yield _cut(f"{number}. {_tasks(group.count)}: {group.kind}")
    yield _cut(f"   of {_templates(group.templates)}")
    yield _cut(f"   such as {_plain(sample.name)}: {_place(sample)}: {_why(sample)}")
    if sample.asked or sample.used:
        yield _cut(
            f"   it asked for {sample.asked or 'nothing'} and used {sample.used or 'nobody knows what'}"
        )
    for line in _excerpt(sample.text):
        yield _cut(f"     | {line}")
    yield f"   {_logs(sample)}"


def _in_a_line_each(rest: Sequence[Group]) -> Iterator[str]:
    for number, group in enumerate(rest[:_IN_A_LINE], _IN_FULL + 1):
        yield _cut(f"{number}. {_tasks(group.count)}: {group.kind} (task {group.sample.task_id})")
    if more := rest[_IN_A_LINE:]:
        kinds = "1 more kind" if len(more) == 1 else f"{len(more):,} more kinds"
        yield f"and {kinds}: {_tasks(sum(group.count for group in more))}"


def _templates(counts: Mapping[str, int]) -> str:
    largest = sorted(counts.items(), key=lambda item: -item[1])
    named = ", ".join(f"{_plain(name)[:40]} ({count:,})" for name, count in largest[:_TEMPLATES])
    more = len(largest) - _TEMPLATES
    return f"{named} and {more:,} more templates" if more > 0 else named


def _place(task: FailedTask) -> str:
    node = f" on {_plain(task.nodename)}" if task.nodename else ""
    return f"task {task.task_id}, attempt {task.attempt_id}{node}"


def _why(task: FailedTask) -> str:
    return task.verdict if task.exit_code is None else f"{task.verdict}, exit code {task.exit_code}"


def _excerpt(text: str) -> list[str]:
    """The last lines, and the telling one if that is none of them."""
    lines = _last_lines(text)
    if not lines:
        return []
    last = range(max(0, len(lines) - _LAST_LINES), len(lines))
    telling = _where_it_tells(lines)
    shown = [lines[number] for number in last]
    return [_plain(line) for line in (shown if telling in last else [lines[telling], "...", *shown[1:]])]


def _logs(task: FailedTask) -> str:
    if task.stderr:
        return f"its log: {_plain(task.stderr)}"
    return f"all that it said: table task_instance_error_log, task_instance_id = {task.attempt_id}"


def _remedy(counts: Counts, resume: str) -> Iterator[str]:
    if counts.done < counts.total and resume:
        yield f"To run again what is not done:\n  {resume}"


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count:,} tasks"


def _plain(text: str) -> str:
    """What others wrote, as one line that does nothing to a terminal."""
    return _UNPRINTABLE.sub("", " ".join(islice(_ANSI.sub("", text[: 4 * _LONG]).splitlines(), 3)).rstrip())


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 3]}..."
