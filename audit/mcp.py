"""The MCP door of the trail."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from audit import rollback, trail
from audit.export import select
from audit.models import Event
from config.mcp import tool

EntityType = Annotated[str, Field(description="Kind of entity, e.g. role, prompt, permission.", max_length=50)]
EntityId = Annotated[str, Field(description="Which one.", max_length=255)]


@tool(name="record_audit", scope="write", title="Record an audit event")
def record_audit(
    event_type: Annotated[str, Field(description="noun.past_verb, e.g. role.changed", max_length=50)],
    entity_type: EntityType,
    entity_id: EntityId,
    old_value: Annotated[Any, Field(description="State before, as JSON.")] = None,
    new_value: Annotated[Any, Field(description="State after, as JSON.")] = None,
    user: Annotated[str | None, Field(description="On whose behalf.")] = None,
    context: Annotated[dict[str, Any] | None, Field(description="Session, reason, ...")] = None,
) -> dict[str, Any]:
    """Record a change of configuration or permission in the append-only trail: who, what, before, after."""
    event = trail.record(
        event_type=event_type,
        entity_type=entity_type,
        entity_id=entity_id,
        old_value=old_value,
        new_value=new_value,
        user=user,
        context=context,
    )
    return _brief(event)


@tool(name="search_audit", scope="read", title="Search the audit trail", read_only=True)
def search_audit(
    entity_type: EntityType | None = None,
    entity_id: EntityId | None = None,
    event_type: str | None = None,
    start: Annotated[datetime | None, Field(description="From this time on.")] = None,
    end: Annotated[datetime | None, Field(description="Before this time.")] = None,
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
) -> dict[str, Any]:
    """Find who changed what, newest first. Narrow by entity, event type or time."""
    found = select(entity_type=entity_type, entity_id=entity_id, event_type=event_type, start=start, end=end)
    events = list(found.newest_first()[: limit + 1])
    return {"events": [_brief(event) for event in events[:limit]], "more": len(events) > limit}


@tool(name="plan_rollback", scope="read", title="Preview a rollback", read_only=True)
def plan_rollback(
    entity_type: EntityType,
    entity_id: EntityId,
    to: Annotated[
        str | None, Field(description="uid of the event whose state comes back; else the one before.")
    ] = None,
) -> dict[str, Any]:
    """Say what rolling an entity back would change, without doing it. A person applies it by REST or the admin."""
    plan = rollback.plan(entity_type=entity_type, entity_id=entity_id, to=to)
    points = rollback.points(entity_type=entity_type, entity_id=entity_id)
    return {
        "current": plan.current,
        "target": plan.target,
        "changes": [asdict(change) for change in plan.changes],
        "conflicts": [asdict(change) for change in plan.conflicts],
        "points": [_brief(event) for event in points],
    }


def _brief(event: Event) -> dict[str, Any]:
    brief = {
        "uid": str(event.uid),
        "timestamp": event.timestamp.isoformat(),
        "event_type": event.event_type,
        "entity": f"{event.entity_type} {event.entity_id}",
        "actor": event.actor,
        "user": event.user,
        "changes": event.changes,
    }
    return {name: value for name, value in brief.items() if value is not None}
