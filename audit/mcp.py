"""The MCP door of the trail."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from audit import limits, oversight, reports, rollback, trail
from audit.export import select
from audit.models import Event
from audit.permissions import decisions
from config.context import caller
from config.mcp.calls import oversee
from config.mcp.cursors import Cursor, CursorInvalid, cursor_at, place_of
from config.mcp.tools import Detail, Json, tool

EntityType = Annotated[str, Field(description="Kind, e.g. role, prompt.", max_length=limits.LONGEST_TYPE)]
EntityId = Annotated[str, Field(description="Which one.", max_length=limits.LONGEST_ID)]

oversee(permit=oversight.permit, note=oversight.note)

CallId = Annotated[str, Field(max_length=limits.LONGEST_ID)]


@tool(name="record_audit", scope="write", title="Record an audit event")
def record_audit(
    event_type: Annotated[str, Field(description="noun.past_verb, e.g. role.changed", max_length=limits.LONGEST_TYPE)],
    entity_type: EntityType,
    entity_id: EntityId,
    old_value: Annotated[Json, Field(description="State before.")] = None,
    new_value: Annotated[Json, Field(description="State after.")] = None,
    user: Annotated[str | None, Field(description="On whose behalf.", max_length=limits.LONGEST_USER)] = None,
    context: Annotated[dict[str, Any] | None, Field(description="Session, reason, ...")] = None,
) -> dict[str, Any]:
    """Record a change of configuration or permission in the append-only trail: who, what, before, after."""
    new = trail.NewEvent(
        event_type=event_type,
        entity_type=entity_type,
        entity_id=entity_id,
        old_value=old_value,
        new_value=new_value,
        user=user,
        context=context,
    )
    return _brief(reports.report(events=[new])[0])


@tool(name="search_audit", scope="read", title="Search the audit trail", read_only=True)
def search_audit(
    entity_type: EntityType | None = None,
    entity_id: EntityId | None = None,
    event_type: str | None = None,
    start: Annotated[datetime | None, Field(description="From this time on.")] = None,
    end: Annotated[datetime | None, Field(description="Before this time.")] = None,
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
    cursor: Cursor = "",
    response_format: Detail = "concise",
) -> dict[str, Any]:
    """Find who changed what, newest first. Narrow by entity, event type or time."""
    found = select(entity_type=entity_type, entity_id=entity_id, event_type=event_type, start=start, end=end)
    if place := place_of(cursor, str, int):
        found = found.older_than(_time(place[0]), place[1])
    events = list(found.newest_first()[: limit + 1])
    shown = [(_whole if response_format == "detailed" else _brief)(event) for event in events[:limit]]
    if len(events) <= limit:
        return {"events": shown, "more": False}
    last = events[limit - 1]
    return {"events": shown, "more": True, "next_cursor": cursor_at(last.timestamp.isoformat(), last.pk)}


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


@tool(name="check_permission", scope="read", title="Ask before a tool call")
def check_permission(
    tool_name: Annotated[
        str, Field(description="Bash, Read, Edit, WebFetch, mcp__server__tool, ...", max_length=limits.LONGEST_TOOL)
    ],
    tool_input: Annotated[dict[str, Any], Field(description='As for the tool itself, e.g. {"command": "npm test"}.')],
    cwd: Annotated[str, Field(description="Working folder.", max_length=limits.LONGEST_FOLDER)] = "",
    session_id: CallId = "",
    tool_use_id: CallId = "",
) -> dict[str, Any]:
    """May this tool call run? allow, deny or confirm (ask the user first), with the rule and the part that decided."""
    agent = str(caller().details.get("agent", ""))[:32]
    decided = decisions.decide(
        tool_name=tool_name,
        tool_input=tool_input,
        agent=agent,
        cwd=cwd,
        session_id=session_id,
        tool_use_id=tool_use_id,
    )
    return decisions.present(decided)


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise CursorInvalid("That is no cursor of this list. Leave it out to begin anew.") from None


def _whole(event: Event) -> dict[str, Any]:
    more = {name: getattr(event, name) for name in ("old_value", "new_value", "context", "correlation_id", "agent")}
    return _brief(event) | {name: value for name, value in more.items() if value not in (None, "")}


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
