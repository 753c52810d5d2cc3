"""How a function's arguments become texts of a command line, and come back as they were.

People read these texts in node args and look tasks up by them, so each type is written plainly, and exactly:

    str                              the text itself
    int, float, bool                 as Python prints them: 3, 0.5, True
    list, tuple, set, frozenset      compact JSON, sets in order: ["a","b"], [[1,null],[2]]
    a type with a serializer         the serializer's text; a JSON string where it is in a collection
    X | None                         None, or the text of X

Where ``X | None`` has a text that would read as something else, because it is ``None`` or begins with a
double quote, it is written as a JSON string: the text None is ``"None"``.
"""

from __future__ import annotations

import inspect
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin

from jobmon_airflow.errors import InvalidValue

Serializers = Mapping[type, tuple[Callable[[Any], str], Callable[[str], Any]]]

_SCALARS: Final[Mapping[type, Callable[[str], Any]]] = {
    str: str,
    int: int,
    float: float,
    bool: {"True": True, "False": False}.__getitem__,
}
_COLLECTIONS: Final = (list, tuple, set, frozenset)
_NONE: Final = "None"


class Unfit(ValueError):
    """A value that is not of the declared type, or a text that does not say one."""

    def __init__(self, value: Any, form: Form) -> None:
        shown = repr(value)
        super().__init__(f"{shown if len(shown) <= 60 else f'{shown[:59]}…'} is not {form.label}")


class Form(ABC):
    """How the values of one type are written."""

    #: whether one value is made of many, and a list of values therefore a list of lists
    is_many = False

    def __init__(self, annotation: Any) -> None:
        self.label = inspect.formatannotation(annotation)

    def is_one(self, given: Any) -> bool:
        """Whether what was given is one value, and not a list of them."""
        return not isinstance(given, Iterable) or isinstance(given, (str, bytes, Mapping))

    def write(self, value: Any) -> str:
        """The value's text."""
        return json.dumps(self.to_json(value), ensure_ascii=False, separators=(",", ":"))

    def read(self, text: str) -> Any:
        """The value that was written as this text."""
        try:
            found = json.loads(text)
        except ValueError as error:
            raise Unfit(text, self) from error
        return self.of_json(found)

    @abstractmethod
    def to_json(self, value: Any) -> Any:
        """The value as it stands in a collection."""

    @abstractmethod
    def of_json(self, value: Any) -> Any:
        """The value that stood in a collection as this."""


class Scalar(Form):
    """A text, a number or a truth value."""

    def __init__(self, kind: type) -> None:
        super().__init__(kind)
        self.kind = kind

    def write(self, value: Any) -> str:
        scalar = self.to_json(value)
        return scalar if self.kind is str else repr(scalar)

    def read(self, text: str) -> Any:
        try:
            return _SCALARS[self.kind](text)
        except (ValueError, KeyError) as error:
            raise Unfit(text, self) from error

    def to_json(self, value: Any) -> Any:
        value = _of_python(value)
        if type(value) is self.kind:
            return value
        if isinstance(value, bool):
            raise Unfit(value, self)
        if self.kind is float and isinstance(value, int):
            return self._exact_float(value)
        if isinstance(value, self.kind):
            # An enum's member says its name when it is asked for its text, and what it stands for here.
            return str.__str__(value) if isinstance(value, str) else self.kind(value)
        raise Unfit(value, self)

    of_json = to_json

    def _exact_float(self, value: int) -> float:
        try:
            found = float(value)
        except OverflowError as error:
            raise Unfit(value, self) from error
        if found != value:
            raise Unfit(value, self)
        return found


class Custom(Form):
    """A type that its user says how to write."""

    def __init__(self, annotation: Any, kind: type, serializers: Serializers) -> None:
        super().__init__(annotation)
        self.kind = kind
        self.is_many = issubclass(kind, _COLLECTIONS)
        self._to_text, self._from_text = serializers[kind]

    def is_one(self, given: Any) -> bool:
        return (isinstance(given, self.kind) and not self.is_many) or super().is_one(given)

    def write(self, value: Any) -> str:
        if not isinstance(value, self.kind):
            raise Unfit(value, self)
        text = self._to_text(value)
        if not isinstance(text, str):
            raise InvalidValue(
                f"The serializer of {self.label} made {text!r} of {value!r}.", remedy="Let it return a text."
            )
        return text

    def read(self, text: str) -> Any:
        return self._from_text(text)

    to_json = write

    def of_json(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise Unfit(value, self)
        return self._from_text(value)


class Collection(Form):
    """Any number of values of one type."""

    is_many = True

    def __init__(self, annotation: Any, kind: type[Any], item: Form) -> None:
        super().__init__(annotation)
        self.kind = kind
        self.item = item

    def to_json(self, value: Any) -> Any:
        if not isinstance(value, self.kind):
            raise Unfit(value, self)
        items = [self.item.to_json(item) for item in value]
        # A set must be the same text in every process, because the text is the task's identity.
        return sorted(items, key=_in_order) if issubclass(self.kind, (set, frozenset)) else items

    def of_json(self, value: Any) -> Any:
        if not isinstance(value, list):
            raise Unfit(value, self)
        return self.kind(self.item.of_json(item) for item in value)


class Row(Form):
    """A tuple of so many values, each of its own type."""

    is_many = True

    def __init__(self, annotation: Any, items: tuple[Form, ...]) -> None:
        super().__init__(annotation)
        self.items = items

    def to_json(self, value: Any) -> Any:
        if not isinstance(value, tuple) or len(value) != len(self.items):
            raise Unfit(value, self)
        return [form.to_json(item) for form, item in zip(self.items, value, strict=True)]

    def of_json(self, value: Any) -> Any:
        if not isinstance(value, list) or len(value) != len(self.items):
            raise Unfit(value, self)
        return tuple(form.of_json(item) for form, item in zip(self.items, value, strict=True))


class Maybe(Form):
    """A value or None."""

    def __init__(self, annotation: Any, inner: Form) -> None:
        super().__init__(annotation)
        self.inner = inner
        self.is_many = inner.is_many

    def is_one(self, given: Any) -> bool:
        return self.inner.is_one(given)

    def write(self, value: Any) -> str:
        if value is None:
            return _NONE
        text = self.inner.write(value)
        is_misleading = text == _NONE or text.startswith('"')
        return json.dumps(text, ensure_ascii=False) if is_misleading else text

    def read(self, text: str) -> Any:
        if text == _NONE:
            return None
        if not text.startswith('"'):
            return self.inner.read(text)
        try:
            inner_text = json.loads(text)
        except ValueError as error:
            raise Unfit(text, self) from error
        return self.inner.read(inner_text)

    def to_json(self, value: Any) -> Any:
        return None if value is None else self.inner.to_json(value)

    def of_json(self, value: Any) -> Any:
        return None if value is None else self.inner.of_json(value)


def form_of(annotation: Any, serializers: Serializers) -> Form | None:
    """How values of this type are written; None if nobody knows."""
    origin, args = get_origin(annotation), get_args(annotation)
    kind = origin or annotation
    if isinstance(kind, type) and kind in serializers:
        return Custom(annotation, kind, serializers)
    if isinstance(annotation, type) and annotation in _SCALARS:
        return Scalar(annotation)
    if origin in (Union, UnionType):
        return _maybe(annotation, args, serializers)
    if origin is tuple and args[1:] != (...,):
        return _row(annotation, args, serializers)
    if origin in _COLLECTIONS and args:
        item = form_of(args[0], serializers)
        return item and Collection(annotation, origin, item)
    return None


def _maybe(annotation: Any, args: tuple[Any, ...], serializers: Serializers) -> Form | None:
    others = [arg for arg in args if arg is not NoneType]
    if len(others) != 1 or len(args) != 2:
        return None
    inner = form_of(others[0], serializers)
    return inner and Maybe(annotation, inner)


def _row(annotation: Any, args: tuple[Any, ...], serializers: Serializers) -> Form | None:
    if not args and annotation != tuple[()]:
        return None
    forms = [form_of(arg, serializers) for arg in args]
    known = tuple(form for form in forms if form is not None)
    return Row(annotation, known) if len(known) == len(forms) else None


def _of_python(value: Any) -> Any:
    """A number of numpy's, which is what a loop over a data frame gives, as Python's own."""
    is_numpys = type(value).__module__ == "numpy" and getattr(value, "shape", None) == ()
    return value.item() if is_numpys else value


def _in_order(item: Any) -> tuple[float, str]:
    """Numbers by size, the rest by text; whatever else they are, always in the same order."""
    is_number = isinstance(item, (int, float)) and not math.isnan(item)
    return (item if is_number else 0, json.dumps(item, ensure_ascii=False))
