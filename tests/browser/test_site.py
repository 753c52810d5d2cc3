"""The web site of docs/: built as `make site` builds it, read by people, and by nobody else."""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

pytestmark = pytest.mark.long  # it is built once, for all of them
ROOT = Path(__file__).parents[2]
LOADED = re.compile(r'<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)="([^"]*)"')


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Tests print nothing of what went well."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [ROOT / "scripts" / "build-site", "--site-dir", made], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return made


@pytest.fixture(scope="module")
def address(folder):
    with served(folder) as found:
        yield found


@contextmanager
def served(folder):
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def page(browser, address):
    """A page whose browser must not ask anybody else, and has nothing to complain of."""
    context = browser.new_context()
    page = context.new_page()
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []
    assert complaints == []


def test_every_page_is_built_and_loads_nothing_from_elsewhere(folder):
    built = {file.stem for file in folder.glob("*.html")}
    assert {file.stem for file in (ROOT / "docs").glob("*.md")} - {"README"} <= built
    assert {"index", "changelog", "contributing"} <= built
    assert len(list((folder / "examples").glob("*.html"))) > 10

    for file in folder.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        assert [where for where in LOADED.findall(text) if "//" in where] == [], file
        assert "tried by" not in text, file


def test_pictures_of_states_are_drawn(page, address):
    page.goto(f"{address}/states.html")
    page.wait_for_function("document.querySelectorAll('div.mermaid').length === 4")

    drawn = page.locator("div.mermaid")
    assert all(box.bounding_box()["height"] > 100 for box in drawn.all())


def test_a_word_is_found(page, address):
    page.goto(f"{address}/index.html")
    box = page.get_by_role("textbox", name="Search").first
    box.click()
    box.press_sequentially("fallback_queues")  # the search hears keys

    first = page.locator(".md-search-result__link").first
    first.wait_for(state="attached")
    assert re.search(r"(resources|operators|slurm)\.html", first.get_attribute("href"))


def test_the_way_to_help_is_short(page, address):
    page.goto(f"{address}/index.html")
    page.get_by_role("link", name="Troubleshooting").first.click()

    assert page.get_by_role("heading", level=1).inner_text().startswith("Troubleshooting")
    assert page.locator("table").count() > 5
