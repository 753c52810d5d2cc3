"""Try the installed package as somebody would who never saw the checkout; `make wheel` runs this.

Run it isolated, with the Python of an environment that has the wheel and nothing else:
``venv/bin/python -I scripts/try_wheel.py``.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from importlib.metadata import entry_points, version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobmon_airflow import Workflow

MODULES = (
    "jobmon_airflow",
    "jobmon_airflow.operators",
    "jobmon_airflow.hooks",
    "jobmon_airflow.plugins",
    "jobmon_airflow.cli",
    "jobmon_airflow.dags",
    "jobmon_airflow.notifications",
    "jobmon_airflow.testing",
    "jobmon_airflow.triggers",
    "jobmon_airflow.view",
    "jobmon_airflow.web",
    "jobmon_airflow.web.tables",
    "jobmon_airflow.store.migrations",
)
# What Airflow looks for in every package that is installed, and how it is found there.
ENTRY_POINTS = {
    "apache_airflow_provider": "jobmon_airflow.provider:get_provider_info",
    "airflow.plugins": "jobmon_airflow.plugins.jobmon:JobmonPlugin",
    "console_scripts": "jobmon_airflow.cli.console:main",
}
FILES = (
    "py.typed",
    "store/migrations/env.py",
    "store/migrations/script.py.mako",
    "web/static/manifest.json",
    "web/static/licences.txt",
    "web/tables/static/tables.css",
    "web/tables/static/theme.js",
    "web/tables/templates/tables/frame.html",
)


def main() -> int:
    for name in MODULES:
        print(f"imported {name} from {imported(name)}")
    for name in (*FILES, *migrations(), *pages()):
        require(files("jobmon_airflow").joinpath(name).is_file(), f"The wheel lacks jobmon_airflow/{name}.")
        print(f"found    {name}")
    require(version("jobmon_airflow") == sys.modules["jobmon_airflow"].__version__, "Two versions are named.")
    with tempfile.TemporaryDirectory() as home:
        os.environ["AIRFLOW_HOME"] = home
        for group, value in ENTRY_POINTS.items():
            print(f"loaded   {loaded(group, value)}")
        print(f"typed    {typed('-I', '-m', 'airflow', 'jobmon', 'db', 'address')}")
        print(f"typed    {typed(str(Path(sys.executable).with_name('jobmon')), 'version', '--components')}")
        print(f"ran      {ran()}")
    print(f"jobmon_airflow {version('jobmon_airflow')} is whole.")
    return 0


def imported(name: str) -> Path:
    """Import it, and return its file, which must be an installed one."""
    module = importlib.import_module(name)
    path = Path(module.__file__ or "")
    installed = Path(sysconfig.get_paths()["purelib"])
    require(path.is_relative_to(installed), f"{name} came from {path} and not from {installed}.")
    return path.relative_to(installed)


def migrations() -> list[str]:
    """The migrations' files, of which there is one for each version that the code names."""
    from jobmon_airflow.store.migrations import REVISIONS

    folder = files("jobmon_airflow").joinpath("store/migrations/versions")
    there = (
        sorted(file.name for file in folder.iterdir() if file.name.endswith(".py")) if folder.is_dir() else []
    )
    for revision in REVISIONS:
        require(
            any(name.startswith(f"{revision}_") for name in there), f"The wheel lacks migration {revision}."
        )
    return [f"store/migrations/versions/{name}" for name in there]


def pages() -> list[str]:
    """The files that the front end was built into, of which each is named by another, the first by the manifest."""
    manifest = json.loads(files("jobmon_airflow").joinpath("web/static/manifest.json").read_text())
    return sorted(
        {f"web/static/{name}" for part in manifest.values() for name in (part["file"], *part.get("css", ()))}
    )


def loaded(group: str, value: str) -> str:
    """Load what Airflow will find of ours in a group of entry points."""
    ours = [point for point in entry_points(group=group) if point.value == value]
    require(len(ours) == 1, f"The wheel has {len(ours)} entry points {value} in {group}.")
    return f"{group}: {ours[0].load().__name__}"


def typed(*words: str) -> str:
    """Type a command of ours into what is installed beside us, and return its answer."""
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    require(done.returncode == 0, f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return f"{' '.join(words)}: {done.stdout.strip()}"


def ran() -> str:
    """Define a small workflow, bind it, run it as it is found again, and return what it became."""
    first, second = workflow().bind(), workflow()
    status = second.run()
    require(first.workflow_id == second.workflow_id, "The same workflow was stored twice.")
    require(status == "D", f"The workflow ended {status.label}.")
    first.tool.database.close()
    return f"{second!r}, workflow {second.workflow_id}, to {status.label}"


def workflow() -> Workflow:
    from jobmon_airflow import Tool

    tool = Tool("wheel")
    tool.set_default_cluster_name("sequential")
    greet = tool.get_task_template(
        "greet", "echo {greeting:q} {who:q}", node_args=["who"], op_args=["greeting"]
    )
    part = tool.get_task_template("part", "echo bye")
    made = tool.create_workflow(workflow_args="try", name="try")
    made.add_tasks(greet.create_tasks(who=["Ada", "Grace"], greeting="hello"))
    made.add_task(part.create_task(upstream_tasks=made.tasks))
    return made


def require(claim: bool, otherwise: str) -> None:
    """Stop with the second sentence, if the first does not hold."""
    if not claim:
        sys.exit(otherwise)


if __name__ == "__main__":
    sys.exit(main())
