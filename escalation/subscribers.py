"""What of the trail is looked at at once: rare events that somebody waits for."""

from typing import Any

from django.dispatch import receiver

from audit.models import Event
from audit.signals import event_recorded
from config.jobs.sending import send
from escalation.alerts.shipped import AWAITED


@receiver(event_recorded, dispatch_uid="escalation.look_at_once")
def look_at_once(sender: type[Event], event: Event, **kwargs: Any) -> None:
    """The job finds it by itself as well, within 15 seconds: this only spares the wait."""
    if event.event_type in AWAITED:
        send("escalation.check_alerts")
