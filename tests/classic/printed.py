"""The Python examples of Jobmon's own documents of 1.0 and 2.x, taken out of the files as they were printed.

What keeps one from being Python, or from saying where its names come from, is mended by `MENDS` and `NAMES`; paths of
the cluster they were written on lead into a folder of the test. Nothing else is changed.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import NamedTuple

DOCUMENTS = Path(__file__).parent / "documents"

#: each is something that the document meant to say
MENDS = (
    # a parenthesis too many
    ("sgeoutput'.format(user)))\n", "sgeoutput'.format(user))\n"),
    # no equals sign
    ('workflow_args"quickstart"', 'workflow_args="quickstart"'),
    # a function without a body: all of it stands beside it
    ("def workflow_template_example():\n", ""),
    # a function that nobody calls
    (
        "    # Run the workflow\n    workflow.run()",
        "    # Run the workflow\n    workflow.run()\ntool_template_example()",
    ),
    # the task that the example is about is not in its workflow
    ("wf.add_task(task1)\nwf.run()", "wf.add_task(task1)\nwf.add_task(task2)\nwf.run()"),
)

_TASKS = (
    "from jobmon.client.templates.bash_task import BashTask\n"
    "from jobmon.client.templates.python_task import PythonTask\n"
)

#: what an example uses and does not import or define, by words that it begins with
NAMES = {
    "import getpass\nfrom jobmon.workflow.workflow import Workflow": (
        "from jobmon.workflow.bash_task import BashTask\nfrom jobmon.workflow.python_task import PythonTask\n"
    ),
    "import os\nimport getpass\nimport uuid": "import sys\n",
    "#Create ExecutorParameter\nexecutor": "from jobmon.client.api import ExecutorParameters\n",
    "from jobmon.client.api import ExecutorParameters\nfrom jobmon.client.templates.unknown": (
        f"import ast\n{_TASKS}"
    ),
    "import getpass\nfrom jobmon.client.templates.unknown_workflow import UnknownWorkflow as Workflow\n\n# Re": (
        f"import os\nimport uuid\n{_TASKS}wf_uuid = uuid.uuid4()\n"
        "script_path = os.path.abspath(os.path.dirname(__file__))\n"
    ),
    "wf = Workflow(workflow_args='testing'": (
        f"{_TASKS}from jobmon.client.templates.unknown_workflow import UnknownWorkflow as Workflow\n"
    ),
}

#: folders that are on no other machine
PLACES = ("/ihme/", "/assign_resources.py")


class Example(NamedTuple):
    document: str
    line: int
    text: str

    def runnable(self, folder: Path) -> str:
        """The example as a script, whose places are below a folder."""
        text = self.text
        for written, meant in MENDS:
            text = text.replace(written, meant)
        for place in PLACES:
            text = text.replace(f"'{place}", f"'{folder}{place}").replace(f'"{place}', f'"{folder}{place}')
        return next((names for words, names in NAMES.items() if self.text.startswith(words)), "") + text


def examples() -> list[Example]:
    """All of them, in the order in which they are printed."""
    return [found for path in sorted(DOCUMENTS.iterdir()) for found in _of(path)]


def example(words: str) -> Example:
    """The one that has these words in it."""
    (found,) = [each for each in examples() if words in each.text]
    return found


def _of(path: Path) -> list[Example]:
    lines = path.read_text(encoding="utf-8").split("\n")
    blocks = [(number, _block(lines, number)) for number, line in enumerate(lines) if _begins(line)]
    return [Example(path.name, number + 1, text) for number, text in blocks if _is_python(text)]


def _begins(line: str) -> bool:
    return bool(re.fullmatch(r"\s*\.\. code-tab:: python", line)) or (
        line.endswith("::") and not line.lstrip().startswith("..")
    )


def _block(lines: list[str], begin: int) -> str:
    """The indented lines below, without the options of what begins them."""
    outside = len(lines[begin]) - len(lines[begin].lstrip())
    inside = []
    for line in lines[begin + 1 :]:
        if line.strip() and len(line) - len(line.lstrip()) <= outside:
            break
        inside.append(line)
    while inside and (not inside[0].strip() or inside[0].lstrip().startswith(":title:")):
        inside.pop(0)
    return textwrap.dedent("\n".join(inside)).strip("\n") + "\n"


def _is_python(text: str) -> bool:
    """The others are words for a shell, for pip and for a browser of databases."""
    return bool(re.search(r"\b(import|Workflow\(|ExecutorParameters\()", text))
