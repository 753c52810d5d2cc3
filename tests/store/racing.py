"""Who does the same at the same time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def at_once(works: Iterable[Callable[[], Any]]) -> list[Any]:
    """Do some work in threads that begin together; what each returned, or raised."""
    works = list(works)
    start = threading.Barrier(len(works))
    answers: dict[int, Any] = {}

    def go(number: int, work: Callable[[], Any]) -> None:
        start.wait(30)
        try:
            answers[number] = work()
        except Exception as error:  # noqa: BLE001 - it is the answer
            answers[number] = error

    threads = [threading.Thread(target=go, args=item) for item in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return [answers[number] for number in range(len(works))]
