"""The package as a session of R meets it: with another Python, of another version, and interrupted."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

import jobmon_airflow
from tests.engine.real import PATIENCE, eventually
from tests.r.session import PACKAGE

if TYPE_CHECKING:
    from tests.r.session import R

WAITS = """\
library(jobmonr)
long <- tool("long")
long <- set_default_tool_resources(long, "multiprocess", list(memory = "100M", runtime = "20m"))
wait <- task_template(long, "wait", "touch {folder:q}/begun; sleep {seconds}", node_args = c("folder", "seconds"))
wf <- add_tasks(workflow(long, "v1"), task(wait, folder = getwd(), seconds = 600))
cat("ended with", run(wf), "\\n")
tryCatch({
  file.create("waits")
  Sys.sleep(600)
}, interrupt = function(e) cat("R is interrupted as ever\\n"))
"""


def test_the_package_is_of_the_version_of_the_python_that_it_comes_with() -> None:
    description = (PACKAGE / "DESCRIPTION").read_text(encoding="utf-8")

    assert re.findall("^Version: (.+)$", description, re.MULTILINE) == [jobmon_airflow.__version__]


def test_a_python_without_jobmon_is_told_with_a_remedy(r: R) -> None:
    ran = r.run('library(jobmonr)\ntool("burden")', RETICULATE_PYTHON="/usr/bin/python3")

    assert ran.returncode != 0
    assert "The Python that R uses here, /usr/bin/python3" in ran.stderr
    assert 'Sys.setenv(RETICULATE_PYTHON = "/path/to/bin/python")' in ran.stderr


def test_loading_the_package_starts_no_python(r: R) -> None:
    ran = r.run("library(jobmonr)\ncat(reticulate::py_available())")

    assert ran.stdout == "FALSE", ran.stderr


def test_ctrl_c_ends_the_run_and_its_tasks_and_then_is_rs_again(r: R) -> None:
    session = r.start(WAITS)
    try:
        assert eventually((r.folder / "begun").exists), session.poll()
        session.send_signal(signal.SIGINT)
        assert eventually((r.folder / "waits").exists), session.poll()
        session.send_signal(signal.SIGINT)
        said, _ = session.communicate(timeout=PATIENCE)
    finally:
        session.kill()

    assert session.returncode == 0, said
    assert "ended with S" in said
    assert "R is interrupted as ever" in said
    assert r.question("SELECT task.status, task_instance.status FROM task, task_instance") == [("G", "F")]
