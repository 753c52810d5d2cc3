"""A Sphinx extension that documents task generators.

In conf.py:

    extensions = ["jobmon_airflow.client.sphinx_directives"]

In a page, with more text below a directive if there is more to say:

    .. task_generator:: package.module.function
    .. task_generator_module:: package.module

The first shows the function's signature and docstring, the command that a compute node runs, and how each argument
is written in it. The second shows the module's docstring, and then every task generator that the module defines, in
its order. ``:func:`` and ``:mod:`` lead to them; their options are those of ``py:function`` and ``py:module``.

This is the only module that imports Sphinx, which ``pip install 'jobmon_airflow[docs]'`` brings.
"""

from __future__ import annotations

import inspect
import json
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.domains.python import PyFunction, PyModule
from sphinx.util.docutils import switch_source_input
from sphinx.util.inspect import signature, stringify_signature

from jobmon_airflow import __version__
from jobmon_airflow.client.serialization import Collection, Custom, Maybe, Row, Scalar
from jobmon_airflow.client.task_generator import TaskGenerator
from jobmon_airflow.errors import InvalidDefinition, JobmonError, UnknownName

if TYPE_CHECKING:
    from types import ModuleType

    from sphinx import addnodes
    from sphinx.application import Sphinx
    from sphinx.util.docutils import SphinxDirective
    from sphinx.util.typing import ExtensionMetadata

    from jobmon_airflow.client.arguments import Argument
    from jobmon_airflow.client.serialization import Form

# Two values of each type, as they stand in a collection.
_SAMPLES: Final[dict[type, tuple[Any, Any]]] = {
    str: ("a", "b"),
    int: (1, 2),
    float: (0.5, 1.5),
    bool: (False, True),
}


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the two directives."""
    app.add_directive("task_generator", TaskGeneratorDirective)
    app.add_directive("task_generator_module", TaskGeneratorModuleDirective)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}


class TaskGeneratorDirective(PyFunction):
    """Shows one task generator, as a function of Sphinx's Python domain."""

    def run(self) -> list[nodes.Node]:
        try:
            module, name, self.generator = _generator_at(self.arguments[0])
            self.command = _command(self.generator)
        except JobmonError as error:
            raise self.error(str(error)) from error
        _depend_on(self, module)
        # From here on it is what somebody could have written by hand.
        self.name = "py:function"
        self.arguments = [name + stringify_signature(signature(self.generator.function))]
        self.options["module"] = module.__name__
        _prepend_docstring(self, self.generator.function, f"{module.__name__}.{name}")
        with switch_source_input(self.state, self.content):
            return super().run()

    def transform_content(self, content_node: addnodes.desc_content) -> None:
        """Add what the docstring does not tell."""
        content_node += nodes.paragraph("", "A compute node runs:")
        content_node += nodes.literal_block(self.command, self.command, language="text")
        if items := [_item(argument) for argument in self.generator.arguments]:
            content_node += nodes.paragraph("", "Its arguments:")
            content_node += nodes.bullet_list("", *items)


class TaskGeneratorModuleDirective(PyModule):
    """Shows a module, and all task generators that it defines."""

    def run(self) -> list[nodes.Node]:
        try:
            module = _module_at(self.arguments[0])
            names = _names_of_its_own(module)
        except JobmonError as error:
            raise self.error(str(error)) from error
        _depend_on(self, module)
        _prepend_docstring(self, module, module.__name__)
        with switch_source_input(self.state, self.content):
            shown = super().run()
        return [*shown, *(node for name in names for node in self._show(f"{module.__name__}.{name}"))]

    def _show(self, path: str) -> list[nodes.Node]:
        known = TaskGeneratorDirective.option_spec
        return TaskGeneratorDirective(
            "task_generator",
            [path],
            {name: value for name, value in self.options.items() if name in known},
            StringList(),
            self.lineno,
            self.content_offset,
            self.block_text,
            self.state,
            self.state_machine,
        ).run()


# --- what is shown --------------------------------------------------------------------------------------


class _Found(NamedTuple):
    module: ModuleType
    name: str
    generator: TaskGenerator[..., Any]


def _generator_at(path: str) -> _Found:
    module_name, _, name = path.rpartition(".")
    if not module_name:
        raise InvalidDefinition(
            f"'{path}' names no module.", remedy=f"Write .. task_generator:: package.module.{path}"
        )
    module = _module_at(module_name)
    found = getattr(module, name, None)
    if isinstance(found, TaskGenerator):
        return _Found(module, name, found)
    what = "has no" if found is None else "has no task generator"
    raise UnknownName(f"The module '{module_name}' {what} '{name}'.", remedy=_choices(module))


def _module_at(name: str) -> ModuleType:
    try:
        return import_module(name)
    except (Exception, SystemExit) as error:
        raise InvalidDefinition(
            f"The module '{name}' cannot be imported ({type(error).__name__}: {error}).",
            remedy="Write .. task_generator:: package.module.function or .. task_generator_module:: package.module, "
            "and see that conf.py has the package's directory in sys.path.",
        ) from error


def _names_of_its_own(module: ModuleType) -> list[str]:
    if names := _names(module):
        return names
    raise UnknownName(f"The module '{module.__name__}' defines no task generators.", remedy=_choices(module))


def _names(module: ModuleType) -> list[str]:
    """The names of the generators that were made in the module, each once, as they stand in it."""
    names: dict[TaskGenerator[..., Any], str] = {}
    for name, value in vars(module).items():
        if isinstance(value, TaskGenerator) and value.__module__ == module.__name__:
            names.setdefault(value, name)
    return list(names.values())


def _choices(module: ModuleType) -> str:
    if names := _names(module):
        lines = (f".. task_generator:: {module.__name__}.{name}" for name in names)
        return "\n".join(("Write one of:", *lines))
    return "Put @task_generator(tool_name='…') above the function, or name the module that does."


# --- how it is shown ------------------------------------------------------------------------------------


def _depend_on(directive: SphinxDirective, module: ModuleType) -> None:
    """Let Sphinx make the page again when the module has changed."""
    if file := getattr(module, "__file__", None):
        directive.env.note_dependency(file)


def _prepend_docstring(directive: SphinxDirective, documented: object, path: str) -> None:
    lines = (inspect.getdoc(documented) or "").splitlines()
    directive.content = StringList([*lines, ""], source=f"docstring of {path}") + directive.content
    # Each line knows where it is from, and warnings tell that; the offset would be added to it.
    directive.content_offset = 0


class _Gap(str):
    """What stands in the command where every task has a text of its own."""

    __slots__ = ()

    def __format__(self, how: str) -> str:
        return f"<{self!s}>"


def _command(generator: TaskGenerator[..., Any]) -> str:
    gaps = ("_python", "_module_source_path", *generator.arguments.names)
    command = generator._command_template().format_map({gap: _Gap(gap.lstrip("_")) for gap in gaps})
    return command.replace(" --", " \\\n    --")


def _item(argument: Argument) -> nodes.list_item:
    default = (
        [nodes.Text(", by default "), _code(repr(argument.default))]
        if argument.has_default
        else [nodes.Text(", required")]
    )
    name, label = nodes.strong("", argument.name), _code(argument.form.label)
    looks = (nodes.Text(". Written as "), *_looks(argument.form), nodes.Text("."))
    return nodes.list_item("", nodes.paragraph("", "", name, nodes.Text(": "), label, *default, *looks))


def _looks(form: Form) -> list[nodes.Node]:
    """How the text of a value looks; see `jobmon_airflow.client.serialization`."""
    match form:
        case Maybe():
            return [
                _code("None"),
                nodes.Text(", or as "),
                *_looks(form.inner),
                *_unless_misleading(form.inner),
            ]
        case Custom():
            return [nodes.Text("its serializer writes it")]
        case Scalar() if form.kind is str:
            return [nodes.Text("it is")]
        case Scalar():
            return [nodes.Text("Python prints it: "), _code(repr(_SAMPLES[form.kind][-1]))]
        case Collection() if issubclass(form.kind, (set, frozenset)):
            return [nodes.Text("compact JSON, in order: "), _code(_json(form))]
        case _:
            return [nodes.Text("compact JSON: "), _code(_json(form))]


def _unless_misleading(form: Form) -> list[nodes.Node]:
    """What is to be said where a text may be anything, and so may read as None."""
    is_free = isinstance(form, Custom) or (isinstance(form, Scalar) and form.kind is str)
    return [nodes.Text(" (in double quotes where that would read as something else)")] if is_free else []


def _json(form: Form) -> str:
    return json.dumps(_samples(form)[0], ensure_ascii=False, separators=(",", ":"))


def _samples(form: Form) -> tuple[Any, Any]:
    match form:
        case Collection():
            both = _samples(form.item)
            return list(both), list(both[:1])
        case Row():
            pairs = [_samples(item) for item in form.items]
            return [one for one, _ in pairs], [other for _, other in pairs]
        case Maybe():
            return _samples(form.inner)[0], None
        case Scalar():
            return _SAMPLES[form.kind]
        case _:
            return "…", "…"


def _code(text: str) -> nodes.literal:
    return nodes.literal(text, text)
