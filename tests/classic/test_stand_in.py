"""What scripts import of Jobmon is found in this package, unless Jobmon itself is there."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import jobmon_airflow
from jobmon_airflow import stand_in

ROOT = Path(jobmon_airflow.__file__).parents[1]


def in_a_fresh_interpreter(script, folder):
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={"PYTHONPATH": f"{ROOT}:{folder}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


ASKED = """
import json
from jobmon_airflow import stand_in
stand_in.install()
try:
    from jobmon.client.api import Tool
    print(json.dumps(Tool.__module__))
except ImportError as error:
    print(json.dumps(str(error)))
"""


@pytest.mark.parametrize("module", stand_in.MODULES)
def test_every_name_of_every_module_is_there(module, jobmon):
    found = import_module(module)

    assert sorted(found.__all__) == sorted(stand_in.MODULES[module])
    for name in found.__all__:
        assert getattr(found, name) is not None


def test_everybody_gets_the_same_class(jobmon):
    api = import_module("jobmon.client.api")

    assert import_module("jobmon.client.tool").Tool is api.Tool
    assert import_module("jobmon.client.templates.bash_task").BashTask is api.BashTask
    assert import_module("jobmon.workflow.bash_task").BashTask is api.BashTask


def test_modules_are_found_by_the_ways_scripts_import_them(jobmon):
    names = {}
    exec(
        "import jobmon.client.tool\n"
        "from jobmon.client import api, tool as module\n"
        "from jobmon.client.execution.strategies.sge import sge_utils\n"
        "from jobmon.client.api import *\n",
        names,
    )

    assert names["jobmon"].client.tool.Tool is names["module"].Tool is names["Tool"]
    assert names["sge_utils"].true_path("/a/../b") == "/b"


def test_a_module_that_is_not_there_is_named_with_those_that_are(jobmon):
    with pytest.raises(
        ModuleNotFoundError, match=r"No module named 'jobmon\.client\.tols'.*jobmon\.client\.tool"
    ):
        import_module("jobmon.client.tols")
    with pytest.raises(ImportError, match="cannot import name 'Tol'"):
        exec("from jobmon.client.api import Tol")
    with pytest.raises(AttributeError, match="knows no 'Tol': it has Array, BashTask"):
        import_module("jobmon.client.api").Tol  # noqa: B018 - asking is the point


def test_nothing_is_found_before_it_was_installed_and_once_is_enough(nothing_stands_in):
    with pytest.raises(ModuleNotFoundError):
        import_module("jobmon.client.api")

    before = list(sys.meta_path)
    stand_in.install()
    stand_in.install()
    assert len(sys.meta_path) == len(before) + 1
    stand_in.uninstall()
    assert sys.meta_path == before


def test_jobmon_itself_is_left_alone(tmp_path):
    client = tmp_path / "jobmon" / "client"  # as it is installed: a package without a file of its own
    client.mkdir(parents=True)
    (client / "__init__.py").write_text("")
    (client / "api.py").write_text("class Tool: pass")

    assert in_a_fresh_interpreter(ASKED, tmp_path) == "jobmon.client.api"


def test_an_older_jobmon_is_left_alone_and_nothing_is_added_to_it(tmp_path):
    original = tmp_path / "jobmon"
    original.mkdir()
    (original / "__init__.py").write_text("")

    assert in_a_fresh_interpreter(ASKED, tmp_path) == "No module named 'jobmon.client'"


def test_a_folder_that_happens_to_be_called_jobmon_is_no_jobmon(tmp_path):
    (tmp_path / "jobmon" / "logs").mkdir(parents=True)

    assert in_a_fresh_interpreter(ASKED, tmp_path) == "jobmon_airflow.classic.tool"


def test_installing_loads_nothing_else_of_ours(tmp_path):
    loaded = in_a_fresh_interpreter(
        "import json, sys\n"
        "from jobmon_airflow import stand_in\n"
        "stand_in.install()\n"
        "import jobmon.client.api\n"
        "print(json.dumps([name for name in sys.modules if name.startswith('jobmon_airflow')]))",
        tmp_path,
    )

    assert sorted(loaded) == ["jobmon_airflow", "jobmon_airflow.lazy", "jobmon_airflow.stand_in"]


def test_defining_a_workflow_of_2_x_loads_no_database(tmp_path):
    loaded = in_a_fresh_interpreter(
        "import json, sys\n"
        "from jobmon_airflow.classic import BashTask, Workflow\n"
        "Workflow('x', executor_class='SequentialExecutor').add_tasks([BashTask('true')])\n"
        "print(json.dumps([name for name in ('sqlalchemy', 'airflow', 'yaml') if name in sys.modules]))",
        tmp_path,
    )

    assert loaded == []


def test_airflow_makes_it_ready_for_dag_files(tmp_path):
    assert (
        in_a_fresh_interpreter(
            "import jobmon_airflow.plugins.jobmon\n" + ASKED.replace("stand_in.install()", ""), tmp_path
        )
        == "jobmon_airflow.classic.tool"
    )
