"""What a person sees while a workflow runs."""

from __future__ import annotations

import io
import logging
import re
import subprocess
import sys

import pytest
from rich.console import Console

from jobmon_airflow.engine.progress import Bars, Lines, Pace, Snapshot, TemplateCounts, display


def template(name="fit", total=100, done=0, active=0, failed=0) -> TemplateCounts:
    return TemplateCounts(name=name, total=total, done=done, active=active, failed=failed)


def snapshot(*templates, elapsed=0.0, done_before=0, note="") -> Snapshot:
    return Snapshot(
        workflow_id=12,
        workflow_run_id=3,
        templates=templates,
        done_before=done_before,
        elapsed=elapsed,
        note=note,
    )


# --- how fast ---


def test_a_steady_pace_is_told_as_it_is():
    pace = Pace()
    for second in range(300):
        pace.saw(second, 5 * second)

    assert pace.per_second() == pytest.approx(5)
    assert pace.left(50) == pytest.approx(10)


def test_nothing_is_known_before_anything_happened():
    pace = Pace()

    assert pace.per_second() is None
    assert pace.left(10) is None

    pace.saw(5, 0)

    assert pace.per_second() == 0
    assert pace.left(10) is None


def test_what_was_done_before_is_not_counted():
    pace = Pace(ended_before=1000)
    pace.saw(10, 1020)

    assert pace.per_second() == pytest.approx(2)


def test_a_stop_slows_the_pace_until_nothing_is_left_of_it():
    pace = Pace()
    for second in range(100):
        pace.saw(second, 10 * second)
    paces = []
    for second in range(100, 3 * 3600, 10):
        pace.saw(second, 990)
        paces.append(pace.per_second())

    assert paces == sorted(paces, reverse=True)
    assert paces[6] < 0.2
    assert paces[-1] == 0
    assert pace.left(10) is None


def test_after_a_pause_the_pace_is_the_new_one_within_a_minute_or_so():
    pace = Pace()
    for second in range(1000):
        pace.saw(second, 10 * min(second, 100))
    for second in range(1000, 1070):
        pace.saw(second, 1000 + 4 * (second - 1000))

    assert pace.per_second() == pytest.approx(4, rel=0.05)


def test_a_change_of_pace_is_seen_within_a_minute_or_so():
    pace = Pace()
    for second in range(500):
        pace.saw(second, 100 * second)
    for second in range(500, 570):
        pace.saw(second, 50_000 + 2 * (second - 500))

    assert pace.per_second() == pytest.approx(2, rel=0.05)


def test_slow_tasks_are_counted_over_more_than_a_minute():
    pace = Pace()
    for second in range(0, 4000, 10):
        pace.saw(second, second // 300)

    assert pace.per_second() == pytest.approx(1 / 300, rel=0.25)


# --- lines ---


@pytest.fixture
def told(caplog):
    caplog.set_level(logging.INFO, "jobmon_airflow.progress")
    return lambda: caplog.messages


def test_a_line_says_how_far_the_run_is(told):
    half = template("fit", total=6000, done=4000, active=10)

    with Lines() as lines:
        lines.show(snapshot(half, template("plot", 4000, 120, 6, 2), elapsed=50, done_before=1520))

        assert told() == [
            "workflow 12, run 3: 4,120 of 10,000 done (41 %), 16 active, 2 failed, 52/s, 2 min left"
        ]


def test_lines_come_seldom_and_there_is_one_at_the_end(told):
    with Lines() as lines:
        for second in range(200):
            lines.show(snapshot(template(total=100_000, done=second, active=1), elapsed=second))

    assert [line.split(":")[1].split()[0] for line in told()] == [
        "0",
        "10",
        "30",
        "60",
        "120",
        "180",
        "ended",
    ]
    assert told()[-1] == "workflow 12, run 3: ended after 3 min: 199 of 100,000 done (0 %), 1 active"


def test_a_tenth_of_the_work_is_worth_a_line_unless_there_was_one_just_now(told):
    with Lines() as lines:
        for second in range(100, 121):
            lines.show(snapshot(template(done=(second - 100) * 5), elapsed=second))

    assert [line.split(" done")[0].split()[-3] for line in told()[:-1]] == ["0", "50", "100"]


def test_a_note_is_told_when_it_is_new(told):
    with Lines() as lines:
        lines.show(snapshot(template(), elapsed=61))
        lines.show(snapshot(template(), elapsed=75, note="paused: the limit is 0"))
        lines.show(snapshot(template(), elapsed=90, note="paused: the limit is 0"))

        assert [line.endswith("; paused: the limit is 0") for line in told()] == [False, True]


def test_nothing_is_told_of_a_run_that_was_never_shown(told):
    with Lines():
        pass

    assert told() == []


PLAIN = """
import logging
from jobmon_airflow.engine.progress import display
logging.getLogger("jobmon_airflow").addHandler(logging.NullHandler())
with display() as shown:
    shown.say("one")
    logging.basicConfig(format="log: %(message)s", level=logging.INFO)
    shown.say("two")
import sys
assert "rich" not in sys.modules
"""


def test_lines_go_to_stderr_if_nobody_set_up_a_log():
    ran = subprocess.run([sys.executable, "-c", PLAIN], capture_output=True, text=True, check=True)

    assert (ran.stdout, ran.stderr) == ("", "one\nlog: two\n")


# --- bars ---


class Terminal:
    """A screen that remembers what was written to it."""

    def __init__(self, width=100, height=25) -> None:
        self.file = io.StringIO()
        self.console = Console(
            file=self.file, force_terminal=True, width=width, height=height, color_system=None, _environ={}
        )

    @property
    def text(self) -> str:
        return self.file.getvalue()

    @property
    def last(self) -> list[str]:
        """The last picture, without what moves the cursor."""
        picture = re.split(r"\x1b\[[0-9?]*[A-Zhl]", self.text)[-1]
        return [line.rstrip() for line in picture.strip("\r\n").splitlines()]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_each_template_has_a_bar_and_the_whole_has_a_line():
    terminal = Terminal()

    with Bars(terminal.console) as bars:
        bars.show(snapshot(template("fit", 100, 50, 4), template("plot", 300, 0, 0, 2), elapsed=10))
        fit, plot, whole = terminal.last[:3]

    assert fit.startswith("fit ")
    assert "50/100 4 active" in fit
    assert "0/300" in plot
    assert plot.endswith("2 failed")
    assert whole.startswith(
        "workflow 12, run 3: 50 of 400 done (12 %), 4 active, 2 failed, 5.2/s, 1 min left"
    )


def test_names_are_shown_as_they_are_written():
    terminal = Terminal()

    with Bars(terminal.console) as bars:
        bars.show(snapshot(template("[red]fit[/]"), template("a\x1b[2Jb"), note="[bold]full"))
        bars.say("said [green]so")

    assert "[red]fit[/]" in terminal.text
    assert "\x1b[2J" not in terminal.text
    assert "[bold]full" in terminal.text
    assert "said [green]so" in terminal.text


def test_the_busiest_templates_are_shown_in_their_order_if_not_all_fit():
    terminal = Terminal(height=8)
    templates = [template(f"t{n}", 10, done=1, active=n % 3) for n in range(9)]

    with Bars(terminal.console) as bars:
        bars.show(snapshot(*templates, note="the cluster is full"))
        shown = terminal.last

    assert [line.split()[0] for line in shown[:3]] == ["t2", "t5", "t8"]
    assert shown[3:] == [
        "and 6 more templates, 6 of 60 done",
        "workflow 12, run 3: 9 of 90 done (10 %), 9 active, 0 s so far",
        "the cluster is full",
    ]


@pytest.mark.parametrize("width", [20, 40, 60, 200])
def test_no_line_is_wider_than_the_terminal_because_bars_are_redrawn_by_counting_lines(width):
    terminal = Terminal(width=width)
    named = template("name " * 20, 10**6, 10**5, 10**4, 10**3)

    with Bars(terminal.console) as bars:
        bars.show(snapshot(named, elapsed=10**5, note="the database does not answer " * 9))
        bars.say("long " * 50)
        shown = terminal.text.split("\n")[-3:]

    assert [len(line) <= width for line in shown] == [True, True, True]
    assert shown[1].startswith("workflow 12")


def test_it_draws_four_times_a_second_at_most_and_the_last_state_at_the_end():
    terminal, clock = Terminal(), Clock()

    with Bars(terminal.console, clock=clock) as bars:
        for done in range(100):
            clock.now = done / 100
            bars.show(snapshot(template(done=done), elapsed=clock.now))

    assert terminal.text.count(" of 100 done") == 5
    assert "99 of 100 done" in terminal.text


def test_the_cursor_is_never_gone_for_long():
    terminal = Terminal()

    with Bars(terminal.console) as bars:
        bars.show(snapshot(template()))

        assert terminal.text.rindex("\x1b[?25h") > terminal.text.rindex("\x1b[?25l")


def test_logs_that_were_set_up_before_are_written_above_the_bars(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    before = sys.stderr
    handler = logging.StreamHandler()
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])

    with Bars(terminal.console) as bars:
        bars.show(snapshot(template()))
        logging.getLogger("somebody").warning("look here")

    assert "look here" in terminal.text
    assert handler.stream is before
    assert sys.stderr is before
    assert before.getvalue() == ""


def test_a_terminal_that_is_gone_does_not_end_the_run():
    terminal = Terminal()
    before = sys.stderr

    with Bars(terminal.console) as bars:
        terminal.file.close()
        bars.show(snapshot(template()))
        bars.say("is anybody there?")

    assert sys.stderr is before


def test_a_run_without_tasks_is_shown_too():
    terminal = Terminal()

    with Bars(terminal.console) as bars:
        bars.show(snapshot(template(total=0)))

    assert "0 of 0 done (100 %)" in terminal.text


# --- which ---


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stderr", "environment", "kind"),
    [
        (Tty, {"TERM": "xterm"}, Bars),
        (Tty, {"TERM": "dumb"}, Lines),
        (Tty, {"TERM": "xterm", "CI": "true"}, Lines),
        (io.StringIO, {"TERM": "xterm"}, Lines),
        (lambda: None, {"TERM": "xterm"}, Lines),
    ],
)
def test_bars_are_for_people_at_terminals(monkeypatch, stderr, environment, kind):
    monkeypatch.delenv("CI", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stderr", stderr())

    assert isinstance(display(), kind)
    assert isinstance(display(terminal=False), Lines)
