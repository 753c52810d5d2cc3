"""Memory and time are read as people and Slurm write them, and stay exact."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobmon_airflow.errors import InvalidUnits
from jobmon_airflow.units import Memory, Runtime

KIB, MIB, GIB = 1024, 1024**2, 1024**3

memories = st.integers(0, 2**60).map(Memory.of_bytes)
runtimes = st.integers(0, 2**60).map(lambda count: Runtime(timedelta(microseconds=count)))
quantities = memories | runtimes


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("8G", 8 * GIB),
        ("8g", 8 * GIB),
        ("8GB", 8 * GIB),
        ("8Gb", 8 * GIB),
        ("8GiB", 8 * GIB),
        ("8Gi", 8 * GIB),
        (" 8 G ", 8 * GIB),
        ("1.5G", 1536 * MIB),
        ("0.5 G", 512 * MIB),
        (".5G", 512 * MIB),
        ("512M", 512 * MIB),
        ("500M", 500 * MIB),
        ("100K", 100 * KIB),
        ("2T", 2 * 1024 * GIB),
        ("3P", 3 * 1024**2 * GIB),
        ("1024B", 1024),
        ("0B", 0),
        (8, 8 * GIB),
        (0.5, 512 * MIB),
        (Fraction(1, 2), 512 * MIB),
        (Memory("2M"), 2 * MIB),
    ],
)
def test_memory_is_read_as_slurm_and_people_write_it(written, count):
    assert Memory.parse(written).bytes == count


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (30, 30),
        (0.5, 0.5),
        ("30", 30),
        ("90.5", 90.5),
        ("25s", 25),
        ("30m", 1800),
        ("1h", 3600),
        ("1H", 3600),
        ("2d", 172_800),
        ("1.5h", 5400),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("1 hour 30 minutes", 5400),
        ("2d4h", 187_200),
        ("500ms", 0.5),
        ("1m500ms", 60.5),
        ("10sec", 10),
        ("10secs", 10),
        ("1second", 1),
        ("10 seconds", 10),
        ("5min", 300),
        ("5mins", 300),
        ("1 minute", 60),
        ("2hr", 7200),
        ("2hrs", 7200),
        ("2 hours", 7200),
        ("1day", 86_400),
        ("3 days", 259_200),
        ("1 day 1 hour 1 minute 1 second", 90_061),
        ("24:30:10", 88_210),
        ("10:00:00", 36_000),
        ("0:00:30.5", 30.5),
        ("2-12", 216_000),
        ("1-1", 90_000),
        ("1-12:30", 131_400),
        ("1-12:30:15", 131_415),
        (timedelta(minutes=1, microseconds=500_000), 60.5),
        (Runtime("1h"), 3600),
    ],
)
def test_runtime_is_read_as_jobmon_slurm_and_people_write_it(written, seconds):
    assert Runtime.parse(written).seconds == seconds


@pytest.mark.parametrize(
    "written",
    [
        *("", "G", "-1G", "1.5.G", "1,5G", "8X", "8GG", "1e3G", "٨G", "nan", "8iB", "1" * 5000 + "B"),
        *(None, True, -1, float("nan"), float("inf"), 10**10, [8], b"8G", Runtime("1h")),
    ],
)
def test_what_is_no_amount_of_memory_is_refused_with_a_right_spelling(written):
    with pytest.raises(InvalidUnits) as refused:
        Memory.parse(written)

    assert "'1.5G'" in refused.value.remedy


@pytest.mark.parametrize(
    "written",
    [
        *(
            "",
            " ",
            "h",
            "-1h",
            "1x",
            "1h30",
            "30m1h",
            "1h1h",
            "1:2:3:4",
            "24:30.5",
            "1-",
            "UNLIMITED",
            "1 month",
        ),
        *(None, False, -0.5, float("nan"), 1e300, timedelta(-1), Memory("1G")),
    ],
)
def test_what_is_no_length_of_time_is_refused_with_a_right_spelling(written):
    with pytest.raises(InvalidUnits) as refused:
        Runtime.parse(written)

    assert "'1h30m'" in refused.value.remedy


def test_a_bare_number_in_text_is_refused_because_slurm_and_jobmon_read_it_1024_times_apart():
    with pytest.raises(ValueError, match=r"'60' has no unit.*\n.*'60M' or '60G'"):
        Memory.parse("60")


def test_a_clock_without_seconds_is_refused_because_it_has_two_readings():
    with pytest.raises(InvalidUnits, match=r"'24:30' is minutes and seconds.*\n.*'24m30s' or '24h30m'"):
        Runtime.parse("24:30")


def test_a_request_is_never_less_than_what_was_written():
    assert Memory("0.1G").bytes == 107_374_183
    assert Memory("0.1B").bytes == 1
    assert Runtime("0.0000001").seconds == 0.000001


def test_factors_are_taken_as_their_decimals_say():
    assert Memory("1G") * 1.1 == Memory("1.1G")
    assert Runtime(100) * 1.1 == Runtime(110)
    assert 1.1 * Runtime(10) == Runtime(11)
    assert Memory("3G") / 2 == Memory("1.5G")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Memory("1.5G"), "1.5G"),
        (Memory("500M"), "500M"),
        (Memory("512M"), "512M"),
        (Memory("1024M"), "1G"),
        (Memory("1536K"), "1.5M"),
        (Memory.of_bytes(1_000_001), "1000001B"),
        (Memory.of_bytes(0), "0B"),
        (Runtime(5400), "1h30m"),
        (Runtime("48h"), "2d"),
        (Runtime(90), "1m30s"),
        (Runtime(0.5), "0.5s"),
        (Runtime("1h") + Runtime("0.000001"), "1h0.000001s"),
        (Runtime(0), "0s"),
    ],
)
def test_values_are_printed_in_their_shortest_exact_spelling(value, text):
    assert str(value) == text
    assert repr(value) == f"{type(value).__name__}('{text}')"


@given(quantities)
def test_what_is_printed_can_be_read_again(value):
    assert type(value).parse(str(value)) == value


@given(quantities)
def test_values_survive_pickling_copying_and_hashing(value):
    for twin in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
        assert twin == value
        assert hash(twin) == hash(value)


@given(st.integers(0, 2**60), st.integers(0, 2**60))
def test_values_are_ordered_as_what_they_count(one, other):
    assert (Memory.of_bytes(one) < Memory.of_bytes(other)) is (one < other)
    assert (Memory.of_bytes(one) == Memory.of_bytes(other)) is (one == other)


@given(st.integers(0, 10**6), st.sampled_from(["B", "K", "M", "G"]))
def test_a_larger_number_of_a_unit_is_more_memory(number, unit):
    assert Memory(f"{number}{unit}") < Memory(f"{number + 1}{unit}")


@given(memories, st.floats(1, 8))
def test_scaling_up_never_shrinks_and_is_exact_to_the_byte(memory, factor):
    scaled = memory * factor

    assert scaled >= memory
    assert 0 <= scaled.bytes - memory.bytes * Fraction(str(factor)) < 1


@given(st.lists(memories, max_size=5))
def test_memories_add_up(memories):
    assert sum(memories, Memory(0)).bytes == sum(memory.bytes for memory in memories)


def test_sum_works_without_a_start():
    assert sum([Runtime("30m"), Runtime("45m")]) == Runtime("1h15m")


def test_memory_and_time_do_not_mix():
    assert Memory(0) != Runtime(0)
    for mix in (
        lambda: Memory(1) + Runtime(1),
        lambda: Memory(1) - 1,
        lambda: 1 + Memory(1),
        lambda: Memory(1) / Runtime(1),
        lambda: Memory(1) * Memory(1),
        lambda: Memory(1) * True,
        lambda: Memory(1) * "2",
        lambda: Memory(1) < Runtime(2),
        lambda: Memory(1) < 2,
    ):
        with pytest.raises(TypeError):
            mix()


def test_a_ratio_of_two_values_is_a_number():
    assert Memory("3G") / Memory("2G") == 1.5
    assert Runtime("1h") / Runtime("30m") == 2.0


def test_less_than_nothing_is_refused():
    with pytest.raises(InvalidUnits, match="less than no memory"):
        Memory("1G") - Memory("2G")


def test_numbers_in_a_unit_are_whole_where_they_can_be():
    assert (Memory("1.5G").gib, Memory("1.5G").mib, Memory("1.5K").kib) == (1.5, 1536, 1.5)
    assert isinstance(Memory("2G").gib, int)
    assert isinstance(Runtime("1m").seconds, int)
    assert Runtime("1m").timedelta == timedelta(minutes=1)


def test_clusters_are_asked_in_whole_steps_rounded_up():
    assert Memory("1000K").mebibytes_up() == 1
    assert Runtime("1.2s").seconds_up() == 2
    assert Memory("1.0001G").rounded_up() == Memory("1025M")
    assert Runtime("1.2s").rounded_up() == Runtime("2s")


def test_values_cannot_be_changed():
    memory = Memory(1)

    for name in ("bytes", "_count", "other"):
        with pytest.raises((AttributeError, TypeError)):
            setattr(memory, name, 5)
    assert memory == Memory(1)


def test_units_are_cheap_to_import():
    code = "import sys, jobmon_airflow.units; print({'decimal', 'fractions', 'airflow'} & set(sys.modules))"

    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert loaded.stdout == "set()\n"
