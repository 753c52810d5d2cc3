"""What kind of error a text tells of: the line that says what went wrong, without what differs from task to task.

Exact about nothing, and fast: it looks at the end of a text only, and at a few lines of that.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence


def kind_of(text: str) -> str:
    r"""Name the kind of error that a text tells of; texts that differ in details only are of one kind.

    >>> kind_of("Loading 7\nOSError: [Errno 28] No space left on device: '/tmp/draw_7.csv'")
    "OSError: [Errno 28] No space left on device: '...'"
    """
    return _masked(telling_line(text))


def telling_line(text: str) -> str:
    """Find the words that say best what went wrong: the last ones that look like an error, else the last ones."""
    lines = last_lines(text)
    return _sentence(lines, where_it_tells(lines)) if lines else ""


# --- finding the line ------------------------------------------------------------------------------------------

_TAIL: Final = 8_192  # what is looked at of a text, in characters
_MARGIN: Final = " \t|"  # of a continued line, and of a line in an exception group
_FAR: Final = 100  # lines; what stands before them was seldom the end of it
LONG: Final = 400  # what is looked at of a line, in characters
_TRACEBACK: Final = "Traceback (most recent call last):"

ANSI: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")

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


def last_lines(text: str) -> list[str]:
    tail = text[-_TAIL:]
    if "\x1b" in tail:
        tail = ANSI.sub("", tail)
    return [line for line in tail.splitlines()[-_FAR:] if line and not line.isspace()]


def where_it_tells(lines: Sequence[str]) -> int:
    raised = _where_python_raised(lines)
    after = "\n".join(lines[raised + 1 :])
    words = [word for word in _CONTAINS if word in after]
    if words or any(hint in after for hint in _HINTS):
        for number in range(len(lines) - 1, raised, -1):
            if _tells(lines[number][:LONG], words):
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
    line = " ".join(UNPRINTABLE.sub("", line[:LONG]).split())
    # KeyError puts quotes around a whole message: that is no value, and what it says matters.
    line = _QUOTED_MESSAGE.sub(r"\1\3", line)
    return _SAME_AGAIN.sub(r"\1, ...", _DETAILS.sub(_mask, line))


def _mask(detail: re.Match[str]) -> str:
    return _MASKS.get(detail.lastgroup or "", detail[0])
