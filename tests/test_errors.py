"""Errors say what happened and what to do, print normally, cross processes, and are drawn as they are."""

from __future__ import annotations

import inspect
import pickle
import re

import pytest

from jobmon_airflow import errors
from jobmon_airflow.errors import JobmonError

ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]


def made(kind):
    return kind("The tray is empty.", remedy="Put paper in.")


def drawn():
    """Each error of the docstring's tree, and the one that it hangs on."""
    above, found = [], {}
    for line in errors.__doc__.splitlines():
        if match := re.fullmatch(r"    ((?:│   |    )*)(?:[├└]── )?(\w+)(?:  +\S.*)?", line):
            depth = (match.start(2) - 4) // 4
            assert depth <= len(above), f"{match[2]} hangs on nothing"
            above[depth:] = [match[2]]
            found[match[2]] = above[-2] if depth else None
    return found


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes():
    assert drawn() == {
        kind.__name__: kind.__base__.__name__ if kind is not JobmonError else None for kind in ALL
    }


def test_the_tree_is_drawn_in_the_order_in_which_the_classes_are_written():
    in_file = sorted(ALL, key=lambda kind: inspect.getsourcelines(kind)[1])

    assert list(drawn()) == [kind.__name__ for kind in in_file]


@pytest.mark.parametrize("kind", ALL)
def test_an_error_says_what_happened_and_what_to_do(kind):
    error = made(kind)

    assert isinstance(error, JobmonError)
    assert (error.problem, error.remedy) == ("The tray is empty.", "Put paper in.")
    assert error.args == ("The tray is empty.",)
    assert str(error) == "The tray is empty.\nPut paper in."
    assert kind.__doc__.endswith(".") or ">>>" in kind.__doc__


@pytest.mark.parametrize("kind", ALL)
def test_an_error_comes_whole_out_of_another_process(kind):
    error = made(kind)
    error.add_note("Seen at noon.")

    copy = pickle.loads(pickle.dumps(error))

    assert type(copy) is kind
    assert str(copy) == str(error)
    assert (copy.problem, copy.remedy, copy.args) == (error.problem, error.remedy, error.args)
    assert copy.__notes__ == ["Seen at noon."]


@pytest.mark.parametrize("kind", ALL)
def test_an_error_demands_a_remedy(kind):
    with pytest.raises(TypeError, match="remedy"):
        kind("The tray is empty.")


@pytest.mark.parametrize(
    ("builtin", "names"),
    [
        (KeyError, {"UnknownName", "MissingKey"}),
        (
            RuntimeError,
            {kind.__name__ for kind in ALL if issubclass(kind, errors.RunError)} | {"EmptyWorkflow"},
        ),
        (
            ValueError,
            {kind.__name__ for kind in ALL if issubclass(kind, errors.InvalidDefinition)}
            | {"UnknownCluster", "InvalidAddress"},
        ),
    ],
)
def test_what_jobmon_raised_as_a_builtin_error_is_still_caught_as_one(builtin, names):
    assert {kind.__name__ for kind in ALL if issubclass(kind, builtin)} == names


def test_a_subclass_with_a_constructor_of_its_own_comes_back_whole():
    error = OutOfPaper(3)

    copy = pickle.loads(pickle.dumps(error))

    assert type(copy) is OutOfPaper
    assert (copy.tray, str(copy)) == (3, "Tray 3 is empty.\nPut paper in.")


class OutOfPaper(JobmonError):
    def __init__(self, tray):
        self.tray = tray
        super().__init__(f"Tray {tray} is empty.", remedy="Put paper in.")
