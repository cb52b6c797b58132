"""No caller's input finds a gap between the OpenAPI document and what the service takes: one value of every kind.

`make prove` sends all of them (tests/proofs/prove_sweep.py).
"""

from pathlib import Path

import pytest
from rest_framework.test import APIClient

from tests.contract.sweep import sweep
from tests.project.sources import APPS


@pytest.mark.django_db(transaction=True)  # PostgreSQL seals what is committed
@pytest.mark.parametrize("app", APPS)
def test_what_the_document_accepts_is_accepted_and_what_it_refuses_is_refused(
    app: str, admin_api: APIClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = sweep(app, admin_api, monkeypatch, tmp_path, is_sample=True)
    assert not found, "\n".join(found)
