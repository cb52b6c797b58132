"""What the dashboard shows of the trail."""

from datetime import datetime

from django.urls import reverse

from audit.ledger import counting
from audit.models import Event
from config.pages.dashboard import Chart, Happening, Panel, Tile

SHOWN = 8
_TOLD = ("timestamp", "event_type", "entity_type", "entity_id", "user", "actor")


def panel(since: datetime) -> Panel:
    counts = counting.counts_since(since)
    by_type, by_actor, decisions = (counts[dimension] for dimension in ("type", "actor", "decision"))
    denied = decisions.get("deny", 0)
    return Panel(
        title="Audit",
        tiles=[
            Tile(label="Events", value=str(sum(by_type.values())), link="/admin/audit/event/"),
            Tile(label="Actors", value=str(len(by_actor))),
            Tile(label="Rollbacks", value=str(by_type.get("entity.rolled_back", 0))),
            Tile(label="Calls denied", value=f"{denied} of {sum(decisions.values())}"),
        ],
        charts=[
            Chart(title="Events by type", kind="bar", points=list(by_type.items())[:SHOWN]),
            Chart(title="Events by actor", kind="bar", points=list(by_actor.items())[:SHOWN]),
        ],
    )


def recent_events(limit: int) -> list[Happening]:
    return [
        Happening(
            at=event.timestamp,
            what=event.event_type,
            subject=f"{event.entity_type} {event.entity_id}",
            who=event.user or event.actor,
            link=reverse("admin:audit_event_change", args=[event.pk]),
        )
        for event in Event.objects.newest_first().only(*_TOLD)[:limit]
    ]
