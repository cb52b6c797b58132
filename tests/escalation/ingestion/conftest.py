"""Events wait here until a test has them counted: jobs of the tests run at once."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from escalation.ingestion import intake


@pytest.fixture(autouse=True)
def _no_bell_and_fresh_rates() -> Iterator[None]:
    with patch.object(intake, "_bell"), patch.object(intake, "_rates", intake._Rates()):
        yield
