"""The API against its own OpenAPI schema: schemathesis makes requests up and checks every answer.

A few examples an operation keep this quick; CONTRACT_EXAMPLES=100 looks longer, with other examples each time.
"""

import os
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case

from tests.project.conftest import openapi

EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", "0"))

# from_dict with the app set: loading from the app itself would need the database while tests are collected.
contract = schemathesis.openapi.from_dict(openapi())
contract.app = get_wsgi_application()


@contract.parametrize()
@settings(
    max_examples=EXAMPLES or 4,
    derandomize=not EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    database=None,
)
@pytest.mark.django_db
def test_every_answer_is_one_the_schema_promises(case: Case, key_for: Any) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {key_for('admin')}"})
