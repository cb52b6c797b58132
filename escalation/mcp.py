"""The MCP door of bugs."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field

from config.mcp.cursors import Cursor, cursor_at, place_of
from config.mcp.resources import COMPLETED, Listed, resource
from config.mcp.tools import LEFT_OUT, Detail, OneOf, tool
from escalation import fields, models
from escalation.bugs import find_bug
from escalation.filters import select_bugs
from escalation.models import Bug
from escalation.oncall.duty import find_on_call
from escalation.oncall.schedules import list_schedules
from escalation.reports import report_bug
from escalation.serializers import as_json
from escalation.triage import Changes
from escalation.triage import update_bug as update

Level = Annotated[str, OneOf(tuple(models.Impact.values))]
Priority = Annotated[str, OneOf(tuple(models.Priority.values))]
Status = Annotated[str, OneOf(tuple(models.Status.values))]
BugId = Annotated[str, Field(max_length=fields.LONGEST_NAME)]
Name = Annotated[str, Field(max_length=fields.LONGEST_NAME)]
Text = Annotated[str, Field(max_length=fields.LONGEST_TEXT)]
Tags = Annotated[list[Annotated[str, Field(max_length=fields.LONGEST_TAG)]], Field(max_length=fields.MOST_TAGS)]
Hours = Annotated[float, Field(ge=fields.SOONEST_HOURS, le=fields.FARTHEST_HOURS)]


@tool(name="escalate_bug", scope="write", title="Report a bug", read_only=False)
def escalate_bug(
    error_type: Annotated[Name, Field(description="Class of the error, e.g. DatabaseError.")],
    error_message: Text,
    user_impact: Level,
    bug_id: Annotated[Name, Field(description="Your key; omit to group equal errors.")] = "",
    stack_trace: Annotated[str | None, Field(max_length=fields.LONGEST_TRACE)] = None,
    deadline_hours: Annotated[Hours | None, Field(description="Hours from now until it must be fixed.")] = None,
    frequency: Annotated[int, Field(description="Times it happened.", ge=1, le=fields.MOST_REPORTS)] = 1,
    metadata: Annotated[dict[str, Any] | None, Field(description="Release, host, request, ...")] = None,
    tags: Tags | None = None,
) -> dict[str, Any]:
    """Report an error for people to fix. Repeats count; a resolved bug reopens. Answers its priority and why."""
    bug = report_bug(
        error_type=error_type,
        error_message=error_message,
        user_impact=user_impact,
        bug_id=bug_id,
        stack_trace=stack_trace,
        deadline_hours=deadline_hours,
        frequency=frequency,
        metadata=metadata,
        tags=tags or (),
    )
    return _answer(bug)


@tool(name="list_bugs", scope="read", title="List bugs", read_only=True)
def list_bugs(
    status: Status | None = None,
    priority: Priority | None = None,
    assignee: str = "",
    tag: str = "",
    search: Annotated[str, Field(description="Part of the id, type or message.")] = "",
    include_resolved: bool = False,
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
    cursor: Cursor = "",
    response_format: Detail = "concise",
) -> dict[str, Any]:
    """Find bugs, the most urgent first; open ones unless a status or include_resolved asks for others."""
    found = select_bugs(
        status=[status] if status else None,
        priority=[priority] if priority else None,
        assignee=assignee,
        tag=tag,
        search=search,
        open=None if status or include_resolved else True,
    )
    if place := place_of(cursor, int, int):
        found = found.less_urgent_than(*place)
    bugs = list(found[: limit + 1])
    shown = [(_answer if response_format == "detailed" else _brief)(bug) for bug in bugs[:limit]]
    if len(bugs) <= limit:
        return {"bugs": shown, "more": False}
    return {"bugs": shown, "more": True, "next_cursor": cursor_at(bugs[limit - 1].score, bugs[limit - 1].pk)}


def _most_urgent(most: int) -> list[Listed]:
    return [Listed((bug.bug_id,), f"{bug.priority}: {bug.error_type}") for bug in select_bugs(open=True)[:most]]


def _bug_values(parameter: str, begun: str, given: Mapping[str, str]) -> list[str]:
    found = Bug.objects.filter(bug_id__startswith=begun).order_by("bug_id")
    return list(found.values_list("bug_id", flat=True)[: COMPLETED + 1])


@resource(template="bug://{bug_id}", title="A bug", newest=_most_urgent, complete=_bug_values)
def read_bug(bug_id: str) -> dict[str, Any]:
    """A bug whole: its trace, priority and why, who has it, and what was done."""
    return as_json(find_bug(bug_id=bug_id))


def _schedules(most: int) -> list[Listed]:
    return [Listed((schedule.name,), f"On call by {schedule.name}") for schedule in list_schedules()[:most]]


def _schedule_names(parameter: str, begun: str, given: Mapping[str, str]) -> list[str]:
    found = list_schedules().filter(name__startswith=begun)
    return list(found.values_list("name", flat=True)[: COMPLETED + 1])


@resource(template="oncall://{schedule}", title="On call", newest=_schedules, complete=_schedule_names)
def read_on_call(schedule: str) -> dict[str, Any]:
    """Who is on call by a schedule, until when, and who follows."""
    return asdict(find_on_call(name=schedule))


@tool(name="update_bug", scope="write", title="Update a bug", read_only=False, idempotent=True)
def update_bug(
    bug_id: BugId,
    status: Status | None = None,
    resolution: Annotated[Text, Field(description="How it was fixed; needed to resolve.")] = "",
    resolved_by: Name = "",
    assignee: Name | None = None,
    user_impact: Level | None = None,
    deadline_hours: Annotated[Hours | None, Field(description="From now; null takes the deadline away.")] = LEFT_OUT,
    tags: Annotated[Tags | None, Field(description="Replace the tags.")] = None,
    metadata: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Acknowledge, investigate, resolve or reopen (status pending) a bug; set its owner, impact, deadline or tags."""
    asked: dict[str, Any] = {
        "status": status,
        "resolution": resolution or None,
        "resolved_by": resolved_by or None,
        "assignee": assignee,
        "user_impact": user_impact,
        "tags": tags,
        "metadata": metadata,
    }
    changes: Changes = {name: value for name, value in asked.items() if value is not None}  # type: ignore[assignment]
    if deadline_hours is not LEFT_OUT:
        changes["deadline_hours"] = deadline_hours
    return _answer(update(bug_id=bug_id, **changes))


def _answer(bug: Bug) -> dict[str, Any]:
    """What an agent needs next; the trace and metadata it sent are not sent back."""
    kept = as_json(bug, brief=True)
    return {name: value for name, value in kept.items() if value not in (None, "", [])}


def _brief(bug: Bug) -> dict[str, Any]:
    answer = _answer(bug)
    for name in ("priority_factors", "fingerprint", "escalated_at", "acknowledged_at"):
        answer.pop(name, None)
    return answer
