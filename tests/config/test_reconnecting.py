"""The pool of PostgreSQL connections after the server was away."""

import pytest
from psycopg_pool.base import AttemptWithBackoff

from config.apps import _reconnect_each_second


def test_a_lost_connection_is_tried_again_each_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AttemptWithBackoff, "DELAY_BACKOFF", AttemptWithBackoff.DELAY_BACKOFF)  # put back afterwards
    _reconnect_each_second()
    attempt = AttemptWithBackoff(timeout=300)
    for second in range(20):
        attempt.update_delay(float(second))
        assert 0.8 < attempt.delay < 1.2
