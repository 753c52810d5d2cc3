"""Many measurements in a few numbers: a box, a histogram, and how well a request fitted them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import fmean
from typing import Final

from jobmon_airflow.client.statistics import percentile

_BINS: Final = 40


class Zone(StrEnum):
    """How a request fitted what was used, in Jobmon's words."""

    OVER = "over-allocated"  #: less than half of it was used
    WELL = "well allocated"
    UNDER = (
        "under-allocated"  #: more than nine tenths were used, so that a little more would have been too much
    )

    @classmethod
    def of(cls, percent: float) -> Zone:
        """The zone of somebody who uses so many percent of the request."""
        if percent < _WELL_FROM:
            return cls.OVER
        return cls.WELL if percent <= _WELL_TO else cls.UNDER


_WELL_FROM: Final = 50
_WELL_TO: Final = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """How many measurements lie in each of some bins of the same width."""

    start: float
    width: float
    counts: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Measurements, seen from afar."""

    count: int
    mean: float
    min: float
    p5: float
    p25: float
    median: float
    p75: float
    p95: float
    p99: float
    max: float
    histogram: Histogram


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How much of what was asked for was used."""

    percent: Distribution
    asked: float  #: the median of the requests
    zone: Zone  #: of the usual attempt
    zones: Mapping[Zone, int]  #: how many attempts were in each


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What attempts used of something, and how that fitted their requests; None where nobody knows."""

    unit: str
    used: Distribution | None
    fit: Fit | None


def measured(unit: str, pairs: Sequence[tuple[float, float | None]]) -> Measured:
    """What was used and, if somebody asked for an amount, what was asked for."""
    asked = [(used, limit) for used, limit in pairs if limit]
    return Measured(
        unit=unit,
        used=distribution([used for used, _ in pairs]) if pairs else None,
        fit=_fit(asked) if asked else None,
    )


def distribution(values: Sequence[float]) -> Distribution:
    """Some measurements, at least one.

    >>> found = distribution([1, 2, 3, 10])
    >>> found.median, found.max, sum(found.histogram.counts)
    (2.5, 10, 4)
    """
    ordered = sorted(values)
    return Distribution(
        count=len(ordered),
        mean=fmean(ordered),
        min=ordered[0],
        p5=percentile(ordered, 5),
        p25=percentile(ordered, 25),
        median=percentile(ordered, 50),
        p75=percentile(ordered, 75),
        p95=percentile(ordered, 95),
        p99=percentile(ordered, 99),
        max=ordered[-1],
        histogram=_histogram(ordered),
    )


def _fit(pairs: Sequence[tuple[float, float]]) -> Fit:
    percents = sorted(100 * used / asked for used, asked in pairs)
    percent = distribution(percents)
    over = bisect_left(percents, _WELL_FROM)
    well = bisect_right(percents, _WELL_TO) - over
    return Fit(
        percent=percent,
        asked=percentile(sorted(asked for _, asked in pairs), 50),
        zone=Zone.of(percent.median),
        zones={Zone.OVER: over, Zone.WELL: well, Zone.UNDER: len(percents) - over - well},
    )


def _histogram(ordered: Sequence[float]) -> Histogram:
    """One bin alone, if all measurements are the same."""
    low, high = ordered[0], ordered[-1]
    width = (high - low) / _BINS
    if not width:
        return Histogram(start=low, width=0.0, counts=[len(ordered)])
    inner = (bisect_left(ordered, low + width * number) for number in range(1, _BINS))
    ends = (0, *inner, len(ordered))
    return Histogram(start=low, width=width, counts=[end - begin for begin, end in pairwise(ends)])
