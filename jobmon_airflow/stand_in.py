"""Scripts that import Jobmon: where it is not installed, `jobmon` and what is in it are found here.

    >>> from jobmon_airflow import stand_in
    >>> stand_in.install()
    >>> from jobmon.client.api import BashTask, Tool
    >>> Tool.__module__
    'jobmon_airflow.classic.tool'

Where Jobmon itself is installed, its own modules are imported as ever. Here is only which names there are, of Jobmon
1.x, 2.x and 3.x, and where they live; nothing is loaded before a script asks for it. This module imports nothing else
of ours, so that compute nodes and Airflow's processes can afford it.
"""

from __future__ import annotations

import sys
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

ROOT: Final = "jobmon"

_COMMANDS: Final = ("BashTask", "PythonTask", "RTask", "StataTask")
_STATUSES: Final = ("TaskInstanceStatus", "TaskStatus", "WorkflowRunStatus", "WorkflowStatus")
_GENERATORS: Final = ("TaskGenerator", "get_tasks_by_node_args", "task_generator")
_HOMES: Final = {
    **dict.fromkeys(_COMMANDS, "classic.tasks"),
    **dict.fromkeys(("Workflow", "UnknownWorkflow", "ResumeStatus"), "classic.workflow"),
    **dict.fromkeys((*_STATUSES, "DagExecutionStatus"), "classic.constants"),
    **dict.fromkeys(_GENERATORS, "client.task_generator"),
    "ExecutorParameters": "classic.parameters",
    "Tool": "classic.tool",
    "TaskTemplate": "classic.task_template",
    "ClientLogging": "classic.client_logging",
    "resume_workflow_from_id": "classic.resuming",
    "true_path": "classic.paths",
    "Array": "client.array",
    "Task": "client.task",
    "add_task_attributes": "client.job",
}
_ERRORS: Final = (
    "CallableReturnedInvalidObject",
    "CyclicGraphError",
    "DuplicateNodeArgsError",
    "NodeDependencyNotExistError",
    "WorkflowAlreadyComplete",
    "WorkflowAlreadyExists",
    "WorkflowNotResumable",
)


def _of(*names: str, home: str = "") -> dict[str, str]:
    """Where these names live: where they always do, or all in one place."""
    return {name: f"jobmon_airflow.{home or _HOMES[name]}" for name in names}


_FIRST_WORKFLOW: Final = _of("Workflow", "ResumeStatus", home="classic.first")
_EXCEPTIONS: Final = _of(*_ERRORS, home="errors")

#: what is in each module of Jobmon, and where that lives here
MODULES: Final[Mapping[str, Mapping[str, str]]] = {
    ROOT: _of("Workflow", *_COMMANDS) | {"__version__": "jobmon_airflow"},
    # 3.x, and much of it in 2.x
    f"{ROOT}.client": _of("Workflow", *_COMMANDS, "ClientLogging"),
    f"{ROOT}.client.api": _of(
        "Tool", "ExecutorParameters", "BashTask", "PythonTask", "UnknownWorkflow", "ClientLogging"
    )
    | _of("Array", "Task", "TaskTemplate", "add_task_attributes", "resume_workflow_from_id"),
    f"{ROOT}.client.array": _of("Array"),
    f"{ROOT}.client.task": _of("Task"),
    f"{ROOT}.client.task_template": _of("TaskTemplate"),
    f"{ROOT}.client.tool": _of("Tool"),
    f"{ROOT}.client.workflow": {"Workflow": "jobmon_airflow.classic.workflow:ToolWorkflow"},
    f"{ROOT}.client.client_logging": _of("ClientLogging"),
    f"{ROOT}.client.status_commands": _of("resume_workflow_from_id"),
    f"{ROOT}.client.task_generator": _of(*_GENERATORS),
    f"{ROOT}.core": {},
    f"{ROOT}.core.constants": _of(*_STATUSES),
    f"{ROOT}.core.exceptions": _EXCEPTIONS,
    f"{ROOT}.core.task_generator": _of(*_GENERATORS),
    # 2.x
    f"{ROOT}.constants": _of(*_STATUSES),
    f"{ROOT}.exceptions": _EXCEPTIONS,
    f"{ROOT}.client.templates": {},
    f"{ROOT}.client.templates.bash_task": _of("BashTask"),
    f"{ROOT}.client.templates.python_task": _of("PythonTask"),
    f"{ROOT}.client.templates.unknown_workflow": _of("UnknownWorkflow", "ResumeStatus"),
    f"{ROOT}.client.execution": {},
    f"{ROOT}.client.execution.strategies": {},
    f"{ROOT}.client.execution.strategies.api": _of("ExecutorParameters"),
    f"{ROOT}.client.execution.strategies.base": _of("ExecutorParameters"),
    f"{ROOT}.client.execution.strategies.sge": {},
    f"{ROOT}.client.execution.strategies.sge.sge_utils": _of("true_path"),
    # 1.x
    f"{ROOT}.client.swarm": {},
    f"{ROOT}.client.swarm.executors": _of("ExecutorParameters"),
    f"{ROOT}.client.swarm.executors.base": _of("ExecutorParameters"),
    f"{ROOT}.client.swarm.executors.sge_utils": _of("true_path"),
    f"{ROOT}.client.swarm.workflow": {},
    f"{ROOT}.client.swarm.workflow.workflow": _of("Workflow", "ResumeStatus"),
    f"{ROOT}.client.swarm.workflow.task_dag": _of("DagExecutionStatus"),
    **{f"{ROOT}.client.swarm.workflow.{name[:-4].lower()}_task": _of(name) for name in _COMMANDS},
    # 1.0, where a workflow of the same args and tasks goes on by itself
    f"{ROOT}.workflow": {},
    f"{ROOT}.workflow.workflow": _FIRST_WORKFLOW,
    f"{ROOT}.workflow.task_dag": _of("DagExecutionStatus"),
    **{f"{ROOT}.workflow.{name[:-4].lower()}_task": _of(name) for name in _COMMANDS},
}


def install() -> None:
    """Let `import jobmon...` find this package, where Jobmon is not installed. Doing so again changes nothing."""
    if _finder not in sys.meta_path:
        # Before others: a folder that happens to be called jobmon is a package to Python, though an empty one.
        sys.meta_path.insert(0, _finder)


def uninstall() -> None:
    """Take it back; modules that were imported by then stay as they are."""
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)


class _StandIn(Loader):
    """Finds Jobmon's modules, and fills them."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if name != ROOT and not name.startswith(f"{ROOT}."):
            return None
        if self._original_has(name):
            return None
        if name not in MODULES:
            raise ModuleNotFoundError(
                f"No module named {name!r}: jobmon_airflow stands in for what scripts import of Jobmon, and has "
                f"{_like(name)}.",
                name=name,
            )
        return ModuleSpec(name, self, is_package=bool(_below(name)))

    def exec_module(self, module: ModuleType) -> None:
        names = MODULES[module.__name__]
        module.__doc__ = f"What jobmon_airflow has in place of {module.__name__}."
        vars(module)["__all__"] = sorted(names)
        vars(module)["__getattr__"] = _finder_of(module, names)

    def _original_has(self, name: str) -> bool:
        if name != ROOT:
            root = sys.modules.get(ROOT)
            return root is None or root.__spec__ is None or root.__spec__.loader is not self
        found = self._elsewhere(ROOT, None)
        # Jobmon's package is spread over several that are installed by themselves; an empty folder is none of them.
        return found is not None and (
            found.origin is not None
            or any(
                self._elsewhere(f"{ROOT}.{part}", found.submodule_search_locations)
                for part in ("client", "core")
            )
        )

    def _elsewhere(self, name: str, path: Sequence[str] | None) -> ModuleSpec | None:
        others = (finder for finder in sys.meta_path if finder is not self)
        return next((spec for finder in others if (spec := finder.find_spec(name, path, None))), None)


def _finder_of(module: ModuleType, names: Mapping[str, str]) -> Callable[[str], Any]:
    def find(name: str) -> Any:
        if name not in names:
            raise AttributeError(
                f"module {module.__name__!r} as jobmon_airflow has it knows no {name!r}: it has "
                f"{', '.join(sorted(names)) or 'modules alone'}"
            )
        from importlib import import_module

        home, _, called = names[name].partition(":")
        value = vars(module)[name] = getattr(import_module(home), called or name)
        return value

    return find


def _below(name: str) -> list[str]:
    return [other for other in MODULES if other.startswith(f"{name}.")]


def _like(name: str) -> str:
    """Modules whose names are close to one that is not there, or those of its package."""
    from difflib import get_close_matches

    close = get_close_matches(name, MODULES, n=3, cutoff=0.75)
    parent = name.rpartition(".")[0]
    return ", ".join(
        close or [*(_below(parent) if parent in MODULES else ())][:12] or [ROOT, *_below(ROOT)[:12]]
    )


_finder: Final = _StandIn()
