"""What the dashboard shows of the trail."""

from datetime import datetime

from django.db.models import Count
from django.urls import reverse

from audit.models import Event
from config.pages.dashboard import Chart, Happening, Panel, Tile


def panel(since: datetime) -> Panel:
    events = Event.objects.filter(timestamp__gte=since)
    by_type = list(events.values_list("event_type").annotate(count=Count("id")).order_by("-count")[:8])
    by_actor = list(events.values_list("actor").annotate(count=Count("id")).order_by("-count")[:8])
    rollbacks = events.filter(event_type="entity.rolled_back").count()
    return Panel(
        title="Audit",
        tiles=[
            Tile(label="Events", value=str(events.count()), link="/admin/audit/event/"),
            Tile(label="Actors", value=str(events.values("actor").distinct().count())),
            Tile(label="Rollbacks", value=str(rollbacks)),
        ],
        charts=[
            Chart(title="Events by type", kind="bar", points=by_type),
            Chart(title="Events by actor", kind="bar", points=by_actor),
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
        for event in Event.objects.newest_first()[:limit]
    ]
