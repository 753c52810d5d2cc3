"""``config show``, ``config set``: the options of ``[jobmon]``, which stand in Airflow's configuration."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jobmon_airflow import settings
from jobmon_airflow.cli import config_file
from jobmon_airflow.cli.answers import Answer, Table
from jobmon_airflow.cli.formats import plain
from jobmon_airflow.errors import InvalidSetting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobmon_airflow.settings import Setting

SECTION: Final = "jobmon"
_HIDDEN: Final = "******"
_CONN: Final = "sql_alchemy_conn"

# What Jobmon calls an option, by section and key, and what it is called here.
_OLD_KEYS: Final[Mapping[str, str]] = {
    "db.sqlalchemy_database_uri": _CONN,
    "http.service_url": "api_url",
    "distributor.poll_interval": "poll_interval",
}


def show(*, section: str | None = None, key: str | None = None, form: str = "yaml") -> Answer:
    """The options of ``[jobmon]`` as they hold here, and who says so; secrets are not shown."""
    found = [_setting(name) for name in _names(section, key)]
    values = {SECTION: {each.name: _shown(each) for each in found}}
    if form == "json":
        return Answer(json.dumps(values, indent=2, ensure_ascii=False))
    if form == "table":
        rows = [{"KEY": it.name, "VALUE": _shown(it), "SAID_BY": it.origin} for it in found]
        return Answer(plain(Answer(Table(["KEY", "VALUE", "SAID_BY"], rows))))
    lines = [
        f"  {each.name}: {json.dumps(_shown(each), ensure_ascii=False)}  # {each.origin}" for each in found
    ]
    return Answer("\n".join([f"{SECTION}:", *lines]))


def set_value(key: str, value: str, *, file: str | None = None) -> Answer:
    """Give an option of ``[jobmon]`` another value, in Airflow's configuration or in a file like it."""
    name = _name(key)
    _refuse_nonsense(name, value)
    path = Path(file).expanduser() if file else _airflows_own()
    text = _read(path) if path.exists() else ""
    config_file.write(path, config_file.with_value(text, SECTION, name, value.replace("%", "%%")))
    said = f"[{SECTION}] {name} in {path} is {_without_secret(name, value)} from now on."
    return Answer(
        [said, _who_says_otherwise(name, path)], data={"key": f"{SECTION}.{name}", "file": str(path)}
    )


# --- names ------------------------------------------------------------------------------------------------------


def _names(section: str | None, key: str | None) -> list[str]:
    if section is None or section == SECTION:
        return list(settings.DEFAULTS) if key is None else [_name(key)]
    old = {name: today for name, today in _OLD_KEYS.items() if name.startswith(f"{section}.")}
    if key is not None:
        return [_name(f"{section}.{key}")]
    if not old:
        raise InvalidSetting(
            f"There is no section '{section[:80]}'.",
            remedy=f"All options are in the section {SECTION}: {', '.join(settings.DEFAULTS)}.",
        )
    return list(old.values())


def _name(key: str) -> str:
    """Today's name of an option, also of what Jobmon calls otherwise.

    >>> _name("jobmon.poll_interval"), _name("db.sqlalchemy_database_uri")
    ('poll_interval', 'sql_alchemy_conn')
    """
    name = _OLD_KEYS.get(key.lower(), key.lower().removeprefix(f"{SECTION}."))
    if name in settings.DEFAULTS:
        return name
    raise InvalidSetting(
        f"There is no option '{key[:80]}'.", remedy=f"Choose among {', '.join(settings.DEFAULTS)}."
    )


# --- values -----------------------------------------------------------------------------------------------------


def _setting(name: str) -> Setting:
    if name != _CONN:
        return settings.setting(name)
    address = settings.database_address()
    return settings.Setting(name=name, value=address.url, origin=address.origin)


def _shown(each: Setting) -> str:
    return _without_secret(each.name, each.value)


def _without_secret(name: str, value: str) -> str:
    if name == _CONN:
        return _without_password(value)
    return _HIDDEN if value and name in settings.SECRETS else value


def _without_password(url: str) -> str:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return _HIDDEN if url else ""


def _refuse_nonsense(name: str, value: str) -> None:
    """Refuse what no reader of the option would take."""
    if "\n" in value or "\r" in value:
        raise InvalidSetting(f"The value of {name} has several lines.", remedy="Write it in one.")
    if name == "poll_interval":
        settings.poll_interval({"AIRFLOW__JOBMON__POLL_INTERVAL": value})
    if name == _CONN and value:
        from jobmon_airflow.store.database import Database

        Database.open(value).close()


# --- files ------------------------------------------------------------------------------------------------------


def _airflows_own() -> Path:
    """Airflow's configuration; where there is none, Airflow makes it first, with the keys that it needs."""
    path = settings.config_file()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        from airflow.configuration import write_default_airflow_configuration_if_needed

        write_default_airflow_configuration_if_needed()
    return path


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSetting(f"{path} cannot be read: {error}", remedy="Name another file.") from error


def _who_says_otherwise(name: str, path: Path) -> str:
    """Whose word goes before that of the file."""
    if path != settings.config_file():
        return f"Airflow reads it if AIRFLOW_CONFIG={path}."
    holds = _setting(name)
    if str(path) in holds.origin:
        return ""
    return f"But {holds.origin} goes before it here." if os.environ.get(holds.origin) else ""
