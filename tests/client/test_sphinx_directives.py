"""Task generators are documented by Sphinx, from what they are made of, and mistakes are told with the line."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest
from sphinx.application import Sphinx
from sphinx.util.console import strip_escape_sequences
from sphinx.util.docutils import docutils_namespace, patch_docutils

from jobmon_airflow.client.serialization import form_of
from jobmon_airflow.client.sphinx_directives import _json, _looks

STEPS = '''\
    """The steps of *burden*."""

    from __future__ import annotations

    from pathlib import Path

    from jobmon_airflow import task_generator
    from library import borrowed


    @task_generator(tool_name="burden", serializers={Path: (str, Path)})
    def smooth(location_id: int, source: Path, years: list[int], width: float = 1.0) -> str:
        """Smooth one location.

        It takes *minutes*.
        """


    @task_generator(tool_name="burden")
    def finish():
        """Finish, after :func:`steps_of_burden.smooth`."""


    again = smooth


    def helper(): ...
'''
LIBRARY = '''\
    from jobmon_airflow import task_generator

    @task_generator(tool_name="library")
    def borrowed(it: int):
        """Of another module."""
'''
SMOOTH = """\
    steps_of_burden.smooth(location_id: int, source: pathlib.Path, years: list[int], width: float = 1.0) -> str

       Smooth one location.

       It takes *minutes*.

       A compute node runs:

          <python> -m jobmon_airflow.worker.call \\
              --module_name steps_of_burden \\
              --func_name smooth \\
              --module_source_path <module_source_path> \\
              --args location_id=<location_id> source=<source> years=<years> width=<width>

       Its arguments:

       * **location_id**: "int", required. Written as Python prints it:
         "2".

       * **source**: "pathlib.Path", required. Written as its serializer
         writes it.

       * **years**: "list[int]", required. Written as compact JSON:
         "[1,2]".

       * **width**: "float", by default "1.0". Written as Python prints
         it: "1.5".
"""


@dataclass
class Project:
    """Modules and one page, which Sphinx makes a text of."""

    root: Path

    def add(self, module, code):
        (self.root / f"{module}.py").write_text(dedent(code), encoding="utf-8")

    def build(self, page, builder="text", **settings):
        (self.root / "index.rst").write_text(f"Steps\n=====\n\n{dedent(page)}", encoding="utf-8")
        warnings = io.StringIO()
        with patch_docutils(), docutils_namespace():
            self.app = Sphinx(
                self.root,
                None,
                self.root / "built",
                self.root / "doctrees",
                builder,
                confoverrides={"extensions": ["jobmon_airflow.client.sphinx_directives"], **settings},
                status=None,
                warning=warnings,
                freshenv=True,
                warningiserror=True,
            )
            self.app.build()
        self.warnings = strip_escape_sequences(warnings.getvalue())
        suffix = {"text": "txt", "html": "html"}[builder]
        return (self.root / "built" / f"index.{suffix}").read_text(encoding="utf-8")

    def build_well(self, page, builder="text", **settings):
        built = self.build(page, builder, **settings)
        assert (self.warnings, self.app.statuscode) == ("", 0)
        return built

    def build_badly(self, page):
        self.build(page)
        assert self.app.statuscode == 1
        return self.warnings


@pytest.fixture
def project(tmp_path, monkeypatch):
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    made = Project(tmp_path)
    made.add("steps_of_burden", STEPS)
    made.add("library", LIBRARY)
    yield made
    for name in {file.stem for file in tmp_path.glob("*.py")} - before:
        sys.modules.pop(name, None)


# --- one generator -----------------------------------------------------------------------------------------


def test_a_generator_is_shown_with_its_signature_docstring_command_and_arguments(project):
    text = project.build_well(".. task_generator:: steps_of_burden.smooth")

    assert text == f"Steps\n*****\n\n{dedent(SMOOTH)}"


def test_a_generator_without_arguments_has_no_list_of_them(project):
    text = project.build_well(".. task_generator:: steps_of_burden.finish")

    assert "steps_of_burden.finish()\n" in text
    assert "Its arguments" not in text


def test_what_the_page_says_of_a_generator_stands_below_its_docstring(project):
    text = project.build_well(".. task_generator:: steps_of_burden.smooth\n\n   Needs a *licence*.")

    assert text.index("It takes *minutes*.") < text.index("Needs a *licence*.") < text.index("A compute node")


def test_a_generator_of_another_module_may_be_shown_where_it_is_imported_to(project):
    text = project.build_well(".. task_generator:: steps_of_burden.borrowed")

    assert "steps_of_burden.borrowed(it: int)" in text
    assert "--module_name library" in text


def test_a_mistake_in_a_docstring_is_told_with_the_generator(project):
    project.add("odd", STEPS.replace("*minutes*", "*minutes"))

    assert "docstring of odd.smooth:3: WARNING: Inline emphasis" in project.build_badly(
        ".. task_generator:: odd.smooth"
    )


# --- a module ----------------------------------------------------------------------------------------------


def test_a_module_is_shown_with_its_own_generators_each_once_in_its_order(project):
    text = project.build_well(".. task_generator_module:: steps_of_burden\n\n   On the *page*.")

    assert text.startswith(f"Steps\n*****\n\nThe steps of *burden*.\n\nOn the *page*.\n\n{dedent(SMOOTH)}")
    assert [line.partition("(")[0] for line in text.splitlines() if line.startswith("steps_of")] == [
        "steps_of_burden.smooth",
        "steps_of_burden.finish",
    ]


def test_modules_and_generators_can_be_referred_to(project):
    html = project.build_well(
        """\
        .. task_generator_module:: steps_of_burden

        First :func:`steps_of_burden.smooth`, of :mod:`steps_of_burden`.
        """,
        "html",
        nitpicky=True,
        nitpick_ignore=[("py:class", "pathlib.Path")],
    )

    # From the page, and from the docstring of finish.
    assert html.count('<a class="reference internal" href="#steps_of_burden.smooth"') >= 2
    assert 'href="#module-steps_of_burden"' in html


def test_what_is_shown_twice_is_referred_to_once_if_the_page_says_so(project):
    text = project.build_well(
        """\
        .. task_generator_module:: steps_of_burden

        .. task_generator_module:: steps_of_burden
           :no-index:
        """
    )

    assert text.count("Smooth one location.") == 2


def test_a_page_is_made_again_when_its_module_has_changed(project):
    project.build_well(".. task_generator_module:: steps_of_burden")

    dependencies = {Path(file).name for file in project.app.env.dependencies["index"]}
    assert "steps_of_burden.py" in dependencies


# --- how arguments look ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annotation", "look"),
    [
        (str, "it is"),
        (int, "Python prints it: 2"),
        (bool, "Python prints it: True"),
        (int | None, "None, or as Python prints it: 2"),
        (str | None, "None, or as it is (in double quotes where that would read as something else)"),
        (Path, "its serializer writes it"),
        (list[Path], 'compact JSON: ["…","…"]'),
        (set[str], 'compact JSON, in order: ["a","b"]'),
        (list[list[int]], "compact JSON: [[1,2],[1]]"),
        (list[int | None], "compact JSON: [1,null]"),
        (tuple[int, str | None], 'compact JSON: [1,"a"]'),
        (list[tuple[bool, float]], "compact JSON: [[false,0.5],[true,1.5]]"),
        (list[int] | None, "None, or as compact JSON: [1,2]"),
    ],
)
def test_the_look_of_each_type_is_told(annotation, look):
    form = form_of(annotation, {Path: (str, Path)})

    assert "".join(node.astext() for node in _looks(form)) == look


@pytest.mark.parametrize(
    "annotation",
    [set[bool], list[list[int]], tuple[int, str | None], frozenset[str], list[tuple[float, ...]]],
)
def test_the_samples_are_texts_as_they_are_written(annotation):
    form = form_of(annotation, {})

    assert form.write(form.read(_json(form))) == _json(form)


# --- mistakes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("directive", "problem", "remedy"),
    [
        (
            "task_generator:: smooth",
            "'smooth' names no module.",
            "Write .. task_generator:: package.module.smooth",
        ),
        (
            "task_generator:: stebs.smooth",
            "The module 'stebs' cannot be imported (ModuleNotFoundError: No module named 'stebs').",
            "see that conf.py has the package's directory in sys.path.",
        ),
        (
            "task_generator_module:: broken",
            "The module 'broken' cannot be imported (ZeroDivisionError: division by zero).",
            "Write .. task_generator:: package.module.function or .. task_generator_module:: package.module",
        ),
        (
            "task_generator_module:: leaving",
            "The module 'leaving' cannot be imported (SystemExit: 3).",
            "see that conf.py",
        ),
        (
            "task_generator:: steps_of_burden.smoth",
            "The module 'steps_of_burden' has no 'smoth'.",
            ".. task_generator:: steps_of_burden.smooth\n.. task_generator:: steps_of_burden.finish",
        ),
        (
            "task_generator:: steps_of_burden.helper",
            "The module 'steps_of_burden' has no task generator 'helper'.",
            "Write one of:",
        ),
        (
            "task_generator_module:: textwrap",
            "The module 'textwrap' defines no task generators.",
            "Put @task_generator(tool_name='…') above the function, or name the module that does.",
        ),
        (
            "task_generator:: typed.borrowed",
            "The module typed has no file that a compute node could load.",
            "write them into a .py file",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_to_write(project, directive, problem, remedy):
    project.add("broken", "1 / 0")
    project.add("leaving", "raise SystemExit(3)")
    project.add("typed", f"{LIBRARY}\n    del __file__")

    told = project.build_badly(f"Some text.\n\n.. {directive}\n")

    assert f"{project.root / 'index.rst'}:6: ERROR: {problem}\n" in told
    assert remedy in told
