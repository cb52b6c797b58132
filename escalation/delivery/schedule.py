"""When a message is tried again, as Standard Webhooks proposes. Imports no ORM, request or settings."""

import random
from datetime import timedelta

WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""After the first try, the second, and so on; more than three days in all."""
LONGEST_WAIT = timedelta(hours=24)
JITTER = 0.1
"""A tenth more at most: what failed together does not come back together."""


def wait_after(attempts: int, *, retry_after_seconds: float | None) -> timedelta | None:
    """How long to wait after so many tries, at least as long as the receiver asked for; None when it was the last."""
    if attempts > len(WAITS):
        return None
    usual = WAITS[attempts - 1] * (1 + random.random() * JITTER)  # noqa: S311 - not a secret
    asked = timedelta(seconds=min(retry_after_seconds or 0.0, LONGEST_WAIT.total_seconds()))
    return max(usual, asked)
