"""Links that are good in the repository are good on the site, and what only tests look at is not on it."""

from __future__ import annotations

import importlib.util
from types import SimpleNamespace

import pytest

from tests.docs.pages import ROOT


@pytest.fixture(scope="module")
def site():
    spec = importlib.util.spec_from_file_location("site_pages", ROOT / "scripts" / "site_pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def page(uri):
    return SimpleNamespace(file=SimpleNamespace(src_uri=uri, dest_uri=uri.replace(".md", ".html")))


@pytest.mark.parametrize(
    ("uri", "link", "found"),
    [
        ("airflow.md", "[view](view.md#the-api)", "[view](view.md#the-api)"),
        ("changelog.md", "[view](docs/view.md#the-api)", "[view](view.md#the-api)"),
        ("airflow.md", "[a DAG](../dags_examples/slurm.py)", "[a DAG](examples/slurm.md)"),
        ("README.md", "[examples](../dags_examples)", "[examples](examples/index.md)"),
        ("examples/index.md", "[slurm.py](dags_examples/slurm.py)", "[slurm.py](slurm.md)"),
        ("testing.md", "[how](../CONTRIBUTING.md)", "[how](contributing.md)"),
        ("contributing.md", "[errors.py](jobmon_airflow/errors.py)", "errors.py"),
        ("view.md", "[above](#the-api)", "[above](#the-api)"),
        ("view.md", "[elsewhere](https://example.org/x.md)", "[elsewhere](https://example.org/x.md)"),
        ("view.md", "`[code](errors.py)`", "`[code](errors.py)`"),
        ("view.md", "```python\ntables[name](rows)\n```", "```python\ntables[name](rows)\n```"),
    ],
)
def test_a_link_leads_to_the_page_that_shows_its_file(site, uri, link, found):
    assert site.on_page_markdown(link, page(uri)) == found


def test_who_tries_a_block_is_not_told(site):
    text = "Type\n\n<!-- tried by tests/x.py -->\n```sh\nls\n```\n"

    assert site.on_page_markdown(text, page("view.md")) == "Type\n\n```sh\nls\n```\n"


def test_pictures_are_drawn_by_what_comes_with_the_site(site):
    drawn = site.on_post_page('<head></head><pre class="mermaid">', page("states.md"))

    assert drawn.startswith('<head><script src="javascripts/mermaid.min.js"></script></head>')
    assert site.on_post_page("<head></head>", page("view.md")) == "<head></head>"
