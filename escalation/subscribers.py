"""What of the trail becomes a bug."""

import hashlib
import re
from typing import Any

from django.dispatch import receiver

from audit.models import Event
from audit.signals import event_recorded
from escalation.reports import report_bug

REGRESSION_FOUND = "prompt.regression_found"


@receiver(event_recorded, dispatch_uid="escalation.report_regression")
def report_regression(sender: type[Event], event: Event, **kwargs: Any) -> None:
    """A prompt that got worse is a bug: one for each prompt, however often it is found."""
    if event.event_type != REGRESSION_FOUND:
        return
    report_bug(
        bug_id=_bug_id(event.entity_id),
        error_type="PromptRegression",
        error_message=f"{event.entity_type} {event.entity_id} got worse: the new version loses cases that passed.",
        user_impact="medium",
        metadata={"event": str(event.uid), "entity_type": event.entity_type, "found": event.new_value},
        tags=["prompt"],
    )


def _bug_id(entity_id: str) -> str:
    """The prompt's own id where it can stand in a path, else the same with a hash that keeps it unlike others."""
    name = re.sub(r"[^A-Za-z0-9._:-]+", "-", entity_id)[:150]
    suffix = "" if name == entity_id else f"-{hashlib.sha256(entity_id.encode()).hexdigest()[:12]}"
    return f"prompt-regression:{name}{suffix}"
