"""The examples, imported as a DAG processor would, and run as a person would."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobmon_airflow.testing import SimulatedCluster, simulate
from tests.dags.parsing import parsed

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "dags_examples").glob("*.py"))


def example(path: Path):
    spec = importlib.util.spec_from_file_location(f"example_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def three_phases():
    return example(ROOT / "dags_examples" / "three_phases.py")


def study(release=16):
    return three_phases().three_phases(release, workflow_args=f"release {release}")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_importing_an_example_prints_nothing_and_writes_no_database(path, capsys):
    home = Path(os.environ["AIRFLOW_HOME"])

    example(path)

    assert capsys.readouterr() == ("", "")
    assert not list(home.glob("*.db"))


def test_three_phases_runs_and_says_where_to_look(capsys):
    assert three_phases().main([]) == 0

    said = capsys.readouterr().out
    assert "workflow 1 is DONE: 'three_phases', 'release 16'\n" in said
    assert all(
        line in said
        for line in ("transform     80 tasks", "aggregate     10 tasks", "summarize      5 tasks")
    )
    assert f"stored in sqlite:///{os.environ['AIRFLOW_HOME']}/jobmon.db" in said


def test_three_phases_says_the_second_time_that_it_is_done_and_how_to_run_the_next_release(capsys):
    three_phases().main([])
    capsys.readouterr()

    assert three_phases().main([]) == 0

    said, complained = capsys.readouterr()
    assert said.startswith("Workflow 1 is done since ")
    assert "three_phases.py --release 17" in said
    assert complained == ""


def test_three_phases_that_were_begun_before_say_how_to_go_on_and_do(capsys):
    begun = study()
    simulate(begun, SimulatedCluster(exit_code=lambda *_: 1))

    assert three_phases().main([]) == 2
    assert "was begun before" in capsys.readouterr().err

    assert three_phases().main(["--resume"]) == 0


def test_each_aggregate_of_three_phases_waits_for_the_transforms_of_its_own_year_and_sex():
    workflow = study()

    [aggregate] = workflow.get_tasks_by_node_args("aggregate", year=1990, sex="male")

    upstreams = {tuple(task.node_args.values()) for task in aggregate.upstream_tasks}
    assert upstreams == {(place, "1990", "male") for place in three_phases().LOCATIONS}
    assert [task.name for task in aggregate.downstream_tasks] == ["summarize_year-1990"]


def test_another_release_is_another_workflow():
    first, second = study(16).bind(), study(17).bind()

    assert first.workflow_id != second.workflow_id


def ran_as_script(name, folder):
    return subprocess.run(
        [sys.executable, ROOT / "dags_examples" / f"{name}.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_quickstart_is_a_script_too(tmp_path):
    ran = ran_as_script("quickstart", tmp_path)

    assert ran.returncode == 0, ran.stderr
    assert "All 4 tasks are done." in ran.stderr
    assert [file.name for file in Path.home().glob("*.txt")] == ["cpof_jobmon_qs.txt"]


def test_three_phases_is_run_without_airflow_as_make_run_example_runs_it(tmp_path):
    ran = ran_as_script("three_phases", tmp_path)

    assert ran.returncode == 0, ran.stderr
    assert "All 95 tasks are done." in ran.stderr
    assert "in all        95 tasks" in ran.stdout


def test_resume_fails_for_want_of_a_file_and_goes_on_when_it_is_there(capsys):
    example(ROOT / "dags_examples" / "resume.py").main()

    first, second = capsys.readouterr().out.split("The second run, with population.csv: ")
    assert first.startswith("\nThe first run: ERROR\n")
    assert "population.csv: No such file or directory" in first
    assert [line.split() for line in second.splitlines()] == [
        ["DONE"],
        ["transform_location-Kenya", "D", "1"],
        ["transform_location-Norway", "D", "1"],
        ["transform_location-Peru", "D", "1"],
        ["aggregate", "D", "1"],
        ["report", "D", "1"],
    ]


def test_the_examples_are_parsed_by_airflow_and_each_time_to_the_same_versions():
    first, second = (parsed(ROOT / "dags_examples", PYTHONHASHSEED=seed) for seed in "12")

    assert first["errors"] == second["errors"] == {}
    assert first["dags"] == second["dags"]
    assert first["dags"].keys() == {
        "three_phases.three_phases",
        *(f"examples.{path.stem}" for path in EXAMPLES if path.stem not in {"three_phases", "slurm"}),
        "examples.slurm_command",
        "examples.slurm_workflow",
        "examples.after_the_estimates",
    }
