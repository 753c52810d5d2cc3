"""Requests for tests: one that is spelled out, and any that hypothesis can think of."""

from __future__ import annotations

from hypothesis import strategies as st

from jobmon_airflow.resources import Resources
from jobmon_airflow.units import Memory, Runtime

memories = st.integers(1, 2**45).map(Memory.of_bytes)
runtimes = st.integers(1, 10**12).map(lambda count: Runtime(1) * count / 10**6)
texts = st.text('aB1 é漢😀\0"', max_size=5)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
extras = st.dictionaries(
    st.sampled_from(["project", "constraints", "gres", "stdout"]), json_values, max_size=3
)
requests = st.builds(
    Resources,
    memory=st.none() | memories,
    runtime=st.none() | runtimes,
    cores=st.none() | st.integers(1, 2000),
    queue=st.none() | st.sampled_from(["all.q", "long.q"]),
    extra=extras,
)


def asking(**asked):
    return Resources.parse(asked)
