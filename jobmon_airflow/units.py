"""Memory and time with their units: parsed once at the edge, printed one way, exact inside.

Both types count something whole, bytes or microseconds. What is written is computed exactly and rounded
up, so that a request is never less than what was asked for. Whether zero makes sense is left to those who
use the values: as a measured amount it does, as a request it does not.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from numbers import Integral, Rational, Real
from typing import TYPE_CHECKING, ClassVar, Final, Self, overload

from jobmon_airflow.errors import InvalidUnits

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

_MOST: Final = 2**63 - 1  # what a database keeps as a whole number

_KIB: Final = 1024
_MIB: Final = 1024**2
_GIB: Final = 1024**3
_LETTERS: Final = {"p": 1024**5, "t": 1024**4, "g": _GIB, "m": _MIB, "k": _KIB, "": 1}

_SECOND: Final = 1_000_000
_MINUTE: Final = 60 * _SECOND
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR

_NUMBER: Final = r"([0-9]{1,99}(?:\.[0-9]{0,99})?|\.[0-9]{1,99})"
_SIZE: Final = re.compile(rf"{_NUMBER}\s*(?:([kmgtp])i?)?(b?)", re.ASCII | re.IGNORECASE)
_SECONDS: Final = re.compile(_NUMBER)
_COUNT: Final = r"([0-9]{1,9})"
_CLOCK: Final = re.compile(rf"(?:{_COUNT}-)?{_COUNT}(?::{_COUNT}(?::([0-9]{{1,9}}(?:\.[0-9]{{1,9}})?))?)?")
_SPANS: Final = {
    r"d(?:ays?)?": _DAY,
    r"h(?:(?:ou)?rs?)?": _HOUR,
    r"m(?:in(?:ute)?s?)?": _MINUTE,
    r"s(?:ec(?:ond)?s?)?": _SECOND,
    r"ms": _SECOND // 1000,
}
_SPELLED: Final = re.compile(
    r"\s*".join(rf"(?:{_NUMBER}\s*{word}(?![a-z]))?" for word in _SPANS), re.ASCII | re.IGNORECASE
)


def exactly(number: object) -> Fraction | None:
    """The number as its decimals say, so that 1.1 is eleven tenths; None when it is no finite number."""
    from fractions import Fraction  # later, because `import jobmon_airflow` is to be light

    match number:
        case bool():
            return None
        case int() | Integral():
            return Fraction(int(number))
        case Rational():
            return Fraction(number)
        case Real() if math.isfinite(number):
            return Fraction(str(number))
        case _:
            return None


def round_up(amount: Fraction | float) -> int:
    """The next whole number that is not less."""
    return int(-(-amount // 1))


@dataclass(frozen=True, slots=True, order=True, init=False, repr=False)
class _Quantity:
    """A whole count of something, written with a unit."""

    _count: int

    _KIND: ClassVar[str]
    _SPELLINGS: ClassVar[str]
    _PLAIN: ClassVar[int]  # what a number without a unit counts
    _STEP: ClassVar[int]  # what clusters are asked in

    def __init__(self, value: object) -> None:
        object.__setattr__(self, "_count", self._count_of(value))

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read what a person or a file wrote."""
        return value if isinstance(value, cls) else cls(value)

    def rounded_up(self) -> Self:
        """The next whole step that a cluster can be asked for."""
        return self._of(self._up(self._STEP) * self._STEP)

    def __str__(self) -> str:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self}')"

    def __add__(self, other: Self) -> Self:
        return self._of(self._count + other._count) if type(other) is type(self) else NotImplemented

    def __radd__(self, other: int) -> Self:
        return self if other == 0 else NotImplemented  # sum() starts at 0

    def __sub__(self, other: Self) -> Self:
        return self._of(self._count - other._count) if type(other) is type(self) else NotImplemented

    def __mul__(self, factor: float | Fraction) -> Self:
        exact = exactly(factor)
        return NotImplemented if exact is None else self._of(self._count * exact)

    __rmul__ = __mul__

    @overload
    def __truediv__(self, other: Self) -> float: ...
    @overload
    def __truediv__(self, other: float | Fraction) -> Self: ...
    def __truediv__(self, other: Self | float | Fraction) -> Self | float:
        if isinstance(other, _Quantity):
            return self._count / other._count if type(other) is type(self) else NotImplemented
        exact = exactly(other)
        return NotImplemented if exact is None else self._of(self._count / exact)

    @classmethod
    def _of(cls, count: Fraction | int) -> Self:
        new = object.__new__(cls)
        object.__setattr__(new, "_count", cls._checked(count, "The result"))
        return new

    @classmethod
    def _count_of(cls, value: object) -> int:
        if isinstance(value, cls):
            return value._count  # noqa: SLF001  (one of us)
        if isinstance(value, str):
            return cls._checked(cls._read(value.strip()), repr(value))
        number = exactly(value)
        if number is None:
            raise cls._refused(repr(value))
        return cls._checked(number * cls._PLAIN, repr(value))

    @classmethod
    def _read(cls, text: str) -> Fraction | int:
        raise NotImplementedError

    @classmethod
    def _checked(cls, count: Fraction | int, written: str) -> int:
        if count < 0:
            raise InvalidUnits(f"{written} is less than no {cls._KIND}.", remedy=cls._SPELLINGS)
        if count > _MOST:
            raise InvalidUnits(f"{written} is more {cls._KIND} than can be counted.", remedy=cls._SPELLINGS)
        return round_up(count)

    @classmethod
    def _refused(cls, written: str) -> InvalidUnits:
        return InvalidUnits(f"{written} is not an amount of {cls._KIND}.", remedy=cls._SPELLINGS)

    def _up(self, unit: int) -> int:
        return -(-self._count // unit)

    def _in(self, unit: int) -> int | float:
        whole, rest = divmod(self._count, unit)
        return self._count / unit if rest else whole


class Memory(_Quantity):
    """An amount of memory. Units mean what they mean to Slurm: 8G, 8GB and 8GiB are 8 GiB.

    >>> Memory("1.5G") * 2
    Memory('3G')
    >>> Memory("500M").mebibytes_up()
    500
    >>> Memory(8) == Memory("8G")  # plain numbers are GiB, as Jobmon takes them
    True
    >>> sum([Memory("1G"), Memory("512M")])
    Memory('1.5G')
    >>> Memory("60")
    Traceback (most recent call last):
        ...
    jobmon_airflow.errors.InvalidUnits: '60' has no unit of memory.
    Write '60M' or '60G': Slurm reads a bare number as MiB, Jobmon as GiB.
    """

    __slots__ = ()
    _KIND = "memory"
    _SPELLINGS = "Write a number and a unit, such as '512M' or '1.5G'; a plain number is GiB."
    _PLAIN = _GIB
    _STEP = _MIB

    @classmethod
    def of_bytes(cls, count: int) -> Self:
        """This many bytes; none at all is possible where memory was measured."""
        return cls._of(count)

    @property
    def bytes(self) -> int:
        """The number of bytes."""
        return self._count

    @property
    def kib(self) -> int | float:
        """The number of KiB (1,024 bytes)."""
        return self._in(_KIB)

    @property
    def mib(self) -> int | float:
        """The number of MiB, which clusters call M."""
        return self._in(_MIB)

    @property
    def gib(self) -> int | float:
        """The number of GiB, which clusters call G and Jobmon's plain numbers mean."""
        return self._in(_GIB)

    def mebibytes_up(self) -> int:
        """Whole MiB, as sbatch is asked."""
        return self._up(_MIB)

    def __str__(self) -> str:
        """The largest unit that holds the amount exactly in at most three decimals."""
        letter, unit = next(
            (letter, unit)
            for letter, unit in _LETTERS.items()
            if unit == 1 or (self._count >= unit and self._count * 1000 % unit == 0)
        )
        return f"{_decimals(self._count * 1000 // unit, 3)}{letter.upper() or 'B'}"

    @classmethod
    def _read(cls, text: str) -> Fraction | int:
        found = _SIZE.fullmatch(text)
        if not found:
            raise cls._refused(repr(text))
        number, letter, byte = found.groups(default="")
        if not letter and not byte:
            raise InvalidUnits(
                f"{text!r} has no unit of memory.",
                remedy=f"Write '{text}M' or '{text}G': Slurm reads a bare number as MiB, Jobmon as GiB.",
            )
        return _total([(number, _LETTERS[letter.lower()])])


class Runtime(_Quantity):
    """A length of time. Plain numbers are seconds; the clock is Slurm's: H:MM:SS, D-HH, D-HH:MM, D-HH:MM:SS.

    >>> Runtime("1.5h")
    Runtime('1h30m')
    >>> Runtime("24:30:10").seconds
    88210
    >>> Runtime(90) * 1.5
    Runtime('2m15s')
    >>> Runtime("2-12") / Runtime("1d")
    2.5
    >>> Runtime("24:30")
    Traceback (most recent call last):
        ...
    jobmon_airflow.errors.InvalidUnits: '24:30' is minutes and seconds to Slurm, hours and minutes to people.
    Write '24m30s' or '24h30m'.
    """

    __slots__ = ()
    _KIND = "time"
    _SPELLINGS = "Write seconds, such as 90, or units, such as '90s', '1h30m' or '2d', or a clock, '1:30:00'."
    _PLAIN = _SECOND
    _STEP = _SECOND

    @property
    def seconds(self) -> int | float:
        """The number of seconds."""
        return self._in(_SECOND)

    @property
    def timedelta(self) -> dt.timedelta:
        """The same as Python's own kind of duration."""
        return dt.timedelta(microseconds=self._count)

    def seconds_up(self) -> int:
        """Whole seconds, as a cluster is asked."""
        return self._up(_SECOND)

    def __str__(self) -> str:
        days, rest = divmod(self._count, _DAY)
        hours, rest = divmod(rest, _HOUR)
        minutes, rest = divmod(rest, _MINUTE)
        written = {"d": days, "h": hours, "m": minutes, "s": rest and _decimals(rest, 6)}
        return "".join(f"{amount}{unit}" for unit, amount in written.items() if amount) or "0s"

    @classmethod
    def _count_of(cls, value: object) -> int:
        if isinstance(value, dt.timedelta):
            return cls._checked(value // dt.timedelta(microseconds=1), repr(value))
        return super()._count_of(value)

    @classmethod
    def _read(cls, text: str) -> Fraction | int:
        if _SECONDS.fullmatch(text):
            return _total([(text, _SECOND)])
        if clock := _CLOCK.fullmatch(text):
            return cls._read_clock(text, *clock.groups())
        if text and (spelled := _SPELLED.fullmatch(text)):
            return _total(zip(spelled.groups(), _SPANS.values(), strict=True))
        raise cls._refused(repr(text))

    @classmethod
    def _read_clock(
        cls, text: str, days: str | None, hours: str, minutes: str | None, seconds: str | None
    ) -> Fraction | int:
        if days is None and seconds is None:
            raise InvalidUnits(
                f"{text!r} is minutes and seconds to Slurm, hours and minutes to people.",
                remedy=f"Write '{hours}m{minutes}s' or '{hours}h{minutes}m'.",
            )
        return _total([(days, _DAY), (hours, _HOUR), (minutes, _MINUTE), (seconds, _SECOND)])


def _total(parts: Iterable[tuple[str | None, int]]) -> Fraction | int:
    from fractions import Fraction

    return sum(Fraction(number) * unit for number, unit in parts if number)


def _decimals(count: int, places: int) -> str:
    """A count of thousandths (or millionths, ...) as a decimal number without needless zeros."""
    whole, part = divmod(count, 10**places)
    return f"{whole}.{part:0{places}d}".rstrip("0").rstrip(".")
