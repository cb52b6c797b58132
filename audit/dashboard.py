"""What the dashboard shows of permissions and of the trail."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from django.db.models import Count, Q
from django.db.models import Window as WindowOver
from django.db.models.functions import Substr
from django.urls import reverse

from audit import history, telling
from audit.ledger import counting
from audit.models import AgentSession, Approval, Event, PermissionRule
from audit.verdicts import MADE
from config.database.figures import number_of, read_figures
from config.database.windows import Window
from config.pages.charts import Point, Series
from config.pages.dashboard import Cell, Chart, Happening, Panel, Table, Tile
from config.pages.first_steps import Way
from config.pages.leads import Lead, Listing, admin_list, admin_page

SHOWN = 8
STOPPED_SHOWN = 5
EVENTS = Listing(app="audit", model="event", endpoint="audit/events", time="timestamp")
DECISIONS = Listing(app="audit", model="decision", endpoint="audit/events", time="timestamp")
SESSIONS = Listing(app="audit", model="agentsession", endpoint="audit/sessions", time="last_at")
APPROVALS = Listing(app="audit", model="approval", endpoint="audit/approvals")
RULES = Listing(app="audit", model="permissionrule", endpoint="audit/rules")
VERDICTS = {
    "allow": Series("allowed", "good"),
    "confirm": Series("to confirm", "wait"),
    "deny": Series("denied", "bad"),
    "left": Series("left to the agent", "quiet"),
}
FIRST_EVENT = 'audit record deploy.finished service shop --new \'{"version": "1.4"}\''
_STOPPED = ("deny", "confirm")
_TOLD = ("timestamp", "event_type", "entity_type", "entity_id", "user", "actor", "agent", "decision")


def panels(window: Window) -> Iterator[Panel]:
    counted = counting.counted(window)
    yield _permissions(counted, window)
    yield _trail(counted, window)


def recent_events(limit: int) -> list[Happening]:
    return [
        Happening(
            at=event.timestamp,
            what=telling.happened(event.event_type, event.decision),
            subject=f"{telling.spoken(event.entity_type)} {event.entity_id}",
            who=history.who(event),
            link=admin_page("audit", "event", event.pk),
        )
        for event in Event.objects.newest_first().only(*_TOLD)[:limit]
    ]


def first_steps() -> Iterator[Way]:
    yield Way(
        goal="agent",
        text="In the folder of a project, for Claude Code; or another of twelve agents:",
        rows=Event.objects.decided(),
        command="agent install --agent claude",
        link=f"{reverse('manual-chapter', args=['agents'])}#install",
    )
    yield Way(
        goal="rule",
        text="Say what agents may do, must let you confirm, and must not.",
        rows=PermissionRule.objects.exclude(source="default"),
        command="rules add confirm 'Bash(git push *)' --reason 'Pushing is for people.'",
        link=admin_list("audit", "permissionrule"),
    )


def _permissions(counted: counting.Counted, window: Window) -> Panel:
    waiting, what_waits = _waiting()
    return Panel(
        title="Permissions",
        key="permissions",
        lead=RULES.lead(),
        hint="No agent asked in this time. What the rules say of a command:",
        command="rules decide 'git push --force origin main'",
        tiles=[*_verdict_tiles(counted, window), waiting],
        charts=[_verdicts(counted, window), _by_rule(counted, window)],
        tables=[what_waits, _by_agent(counted, window), _last_stopped()],
    )


def _verdict_tiles(counted: counting.Counted, window: Window) -> Iterator[Tile]:
    now, before = counted.now["decision"], counted.before["decision"]
    made, made_before = sum(now.values()), sum(before.values())
    yield Tile(label="Calls decided", value=made, before=made_before, lead=_decisions(window))
    sessions = read_figures(
        now=number_of(window.within(AgentSession.objects.all(), "last_at")),
        before=number_of(window.before(AgentSession.objects.all(), "last_at")),
    )
    yield Tile(
        label="Sessions",
        value=sessions["now"],
        before=sessions["before"],
        lead=SESSIONS.lead(since=window.since),
    )
    yield Tile(
        label="Allowed",
        value=now.get("allow", 0) / made if made else None,
        before=before.get("allow", 0) / made_before if made_before else None,
        kind="share",
        lead=_decisions(window, "allow"),
    )
    for verdict, label in (("confirm", "To confirm"), ("deny", "Denied")):
        count = now.get(verdict, 0)
        lead = _decisions(window, verdict)
        yield Tile(label=label, value=count, before=before.get(verdict, 0), better="less", lead=lead)
    left, left_before = now.get("left", 0), before.get("left", 0)
    yield Tile(label="Left to the agent", value=left, before=left_before, lead=_decisions(window, "left"))


def _waiting() -> tuple[Tile, Table]:
    """How many calls wait for a person, and the newest, each with the page on which one answers."""
    found = Approval.objects.waiting().annotate(call=Substr("told", 1, 120), all=WindowOver(Count("*")))
    rows = list(found.values("pk", "call", "agent", "expires_at", "all")[:SHOWN])
    count = rows[0]["all"] if rows else 0
    tone: Literal["", "warn"] = "warn" if count else ""
    lead = APPROVALS.lead({"status": "pending"})
    tile = Tile(label="Waiting for you", value=count, note="now", lead=lead, tone=tone)
    return tile, Table(headers=("Waits for an answer", "Agent", "Until"), rows=list(map(_waiting_row, rows)))


def _waiting_row(row: Mapping[str, Any]) -> Sequence[Cell]:
    lead = Lead(page=admin_page("audit", "approval", row["pk"]))
    return [Cell(text=row["call"], lead=lead), Cell(text=row["agent"] or "unnamed"), Cell(at=row["expires_at"])]


def _verdicts(counted: counting.Counted, window: Window) -> Chart:
    points = []
    for moment in window.moments:
        parts = tuple(counted.steps.get(verdict, {}).get(moment, 0) for verdict in VERDICTS)
        points.append(Point(window.label(moment), sum(parts), _decisions(window, step=moment), parts))
    return Chart(title="Decisions", kind="columns", points=points, series=list(VERDICTS.values()))


def _by_rule(counted: counting.Counted, window: Window) -> Chart:
    rules: Counter[str] = Counter()
    for told, count in counted.now["rule"].items():
        rules[told.partition(" ")[2]] += count
    points = [Point(rule, count, _decisions(window, rule=rule)) for rule, count in rules.most_common(SHOWN)]
    return Chart(title="Denied or to confirm, by rule", kind="bar", points=points)


def _by_agent(counted: counting.Counted, window: Window) -> Table:
    agents: dict[str, Counter[str]] = defaultdict(Counter)
    for told, count in counted.now["agent"].items():
        verdict, _, agent = told.partition(" ")
        agents[agent][verdict] += count
    most = sorted(agents.items(), key=lambda item: -item[1].total())[:SHOWN]
    return Table(
        headers=("Agent", "Decided", "To confirm", "Denied", "Left"), rows=[_agent_row(*item, window) for item in most]
    )


def _agent_row(agent: str, verdicts: Counter[str], window: Window) -> Sequence[Cell]:
    def cell(text: str, *verdict: str) -> Cell:
        return Cell(text=text, lead=_decisions(window, *verdict, agent=agent) if agent else Lead())

    told = [cell(f"{verdicts[verdict]:,}", verdict) for verdict in ("confirm", "deny", "left")]
    return [cell(agent or "unnamed"), cell(f"{verdicts.total():,}"), *told]


def _last_stopped() -> Table:
    # Of each verdict the newest, or both would be read and sorted whole.
    denied, unsure = (
        Event.objects.decided(verdict).order_by("-id").values("pk")[:STOPPED_SHOWN] for verdict in _STOPPED
    )
    found = Event.objects.filter(Q(pk__in=denied) | Q(pk__in=unsure)).order_by("-id")
    stopped = found.only("timestamp", "uid", "new_value", "agent")[:STOPPED_SHOWN]
    return Table(headers=("Last stopped", "Verdict", "Call", "Agent"), rows=[_stopped_row(event) for event in stopped])


def _stopped_row(event: Event) -> Sequence[Cell]:
    said = event.new_value
    told = VERDICTS[said["decision"]]
    call = str(said.get("part") or said.get("tool") or "")[:120]
    lead = Lead(page=admin_page("audit", "decision", event.pk))
    return [
        Cell(at=event.timestamp),
        Cell(text=told.name, tone=told.tone),
        Cell(text=call, lead=lead),
        Cell(text=event.agent),
    ]


def _decisions(
    window: Window, verdict: str = "", *, step: datetime | None = None, rule: str = "", agent: str = ""
) -> Lead:
    """To decisions of the window, or of a step of it."""
    filters = {"decision": verdict, "agent": agent}
    return DECISIONS.lead(
        {name: value for name, value in filters.items() if value},
        since=step or window.since,
        until=step + window.step.length if step else None,
        page={"new_value__rule": rule} if rule else {},
        api={"event_type": MADE, **({"rule": rule} if rule else {})},
    )


def _trail(counted: counting.Counted, window: Window) -> Panel:
    now, before = counted.now, counted.before
    rolled_back = "entity.rolled_back"
    return Panel(
        title="Audit trail",
        key="audit",
        lead=EVENTS.lead(),
        hint="Nothing was recorded in this time. Whatever is done here is an event; a program records its own:",
        command=FIRST_EVENT,
        tiles=[
            Tile(
                label="Events",
                value=sum(now["type"].values()),
                before=sum(before["type"].values()),
                lead=EVENTS.lead(since=window.since),
            ),
            Tile(label="Actors", value=len(now["actor"]), before=len(before["actor"])),
            Tile(
                label="Rollbacks",
                value=now["type"].get(rolled_back, 0),
                before=before["type"].get(rolled_back, 0),
                better="less",
                lead=EVENTS.lead({"event_type": rolled_back}, since=window.since),
            ),
        ],
        charts=[
            Chart(title="Events", kind="line", points=list(_per_step(counted, window))),
            *(_named(counted, window, *chart) for chart in (("type", "event_type"), ("actor", "actor"))),
        ],
    )


def _per_step(counted: counting.Counted, window: Window) -> Iterator[Point]:
    for moment in window.moments:
        lead = EVENTS.lead(since=moment, until=moment + window.step.length)
        yield Point(window.label(moment), counted.steps.get("", {}).get(moment, 0), lead)


def _named(counted: counting.Counted, window: Window, dimension: str, column: str) -> Chart:
    most = list(counted.now[dimension].items())[:SHOWN]
    points = [Point(value, count, EVENTS.lead({column: value}, since=window.since)) for value, count in most]
    return Chart(title=f"Events by {dimension}", kind="bar", points=points)
