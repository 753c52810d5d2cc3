"""Every example in R of Jobmon 2's own document, taken out of the document as it stands."""

from __future__ import annotations

import sys
import textwrap
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.r.session import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.r.session import R

DOCUMENT = Path(__file__).parents[1] / "classic" / "documents" / "quickstart_2.rst"

#: Paths of another site, and where the document calls a thing by a name that it does not have.
MENDED = {
    "'/mnt/team/scicomp/envs/jobmon/bin/python'": repr(sys.executable),
    "'/mnt/team/scicomp/training/test_scripts/test.py'": "'test.py'",
    "workflow(tool,": "workflow(my_tool,",
    "'echo {}'": "'echo {echo_str}'",
    "task_template=tt,": "task_template=script_tt,",
    "list(task1, task2, task3)": "list(task1, task2, test_task)",
}


def examples() -> Iterator[str]:
    """The tabs of R, in the order in which they stand."""
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if line.strip() == ".. code-tab:: R":
            tab = takewhile(partial(_is_below, line), lines[number + 1 :])
            yield textwrap.dedent("\n".join(each for each in tab if ":title:" not in each))


def _is_below(head: str, line: str) -> bool:
    return not line.strip() or len(line) - len(line.lstrip()) > len(head) - len(head.lstrip())


def test_the_document_has_three_examples_in_r() -> None:
    assert [text.strip().splitlines()[-1].strip() for text in examples()] == [
        "seconds_until_timeout=7200)",
        'executor_class="SGEExecutor")',
        ")",
    ]


def test_its_workflow_runs(r: R) -> None:
    (r.folder / "test.py").write_text("import sys; print(sys.argv[1:])\n")
    workflow, _, _ = examples()

    ran = r.run(as_text(MENDED, workflow) + "\ncat(wfr)\n")

    assert (ran.returncode, ran.stdout) == (0, "D"), ran.stderr
    assert r.question("SELECT name, status, command FROM task ORDER BY id") == [
        ("echo_1", "D", "echo task1"),
        ("echo_2", "D", "echo task2"),
        ("test_task", "D", f"{sys.executable} test.py --args1 val1 --args2 val2"),
    ]
    assert r.question("SELECT count(*) FROM task_instance") == [(3,)]


def test_its_executor_parameters_are_what_tasks_ask_for(r: R) -> None:
    _, parameters, with_context = examples()
    asked = "\ncat(vapply(executor_parameters_example$compute_resources, as.character, ''), sep = ' ')\n"

    plain = r.run(parameters + asked)
    on_a_host = r.run(f"library(jobmonr)\n{with_context}{asked}")

    assert plain.stdout == "1 1G 60 all.q", plain.stderr
    assert on_a_host.stdout == "1 1G 60 all.q <hostname>", on_a_host.stderr
