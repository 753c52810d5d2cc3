"""What a person sees while a workflow runs: bars in a terminal, lines of a log elsewhere.

A display draws what it is shown and asks for nothing. It never ends a run: when nobody can read it any more,
because the terminal is gone, it falls silent.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import chain, count
from typing import TYPE_CHECKING, Final, Protocol, Self

from jobmon_airflow.engine.pace import Pace, rate_in_words, time_in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TextIO

    from rich.console import Console, Group
    from rich.table import Table
    from rich.text import Text

log = logging.getLogger("jobmon_airflow.progress")

# --- what is shown ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateCounts:
    """How far the tasks of one template are."""

    name: str
    total: int
    done: int
    active: int  #: on their cluster: they run there, or wait for their turn
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """How far a run is."""

    workflow_id: int
    workflow_run_id: int
    templates: Sequence[TemplateCounts]
    done_before: int  #: in earlier runs: they count for the bar and not for the rate
    elapsed: float  #: seconds since the run began
    note: str = ""  #: what a person should know, such as why nothing happens

    @property
    def total(self) -> int:
        """All tasks of the workflow."""
        return sum(template.total for template in self.templates)

    @property
    def done(self) -> int:
        """Those that are done, in whatever run."""
        return sum(template.done for template in self.templates)

    @property
    def active(self) -> int:
        """Those that are on their cluster: they run there, or wait for their turn."""
        return sum(template.active for template in self.templates)

    @property
    def failed(self) -> int:
        """Those that failed for good."""
        return sum(template.failed for template in self.templates)

    @property
    def ended(self) -> int:
        """Those that need no more work."""
        return self.done + self.failed


class Display(Protocol):
    """Shows a run from the moment it is entered until it is left."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def show(self, snapshot: Snapshot) -> None:
        """Take this as the newest state of affairs; cheap, so that it may be called often."""

    def say(self, text: str) -> None:
        """Tell something that stays."""


def display(*, terminal: bool | None = None) -> Display:
    """Bars if a person sits at a terminal, lines of a log if not; ``terminal`` decides it."""
    return Bars() if (_somebody_watches() if terminal is None else terminal) else Lines()


def _somebody_watches() -> bool:
    return _is_terminal(sys.stderr) and os.environ.get("TERM", "dumb") != "dumb" and not os.environ.get("CI")


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


def _how_far(snapshot: Snapshot) -> Iterator[str]:
    """What was reached, clause by clause."""
    yield f"{snapshot.done:,} of {snapshot.total:,} done ({_percent(snapshot)} %)"
    if snapshot.active:
        yield f"{snapshot.active:,} active"
    if snapshot.failed:
        yield f"{snapshot.failed:,} failed"


def _how_fast(snapshot: Snapshot, pace: Pace) -> Iterator[str]:
    """What may be expected, if anything."""
    remaining = snapshot.total - snapshot.ended
    left = pace.left(remaining)
    if remaining > 0 and left is not None:
        yield rate_in_words(pace.per_second())
        yield f"{time_in_words(left if left < 60 else left + 30)} left"


def _percent(snapshot: Snapshot) -> int:
    return 100 * snapshot.done // snapshot.total if snapshot.total else 100


def _name(snapshot: Snapshot) -> str:
    return f"workflow {snapshot.workflow_id}, run {snapshot.workflow_run_id}"


def _plain(text: str) -> str:
    """What others wrote, without what would move a terminal's cursor or change its colours."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else " " for letter in text)


# --- lines of a log --------------------------------------------------------------------------------------------


class Lines:
    """A line now and then: often in the beginning, then each minute."""

    _PAUSE: Final = 10.0  # seconds between lines about steps and notes

    def __init__(self) -> None:
        self._last: Snapshot | None = None
        self._pace = Pace()
        self._told_at = 0.0
        self._told: tuple[int, str] | None = None
        self._times: Iterator[float] = chain((10.0, 30.0), count(60.0, 60.0))
        self._next = next(self._times)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._last is not None:
            after = time_in_words(self._last.elapsed)
            self.say(f"{_name(self._last)}: ended after {after}: {', '.join(_how_far(self._last))}")

    def show(self, snapshot: Snapshot) -> None:
        """Write a line if it is time for one."""
        if self._last is None:
            self._pace = Pace(snapshot.done_before)
        self._last = snapshot
        self._pace.saw(snapshot.elapsed, snapshot.ended)
        if self._is_due(snapshot):
            self._tell(snapshot)

    def say(self, text: str) -> None:
        """Write it to the log, or to stderr if nobody set up a log."""
        if _is_heard(log):
            log.info("%s", text)
        else:
            _write_to_stderr(_plain(text))

    def _is_due(self, snapshot: Snapshot) -> bool:
        news = _step(snapshot) != self._told and snapshot.elapsed - self._told_at >= self._PAUSE
        return self._told is None or snapshot.elapsed >= self._next or news

    def _tell(self, snapshot: Snapshot) -> None:
        while self._next <= snapshot.elapsed:
            self._next = next(self._times)
        self._told, self._told_at = _step(snapshot), snapshot.elapsed
        note = f"; {snapshot.note}" if snapshot.note else ""
        clauses = ", ".join((*_how_far(snapshot), *_how_fast(snapshot, self._pace)))
        self.say(f"{_name(snapshot)}: {clauses}{note}")


def _step(snapshot: Snapshot) -> tuple[int, str]:
    return _percent(snapshot) // 10, snapshot.note


def _is_heard(logger: logging.Logger) -> bool:
    """Whether a handler would get what is logged here; one that throws it away is none."""
    here: logging.Logger | None = logger
    while here is not None:
        if any(not isinstance(handler, logging.NullHandler) for handler in here.handlers):
            return True
        here = here.parent if here.propagate else None
    return False


def _write_to_stderr(line: str) -> None:
    try:
        if sys.stderr is not None:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
    except (OSError, ValueError):  # hung up or closed: the run goes on
        return


# --- bars in a terminal ----------------------------------------------------------------------------------------


class Bars:
    """A bar for each template, drawn in place, and what is said above them."""

    MOST: Final = 20  # bars; more are no use to anybody
    _OTHER_LINES: Final = 5  # of the screen: the rest, the whole, a note, and two of what was said
    _PAUSE: Final = 0.25  # seconds between drawings

    def __init__(
        self, console: Console | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = console or Console(file=sys.stderr, force_terminal=True, force_jupyter=False)
        self._clock = clock
        self._left = ExitStack()
        self._process = os.getpid()
        self._last: Snapshot | None = None
        self._pace = Pace()
        self._drawn_at = float("-inf")
        self._is_gone = False
        # No thread: it would not survive a fork, and show() is called often enough. What is printed to a file
        # stays in that file.
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            get_renderable=self._picture,
            redirect_stdout=_is_terminal(sys.stdout),
        )

    def __enter__(self) -> Self:
        before = [sys.stderr, *([sys.stdout] if _is_terminal(sys.stdout) else [])]
        self._safely(self._start)
        self._left.callback(self._stop)
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.StreamHandler) and handler.stream in before:
                self._lead_above(handler)
        return self

    def __exit__(self, *error: object) -> None:
        if self._process == os.getpid():
            self._left.close()

    def show(self, snapshot: Snapshot) -> None:
        """Draw it, unless something was drawn a moment ago."""
        if self._last is None:
            self._pace = Pace(snapshot.done_before)
        self._last = snapshot
        self._pace.saw(snapshot.elapsed, snapshot.ended)
        if self._clock() - self._drawn_at >= self._PAUSE:
            self._drawn_at = self._clock()
            self._safely(self._live.refresh)

    def say(self, text: str) -> None:
        """Write it above the bars."""
        from rich.text import Text

        self._safely(lambda: self._console.print(Text(_plain(text)), soft_wrap=True))

    def _start(self) -> None:
        with self._console:
            self._live.start()
            # It stays visible, so that no death of ours, however sudden, leaves a terminal without it.
            self._console.show_cursor(show=True)

    def _stop(self) -> None:
        with suppress(OSError, ValueError):
            self._live.stop()

    def _lead_above(self, handler: logging.StreamHandler[TextIO]) -> None:
        """A handler keeps the stream that it was made with, and would write into the bars."""
        if (before := handler.setStream(sys.stderr)) is not None:
            self._left.callback(handler.setStream, before)

    def _safely(self, act: Callable[[], None]) -> None:
        """Draw, unless the terminal is gone, or this is a fork of the process that it belongs to."""
        if self._is_gone or self._process != os.getpid():
            return
        try:
            act()
        except (OSError, ValueError):  # hung up or closed: the run goes on
            self._is_gone = True

    def _picture(self) -> Group | str:
        from rich.console import Group

        if self._last is None:
            return ""
        shown = _busiest(
            self._last.templates, max(1, min(self.MOST, self._console.height - self._OTHER_LINES))
        )
        rest = [template for template in self._last.templates if template not in shown]
        return Group(_table(shown, self._console.width), *_words_below(self._last, rest, self._pace))


def _busiest(templates: Sequence[TemplateCounts], most: int) -> list[TemplateCounts]:
    """Those in which most happens, in the order in which they came."""
    if len(templates) <= most:
        return list(templates)
    ranked = sorted(range(len(templates)), key=lambda n: _idleness(templates[n]))
    return [templates[number] for number in sorted(ranked[:most])]


def _idleness(template: TemplateCounts) -> tuple[int, bool, int]:
    return -template.active, template.done >= template.total, -template.failed


def _table(templates: Sequence[TemplateCounts], width: int) -> Table:
    from rich.progress_bar import ProgressBar
    from rich.table import Column, Table
    from rich.text import Text

    table = Table.grid(
        Column(no_wrap=True, overflow="ellipsis", max_width=max(8, min(30, width // 4))),
        Column(ratio=1, min_width=8),
        *(Column(no_wrap=True, justify="right") for _ in range(3)),
        padding=(0, 1),
        expand=True,
    )
    for template in templates:
        table.add_row(
            Text(_plain(template.name).replace("\n", " ")),
            ProgressBar(total=max(1, template.total), completed=template.done, complete_style="green"),
            Text(f"{template.done:,}/{template.total:,}"),
            Text(f"{template.active:,} active" if template.active else "", style="cyan"),
            Text(f"{template.failed:,} failed" if template.failed else "", style="red"),
        )
    return table


def _words_below(snapshot: Snapshot, rest: Sequence[TemplateCounts], pace: Pace) -> Iterator[Text]:
    if rest:
        total, done = sum(template.total for template in rest), sum(template.done for template in rest)
        templates = "1 more template" if len(rest) == 1 else f"{len(rest):,} more templates"
        yield _line(f"and {templates}, {done:,} of {total:,} done", "dim")
    clauses = *_how_far(snapshot), *_how_fast(snapshot, pace), f"{time_in_words(snapshot.elapsed)} so far"
    yield _line(f"{_name(snapshot)}: {', '.join(clauses)}", "bold")
    if snapshot.note:
        yield _line(_plain(snapshot.note).replace("\n", " "), "yellow")


def _line(words: str, style: str) -> Text:
    """Exactly one line: the bars are redrawn by counting lines."""
    from rich.text import Text

    return Text(words, style=style, no_wrap=True, overflow="ellipsis", end="\n")
