"""The clock, receivers and mails of calling people, and events that alerts see at once."""

from collections.abc import Callable
from typing import Any

import pytest

from audit import following
from escalation.alerts.watching import check_alerts
from tests.escalation.paging.conftest import clock, hook, mail, send_all

__all__ = ["clock", "hook", "look", "mail", "send_all"]


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch, send_all: Callable[[], None]) -> Callable[[], int]:
    """Looks at the trail, then sends what is due.

    A test writes and looks in one transaction, which on PostgreSQL is not settled before it ends.
    """
    monkeypatch.setattr(following, "settled", lambda events: events)

    def run() -> int:
        looked = check_alerts()
        send_all()
        return looked

    return run


@pytest.fixture
def seen(look: Any) -> None:
    """What setting up recorded is behind."""
    look()
