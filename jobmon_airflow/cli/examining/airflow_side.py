"""Airflow: whether it is installed and configured, what its parts say of themselves, and whether it lets us in."""

from __future__ import annotations

import json
import os
from configparser import Error, RawConfigParser
from http.client import HTTPException
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final
from urllib.error import URLError

from jobmon_airflow import settings
from jobmon_airflow.cli.examining.findings import note, ok, problem, warning
from jobmon_airflow.dags.api import AirflowApi, opener_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jobmon_airflow.cli.examining.findings import Finding

_AIRFLOW: Final = "airflow"
_API: Final = "airflow's api"
_WITHIN: Final = 5.0  # seconds
_BUNDLE: Final = "jobmon_airflow.dags.bundle.JobmonDagBundle"
_BUNDLES: Final = "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"
_PARTS: Final[Mapping[str, str]] = {
    "metadatabase": "airflow db check",
    "scheduler": "airflow scheduler",
    "triggerer": "airflow triggerer",
    "dag_processor": "airflow dag-processor",
}

# What Jobmon reads and this package does not.
_KNOWN: Final = frozenset({settings.JOBMON_VARIABLE})


def findings() -> Iterator[Finding]:
    """All about Airflow."""
    try:
        installed = version("apache-airflow")
    except PackageNotFoundError:
        yield problem(
            _AIRFLOW,
            "It is not installed here.",
            "Install the package with what it needs: pip install jobmon_airflow",
        )
        return
    config = settings.config_file()
    if config.exists():
        yield ok(_AIRFLOW, f"{installed}, configured by {config}")
    else:
        yield note(
            _AIRFLOW, f"{installed}, not configured yet: there is no {config}", "airflow db migrate makes it."
        )
    yield from _old_variables(os.environ)
    yield _bundle(config_text=_read(config) if config.exists() else "")
    yield from _api()


def _old_variables(environ: Mapping[str, str]) -> Iterator[Finding]:
    unread = sorted(name for name in environ if name.startswith("JOBMON__") and name not in _KNOWN)
    if unread:
        yield note(
            "environment",
            f"{', '.join(unread)} {'is' if len(unread) == 1 else 'are'} the original Jobmon's, and not heeded here.",
            "jobmon config show lists all options that there are.",
        )


def _read(config: Any) -> str:
    parser = RawConfigParser(strict=False)
    try:
        parser.read(config, encoding="utf-8")
    except (Error, UnicodeDecodeError) as error:
        return str(error)
    return parser.get("dag_processor", "dag_bundle_config_list", fallback="")


def _bundle(config_text: str) -> Finding:
    if _BUNDLE in os.environ.get(_BUNDLES, config_text):
        return ok("dag bundle", "Every family of workflows is a DAG.")
    return note(
        "dag bundle",
        "It is not configured: only DAG files make DAGs of workflows.",
        f"To see every workflow as a DAG, and to resume each in Airflow, add {_BUNDLE} to [dag_processor] "
        "dag_bundle_config_list.",
    )


# --- the API server ---------------------------------------------------------------------------------------------


def _api() -> Iterator[Finding]:
    api = settings.api()
    try:
        health = _health(api.url)
    except (URLError, OSError, HTTPException, ValueError) as error:
        why = getattr(error, "reason", None) or error
        is_meant = bool(settings.option("api_url") or settings.option("api_token"))
        yield (problem if is_meant else note)(
            _API,
            f"{api.url} does not answer: {why}",
            "Scripts need it for workflow.submit() alone. Start it: airflow api-server; or say where it is: "
            "jobmon config set api_url URL",
        )
        return
    yield ok(_API, f"{api.url} answers.")
    for part, command in _PARTS.items():
        status = (health.get(part) or {}).get("status")
        if status == "healthy":
            yield ok(part, "It is healthy.")
        else:
            yield warning(
                part, f"It is {status or 'not running'}.", f"Look at its log, or start it: {command}"
            )
    if api.token or api.username:
        AirflowApi(api).dag("jobmon")  # an error if it does not let us in
        yield ok("login", "Airflow lets scripts in.")


def _health(url: str) -> Mapping[str, Mapping[str, str]]:
    with opener_for(url).open(f"{url}/api/v2/monitor/health", timeout=_WITHIN) as answer:
        found: Mapping[str, Mapping[str, str]] = json.load(answer)
        return found
