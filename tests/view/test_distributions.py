"""Many measurements in a few numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobmon_airflow.view.distributions import Zone, distribution, measured

measurements = st.lists(st.floats(0, 1e12), min_size=1, max_size=200)


@given(measurements)
def test_every_measurement_is_in_one_bin(values):
    found = distribution(values)

    assert sum(found.histogram.counts) == found.count == len(values)
    assert (found.min, found.max) == (min(values), max(values))
    assert found.histogram.start == found.min
    assert found.histogram.start + found.histogram.width * len(found.histogram.counts) == pytest.approx(
        found.max if found.histogram.width else found.min
    )


@given(measurements)
def test_parts_of_the_measurements_stand_in_their_order(values):
    found = distribution(values)
    ordered = [found.min, found.p5, found.p25, found.median, found.p75, found.p95, found.p99, found.max]

    assert ordered == pytest.approx(sorted(ordered))


def test_measurements_that_are_all_the_same_have_one_bin():
    found = distribution([3, 3, 3])

    assert (found.histogram.width, found.histogram.counts) == (0.0, [3])


@pytest.mark.parametrize(
    ("percent", "zone"),
    [
        (0, Zone.OVER),
        (49.9, Zone.OVER),
        (50, Zone.WELL),
        (90, Zone.WELL),
        (90.1, Zone.UNDER),
        (120, Zone.UNDER),
    ],
)
def test_zones_are_jobmon_s(percent, zone):
    assert Zone.of(percent) is zone


def test_a_fit_is_that_of_those_who_asked():
    found = measured("bytes", [(10, None), (20, 40), (30, 100), (95, 100)])

    assert found.used.count == 4
    assert found.fit.percent.count == 3
    assert (found.fit.asked, found.fit.zone) == (100, Zone.WELL)
    assert found.fit.zones == {Zone.OVER: 1, Zone.WELL: 1, Zone.UNDER: 1}


def test_where_nothing_was_measured_or_asked_for_nothing_is_said():
    assert measured("bytes", []).used is None
    assert measured("bytes", [(10, None)]).fit is None
