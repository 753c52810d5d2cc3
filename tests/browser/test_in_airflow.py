"""Our pages in Airflow's own: the entry of its navigation, the tabs of DAG, run and task, its light and dark."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.browser.survey import DAG_ID
from tests.browser.visiting import frame_of, keep_screenshot


def shown(page):
    """Our page in the frame."""
    return frame_of(page).locator("main")


def test_one_logs_in_and_the_navigation_leads_to_the_workflows(browser, survey):
    home = survey.airflow.home
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(home.url)
    page.get_by_label("Username").or_(page.locator("input[name=username]")).first.fill("admin")
    page.locator("input[type=password]").fill(home.passwords()["admin"])
    page.keyboard.press("Enter")

    page.get_by_role("link", name="Jobmon", exact=True).or_(
        page.get_by_role("button", name="Jobmon", exact=True)
    ).first.click()

    expect(page).to_have_url(re.compile("/plugin/jobmon"))
    expect(shown(page).get_by_role("link", name="households").first).to_be_visible()
    keep_screenshot(page, "Airflow, workflows")
    context.close()


@pytest.mark.parametrize(
    ("tab", "heading", "more"),
    [
        ("plugin/jobmon_dag", "Workflows", "households"),
        ("runs/{run}/plugin/jobmon_run", "households", "What it waits for"),
        ("runs/{run}/tasks/measure/plugin/jobmon_task_instance", "households", "What it waits for"),
        ("tasks/measure/plugin/jobmon_task", "measure", "What to ask for next time"),
    ],
    ids=["of a DAG", "of a run", "of a task instance", "of a task"],
)
def test_a_tab_shows_what_it_stands_beside(reader, survey, tab, heading, more):
    page = reader.open_airflow(f"/dags/{DAG_ID}/{tab.format(run=quote(survey.failed_run.run_id))}")

    expect(
        page.get_by_role("tab", name="Jobmon").or_(page.get_by_role("link", name="Jobmon")).last
    ).to_be_visible()
    expect(shown(page).get_by_role("heading", level=1)).to_contain_text(heading)
    expect(shown(page)).to_contain_text(more)
    keep_screenshot(page, f"Airflow, {tab}")


def test_the_pages_are_as_dark_as_airflow(reader, survey):
    page = reader.open_airflow("/plugin/jobmon")
    expect(frame_of(page).locator("html")).to_have_attribute("data-theme", "light")

    page.evaluate("() => localStorage.setItem('theme', 'dark')")
    page.reload()

    expect(page.locator("html")).to_have_class(re.compile("dark"))
    expect(frame_of(page).locator("html")).to_have_attribute("data-theme", "dark")
    expect(shown(page)).to_contain_text("households")
    keep_screenshot(page, "Airflow, dark")


def test_a_file_can_be_had_from_within_airflow(reader, survey):
    page = reader.open_airflow("/plugin/jobmon")

    with page.expect_download() as waiting:
        shown(page).get_by_role("link", name="CSV").click()

    assert waiting.value.suggested_filename.endswith(".csv")
