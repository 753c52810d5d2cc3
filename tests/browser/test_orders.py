"""What may be done in the pages is done: pause, limit, stop, resume after a plan, mark done, run again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser import visiting
from tests.browser.visiting import keep_screenshot, settle

SHUT = "measure-5-1"


@pytest.fixture
def page(reader, survey):
    """The page of a workflow of its own, which runs and waits at a gate."""
    survey.lay("shut", SHUT)
    workflow = survey.another()
    survey.wait_until(survey.task(workflow, SHUT), "R")
    yield reader.open(f"/workflow/{workflow}")
    survey.lift("shut", SHUT)


def order(page, button, action, *, and_fill=None):
    """Press a button, do what its dialog asks, and read what was said."""
    page.get_by_role("button", name=button).click()
    dialog = page.get_by_role("dialog")
    if and_fill is not None:
        dialog.get_by_role("spinbutton").fill(and_fill)
    dialog.get_by_role("button", name=action, exact=True).click()
    expect(dialog).to_have_count(0)


def test_a_workflow_is_paused_limited_killed_and_resumed(page, survey):
    workflow = int(page.url.rpartition("/")[2])
    facts = page.locator("main")

    order(page, "Pause…", "Pause")
    expect(facts).to_contain_text("paused")
    order(page, "Go on…", "Set the limit", and_fill="3")
    expect(facts).to_contain_text("at most 3 tasks")
    order(page, "Limit…", "Lift the limit", and_fill="")
    expect(facts).not_to_contain_text("at most 3 tasks")
    order(page, "Kill…", "End everything that runs")
    expect(page.locator(".big")).to_contain_text("halted", timeout=60_000)
    survey.airflow.wait_until_ended(survey.last_run, "failed")
    keep_screenshot(page, "killed")

    survey.lift("shut", SHUT)
    page.get_by_role("button", name="Resume…").click()
    plan = page.get_by_role("dialog")
    expect(plan).to_contain_text(re.compile(r"\d+ tasks run \(again\)"))
    expect(plan).to_contain_text("256 MiB")
    keep_screenshot(page, "plan")
    plan.get_by_role("button", name="Resume", exact=True).click()

    # What waits at the other workflow's gate goes on waiting; all else is done.
    survey.wait_until(survey.task(workflow, SHUT), "D")
    survey.wait_until(survey.task(workflow, "combine-5"), "D")
    expect(page.locator(".big")).to_contain_text("running", timeout=60_000)
    orders = page.get_by_role("region", name="What people ordered in these pages, newest first")
    expect(orders.locator("tbody tr")).to_have_count(5)
    expect(orders).to_contain_text("admin")


def test_a_task_is_marked_as_done_and_runs_again(page, survey):
    workflow = int(page.url.rpartition("/")[2])
    shut = survey.task(workflow, SHUT)
    order(page, "Kill…", "End everything that runs")
    survey.airflow.wait_until_ended(survey.last_run, "failed")

    page.goto(page.url.replace(f"workflow/{workflow}", f"task/{shut}"))
    settle(page)
    order(page, "Mark as done…", "Mark as done")
    expect(page.locator(".big")).to_contain_text("done")
    assert survey.status(shut) == "D"
    order(page, "Run again…", "Run again")

    survey.wait_until(shut, "G")
    expect(page.locator(".big")).not_to_contain_text("done")


def test_a_template_is_limited_on_its_own_page(reader, survey):
    page = reader.open(f"/workflow/{survey.failed}/template/measure")
    limit = page.locator("main .push .quiet")

    order(page, "Limit…", "Set the limit", and_fill="2")
    expect(limit).to_have_text("at most 2 tasks")
    page.get_by_role("button", name="Limit…").click()
    expect(page.get_by_role("spinbutton")).to_have_value("2")
    page.get_by_role("button", name="Cancel").click()

    order(page, "Limit…", "Lift the limit", and_fill="")
    expect(limit).to_have_text("no limit")


def test_who_may_only_look_is_offered_nothing_to_do(browser, survey):
    token = survey.token_of("viewer")
    with visiting.reading(browser, survey.airflow.home.url, token) as reader:
        page = reader.open(f"/workflow/{survey.failed}")

        expect(page.get_by_role("heading", level=1)).to_contain_text("households")
        for name in ("Pause…", "Limit…", "Resume…"):
            expect(page.get_by_role("button", name=name)).to_have_count(0)
        assert reader.complaints == []
