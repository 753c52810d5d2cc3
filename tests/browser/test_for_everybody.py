"""The pages for people who see, hear and point otherwise: axe finds no barrier, and the keyboard is enough."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import visiting
from tests.browser.visiting import barriers, keep_screenshot, settle, walk_to

PAGES = {
    "workflows": "/",
    "workflow": "/workflow/{failed}",
    "running": "/workflow/{live}",
    "tasks": "/workflow/{failed}/tasks",
    "template": "/workflow/{failed}/template/measure",
    "errors": "/workflow/{failed}/errors?group=1",
    "timeline": "/workflow/{failed}/timeline",
    "task": "/task/{task}",
    "usage": "/usage",
}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_barrier_on_any_page(browser, survey, theme):
    token = survey.airflow.api.log_in()
    task = survey.task(survey.failed, "measure-2-1")
    found = {}
    # axe is injected, which our pages allow nobody.
    with visiting.reading(browser, survey.airflow.home.url, token, theme=theme, bypass_csp=True) as reader:
        for name, path in PAGES.items():
            page = reader.open(path.format(failed=survey.failed, live=survey.live, task=task))
            assert page.locator("html").get_attribute("data-theme") == theme
            if those := barriers(page):
                found[name] = those
            keep_screenshot(page, f"{name} {theme}")
            page.close()

    assert not found, "\n".join(f"{name}:\n" + "\n".join(those) for name, those in found.items())
    assert reader.complaints == []


def test_a_dialog_is_no_barrier(browser, survey):
    token = survey.airflow.api.log_in()
    with visiting.reading(browser, survey.airflow.home.url, token, bypass_csp=True) as reader:
        page = reader.open(f"/workflow/{survey.failed}")
        page.get_by_role("button", name="Resume…").click()
        expect(page.get_by_role("dialog")).to_contain_text("With which resources")

        assert barriers(page) == []
        keep_screenshot(page, "resume")


def test_the_keyboard_leads_from_the_list_to_a_plan_and_back(reader, survey):
    page = reader.open(f"/?id={survey.failed}")

    page.keyboard.press("Tab")
    assert page.evaluate(visiting.FOCUSED) == "Skip to the page"
    page.keyboard.press("Enter")
    walk_to(page, "households")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/workflow/{survey.failed}")
    settle(page)
    walk_to(page, "Resume…")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    walk_to(page, "Cancel")
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate(visiting.FOCUSED) == "Resume…"


def test_a_slash_leads_to_the_filters(reader, survey):
    page = reader.open("/")

    page.keyboard.press("/")
    page.keyboard.type("nobody")
    page.keyboard.press("Enter")
    settle(page)

    expect(page.get_by_text("No workflow is like that.")).to_be_visible()
    assert "user=nobody" in page.url


def test_a_narrow_window_scrolls_no_page_sideways(reader, survey):
    for path in ("/", f"/workflow/{survey.failed}", f"/workflow/{survey.failed}/errors"):
        page = reader.open(path)
        wide = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], path
        page.close()
