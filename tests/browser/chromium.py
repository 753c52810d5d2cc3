"""A chromium without a screen, from the system's own packages, driven by playwright."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
#: Root needs the first; the others keep it from asking hosts that no test is about.
FLAGS: Final = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


class ChromiumIsMissing(RuntimeError):
    """The machine has no such browser."""


def find() -> str:
    """The path of the browser."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise ChromiumIsMissing(
        "No chromium can be found.\nAs root, run 'apt-get install chromium', or run 'make browser'."
    )


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser that has never seen anything, and is gone with the block."""
    from playwright.sync_api import sync_playwright

    path = find()
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield opened
        finally:
            opened.close()
