"""``jobmon config show`` and ``config set``: what holds, who says so, and setting it without touching anything else."""

from __future__ import annotations

import json
import stat

import pytest
import yaml

from jobmon_airflow import settings
from jobmon_airflow.cli import config, config_file
from jobmon_airflow.errors import InvalidAddress, InvalidSetting

CFG = """\
# Mine.
[core]
poll_interval = 7

[jobmon]
# Seconds.
poll_interval = 5.0

api_token =
sql_alchemy_conn = sqlite:///
    a.db

[other]
poll_interval = 8
"""


@pytest.fixture
def cfg(tmp_path, monkeypatch):
    """Airflow's configuration."""
    file = tmp_path / "airflow.cfg"
    file.write_text(CFG)
    file.chmod(0o640)
    monkeypatch.setenv("AIRFLOW_CONFIG", str(file))
    return file


# --- showing ----------------------------------------------------------------------------------------------------


def test_options_are_shown_with_who_says_so(cfg, monkeypatch):
    monkeypatch.setenv("AIRFLOW__JOBMON__API_URL", "http://airflow:8080")

    text = config.show().text
    values = yaml.safe_load(text)["jobmon"]

    assert list(values) == list(settings.DEFAULTS)
    assert (values["api_url"], values["poll_interval"]) == ("http://airflow:8080", "5.0")
    assert 'api_url: "http://airflow:8080"  # AIRFLOW__JOBMON__API_URL' in text
    assert f"# [jobmon] poll_interval in {cfg}" in text
    assert 'api_username: ""  # the default' in text
    assert json.loads(config.show(form="json").text)["jobmon"] == values
    assert "SAID_BY" in config.show(form="table").text


def test_secrets_are_not_shown(cfg, monkeypatch):
    monkeypatch.setenv("AIRFLOW__JOBMON__API_TOKEN", "hush")
    monkeypatch.setenv(settings.JOBMON_VARIABLE, "postgresql+psycopg://ada:hush@host/db")

    for form in ("yaml", "json", "table"):
        text = config.show(form=form).text
        assert "hush" not in text
        assert "ada:***@host" in text


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({"key": "poll_interval"}, ["poll_interval"]),
        ({"section": "jobmon", "key": "api_url"}, ["api_url"]),
        ({"section": "db"}, ["sql_alchemy_conn"]),
        ({"section": "http", "key": "service_url"}, ["api_url"]),
    ],
)
def test_one_option_is_shown_also_by_its_name_of_old(cfg, asked, shown):
    assert list(yaml.safe_load(config.show(**asked).text)["jobmon"]) == shown


@pytest.mark.parametrize(
    "asked", [{"section": "nothing"}, {"key": "nothing"}, {"section": "http", "key": "x"}]
)
def test_what_is_no_option_is_refused(cfg, asked):
    with pytest.raises(InvalidSetting) as refusal:
        config.show(**asked)

    assert "poll_interval" in refusal.value.remedy


# --- setting ----------------------------------------------------------------------------------------------------


def test_a_value_is_set_and_all_else_stays_as_it_is(cfg):
    answer = config.set_value("poll_interval", "2.5")

    assert cfg.read_text() == CFG.replace("poll_interval = 5.0", "poll_interval = 2.5")
    assert settings.poll_interval() == 2.5
    assert stat.S_IMODE(cfg.stat().st_mode) == 0o640
    assert [path.name for path in cfg.parent.iterdir()] == ["airflow.cfg"]
    assert answer.text == f"[jobmon] poll_interval in {cfg} is 2.5 from now on."


@pytest.mark.parametrize("key", ["jobmon.sql_alchemy_conn", "db.sqlalchemy_database_uri"])
def test_a_value_of_several_lines_is_replaced_as_a_whole(cfg, key):
    config.set_value(key, "sqlite:////data/b.db")

    assert "a.db" not in cfg.read_text()
    assert settings.database_address().url == "sqlite:////data/b.db"


def test_a_percent_sign_is_read_as_it_was_written(cfg):
    config.set_value("sql_alchemy_conn", "postgresql+psycopg://ada:p%40ss@host/db")

    assert "p%%40ss" in cfg.read_text(), "which is how Airflow wants it"
    assert settings.database_address().url == "postgresql+psycopg://ada:p%40ss@host/db"


def test_a_secret_is_not_repeated(cfg):
    assert "hush" not in config.set_value("api_token", "hush").text
    assert settings.option("api_token") == "hush"


def test_a_file_of_its_own_gets_the_section_that_it_lacks(tmp_path):
    file = tmp_path / "mine.cfg"

    answer = config.set_value("poll_interval", "3", file=str(file))

    assert file.read_text() == "[jobmon]\npoll_interval = 3\n"
    assert f"AIRFLOW_CONFIG={file}" in answer.text
    file.write_text("[core]\nx = 1")
    config.set_value("poll_interval", "3", file=str(file))
    assert file.read_text() == "[core]\nx = 1\n\n[jobmon]\npoll_interval = 3\n"


def test_it_is_said_if_the_environment_goes_before_the_file(cfg, monkeypatch):
    monkeypatch.setenv("AIRFLOW__JOBMON__POLL_INTERVAL", "9")

    assert "But AIRFLOW__JOBMON__POLL_INTERVAL goes before it" in config.set_value("poll_interval", "2").text


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("poll_interval", "soon", "no number of seconds"),
        ("sql_alchemy_conn", "nonsense", "cannot be read"),
        ("api_url", "a\nb", "several lines"),
        ("nothing", "1", "no option 'nothing'"),
    ],
)
def test_what_nobody_could_read_is_not_written(cfg, key, value, why):
    with pytest.raises((InvalidSetting, InvalidAddress), match=why):
        config.set_value(key, value)

    assert cfg.read_text() == CFG


def test_a_file_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(InvalidSetting, match="cannot be written"):
        config_file.write(tmp_path / "no" / "where.cfg", "")


def test_a_link_to_a_file_stays_one(cfg, tmp_path):
    link = tmp_path / "link.cfg"
    link.symlink_to(cfg)

    config_file.write(link, "x = 1\n")

    assert link.is_symlink()
    assert cfg.read_text() == "x = 1\n"
