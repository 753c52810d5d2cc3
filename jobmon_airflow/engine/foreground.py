"""A run in the process of a script: `workflow.run()`.

The engine's loop has a thread of its own, so that it runs in a notebook too, whose main thread has a loop already,
and goes on while a person is asked whether it shall stop. The main thread waits, listens to signals, and calls what no
other thread may call.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jobmon_airflow.engine.progress import Display
    from jobmon_airflow.engine.session import Result, Session

_ENDINGS: Final = (signal.SIGTERM, signal.SIGHUP)
_waiting: Final[
    list[_Foreground]
] = []  # whose main thread waits; more than one if a call runs a workflow in turn


def run(session: Session, display: Display) -> Result:
    """Run the session to its end, and return or raise what came of it."""
    return _Foreground(session, display).run()


def in_main_thread(function: Callable[[], Any]) -> Any:
    """What the function returns, which other threads than the main one must not call: R's functions are such.

    The engine may ask for it, because while a workflow runs the main thread waits for nothing else.
    """
    if threading.current_thread() is threading.main_thread() or not _waiting:
        return function()
    return _waiting[-1].call(function)


class _Foreground:
    def __init__(self, session: Session, display: Display) -> None:
        self._session = session
        self._display = display
        # An Event has a lock, which a handler could need while it interrupts who holds it.
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._is_over = False
        self._interrupts = 0
        self._is_asking = False
        self._ended_by: int | None = None
        self._result: Result | None = None
        self._error: BaseException | None = None

    def run(self) -> Result:
        thread = threading.Thread(target=self._work, name="jobmon-engine", daemon=True)
        handlers: dict[signal.Signals, Callable[[int, Any], None]] = dict.fromkeys(
            _ENDINGS, self._told_to_end
        )
        handlers[signal.SIGINT] = self._interrupted
        with _listening(handlers), self._ready_to_call():
            thread.start()
            while not self._is_over:
                if call := self._calls.get():
                    call()
                self._heed()
            thread.join()
        if self._ended_by is not None:
            signal.raise_signal(self._ended_by)  # what was to happen to this process, now that all is written
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result

    def _work(self) -> None:
        try:
            self._result = asyncio.run(self._session.run())
        except BaseException as error:  # noqa: BLE001 - it is raised where the script waits
            self._error = error
        finally:
            self._is_over = True
            self._calls.put(None)

    # --- calls for other threads --------------------------------------------------------------------------

    def call(self, function: Callable[[], Any]) -> Any:
        """Have the waiting thread call the function, and wait for what it returns or raises."""
        answer: Future[Any] = Future()

        def fulfil() -> None:
            try:
                answer.set_result(function())
            except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
                answer.set_exception(error)

        self._calls.put(fulfil)
        return answer.result()

    @contextmanager
    def _ready_to_call(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        _waiting.append(self)
        try:
            yield
        finally:
            _waiting.remove(self)

    # --- signals ------------------------------------------------------------------------------------------

    def _interrupted(self, *_: object) -> None:
        self._interrupts += 1
        if self._is_asking:
            raise KeyboardInterrupt  # leaves the question
        self._calls.put(None)

    def _told_to_end(self, number: int, _frame: object) -> None:
        self._ended_by = number
        self._calls.put(None)
        if self._is_asking:
            raise KeyboardInterrupt

    def _heed(self) -> None:
        if self._is_over:
            return
        if self._ended_by is not None:
            self._display.say(f"{signal.Signals(self._ended_by).name}: the run stops.")
            self._session.stop()
        elif self._interrupts > 1:
            self._session.stop(at_once=True)
        elif self._interrupts == 1:
            self._ask()

    def _ask(self) -> None:
        try:
            if not _somebody_is_there() or self._says_yes():
                self._display.say("The run stops: its tasks are ended. Ctrl-C once more does so at once.")
                self._session.stop()
            else:
                self._interrupts = 0
        except (KeyboardInterrupt, EOFError, OSError):  # the last two, if the terminal is gone
            self._session.stop(at_once=self._ended_by is None)

    def _says_yes(self) -> bool:
        self._is_asking = self._session.is_quiet = True
        try:
            return _answer_to("Are you sure you want to exit (y/n)?").lower() in {"y", "yes"}
        finally:
            self._is_asking = self._session.is_quiet = False


def _somebody_is_there() -> bool:
    """Whether a person sees a question, and can answer it."""
    with suppress(AttributeError, OSError, ValueError):  # there is no stdin, or it is closed
        # Who reads in the background is halted by the terminal.
        return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    return False


def _answer_to(question: str) -> str:
    """Ask on the terminal itself, below what is drawn there and wherever stdout goes.

    Python's `input` would do neither, and loses an interrupt that comes while it writes.
    """
    with Path("/dev/tty").open("w", encoding="utf-8") as terminal:
        terminal.write(f"\n{question} ")
    if not (line := sys.stdin.readline()):
        raise EOFError
    return line.strip()


@contextmanager
def _listening(handlers: dict[signal.Signals, Callable[[int, Any], None]]) -> Iterator[None]:
    """Handle signals, where that is possible, and as before afterwards."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # Whoever ignores a signal (nohup does) goes on ignoring it.
    wanted = {number: handler for number, handler in handlers.items() if _is_heard(number)}
    before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_heard(number: signal.Signals) -> bool:
    return signal.getsignal(number) not in {signal.SIG_IGN, None}
