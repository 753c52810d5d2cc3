"""The examples, imported as a DAG processor would, and run as a person would."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "dags_examples").glob("*.py"))


def example(path: Path):
    spec = importlib.util.spec_from_file_location(f"example_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def three_phases():
    return example(ROOT / "dags_examples" / "three_phases.py")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_importing_an_example_prints_nothing_and_writes_nothing(path, capsys):
    home = Path(os.environ["AIRFLOW_HOME"])

    example(path)

    assert capsys.readouterr() == ("", "")
    assert not home.exists()


def test_three_phases_says_what_it_stored_and_finds_it_the_second_time(capsys):
    first, second = three_phases(), three_phases()

    first.main()
    said = capsys.readouterr().out
    second.main()

    assert capsys.readouterr().out == said
    assert said.startswith("workflow 1, 'three_phases' with the args 'release 16'\n")
    assert all(
        line in said
        for line in ("transform     80 tasks", "aggregate     10 tasks", "summarize      5 tasks")
    )
    assert f"stored in sqlite:///{os.environ['AIRFLOW_HOME']}/jobmon.db" in said


def test_each_aggregate_of_three_phases_waits_for_the_transforms_of_its_own_year_and_sex():
    workflow = three_phases().three_phases()

    [aggregate] = workflow.get_tasks_by_node_args("aggregate", year=1990, sex="male")

    upstreams = {tuple(task.node_args.values()) for task in aggregate.upstream_tasks}
    assert upstreams == {(place, "1990", "male") for place in three_phases().LOCATIONS}
    assert [task.name for task in aggregate.downstream_tasks] == ["summarize_year-1990"]


def test_another_release_is_another_workflow():
    study, next_study = three_phases(), three_phases()
    next_study.RELEASE = 17

    assert study.three_phases().bind().workflow_id != next_study.three_phases().bind().workflow_id


def test_three_phases_runs_as_make_demo_runs_it(tmp_path):
    ran = subprocess.run(
        [sys.executable, ROOT / "dags_examples" / "three_phases.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "in all        95 tasks" in ran.stdout
