"""Figures about many measurements: percentiles, and how well a mean is known. They are numbers, in any unit."""

from __future__ import annotations

import math
from statistics import fmean
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

# From here on, an interval's ends say the same to all digits that are shown.
_HALVINGS: Final = 100


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The value below which so many percent lie, interpolated; the 50th is the median.

    >>> percentile([1, 2, 3, 10], 50), percentile([1, 2, 3, 10], 100)
    (2.5, 10)
    """
    whole, part = divmod((len(ordered) - 1) * percent, 100)
    low = ordered[int(whole)]
    return low + (ordered[int(whole) + 1] - low) * part / 100 if part else low


def enough_for(ordered: Sequence[float], percent: int) -> float:
    """The smallest of the values that at least so many percent of them do not exceed.

    >>> enough_for([1, 2, 3, 10], 75), enough_for([1, 2, 3, 10], 76)
    (3, 10)
    """
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def confidence_interval(values: Sequence[float], level: float) -> tuple[float, float] | None:
    """Where the mean lies with this probability, after Student; None for fewer than two values.

    >>> low, high = confidence_interval([9, 10, 11], 0.95)
    >>> round(low, 2), round(high, 2)
    (7.52, 12.48)
    """
    count = len(values)
    if count < 2:
        return None
    mean = fmean(values)
    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    reach = student_t(level, count - 1) * math.sqrt(variance / count)
    return mean - reach, mean + reach


def student_t(level: float, freedom: int) -> float:
    """The t that Student's distribution stays within, on both sides, with the probability ``level``.

    >>> round(student_t(0.95, 10), 3)
    2.228
    """
    beyond = 1 - level
    low, high = 0.0, 1.0
    while _outside(high, freedom) > beyond:
        low, high = high, high * 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _outside(middle, freedom) > beyond:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _outside(t: float, freedom: int) -> float:
    """The probability of a value that is further from 0 than ``t``."""
    square = t * t
    total = freedom + square
    return _incomplete_beta(freedom / total, square / total, freedom / 2, 0.5)


def _incomplete_beta(x: float, rest: float, a: float, b: float) -> float:
    """The regularized incomplete beta function I_x(a, b), where ``rest`` is 1 - x.

    See https://dlmf.nist.gov/8.17 for the function, its symmetry and its continued fraction (8.17.22).
    """
    if x == 0 or rest == 0:
        return float(rest == 0)
    if x > (a + 1) / (a + b + 2):  # the fraction is good on the other side only
        return 1 - _incomplete_beta(rest, x, b, a)
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest)
    return math.exp(scale) / (a * _continued_fraction(x, a, b))


def _continued_fraction(x: float, a: float, b: float) -> float:
    fraction = 1.0
    # From its end; it needs some terms more than the root of the larger parameter.
    for m in range(60 + 3 * math.isqrt(int(a + b)), 0, -1):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m - 1) * (a + b + m - 1) * x / ((a + 2 * m - 2) * (a + 2 * m - 1))
        fraction = 1 + odd / (1 + even / fraction)
    return fraction
