"""The pages of an Airflow that is served below a path, and of one whose users FabAuthManager looks after."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from jobmon_airflow.testing.airflow_home import AirflowHome
from jobmon_airflow.testing.local_airflow import API, LocalAirflow
from tests.browser import visiting
from tests.browser.visiting import frame_of, keep_screenshot, settle

FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"


@pytest.fixture
def visit(browser, survey, tmp_path):
    """Visits another Airflow's pages about the same survey."""

    def begin(home, prepare=lambda _: None):
        home.configure()
        home.cli("db", "migrate")
        prepare(home)
        airflow = LocalAirflow(home, API)
        opened.append(airflow.__enter__())
        reading = visiting.reading(browser, home.url, airflow.api.log_in())
        readings.append(reading)
        return reading.__enter__()

    opened, readings = [], []
    yield begin
    for each in [*readings, *opened]:
        each.__exit__(None, None, None)


def goes_round(reader, survey):
    """From Airflow's navigation to a task, and back to a list, all in the frame and then alone."""
    page = reader.open_airflow("/plugin/jobmon")
    inside = frame_of(page).locator("main")
    inside.get_by_role("link", name="households").first.click()
    expect(inside.get_by_role("heading", level=1)).to_contain_text("households")

    page = reader.open(f"/workflow/{survey.failed}/tasks")
    page.get_by_role("link", name="measure_place-Kisumu_wave-1").click()
    settle(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("measure_place-Kisumu_wave-1")
    assert page.url.startswith(f"{reader.url}/jobmon/task/")
    page.go_back()
    settle(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Tasks")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    assert waiting.value.suggested_filename.endswith(".csv")
    assert reader.complaints == []
    return page


def test_the_pages_work_below_a_path(visit, survey, tmp_path):
    home = AirflowHome(tmp_path / "below", jobmon=survey.airflow.jobmon_url, path="/airflow")

    page = goes_round(visit(home), survey)

    assert "/airflow/jobmon/" in page.url
    keep_screenshot(page, "below a path")


def test_the_pages_work_with_fab_auth_manager(visit, survey, tmp_path):
    home = AirflowHome(tmp_path / "fab", jobmon=survey.airflow.jobmon_url, options={"core.auth_manager": FAB})

    page = goes_round(visit(home, _make_admin), survey)

    page.goto(f"{home.url}/jobmon/workflow/{survey.failed}")
    settle(page)
    expect(page.get_by_role("button", name="Resume…")).to_be_visible()
    keep_screenshot(page, "FabAuthManager")


def _make_admin(home):
    who = ("--username", "admin", "--password", home.passwords()["admin"], "--role", "Admin")
    home.cli("users", "create", *who, "--firstname", "A", "--lastname", "B", "--email", "a@example.org")
