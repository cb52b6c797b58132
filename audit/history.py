"""What the pages of every app show of the trail; `config.pages.history` finds it by this module's name."""

from collections.abc import Iterator
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html_join

from audit import telling, trail
from audit.models import Event
from config.pages import kit

MOST_CHANGES = 8
"""Of one step that are told; its page has them all."""


def steps(entity_type: str, entity_id: str, limit: int) -> Iterator[kit.Step]:
    """What happened to an entity, newest first."""
    for event in trail.history(entity_type=entity_type, entity_id=entity_id, limit=limit):
        yield step(event)


def step(event: Event) -> kit.Step:
    """An event as one step of a timeline, with what changed."""
    outcome = telling.outcome(event.event_type, event.decision, event.changes)
    pieces = telling.told(event.event_type, event.changes, MOST_CHANGES)
    return kit.Step(
        at=event.timestamp,
        what=telling.happened(event.event_type, event.decision),
        who=who(event),
        link=reverse("admin:audit_event_change", args=[event.pk]),
        detail=format_html_join("", "<div>{}</div>", ((piece,) for piece in pieces)),
        tone=outcome[1] if outcome else "quiet",
    )


def who(event: Event) -> str:
    """Whoever is known best: on whose behalf, by which agent, and the caller where that says more."""
    people = dict.fromkeys(name for name in (event.user, event.agent, event.actor) if name)
    first, *others = people
    return f"{first} ({', '.join(others)})" if others else first


def address(entity_type: str, entity_id: str) -> str:
    """Where all events of an entity are listed."""
    query = urlencode({"entity_type": entity_type, "entity_id": entity_id})
    return f"{reverse('admin:audit_event_changelist')}?{query}"
