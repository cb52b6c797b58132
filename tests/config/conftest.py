"""Fixtures of the ground floor's own tests."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from config.watching import health


@pytest.fixture
def inline_health(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Health checks in the test's own thread, where its transaction is visible, and nothing remembered."""

    def run(sources, *, seconds):
        return [check for source in sources.values() for check in source()]

    monkeypatch.setattr(health, "run", run)
    health.forget()
    cache.clear()
    yield
    health.forget()
    cache.clear()
