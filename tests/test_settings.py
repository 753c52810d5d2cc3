from __future__ import annotations

import os
import pwd
import time
from typing import TYPE_CHECKING

import pytest

from jobmon_airflow import settings
from jobmon_airflow.errors import InvalidAddress, InvalidSetting
from jobmon_airflow.settings import database_address
from jobmon_airflow.store.database import Database

if TYPE_CHECKING:
    from pathlib import Path

JOBMON = {settings.JOBMON_VARIABLE: "sqlite:///jobmon-variable.db"}
AIRFLOW = {settings.AIRFLOW_VARIABLE: "sqlite:///airflow-variable.db"}


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An Airflow home whose configuration names a database."""
    write_config(tmp_path, "[jobmon]\nsql_alchemy_conn = sqlite:///config.db\n")
    return {"AIRFLOW_HOME": str(tmp_path)}


def write_config(folder: Path, content: str, name: str = "airflow.cfg") -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


# --- the five places, in their order --------------------------------------------------------------------------


def test_the_argument_comes_first(home: dict[str, str]) -> None:
    address = database_address("sqlite:///argument.db", home | JOBMON | AIRFLOW)

    assert (address.url, address.origin) == ("sqlite:///argument.db", "the argument")


def test_then_jobmons_variable(home: dict[str, str]) -> None:
    address = database_address(None, home | JOBMON | AIRFLOW)

    assert (address.url, address.origin) == ("sqlite:///jobmon-variable.db", settings.JOBMON_VARIABLE)


def test_then_airflows_variable(home: dict[str, str]) -> None:
    address = database_address(None, home | AIRFLOW)

    assert (address.url, address.origin) == ("sqlite:///airflow-variable.db", settings.AIRFLOW_VARIABLE)


def test_then_airflows_configuration(home: dict[str, str]) -> None:
    address = database_address(None, home)

    assert address.url == "sqlite:///config.db"
    assert address.origin == f"[jobmon] sql_alchemy_conn in {home['AIRFLOW_HOME']}/airflow.cfg"


def test_then_a_file_in_airflows_home(tmp_path: Path) -> None:
    address = database_address(None, {"AIRFLOW_HOME": str(tmp_path)})

    assert address.url == f"sqlite:///{tmp_path}/jobmon.db"
    assert address.origin == f"the default in {tmp_path}"


def test_only_the_last_is_embedded(home: dict[str, str], tmp_path: Path) -> None:
    named = [
        database_address("sqlite://", {}),
        *(database_address(None, it) for it in (JOBMON, AIRFLOW, home)),
    ]

    assert [address.is_embedded for address in named] == [False] * 4
    assert database_address(None, {"AIRFLOW_HOME": str(tmp_path / "other")}).is_embedded


@pytest.mark.parametrize("nothing", ["", None])
def test_an_empty_name_is_no_name(home: dict[str, str], nothing: str | None) -> None:
    empty = {settings.JOBMON_VARIABLE: "", settings.AIRFLOW_VARIABLE: ""}

    assert database_address(nothing, home | empty).url == "sqlite:///config.db"


def test_the_environment_is_read_at_the_time_of_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(settings.JOBMON_VARIABLE, "sqlite:///now.db")

    assert database_address().url == "sqlite:///now.db"


# --- airflow's home and configuration -----------------------------------------------------------------------------


def test_airflows_home_is_below_the_users_own() -> None:
    assert settings.airflow_home({}) == settings.airflow_home({"AIRFLOW_HOME": "~/airflow"})
    assert str(settings.airflow_home({})) == f"{os.environ['HOME']}/airflow"


def test_another_configuration_can_be_named(home: dict[str, str], tmp_path: Path) -> None:
    other = write_config(tmp_path, "[jobmon]\nsql_alchemy_conn=sqlite:///other.db\n", "other.cfg")

    address = database_address(None, home | {"AIRFLOW_CONFIG": str(other)})

    assert (address.url, address.origin) == ("sqlite:///other.db", f"[jobmon] sql_alchemy_conn in {other}")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://ada:100%25%40x@host/db",
        "mysql+pymysql://ada:${HOME}%(here)s@host/db?charset=utf8mb4",
        "sqlite:////srv/naïve/j;obmon.db",
        "postgresql+psycopg://ada:a#b:c=d@host/db",
    ],
)
def test_what_configuration_files_find_special_is_read_as_it_is(tmp_path: Path, url: str) -> None:
    write_config(
        tmp_path, f"[core]\nexecutor = Local%%Executor\n\n[jobmon]\n# ours\nsql_alchemy_conn = {url}\n"
    )

    assert database_address(None, {"AIRFLOW_HOME": str(tmp_path)}).url == url


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[core]\nexecutor = LocalExecutor\n",
        "[database]\nsql_alchemy_conn = sqlite:///airflow.db\n",
        "[jobmon]\nsql_alchemy_conn =\n",
        "[jobmon]\n# sql_alchemy_conn = sqlite:///comment.db\n",
        "[core]\na = 1\na = 2\n[core]\nb = 1\n",
    ],
)
def test_a_configuration_that_says_nothing_leaves_the_default(tmp_path: Path, content: str) -> None:
    write_config(tmp_path, content)

    assert database_address(None, {"AIRFLOW_HOME": str(tmp_path)}).is_embedded


def test_a_configuration_that_is_not_one_is_refused_with_its_name(tmp_path: Path) -> None:
    path = write_config(tmp_path, "sql_alchemy_conn = without a section\n")

    with pytest.raises(InvalidAddress, match=str(path)) as caught:
        database_address(None, {"AIRFLOW_HOME": str(tmp_path)})

    assert settings.JOBMON_VARIABLE in caught.value.remedy


# --- addresses that lead nowhere ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("not an address", "cannot be read"),
        ("nobody://host/db", "cannot be read"),
        ("oracle+oracledb://host/db", "names oracle"),
        ("postgresql+pg8000://host/db", "is not installed"),
    ],
)
def test_a_bad_address_is_refused_with_its_origin(
    monkeypatch: pytest.MonkeyPatch, url: str, problem: str
) -> None:
    monkeypatch.setenv(settings.AIRFLOW_VARIABLE, url)

    with pytest.raises(InvalidAddress, match=problem) as caught:
        Database.open()

    assert settings.AIRFLOW_VARIABLE in caught.value.problem


def test_a_secret_in_a_bad_address_is_not_repeated() -> None:
    with pytest.raises(InvalidAddress) as caught:
        Database.open("nobody+nothing://ada:secret@host/db")

    assert "secret" not in str(caught.value)


def test_there_is_a_user_without_an_entry_in_the_password_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pwd.getpwuid", _nobody)

    assert settings.user_name() == str(os.getuid())


def test_nobody_becomes_somebody_else_by_saying_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")

    assert settings.user_name() == pwd.getpwuid(os.getuid()).pw_name


def _nobody(number: int) -> None:
    raise KeyError(number)


# --- other options -----------------------------------------------------------------------------------------------


def test_an_option_is_the_environments_then_the_configurations_then_the_default(tmp_path: Path) -> None:
    nothing = {"AIRFLOW_HOME": str(tmp_path)}
    assert settings.poll_interval(nothing) == 5.0

    write_config(tmp_path, "[jobmon]\npoll_interval = 2.5\n")
    assert settings.poll_interval(nothing) == 2.5

    assert settings.poll_interval(nothing | {"AIRFLOW__JOBMON__POLL_INTERVAL": "0.5"}) == 0.5


@pytest.mark.parametrize("said", ["soon", "0", "-1", "inf", "nan"])
def test_a_pace_that_is_none_is_refused(said: str) -> None:
    with pytest.raises(InvalidSetting, match="poll_interval"):
        settings.poll_interval({"AIRFLOW__JOBMON__POLL_INTERVAL": said})


def test_engines_write_their_logs_beside_airflows(tmp_path: Path) -> None:
    home = {"AIRFLOW_HOME": str(tmp_path)}

    assert settings.engine_log_folder(home) == tmp_path / "logs" / "jobmon"
    assert (
        str(settings.engine_log_folder({"AIRFLOW__JOBMON__ENGINE_LOG_FOLDER": "/var/log/x"})) == "/var/log/x"
    )


def test_scripts_find_the_api_server_where_airflow_says_that_it_is(tmp_path: Path) -> None:
    home = {"AIRFLOW_HOME": str(tmp_path)}
    assert settings.api(home).url == "http://localhost:8080"

    write_config(tmp_path, "[api]\nbase_url = https://airflow.example.org/here/\n")
    assert settings.api(home).url == "https://airflow.example.org/here"

    ours = {"AIRFLOW__JOBMON__API_URL": "http://other:1", "AIRFLOW__JOBMON__API_TOKEN": "abc"}
    assert settings.api(home | ours) == settings.Api(url="http://other:1", token="abc")


def test_secrets_of_the_api_are_not_shown() -> None:
    assert "abc" not in repr(settings.Api(url="http://x", token="abc", password="abc"))


def test_a_secret_may_be_what_a_command_prints(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("sqlite:///told.db\n")
    command = f"cat {tmp_path}/secret"
    home = {"AIRFLOW_HOME": str(tmp_path)}

    assert (
        database_address(None, home | {f"{settings.AIRFLOW_VARIABLE}_CMD": command}).url
        == "sqlite:///told.db"
    )

    write_config(tmp_path, f"[jobmon]\nsql_alchemy_conn_cmd = {command}\n")
    address = database_address(None, home)
    assert (address.url, address.origin) == (
        "sqlite:///told.db",
        f"[jobmon] sql_alchemy_conn_cmd in {tmp_path}/airflow.cfg",
    )


@pytest.mark.parametrize("command", ["false", "/no/such/program x", "sh -c 'echo hush; exit 3'"])
def test_a_command_that_fails_is_refused_without_a_word_of_what_it_said(command: str) -> None:
    with pytest.raises(InvalidSetting, match="API_TOKEN_CMD") as caught:
        settings.api({"AIRFLOW__JOBMON__API_TOKEN_CMD": command})

    assert "hush" not in str(caught.value)


def test_a_secret_in_airflows_secrets_backend_is_not_passed_over_in_silence() -> None:
    with pytest.raises(InvalidSetting, match="secrets backend") as caught:
        database_address(None, {f"{settings.AIRFLOW_VARIABLE}_SECRET": "jobmon/address"})

    assert f"{settings.AIRFLOW_VARIABLE}_CMD" in caught.value.remedy


def test_a_configuration_that_is_changed_is_read_again(tmp_path: Path) -> None:
    home = {"AIRFLOW_HOME": str(tmp_path)}
    for seconds in (1.0, 2.0, 1.5):
        write_config(tmp_path, f"[jobmon]\npoll_interval = {seconds}\n")

        assert settings.poll_interval(home) == seconds


def test_a_long_configuration_is_not_read_for_every_question(tmp_path: Path) -> None:
    """As by a DAG file, each of whose operators asks; Airflow's own file has two thousand lines."""
    lines = "\n".join(f"option_{number} = value" for number in range(20_000))
    write_config(tmp_path, f"[core]\n{lines}\n")
    home = {"AIRFLOW_HOME": str(tmp_path)}
    begun = time.perf_counter()
    settings.poll_interval(home)
    first = time.perf_counter() - begun

    begun = time.perf_counter()
    for _ in range(50):
        settings.poll_interval(home)

    assert time.perf_counter() - begun < 10 * first
