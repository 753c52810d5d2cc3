"""Links and names of files on the pages lead somewhere."""

from __future__ import annotations

import re

import pytest

from jobmon_airflow.web.headers import HEADERS
from tests.docs.pages import LINK, LINKING, PAGES, ROOT, anchors, blocks, name_of, section


@pytest.mark.parametrize("page", LINKING, ids=name_of)
def test_links_lead_to_files_and_headings_that_are_there(page):
    for target, heading in LINK.findall(page.read_text(encoding="utf-8")):
        linked = (page.parent / target) if target else page
        assert linked.exists(), target
        if heading:
            assert heading in anchors(linked)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_two_headings_of_a_page_have_the_same_anchor(page):
    found = anchors(page)

    assert sorted(found) == sorted(set(found))


def test_every_page_is_named_on_the_first_one():
    first = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")

    assert {page.name for page in PAGES if page.name != "README.md"} <= set(
        re.findall(r"\((\w[\w-]*\.md)", first)
    )


def test_the_tree_of_the_readme_names_what_is_there():
    [tree] = [block for block in blocks(ROOT / "README.md") if block.text.startswith("jobmon_airflow/")]
    folder = ROOT

    for line in tree.text.splitlines():
        names = re.split(r"\s{2,}", line.strip())[0].split()
        folder = ROOT / "jobmon_airflow" if line.startswith("  ") else ROOT
        assert [name for name in names if not (folder / name).exists()] == [], line


def test_the_page_of_the_view_tells_the_policy_that_is_sent():
    [told] = [
        block.text for block in blocks(ROOT / "docs" / "view.md") if block.text.startswith("default-src")
    ]

    assert " ".join(told.split()) == HEADERS["Content-Security-Policy"]
    assert "Content-Security-Policy" in section(ROOT / "docs" / "view.md", "What is safe")
