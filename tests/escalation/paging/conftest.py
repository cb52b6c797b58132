"""A clock that tests move, a receiver and a mail server, and requests that may go to loopback."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from config.outbound.addresses import read_allowances
from tests.escalation.paging.sinks import MailServer, Receiver, mail_server, receiver


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 30, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timezone, "now", clock)
    return clock


@pytest.fixture
def hook(settings: Any) -> Iterator[Receiver]:
    settings.OUTBOUND_ALLOW = read_allowances(["127.0.0.1"])
    with receiver() as kept:
        yield kept


@pytest.fixture
def mail(settings: Any) -> Iterator[MailServer]:
    with mail_server() as kept:
        settings.MAIL_URL = kept.address
        yield kept


@pytest.fixture
def send_all() -> Callable[[], None]:
    """Makes what is due: steps, then messages. Jobs that a commit sends do not run in tests."""
    from escalation.delivery.sending import deliver
    from escalation.models import Delivery
    from escalation.policies.advancing import advance_due

    def run() -> None:
        advance_due()
        for pk in list(Delivery.objects.due(at=timezone.now()).order_by("id").values_list("pk", flat=True)):
            deliver(delivery_id=pk)

    return run
