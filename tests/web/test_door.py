"""Who gets in, what is refused, and what every answer carries."""

from __future__ import annotations

import pytest

from tests.web.conftest import API

PAGES = ["/", "/usage", "/workflow/1", "/workflow/1/errors", "/workflow/1/template/good", "/task/1"]
OTHERS = ["/assets/some.js", "/nothing", "/workflow/x", "/api/v1/nothing", "/api/v1/openapi.json", "/docs"]


@pytest.mark.parametrize("path", [*PAGES, *OTHERS])
def test_nobody_sees_anything_without_a_login(client, path):
    answer = client().get(f"/jobmon{path}")

    assert answer.status_code == 401
    if path.startswith("/api/"):
        assert answer.json() == {"problem": "Not authenticated", "remedy": None}
    else:
        assert 'href="/auth/login?next=' in answer.text


@pytest.mark.parametrize("path", [*PAGES, *OTHERS])
def test_a_user_without_rights_sees_nothing(client, path):
    assert client("nobody").get(f"/jobmon{path}").status_code == 403


def test_the_api_describes_itself(client, filled):
    described = client("viewer").get(f"{API}/openapi.json").json()

    assert described["info"]["title"] == "Jobmon"
    assert described["servers"] == [{"url": "/jobmon"}]
    assert all(path.startswith("/api/v1/") for path in described["paths"])
