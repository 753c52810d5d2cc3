"""A compute node finds a task's function, wherever it was written, and calls it as the task says."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import jobmon_airflow

REPOSITORY = Path(jobmon_airflow.__file__).parents[1]

STEPS = """\
    import neighbour
    from pathlib import Path
    from jobmon_airflow import task_generator

    @task_generator(tool_name="steps", serializers={Path: (str, Path)})
    def note(file: Path, text: str, years: set[int], pair: tuple[int, str | None] = (1, None)):
        "Note it."
        file.write_text(neighbour.shown(text, years, pair), encoding="utf-8")

    @task_generator(tool_name="steps")
    def fail(code: int | None = None):
        raise ZeroDivisionError("on purpose") if code is None else SystemExit(code)
"""
MAIN = """\

    if __name__ == "__main__":
        task = note.create_task(file=Path("{out}"), text="it's\\n=$HOME ü", years={{3, 1}})
        print(task.command, end="")
"""
SHOWN = """("it's\\n=$HOME ü", {1, 3}, (1, None))"""


@pytest.fixture
def steps(tmp_path):
    """A directory with a script, `my steps.py`, a module, steps.py, and what both of them import."""
    directory = tmp_path / "the code"
    directory.mkdir()
    (directory / "neighbour.py").write_text("def shown(*args): return repr(args)\n")
    (directory / "steps.py").write_text(dedent(STEPS))
    (directory / "my steps.py").write_text(
        dedent(STEPS + MAIN.format(out=tmp_path / "out")), encoding="utf-8"
    )
    return directory


def sh(command):
    """Run it far from the code, as a cluster does."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONUTF8": "1"}
    return subprocess.run(
        ["sh", "-c", command],
        cwd="/",
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def call(*words):
    return sh(shlex.join([sys.executable, "-m", "jobmon_airflow.worker.call", *words]))


def test_a_scripts_function_is_called_with_what_its_task_was_given(steps, tmp_path):
    script = sh(shlex.join([sys.executable, str(steps / "my steps.py")]))
    job = sh(script.stdout)

    assert (job.returncode, job.stdout, job.stderr) == (0, "", "")
    assert (tmp_path / "out").read_text(encoding="utf-8") == SHOWN
    assert shlex.split(script.stdout)[4] == "my steps"


def test_so_is_a_modules_next_to_the_script(steps, tmp_path):
    (steps / "run.py").write_text(
        "import steps, pathlib\n"
        f"print(steps.note.create_task(file=pathlib.Path({str(tmp_path / 'out')!r}), text='', years=set()).command)\n"
    )
    command = sh(shlex.join([sys.executable, str(steps / "run.py")])).stdout

    assert shlex.split(command)[3:9] == (
        ["--module_name", "steps", "--func_name", "note", "--module_source_path", str(steps)]
    )
    assert sh(command).returncode == 0
    assert (tmp_path / "out").read_text() == "('', set(), (1, None))"


@pytest.mark.parametrize("source", ["", "steps.py"])
def test_a_function_that_raises_ends_with_its_traceback_and_1(steps, source):
    job = call("--module_name", "steps", "--func_name", "fail", "--module_source_path", str(steps / source))

    assert job.returncode == 1
    assert job.stderr.startswith("Traceback")
    assert job.stderr.endswith("ZeroDivisionError: on purpose\n")


def test_a_function_may_exit_as_it_likes(steps):
    job = call("--module_name=steps", "--func_name=fail", f"--module_source_path={steps}", "--args", "code=7")

    assert job.returncode == 7


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--func_name note", "required: --module_name"),
        ("--module_name nowhere --func_name note", "There is no module 'nowhere'"),
        ("--module_name steps.nowhere --func_name note", "There is no module 'steps.nowhere'"),
        ("--module_name steps --func_name nothing", "The module 'steps' has no 'nothing'"),
        ("--module_name steps --func_name Path", "has no task generator 'Path'"),
        ("--module_name steps --func_name note --args text", "'text' has no value: write name=value"),
        ("--module_name steps --func_name note --args text=a text=b", "'text=b' is there twice"),
        ("--module_name steps --func_name note --args file=f text=t", "note lacks years"),
        ("--module_name steps --func_name note --args page=1", "note has no argument page"),
        ("--module_name steps --func_name fail --args code=x", r"'code' cannot be read: 'x' is not int"),
        ("--module_name steps --func_name fail --module_source_path /nowhere.py", "There is no /nowhere.py"),
    ],
)
def test_what_cannot_be_called_ends_with_a_reason_and_2(steps, words, message):
    job = call("--module_source_path", str(steps), *words.split())

    assert job.returncode == 2
    assert message in job.stderr
    assert "Traceback" not in job.stderr


def test_a_module_that_imports_what_is_missing_shows_where(steps):
    (steps / "steps.py").write_text("import nowhere\n")
    job = call("--module_name", "steps", "--func_name", "note", "--module_source_path", str(steps))

    assert job.returncode == 1
    assert job.stderr.endswith("ModuleNotFoundError: No module named 'nowhere'\n")


def test_it_explains_a_function(steps):
    job = call(
        "--module_name", "steps", "--func_name", "fail", "--module_source_path", str(steps), "--arghelp"
    )

    assert (job.returncode, job.stdout) == (0, "fail\n\nIt takes:\n    code: int | None = None\n")


def test_a_compute_node_needs_no_database_and_no_airflow(steps):
    (steps / "steps.py").write_text(
        "import sys\n"
        "from jobmon_airflow import task_generator\n"
        "@task_generator(tool_name='t')\n"
        "def f(): print(*sorted({name.split('.')[0] for name in sys.modules}))\n"
    )
    job = call("--module_name", "steps", "--func_name", "f", "--module_source_path", str(steps))

    assert {"sqlalchemy", "airflow", "alembic", "yaml"}.isdisjoint(job.stdout.split())
    assert "jobmon_airflow" in job.stdout.split()


# --- where it is found -------------------------------------------------------------------------------------

SHOW = "print(*shlex.split({module}.note.create_task(file=pathlib.Path('f'), text='', years=set()).command)[4:9])"


def python(steps, *words, given=""):
    """What a Python says that was started next to the steps."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        [sys.executable, *words],
        cwd=steps,
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_module_that_is_run_by_name_is_found_by_that_name(steps):
    (steps / "steps.py").write_text(
        dedent(STEPS) + "import shlex, pathlib, sys\nsteps = sys.modules[__name__]\n"
    )
    with (steps / "steps.py").open("a") as file:
        file.write(SHOW.format(module="steps") + "\n")

    assert python(steps, "-m", "steps").stdout == f"steps --func_name note --module_source_path {steps}\n"


def test_a_file_that_something_loaded_under_a_name_of_its_own_is_found_as_a_file(steps):
    loading = dedent("""\
        import pathlib, shlex, sys
        from importlib.machinery import SourceFileLoader
        from importlib.util import module_from_spec, spec_from_loader
        loader = SourceFileLoader("unusual_prefix_0123_steps", "steps.py")
        module = module_from_spec(spec_from_loader(loader.name, loader))
        sys.modules[loader.name] = module
        loader.exec_module(module)
        """)
    said = python(steps, "-c", loading + SHOW.format(module="module")).stdout

    assert said == f"steps --func_name note --module_source_path {steps / 'steps.py'}\n"


def test_what_was_typed_into_a_shell_is_found_nowhere(steps):
    typed = dedent(STEPS) + "fail.create_task()\n"

    assert "no file that a compute node could load" in python(steps, "-", given=typed).stderr


def test_an_author_may_say_where_it_is(steps):
    said = dedent(STEPS).replace(
        'tool_name="steps",', 'tool_name="steps", module_source_path="elsewhere/steps.py",'
    )
    (steps / "steps.py").write_text(said)
    showing = "import pathlib, shlex, steps\n" + SHOW.format(module="steps")

    assert python(steps, "-c", showing).stdout == (
        f"steps --func_name note --module_source_path {steps / 'elsewhere' / 'steps.py'}\n"
    )
