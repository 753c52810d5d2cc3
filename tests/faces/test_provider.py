"""What Airflow is told of the package is true, complete, and costs nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import airflow
import jsonschema
import pytest

from jobmon_airflow import settings
from jobmon_airflow.hooks.jobmon import JobmonHook
from jobmon_airflow.hooks.slurm import SlurmHook
from jobmon_airflow.provider import get_provider_info

INFO = get_provider_info()
OPTIONS = INFO["config"]["jobmon"]["options"]
#: What a face must not bring along before it is used.
HEAVY = ("sqlalchemy", "alembic", "fastapi", "starlette", "flask", "pydantic", "httpx", "rich", "jinja2")
OURS = ("jobmon_airflow.store", "jobmon_airflow.engine", "jobmon_airflow.client", "jobmon_airflow.web")


def loaded_by(statement: str, before: str = "pass") -> list[str]:
    """What a statement loads in a process of its own, beyond what is there already."""
    script = (
        f"import sys, json\n{before}\nthere = set(sys.modules)\n{statement}\n"
        "print(json.dumps(sorted(set(sys.modules) - there)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def heavy(modules: list[str]) -> list[str]:
    return [name for name in modules if name.partition(".")[0] in HEAVY or name.startswith(OURS)]


def test_the_installed_package_names_its_provider_and_its_plugin():
    [provider] = [it for it in entry_points(group="apache_airflow_provider") if "jobmon" in it.value]
    [plugin] = [it for it in entry_points(group="airflow.plugins") if "jobmon" in it.value]

    assert provider.load()() == INFO
    assert plugin.load().name == "jobmon"


def test_the_description_has_the_form_that_airflow_wants():
    schema = Path(airflow.__file__).with_name("provider_info.schema.json")

    jsonschema.validate(INFO, json.loads(schema.read_text()))


def test_airflow_knows_the_package_by_its_canonical_name():
    from packaging.utils import canonicalize_name

    assert INFO["package-name"] == canonicalize_name("jobmon_airflow")


def test_every_module_that_is_named_is_there():
    named = [
        module
        for kind in ("operators", "hooks", "triggers", "bundles")
        for integration in INFO[kind]
        for module in integration["python-modules"]
    ]

    assert [module for module in named if find_spec(module) is None] == []


def test_every_class_and_function_that_is_named_is_there():
    named = [
        *(INFO["extra-links"] + INFO["notifications"] + INFO["cli"] + INFO["db-managers"]),
        *(connection["hook-class-name"] for connection in INFO["connection-types"]),
    ]

    for path in named:
        module, _, name = path.rpartition(".")
        assert callable(getattr(import_module(module), name)), path


@pytest.mark.parametrize("hook", [JobmonHook, SlurmHook])
def test_hooks_say_the_same_of_themselves_as_the_description(hook):
    [said] = [it for it in INFO["connection-types"] if it["connection-type"] == hook.conn_type]

    assert said["hook-class-name"] == f"{hook.__module__}.{hook.__name__}"
    assert said["hook-name"] == hook.hook_name
    assert said["conn-fields"]
    # Where a hook has these, Airflow warns, and reads the fields from it.
    assert not {"get_connection_form_widgets", "get_ui_field_behaviour"} & set(vars(hook))


def test_options_are_those_that_scripts_read_with_the_same_defaults():
    assert {name: option["default"] for name, option in OPTIONS.items()} == settings.DEFAULTS
    assert {name for name, option in OPTIONS.items() if option.get("sensitive")} == settings.SECRETS


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_is_explained(name):
    option = OPTIONS[name]

    assert option["description"].endswith(".")
    assert option["version_added"] == "0.1.0"
    assert option["type"] in {"string", "float"}
    assert option["example"] or name == "api_password"


def test_secret_fields_of_connections_are_hidden_as_they_are_typed():
    fields = {
        f"{it['connection-type']}.{name}": field["schema"].get("format")
        for it in INFO["connection-types"]
        for name, field in it["conn-fields"].items()
    }

    assert {name for name, kind in fields.items() if kind == "password"} == {"jobmon.url", "slurm.token"}


# --- what it costs --------------------------------------------------------------------------------------------


def test_the_description_loads_nothing_but_itself():
    assert [name for name in loaded_by("import jobmon_airflow.provider") if "jobmon" in name] == [
        "jobmon_airflow",
        "jobmon_airflow.lazy",
        "jobmon_airflow.provider",
    ]
    assert heavy(loaded_by("import jobmon_airflow.provider")) == []


@pytest.mark.parametrize(
    "statement",
    [
        "import jobmon_airflow.plugins.jobmon",
        "import jobmon_airflow.operators.links",
        "import jobmon_airflow.notifications.jobmon",
        "import jobmon_airflow.hooks.jobmon",
        "import jobmon_airflow.hooks.slurm",
        "from jobmon_airflow.cli.airflow_group import get_cli_commands; get_cli_commands()",
    ],
)
def test_what_airflow_imports_to_find_us_loads_nothing_heavy(statement):
    # What Airflow itself has loaded by then.
    airflows = "import airflow.sdk.bases.operatorlink, airflow.cli.cli_config\nfrom airflow.sdk import "
    airflows += "BaseHook, BaseNotifier\nfrom airflow.plugins_manager import AirflowPlugin"

    assert heavy(loaded_by(statement, airflows)) == []
