"""Whatever an original's columns hold, it is read or says nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobmon_airflow.moving_in import requests, statuses, values
from jobmon_airflow.resources import Resources
from jobmon_airflow.scales import ResourceScales
from jobmon_airflow.settings import UNLIMITED
from jobmon_airflow.states import TaskInstanceStatus, TaskStatus, WorkflowStatus

ANYTHING = st.one_of(
    st.none(),
    st.text(),
    st.integers(),
    st.floats(),
    st.recursive(st.integers() | st.text(), st.lists).map(repr),
)


@given(ANYTHING)
def test_nothing_is_refused(written: object) -> None:
    assert (values.seconds(written) or 1) > 0
    assert (values.size(written) or 1) > 0
    assert abs(values.whole(written) or 0) < 2**31
    assert 0 <= values.limit(written) <= UNLIMITED
    assert "\0" not in values.said(written)
    assert requests.attempts(written) >= 1
    assert requests.request(written)[0] is not None
    assert requests.queue_limits("all.q", written).name == "all.q"
    for text in (requests.scales(written), requests.fallback_queues(written)):
        assert text is None or json.loads(text) is not None


@given(
    st.dictionaries(
        st.sampled_from(["memory", "mem", "runtime", "cores", "queue", "project", "walltime"]), ANYTHING
    )
)
def test_a_request_is_what_our_tables_hold(asked: dict[str, object]) -> None:
    resources, strange = requests.request(repr(asked))

    assert Resources.from_json(resources.to_json()) == resources
    assert set(strange) <= asked.keys()


@pytest.mark.parametrize(
    ("written", "bytes_of_it"),
    [
        ("104857600", 104857600),
        (104857600, 104857600),
        ("100M", 104857600),
        ("1.5G", 1610612736),
        ("-1", None),
    ],
)
def test_memory_that_was_measured(written: object, bytes_of_it: int | None) -> None:
    assert values.size(written) == bytes_of_it


@pytest.mark.parametrize(
    ("written", "scales"),
    [
        ("{'memory': 0.5, 'runtime': 0.5}", None),
        ("{}", None),
        ("", None),
        ("{'memory': 0.2}", {"memory": 0.2}),
        ("{'memory': -1, 'runtime': 2}", {"runtime": 2}),
        (
            "{'m_mem_free': 0.3, 'max_runtime_seconds': [600, 1200]}",
            {"memory": 0.3, "runtime": ["10m", "20m"]},
        ),
        ("{'memory': 'my_function'}", {"memory": {"callable": "my_function"}}),
        ("{'memory': <list_iterator object at 0x7f>}", None),
    ],
)
def test_scales_are_those_of_our_tables(written: str, scales: dict[str, object] | None) -> None:
    text = requests.scales(written)

    assert (None if text is None else json.loads(text)) == scales
    if text and "callable" not in text:
        assert ResourceScales.from_json(text)


def test_older_letters_are_known() -> None:
    assert statuses.of_attempt("B") is TaskInstanceStatus.UNKNOWN_ERROR
    assert statuses.of_workflow("S", ["a run"]) is WorkflowStatus.HALTED
    assert statuses.of_workflow("B", ["a run"]) is WorkflowStatus.FAILED
    assert statuses.of_workflow("B", []) is WorkflowStatus.REGISTERING
    assert statuses.of_task("?") is TaskStatus.REGISTERING
    assert statuses.was_under_way(TaskStatus, "?")
