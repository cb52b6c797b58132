"""Channels and policies for tests."""

from typing import Any

from escalation.delivery.channels import add_channel
from escalation.models import Channel, Policy
from escalation.policies.policies import add_policy
from tests.escalation.paging.sinks import Receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def webhook(hook: Receiver, name: str = "ops-hook") -> Channel:
    return add_channel(name=name, kind="webhook", details={"url": f"{hook.url}/{name}", "secret": SECRET})


def mailbox(name: str = "ops-mail", to: str = "kim@example.org") -> Channel:
    return add_channel(name=name, kind="email", details={"to": [to]})


def policy(*steps: tuple[int, str], **given: Any) -> Policy:
    """Of (minutes, name of a channel)."""
    made = [{"delay_minutes": minutes, "targets": [{"channel": name}]} for minutes, name in steps]
    return add_policy(**{"name": "day-and-night", "steps": made} | given)
