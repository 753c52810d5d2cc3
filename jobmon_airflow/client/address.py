"""Where a compute node finds a function: in which module, under which name, and how to import that."""

from __future__ import annotations

import sys
import sysconfig
from contextlib import suppress
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.errors import InvalidDefinition

if TYPE_CHECKING:
    from types import ModuleType

_MAIN: Final = "__main__"
_INSTALLED: Final = ("site-packages", "dist-packages")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What the command line says of a function."""

    module_name: str
    func_name: str
    #: a Python file to load the module from, a directory to import it from, or nothing if it is installed
    module_source_path: str

    @property
    def names(self) -> tuple[str, str]:
        return self.module_name, self.func_name


def address_of(wanted: object, module_name: str, qualname: str, module_source_path: str | None) -> Address:
    """Where ``wanted`` is found, which was defined in this module under this name."""
    module = sys.modules.get(module_name)
    func_name = module and _name_in(module, wanted, qualname)
    if not module or not func_name:
        raise InvalidDefinition(
            f"A compute node could not find {qualname} in the module {module_name}.",
            remedy="Define the function at the top of a module, and let its name stand for what task_generator made.",
        )
    name, source = (
        _whereabouts(module) if module_source_path is None else _as_said(module, module_source_path)
    )
    return Address(module_name=name, func_name=func_name, module_source_path=source)


def _name_in(module: ModuleType, wanted: object, qualname: str) -> str | None:
    return next((name for name in (qualname, *vars(module)) if _at(module, name) is wanted), None)


def _at(module: ModuleType, name: str) -> Any:
    with suppress(AttributeError):
        return attrgetter(name)(module)
    return None


def _as_said(module: ModuleType, module_source_path: str) -> tuple[str, str]:
    name = _imported_name(module)
    if name == _MAIN:
        name = Path(getattr(module, "__file__", None) or module_source_path).stem
    return name, str(Path(module_source_path).absolute())


def _whereabouts(module: ModuleType) -> tuple[str, str]:
    name, file = _imported_name(module), _file_of(module)
    root = _root(name, file)
    if name != _MAIN and root in {str(Path(entry).absolute()) for entry in sys.path}:
        return name, "" if _is_installed(root) else root
    if name != _MAIN and "." in name:
        # A package that is not where its name says was brought by an installation's own finder.
        return name, ""
    return Path(file).stem, file


def _imported_name(module: ModuleType) -> str:
    """The module's name; for what ``python -m`` runs the name that others import it by."""
    spec = getattr(module, "__spec__", None)
    return spec.name if module.__name__ == _MAIN and spec is not None else module.__name__


def _file_of(module: ModuleType) -> str:
    file = Path(getattr(module, "__file__", None) or "")
    if not file.is_file():
        raise InvalidDefinition(
            f"The module {module.__name__} has no file that a compute node could load.",
            remedy="Functions that are typed into a notebook or a shell stay there: write them into a .py file, and "
            "import them from it.",
        )
    return str(file.absolute())


def _root(name: str, file: str) -> str:
    """The directory in which the module is found by its name; none if its file is called otherwise."""
    path = Path(file).with_suffix("")
    parts = (path.parent if path.name == "__init__" else path).parts
    steps = name.split(".")
    return str(Path(*parts[: -len(steps)])) if list(parts[-len(steps) :]) == steps else ""


def _is_installed(root: str) -> bool:
    return Path(root).name in _INSTALLED or root in sysconfig.get_paths().values()
