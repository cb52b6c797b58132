"""A parameter that nobody reads would be taken for one that was heard."""

import re
from typing import Any
from uuid import UUID

import pytest
from drf_spectacular.generators import SchemaGenerator

pytestmark = pytest.mark.django_db
VALUES = {"uid": str(UUID(int=0)), "prompt_id": "p", "number": "1", "entity_type": "role", "entity_id": "x"}


def paths(method: str) -> list[str]:
    found = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    return sorted(path for path, methods in found.items() if method in methods)


def filled(path: str) -> str:
    return re.sub(r"{(\w+)}", lambda name: VALUES.get(name[1], "1"), path)


@pytest.mark.parametrize("method", ["get", "delete"])
def test_an_unknown_parameter_is_refused_everywhere(admin_api: Any, method: str) -> None:
    known = paths(method)
    assert len(known) > 5
    admin_api.post("/api/v1/prompts/prompts", {"prompt_id": "p"})
    admin_api.post(
        "/api/v1/escalation/bugs", {"bug_id": "1", "error_type": "E", "error_message": "m", "user_impact": "low"}
    )
    deaf = {}
    for path in known:
        answer = getattr(admin_api, method)(f"{filled(path)}?dry_runn=true")
        if "dry_runn" not in {error["field"] for error in answer.json().get("errors", [])}:
            deaf[path] = answer.status_code
    assert not deaf


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("audit/entities/role/x/history?limit=0", "limit"),
        ("audit/entities/role/x/history?limit=1.0", "limit"),
        ("audit/entities/role/x/history?limit=1&limit=2", "limit"),
        ("audit/entities/role/x/history?limit=", "limit"),
        ("audit/entities/role/x/state?at=", "at"),
        ("prompts/prompts/p/compare?from=1", "to"),
        ("prompts/prompts/p/compare?from=%D9%A1&to=2", "from"),
        ("visioncache/stats?namespace=***", "namespace"),
    ],
)
def test_a_parameter_is_read_strictly(reader: Any, path: str, field: str) -> None:
    answer = reader.get(f"/api/v1/{path}")
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])


def test_waiting_is_true_or_false(api: Any) -> None:
    answer = api.post("/api/v1/dockerdebug/diagnoses?wait=maybe", {})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "wait")
