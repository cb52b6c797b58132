"""What of the trail becomes a bug."""

import hashlib
import re
from typing import Any

from django.dispatch import receiver

from audit.models import Event
from audit.signals import event_recorded
from escalation.fields import LONGEST_TEXT, check_metadata

REGRESSION_FOUND = "prompt.regression_found"


@receiver(event_recorded, dispatch_uid="escalation.report_regression")
def report_regression(sender: type[Event], event: Event, **kwargs: Any) -> None:
    """A prompt that got worse is a bug: one for each prompt, however often and in whichever version it is found."""
    if event.event_type != REGRESSION_FOUND:
        return
    from escalation.reports import report_bug  # every process loads this module, few of them ever report

    told = event.context if isinstance(event.context, dict) else {}
    prompt = str(told.get("prompt_id") or event.entity_id)
    report_bug(
        bug_id=_bug_id(prompt),
        error_type="PromptRegression",
        error_message=_message(prompt, told)[:LONGEST_TEXT],
        user_impact="medium",
        metadata=_metadata(event),
        tags=["prompt"],
    )


def _message(prompt: str, told: dict[str, Any]) -> str:
    if not {"version", "against_version", "lost"} <= told.keys():
        return f"Prompt {prompt} got worse: it loses cases that passed."
    worse = f"version {told['version']} loses {told['lost']} of the cases that version {told['against_version']} passed"
    return f"Prompt {prompt} got worse: {worse}."


def _metadata(event: Event) -> dict[str, Any]:
    """Where to look, and what was found unless it is too much."""
    where = {"event": str(event.uid), "entity_type": event.entity_type, "entity_id": event.entity_id}
    found = {"context": event.context, "result": event.new_value}
    return where if any(check_metadata("metadata", found)) else where | found


def _bug_id(prompt: str) -> str:
    """The prompt's own id where it can stand in a path, else the same with a hash that keeps it unlike others."""
    name = re.sub(r"[^A-Za-z0-9._:-]+", "-", prompt)[:150]
    suffix = "" if name == prompt else f"-{hashlib.sha256(prompt.encode()).hexdigest()[:12]}"
    return f"prompt-regression:{name}{suffix}"
