from collections.abc import Iterator

import pytest

from tests.prompts.stub_model import Stub


@pytest.fixture
def stub(settings: pytest.FixtureRequest) -> Iterator[Stub]:
    """A model server of the test's own, which the settings name."""
    server = Stub()
    settings.MODEL_BASE_URL = server.url
    settings.MODEL_NAME = "stub"
    settings.MODEL_API = "openai"
    settings.MODEL_API_KEY = ""
    yield server
    server.close()
