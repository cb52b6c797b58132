"""How long to wait before another try."""

import random
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRIES = 2
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 8.0
LONGEST_RETRY_AFTER_SECONDS = 60.0
RETRIED = {408, 409, 429}


def wait_before(attempt: int) -> float:
    wait: float = min(FIRST_WAIT_SECONDS * 2**attempt, LONGEST_WAIT_SECONDS)
    return wait * random.uniform(0.75, 1)  # noqa: S311  -- spreads retries, guards nothing


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the endpoint asks to wait; None when it does not say or says nonsense."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        text = headers.get("retry-after", "")
        if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
            return float(text)
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
