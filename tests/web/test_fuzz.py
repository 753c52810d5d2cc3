"""The API is asked what its own description allows, and what it does not: it never breaks, and keeps its word."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.web.conftest import API, CHANGE, token_of

pytestmark = pytest.mark.long

EXAMPLES = 40  #: of questions of each kind to each route
LOOKED_AT = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
#: Ids that there are, and a template: most of what is made up is not found.
KNOWN = st.one_of(st.none(), st.integers(1, 12))


@pytest.fixture
def all_of_airflow(airflow):
    """Its other tables, too, which a resume asks for the DAGs that there are."""
    from airflow import models, settings
    from airflow.models.base import Base

    models.import_all_models()
    Base.metadata.create_all(settings.engine)


@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["sense", "nonsense"]
)
def test_whatever_is_asked_the_api_answers_as_it_says(served, all_of_airflow, own, url, monkeypatch, mode):
    monkeypatch.setenv("AIRFLOW__JOBMON__SQL_ALCHEMY_CONN", url)
    headers = {"Authorization": f"Bearer {token_of('admin')}"}
    described = schemathesis.openapi.from_asgi(f"{API}/openapi.json", served, headers=headers)
    failures, asked = {}, 0

    for operation in (found.ok() for found in described.get_all_operations()):
        try:
            ask(operation, mode, headers)
            asked += 1
        except Unsatisfiable:  # there is nothing that it could be told wrongly
            assert mode is GenerationMode.NEGATIVE, operation.label
        except (AssertionError, BaseExceptionGroup) as failure:  # of each route, what did not hold
            failures[operation.label] = str(failure)

    assert not failures, "\n\n".join(f"{label}\n{text}" for label, text in failures.items())
    assert asked > 15


def ask(operation, mode, headers):
    changes = CHANGE if operation.method.upper() == "POST" else {}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), known=KNOWN)
    def it_holds(case, known):
        if known is not None and mode is GenerationMode.POSITIVE:
            for name in case.path_parameters:
                if name.endswith("_id") or name == "group":
                    case.path_parameters[name] = known
                elif name == "name":
                    case.path_parameters[name] = "bad"
        case.call_and_validate(headers=headers | changes, checks=LOOKED_AT)

    it_holds()
