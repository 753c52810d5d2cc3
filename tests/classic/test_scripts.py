"""``jobmon run``: scripts that were written for Jobmon, as they are."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from jobmon_airflow.classic.workflow import ToolWorkflow
from jobmon_airflow.cli.console import main

SCRIPT = """
import sys
from jobmon.client.tool import Tool
from jobmon.core.task_generator import task_generator

@task_generator(tool_name="sums", naming_args=["number"])
def square(number: int) -> None:
    print(number ** 2)

if __name__ == "__main__":
    tool = Tool(name="sums")
    tool.set_default_compute_resources_from_dict("multiprocess", {"stdout": sys.argv[1]})
    tool.set_default_cluster_name("multiprocess")
    workflow = tool.create_workflow(workflow_args="v1")
    workflow.add_tasks(square.create_tasks(number=[3]))
    status = workflow.run()
    sys.exit(0 if status == "D" else 3)
"""

FAILING = """
from jobmon.client.templates.unknown_workflow import UnknownWorkflow
from jobmon.client.templates.bash_task import BashTask
workflow = UnknownWorkflow("fails")
workflow.add_tasks([BashTask("test -e here", max_attempts=1)])
print(workflow.run())
"""


@pytest.fixture
def typed(place, monkeypatch):
    """Types ``jobmon run`` in this process, and returns the exit code."""
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(ToolWorkflow, "goes_on", False)
    monkeypatch.setenv("AIRFLOW__JOBMON__CLASSIC_CLUSTER", "multiprocess")

    def type_it(text, *words, before=()):
        (place.folder / "script.py").write_text(text)
        return main(["run", *before, "script.py", *words])

    return type_it


def test_a_script_of_3_x_runs_with_its_functions_on_nodes(place):
    (place.folder / "script.py").write_text(SCRIPT)

    done = subprocess.run(
        [sys.executable, "-m", "jobmon_airflow", "run", "script.py", "out"],
        env=dict(os.environ),
        cwd=place.folder,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    (printed,) = (place.folder / "out").iterdir()
    assert printed.read_text() == "9\n"


def test_a_script_sees_its_arguments_also_those_that_look_like_options(typed, place, capsys):
    text = "import sys\nprint(__name__, sys.argv)\nsys.exit(7)"

    with pytest.raises(SystemExit) as left:
        typed(text, "--resume", "-x", before=["-c", "dummy"])

    assert left.value.code == 7
    assert capsys.readouterr().out == f"__main__ ['{place.folder}/script.py', '--resume', '-x']\n"


def test_a_script_goes_on_if_it_is_told_to(typed, place, capsys):
    assert typed(FAILING) == 0
    assert typed(FAILING) == 2
    said = capsys.readouterr().err
    (place.folder / "here").touch()
    assert typed(FAILING, before=["--resume"]) == 0

    assert "script.py, line 6: print(workflow.run())" in said
    assert "was begun before" in said
    assert capsys.readouterr().out.endswith("D\n")
    assert list(place.attempts().values()) == ["ED"]


def test_the_cluster_can_be_named(typed, place):
    assert typed(FAILING, before=["--cluster", "dummy"]) == 0

    assert place.asked(
        "select c.name from task t join task_resources r on r.id = t.task_resources_id "
        "join queue q on q.id = r.queue_id join cluster c on c.id = q.cluster_id"
    ) == [("dummy",)]


def test_a_script_that_is_not_there_is_named(place, capsys):
    assert main(["run", "wrkflow.py"]) == 2

    assert capsys.readouterr().err.startswith("There is no script wrkflow.py.\n")
