"""Tasks that are made of their command, without a template of the script's own: BashTask, PythonTask and their like.

Each kind has a template of its name, whose node args are the pieces of a command. The interpreter is an op arg: it may
change without making it another task. A task that is made before its workflow is known moves to the workflow's tool
when it is added.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Final
from weakref import WeakKeyDictionary

from jobmon_airflow.classic.parameters import settings_of
from jobmon_airflow.client.task import Task
from jobmon_airflow.client.task_settings import NO_SETTINGS
from jobmon_airflow.client.tool import Tool
from jobmon_airflow.errors import InvalidArguments, InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobmon_airflow.client.task_template_version import TaskTemplateVersion
    from jobmon_airflow.client.tool import ToolVersion

INTERPRETER: Final = "interpreter"
_VARIABLE: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_PLAIN: Final = re.compile(r"[\w.,/:=@%+$^{}~-]*")


class CommandTask(Task):
    """A task of a command in pieces, which are put together with spaces between them.

    Besides its command it may be given upstream_tasks, task_attributes, env_variables (put before the command), a name,
    a tag (kept as an attribute), max_attempts, and what `jobmon_airflow.classic.parameters.settings_of` understands.
    """

    __slots__ = ()

    template_name: ClassVar[str]

    def __init__(
        self,
        pieces: Mapping[str, str],
        upstream_tasks: Iterable[Task] | None = None,
        task_attributes: Mapping[Any, Any] | Iterable[str] | None = None,
        env_variables: Mapping[str, Any] | None = None,
        name: str | None = None,
        tag: str | None = None,
        **wishes: Any,
    ) -> None:
        given = {"env_variables": assignments(env_variables or {}), **pieces}
        args: dict[str, Any] = {piece: text for piece, text in given.items() if text}
        version = _version_of(_nobodys_tool(), self.template_name, tuple(args))
        made = version.task(args, version.settings(NO_SETTINGS, **settings_of(wishes)))
        super().__init__(version, made._values, made._key, settings=made._settings)
        if name:
            self.name = name
        if task_attributes or tag:
            self.add_attributes({**_named(task_attributes or {}), **({"tag": tag} if tag else {})})
        if upstream_tasks:
            self.add_upstreams(upstream_tasks)

    def move_to(self, tool: Tool) -> None:
        """Be a task of this tool: its template is the same there."""
        self._version = _version_of(tool, self.template_name, self._version.command_template.fields)


class BashTask(CommandTask):
    """A command line of the shell.

    >>> BashTask("fit.py --draws 100", env_variables={"OMP_NUM_THREADS": 2}, num_cores=2, m_mem_free="4G").command
    'OMP_NUM_THREADS=2 fit.py --draws 100'
    """

    __slots__ = ()

    template_name = "bash_task"

    def __init__(self, command: str, *args: Any, **more: Any) -> None:
        super().__init__({"command": command}, *args, **more)


class ScriptTask(CommandTask):
    """A script of an interpreter, with its arguments."""

    __slots__ = ()

    def __init__(
        self, interpreter: str, script: str | None, args: Iterable[Any] | None, *more: Any, **wishes: Any
    ) -> None:
        kind = type(self).__name__
        if not script:
            raise InvalidArguments(
                f"A {kind} was made without a script.",
                remedy=f"Name the file that it is to run: {kind}(script='/path/to/it').",
            )
        words = " ".join(map(str, args or ()))
        super().__init__(
            {INTERPRETER: str(interpreter), "script": str(script), "args": words}, *more, **wishes
        )


class PythonTask(ScriptTask):
    """A script of Python, by default of the Python that makes the task.

    >>> PythonTask("/opt/bin/python", script="fit.py", args=["--draws", 100]).command
    '/opt/bin/python fit.py --draws 100'
    """

    __slots__ = ()

    template_name = "python_task"

    def __init__(
        self,
        path_to_python_binary: str = sys.executable,
        script: str | None = None,
        args: Iterable[Any] | None = None,
        *more: Any,
        **wishes: Any,
    ) -> None:
        super().__init__(path_to_python_binary, script, args, *more, **wishes)


class RTask(ScriptTask):
    """A script of R.

    >>> RTask(script="fit.R", args=[7]).command
    'Rscript fit.R 7'
    """

    __slots__ = ()

    template_name = "r_task"

    def __init__(
        self,
        path_to_R_binary: str = "Rscript",  # noqa: N803 - as scripts name it
        script: str | None = None,
        args: Iterable[Any] | None = None,
        *more: Any,
        **wishes: Any,
    ) -> None:
        super().__init__(path_to_R_binary, script, args, *more, **wishes)


class StataTask(ScriptTask):
    """A do-file of Stata, which runs in batch mode: its log is in the working directory.

    >>> StataTask(script="fit.do", args=[7]).command
    'stata-mp -b do fit.do 7'
    """

    __slots__ = ()

    template_name = "stata_task"

    def __init__(
        self,
        path_to_stata_binary: str = "stata-mp",
        script: str | None = None,
        args: Iterable[Any] | None = None,
        *more: Any,
        **wishes: Any,
    ) -> None:
        super().__init__(f"{path_to_stata_binary} -b do", script, args, *more, **wishes)


def assignments(env_variables: Mapping[str, Any]) -> str:
    r"""Variables as they stand before a command. What the shell puts in place of $NAME, it still does.

    >>> assignments({"OMP_NUM_THREADS": 1, "PATH": "/opt/bin:$PATH", "TITLE": 'a "b"'})
    'OMP_NUM_THREADS=1 PATH=/opt/bin:$PATH TITLE="a \\"b\\""'
    """
    return " ".join(f"{_checked(name)}={_quoted(str(value))}" for name, value in env_variables.items())


def _checked(name: str) -> str:
    if not _VARIABLE.fullmatch(name):
        raise InvalidValue(
            f"{name!r} cannot be the name of an environment variable.",
            remedy="Use letters, digits and underscores, and begin with a letter.",
        )
    return name


def _quoted(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else '"{}"'.format(re.sub(r'([\\"`])', r"\\\1", value))


def _named(task_attributes: Mapping[Any, Any] | Iterable[str]) -> dict[str, Any]:
    """Scripts of 1.x named attributes by numbers; a list of names has no values."""
    if not isinstance(task_attributes, Mapping):
        task_attributes = dict.fromkeys(task_attributes)
    return {str(name): value for name, value in task_attributes.items()}


_known: Final[WeakKeyDictionary[ToolVersion, dict[tuple[str, ...], TaskTemplateVersion]]] = (
    WeakKeyDictionary()
)


def _version_of(tool: Tool, template_name: str, pieces: tuple[str, ...]) -> TaskTemplateVersion:
    versions = _known.setdefault(tool.active_tool_version, {})
    found = versions.get((template_name, *pieces))
    if found is None:
        template = tool.get_task_template(
            template_name,
            " ".join(f"{{{piece}}}" for piece in pieces),
            node_args=[piece for piece in pieces if piece != INTERPRETER],
            op_args=[piece for piece in pieces if piece == INTERPRETER],
        )
        found = versions[template_name, *pieces] = template.active_task_template_version
    return found


@cache
def _nobodys_tool() -> Tool:
    """Where tasks stay until it is known whose they are; nothing of it is ever written."""
    return Tool()
