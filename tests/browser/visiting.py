"""A reader of the pages: somebody who is logged in, with a browser that remembers what it complained about."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page

PATIENCE: Final = 40_000  #: milliseconds, for a machine that is busy with other tests
WIDTH, HEIGHT = 1280, 900
AXE: Final = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
#: What people see is to be looked at: screenshots are kept in this folder, if it is named.
SCREENSHOTS: Final = os.environ.get("JOBMON_TEST_SCREENSHOTS")
Theme = Literal["light", "dark"]


@dataclass
class Reader:
    """Opens pages, and says afterwards what went wrong in them."""

    context: BrowserContext
    url: str  #: of Airflow
    theme: Theme = "light"
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """One of our own pages, when it has asked all that it asks first."""
        page = self.page()
        page.goto(f"{self.url}/jobmon{path}")
        settle(page)
        return page

    def open_airflow(self, path: str) -> Page:
        """A page of Airflow's own."""
        page = self.page()
        page.goto(f"{self.url}{path}")
        return page

    def page(self) -> Page:
        """A new tab whose complaints are noted."""
        page = self.context.new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        return page

    def _note(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.location.get('url', '')}: {message.text}")


@contextmanager
def reading(
    browser: Browser, url: str, token: str, *, theme: Theme = "light", **options: Any
) -> Iterator[Reader]:
    """A reader with this token, in a browser that remembers nothing."""
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=theme, accept_downloads=True, **options
    )
    context.set_default_timeout(PATIENCE)
    context.add_cookies([{"name": "_token", "value": token, "url": url}])
    try:
        yield Reader(context, url, theme)
    finally:
        context.close()


#: The page has its heading, and nothing on it is still awaited.
_SETTLED: Final = """() => {
    const page = document.querySelector("main");
    if (!page?.querySelector("h1, [role=alert]") || page.querySelector("[aria-busy=true]")) return false;
    return ![...page.querySelectorAll(".quiet")].some((it) => it.textContent === "Loading…");
}"""


def settle(page: Page) -> None:
    """Wait until the page shows what it has asked for; one that is live asks again later."""
    page.wait_for_function(_SETTLED)


def keep_screenshot(page: Page, name: str) -> None:
    """Keep what the page looks like, if somebody wants to see it."""
    if SCREENSHOTS:
        folder = Path(SCREENSHOTS)
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{re.sub('[^A-Za-z0-9-]+', '_', name)}.png", full_page=True)


def barriers(page: Page) -> list[str]:
    """What axe finds serious or critical on the page. Its context must let scripts be injected."""
    page.add_script_tag(path=AXE)
    found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    return [
        f"{it['impact']} {it['id']}: {it['help']}\n  "
        + "\n  ".join(node["html"][:300] for node in it["nodes"][:5])
        for it in found
        if it["impact"] in {"serious", "critical"}
    ]


def frame_of(page: Page) -> FrameLocator:
    """Our page inside Airflow's."""
    return page.frame_locator("iframe")


def walk_to(page: Page, text: str, *, at_most: int = 120) -> None:
    """Press Tab until what has the keyboard says this."""
    said = []
    for _ in range(at_most):
        page.keyboard.press("Tab")
        said.append(page.evaluate(FOCUSED))
        if text in said[-1]:
            return
    raise AssertionError(f"Tab does not lead to '{text}', but to {said}.")


FOCUSED: Final = """() => {
    const it = document.activeElement;
    return it === document.body ? "" : it.getAttribute("aria-label") || it.textContent || it.value || it.tagName;
}"""
