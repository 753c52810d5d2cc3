"""Each page shows what it must of a workflow that ran, failed, tried again and was resumed; hostile texts are texts."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.survey import HOSTILE
from tests.browser.visiting import keep_screenshot, settle


def rows_of(page, label):
    return page.get_by_role("region", name=label).locator("tbody tr")


def test_workflows_are_listed_and_filtered_by_what_stands_in_the_address(reader, survey):
    page = reader.open("/")

    rows = rows_of(page, "Workflows, newest first")
    expect(rows.filter(has_text="running")).not_to_have_count(0)
    failed = rows.filter(has=page.get_by_role("link", name="households")).filter(
        has_text=f"{survey.failed} ·"
    )
    expect(failed).to_contain_text("failed")
    expect(failed).to_contain_text("surveys")
    expect(failed).to_contain_text("KeyError")
    keep_screenshot(page, "workflows")

    page.get_by_label("Filter by", exact=True).select_option("Status")
    page.get_by_label("Status to filter by").select_option("RUNNING")
    page.get_by_label("Include or exclude").select_option("not")
    page.get_by_role("button", name="Filter", exact=True).click()

    expect(page).to_have_url(re.compile(r"status(!|%21)=RUNNING"))
    settle(page)
    expect(rows.filter(has_text="running")).to_have_count(0)
    page.reload()
    settle(page)
    expect(failed).to_be_visible()
    expect(rows.filter(has_text="running")).to_have_count(0)


def test_a_table_is_had_as_a_file_that_no_spreadsheet_runs(reader, survey):
    page = reader.open(f"/workflow/{survey.failed}/tasks")

    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()

    with Path(waiting.value.path()).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 19
    assert {row["status"] for row in rows} >= {"DONE", "ERROR_FATAL"} or {row["status"] for row in rows} >= {
        "D",
        "F",
    }
    assert not any(value.startswith(("=", "+", "-", "@")) for row in rows for value in row.values())


def test_a_workflow_is_seen_at_a_glance(reader, survey):
    page = reader.open(f"/workflow/{survey.failed}")

    expect(page.get_by_role("heading", level=1)).to_contain_text("households")
    graph = page.get_by_role("region", name="Template graph")
    for name in ("measure", "combine", "publish"):
        expect(graph.get_by_role("link", name=f"{name}:")).to_be_visible()
    expect(page.get_by_role("region", name="Templates", exact=True)).to_contain_text("measure")
    waiting = page.get_by_role("region", name="Why waiting")
    expect(waiting).to_contain_text("combine")
    expect(page.get_by_role("region", name="Errors")).to_contain_text("KeyError")
    expect(page.get_by_text("<i>me</i>")).to_be_visible()
    expect(page.get_by_text("A survey of <b>households</b>.")).to_be_visible()
    expect(rows_of(page, "Runs, the last one first")).to_have_count(2)
    expect(page.locator("main canvas").first).to_be_visible()
    keep_screenshot(page, "workflow")


def test_the_cells_of_a_workflow_lead_to_its_tasks(reader, survey):
    page = reader.open(f"/workflow/{survey.failed}")
    cells = page.get_by_role("region", name="All tasks").locator("canvas")
    cells.scroll_into_view_if_needed()

    cells.hover(position={"x": 8, "y": 28})
    expect(page.get_by_role("region", name="All tasks")).to_contain_text("Kisumu")
    cells.click(position={"x": 8, "y": 28})

    expect(page).to_have_url(re.compile(f"/task/{survey.task(survey.failed, 'measure-0-1')}$"))


def test_the_tasks_of_a_workflow_are_filtered_by_node_args(reader, survey):
    page = reader.open(f"/workflow/{survey.failed}/tasks?arg.place=Nairobi")

    rows = rows_of(page, f"Tasks of workflow {survey.failed}")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("Nairobi")
    keep_screenshot(page, "tasks")


def test_a_template_shows_what_its_tasks_used_and_what_to_ask_for(reader, survey):
    page = reader.open(f"/workflow/{survey.failed}/template/measure")

    expect(page.get_by_role("heading", level=1)).to_contain_text("measure")
    expect(page.get_by_role("region", name="What to ask for next time")).to_contain_text("Recommended")
    expect(page.locator("main canvas").first).to_be_visible()
    keep_screenshot(page, "template")


def test_errors_stand_in_groups_with_what_one_of_them_said(reader, survey):
    page = reader.open(f"/workflow/{survey.failed}/errors")

    groups = rows_of(page, "Errors in groups")
    expect(groups).to_have_count(1)
    expect(groups.first).to_contain_text("KeyError")
    groups.first.get_by_role("button").click()

    expect(page).to_have_url(re.compile("group="))
    settle(page)
    expect(page.get_by_text("answers = read(").first).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("measure_place")).first).to_be_visible()
    keep_screenshot(page, "errors")


def test_a_task_shows_its_attempts_what_they_said_and_its_neighbours(reader, survey):
    task = survey.task(survey.failed, "measure-0-1")
    page = reader.open(f"/task/{task}")

    attempts = rows_of(page, "Attempts, oldest first")
    expect(attempts).to_have_count(2)
    expect(attempts.nth(0)).to_contain_text("application error")
    expect(attempts.nth(1)).to_contain_text("done")
    expect(page.get_by_role("region", name="Command")).to_contain_text("measure-0-1 --place Kisumu --wave 1")
    page.get_by_role("button", name="stdout").click()
    said = page.get_by_role("region", name="stdout of the attempt")
    expect(said).to_contain_text("measure-0-1 ends")
    expect(said).to_contain_text('<script>document.title="owned"</script>')
    expect(said).not_to_contain_text("[32m")
    page.get_by_label("Find in the log").fill("green")
    page.keyboard.press("Enter")
    expect(page.locator("mark").first).to_have_text("green")
    expect(page.get_by_role("region", name="Neighbours")).to_contain_text("combine_place-Kisumu")
    keep_screenshot(page, "task")

    page.get_by_role("button", name="Show attempt 1").click()
    page.get_by_role("button", name="stderr").click()
    expect(page.get_by_role("region", name="stderr of the attempt")).to_contain_text("Traceback")
    expect(page).to_have_url(re.compile("attempt="))


def test_what_a_task_says_is_read_along_while_it_runs(reader, survey):
    task = survey.task(survey.live, "measure-1-1")
    page = reader.open(f"/task/{task}?stream=stdout")

    said = page.get_by_role("region", name="stdout of the attempt")
    expect(said).to_contain_text(re.compile(r"line \d+ of measure-1-1"))
    last = max(map(int, re.findall(r"line (\d+)", said.inner_text())))
    expect(said).to_contain_text(f"line {last + 5} of")
    keep_screenshot(page, "task that runs")


def test_a_hostile_name_is_shown_as_it_is_written(reader, survey):
    page = reader.open(f"/task/{survey.task(survey.failed, 'measure-2-1')}")

    expect(page.get_by_text(HOSTILE).first).to_be_visible()
    assert page.title() != "owned"
    assert page.locator("main img").count() == 0


def test_the_timeline_shows_waits_runs_and_the_critical_path(reader, survey):
    page = reader.open(f"/workflow/{survey.failed}/timeline")

    expect(page.get_by_role("heading", level=1)).to_contain_text("Timeline")
    expect(page.locator("main canvas").first).to_be_visible()
    expect(page.get_by_text("ritical path").first).to_be_visible()
    keep_screenshot(page, "timeline")


def test_usage_over_time_says_who_could_save_most(reader, survey):
    page = reader.open("/usage")

    expect(page.get_by_role("heading", level=1)).to_contain_text("Usage")
    expect(page.locator("main canvas").first).to_be_visible()
    expect(page.get_by_role("region", name=re.compile("save", re.IGNORECASE)).first).to_contain_text(
        "measure"
    )
    keep_screenshot(page, "usage")


def test_what_is_not_there_is_said(reader, survey):
    page = reader.page()
    answer = page.goto(f"{reader.url}/jobmon/workflow/987654")

    assert answer.status == 404
    expect(page.locator("body")).to_contain_text("987654")
    assert len(reader.complaints) == 1, "the browser tells of the 404, and of nothing else"
    reader.complaints.clear()
