"""The API against its own OpenAPI schema: schemathesis makes requests up and checks every answer.

A few examples an operation keep this quick; CONTRACT_EXAMPLES=100 looks longer, with other examples each time.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import CheckContext, not_a_server_error, positive_data_acceptance

from tests.project.conftest import openapi

EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", "0"))

# from_dict with the app set: loading from the app itself would need the database while tests are collected.
contract = schemathesis.openapi.from_dict(openapi())
contract.app = get_wsgi_application()


@schemathesis.check
def refusals_name_the_field(context: CheckContext, response: Any, case: Case) -> None:
    """Schemas cannot say everything (a cursor must be one of ours), so valid data may be refused, with the reason."""
    if response.status_code == 400:
        problem = response.json()
        assert problem.get("errors") or problem["code"] != "invalid", "This 400 names no field and no reason."


@schemathesis.check
def only_an_absent_service_fails(context: CheckContext, response: Any, case: Case) -> None:
    """503 is the answer when an engine or a model is away; nothing else may begin with 5."""
    assert response.status_code < 500 or response.status_code == 503, response.text


@pytest.fixture(autouse=True)
def open_connection() -> Iterator[None]:
    """Requests through bare WSGI would close the connection, and with it the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@contract.parametrize()
@settings(
    max_examples=EXAMPLES or 3,
    derandomize=not EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    database=None,
)
@pytest.mark.django_db
def test_every_answer_is_one_the_schema_promises(case: Case, key_for: Any) -> None:
    case.call_and_validate(
        headers={"Authorization": f"Bearer {key_for('admin')}"},
        excluded_checks=[positive_data_acceptance, not_a_server_error],
    )
