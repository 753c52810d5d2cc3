"""Percentiles, and Student's t against published tables and closed forms."""

from __future__ import annotations

import math
from statistics import NormalDist, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobmon_airflow.client.statistics import confidence_interval, enough_for, percentile, student_t

amounts = st.lists(st.integers(1, 2**40), min_size=1, max_size=60).map(sorted)


@pytest.mark.parametrize(
    ("level", "freedom", "t"),
    [
        (0.50, 1, 1.000),
        (0.95, 1, 12.706),
        (0.99, 1, 63.657),
        (0.95, 2, 4.303),
        (0.95, 3, 3.182),
        (0.80, 5, 1.476),
        (0.95, 10, 2.228),
        (0.999, 10, 4.587),
        (0.90, 30, 1.697),
        (0.95, 60, 2.000),
        (0.99, 120, 2.617),
    ],
)
def test_students_t_is_that_of_the_tables(level: float, freedom: int, t: float) -> None:
    assert student_t(level, freedom) == pytest.approx(t, abs=5e-4)


@given(st.floats(0.001, 0.9999))
def test_students_t_is_exact_where_it_has_a_formula(level: float) -> None:
    assert student_t(level, 1) == pytest.approx(math.tan(math.pi * level / 2), rel=1e-9)
    assert student_t(level, 2) == pytest.approx(level * math.sqrt(2 / (1 - level**2)), rel=1e-9)


@given(st.floats(0.01, 0.9999), st.integers(1, 300))
def test_students_t_falls_towards_the_normal_distribution(level: float, freedom: int) -> None:
    normal = NormalDist().inv_cdf((1 + level) / 2)

    assert student_t(level, freedom) > student_t(level, freedom + 1) > normal


def test_students_t_of_half_a_million_is_nearly_normal() -> None:
    z = NormalDist().inv_cdf(0.975)

    assert student_t(0.95, 500_000) == pytest.approx(z + (z**3 + z) / (4 * 500_000), abs=1e-8)


def test_the_interval_of_a_mean_is_that_of_the_textbook() -> None:
    low, high = confidence_interval([4.0, 6.0, 8.0, 10.0], 0.95) or (0, 0)

    reach = 3.182446 * math.sqrt(20 / 3) / 2
    assert (low, high) == pytest.approx((7 - reach, 7 + reach), abs=1e-5)


def test_one_value_has_no_interval_and_equal_values_have_a_point() -> None:
    assert confidence_interval([], 0.95) is None
    assert confidence_interval([5], 0.95) is None
    assert confidence_interval([5, 5, 5], 0.95) == (5, 5)


@given(amounts)
def test_percentiles_ascend_from_the_least_to_the_most(values: list[int]) -> None:
    found = [percentile(values, percent) for percent in (0, 25, 50, 75, 90, 100)]

    assert found == sorted(found)
    assert (found[0], found[-1]) == (values[0], values[-1])
    assert found[2] == pytest.approx(median(values))


@given(amounts, st.integers(1, 100))
def test_what_is_enough_is_enough_for_so_many_and_no_smaller_value_is(
    values: list[int], percent: int
) -> None:
    enough = enough_for(values, percent)

    held = sum(value <= enough for value in values)
    held_by_less = sum(value < enough for value in values)
    assert held * 100 >= percent * len(values) > held_by_less * 100
