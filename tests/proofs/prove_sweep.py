"""Every place of every operation with every hostile value; tests/contract/test_sweep.py sends a sample of them.

On PostgreSQL: `python -m tests.services.postgres -- pytest -o python_files='prove_*.py' tests/proofs/prove_sweep.py`.
"""

from pathlib import Path

import pytest
from rest_framework.test import APIClient

from tests.contract.sweep import sweep
from tests.project.sources import APPS


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("app", APPS)
def test_the_service_keeps_its_document_whatever_is_sent(
    app: str, admin_api: APIClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = sweep(app, admin_api, monkeypatch, tmp_path, is_sample=False)
    assert not found, "\n".join(found)
