"""A small, believable set of bugs, made by the operations people use."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from django.contrib.auth.models import User
from django.utils import timezone

from config.demonstration import Act, busy_moments
from escalation import bugs, triage
from escalation.alerts.alerts import add_alert
from escalation.delivery.channels import add_channel, change_channel, try_channel
from escalation.heartbeats.heartbeats import add_heartbeat
from escalation.heartbeats.pulse import fail, ping
from escalation.maintenance.maintenance import add_maintenance
from escalation.models import Bug
from escalation.oncall.people import add_person
from escalation.oncall.schedules import add_schedule
from escalation.oncall.teams import add_team
from escalation.policies.policies import add_policy
from escalation.reports import report_bug

TRACE = """Traceback (most recent call last):
  File "/srv/shop/.venv/lib/python3.11/site-packages/django/core/handlers/base.py", line 197, in _get_response
    response = wrapped_callback(request, *callback_args, **callback_kwargs)
  File "/srv/shop/orders/views.py", line 88, in checkout
    order = place(cart)
  File "/srv/shop/orders/placing.py", line 31, in place
    connection = pool.getconn(timeout=5)
DatabaseConnectionError: connection to server at "db1.internal", port 5432 failed: timeout expired
"""
FAULTS = (
    ("TimeoutError", "payment provider did not answer in 10 s", "high"),
    ("KeyError", "no price for item {} in cart", "medium"),
    ("ValidationError", "address of order {} has no postcode", "low"),
    ("IntegrityError", "duplicate key value violates unique constraint orders_number", "high"),
    ("PermissionError", "cannot write /srv/shop/media/{}", "medium"),
    ("MemoryError", "thumbnails of a TIFF of {} MB", "critical"),
    ("ImportError", "no module named shop.legacy_{}", "low"),
)
BUGS = 22
STAYS_OPEN = 0.12


def past(now: datetime) -> Iterator[Act]:
    """Four weeks of bugs: noticed within the hour or the day, most resolved within days, some back again."""
    if Bug.objects.filter(bug_id="shop-100").exists():
        return
    yield from _of_today(now)
    chance = random.Random("bugs")  # noqa: S311 -- the same demo each time
    for number, seen in enumerate(busy_moments(now, BUGS, seed="bugs", recent=2)):
        yield from (act for act in _life(f"shop-{100 + number}", seen, chance) if act.at < now)


def _life(bug_id: str, seen: datetime, chance: random.Random) -> Iterator[Act]:
    error_type, message, impact = chance.choice(FAULTS)
    told = {"bug_id": bug_id, "error_type": error_type, "error_message": message.format(chance.randrange(900))}
    report = partial(report_bug, **told, user_impact=impact, tags=["shop"])  # type: ignore[arg-type]
    yield Act(at=seen, actor="shop", do=report)
    for _ in range(int(chance.expovariate(0.6))):
        yield Act(at=seen + timedelta(minutes=chance.randrange(5, 600)), actor="shop", do=report)
    noticed = seen + timedelta(minutes=chance.expovariate(1 / (20 if impact in ("high", "critical") else 200)))
    who = chance.choice(("dana", "sam", "kim"))
    yield Act(at=noticed, actor=who, do=partial(_take, bug_id, who))
    if chance.random() > STAYS_OPEN:
        done = max(noticed, seen + timedelta(minutes=600)) + timedelta(hours=chance.expovariate(1 / 30))
        yield Act(at=done, actor=who, do=partial(bugs.resolve, bug_id=bug_id, resolution="Fixed and released."))


def _of_today(now: datetime) -> Iterator[Act]:
    """One bug that is noticed and one that is resolved, each at its time: else the means were milliseconds."""
    told = {"error_type": "OutputFormatError", "user_impact": "critical", "deadline_hours": 20, "tags": ["reports"]}
    message = "The nightly report is CSV where the client's import expects JSON"
    report = partial(report_bug, bug_id="demo-report-format", error_message=message, **told)  # type: ignore[arg-type]
    yield Act(at=now - timedelta(hours=3), actor="reports", do=report)
    yield Act(at=now - timedelta(hours=2, minutes=42), actor="dana", do=_notice_reports)
    message = "users with two accounts are sent back to the login page"
    told = {"error_type": "AuthenticationError", "user_impact": "high"}
    report = partial(report_bug, bug_id="demo-login-loop", error_message=message, **told)  # type: ignore[arg-type]
    yield Act(at=now - timedelta(hours=7), actor="shop", do=report)
    yield Act(at=now - timedelta(hours=6, minutes=30), actor="kim", do=partial(_take, "demo-login-loop", "kim"))
    mended = "The session cookie is scoped to the account."
    end = partial(bugs.resolve, bug_id="demo-login-loop", resolution=mended, resolved_by="kim")
    yield Act(at=now - timedelta(hours=2), actor="kim", do=end)


def _notice_reports() -> None:
    bugs.acknowledge(bug_id="demo-report-format")
    bugs.assign(bug_id="demo-report-format", assignee="dana")


def _take(bug_id: str, who: str) -> None:
    bugs.investigate(bug_id=bug_id)
    bugs.assign(bug_id=bug_id, assignee=who)


def load() -> None:
    """Load it once; does nothing when it is there."""
    if Bug.objects.filter(bug_id="demo-checkout-database").exists():
        return
    _urgent()
    _ordinary()
    _people()
    _calls()
    _watched()
    _maintained()


PEOPLE = ("dana", "kim", "sam")


def _people() -> None:
    """Who takes on what, and takes turns in being on call. None of them can sign in."""
    for name in PEOPLE:
        user, is_new = User.objects.get_or_create(username=name)
        if is_new:
            user.set_unusable_password()
            user.save()
        add_channel(name=f"{name}-mail", kind="email", details={"to": [f"{name}@example.org"]})
        add_person(name=name, channels=[f"{name}-mail"])
    add_team(name="shop", members=PEOPLE)
    turns = {"people": ["dana", "kim"], "starts_on": "2026-11-02", "at": "09:00", "days": 7}
    nights = {"people": ["sam"], "starts_on": "2026-11-02", "hours": {"from": "20:00", "until": "08:00"}}
    add_schedule(name="primary", timezone="Europe/Berlin", rotations=[turns, nights])


def _maintained() -> None:
    """The hours in which the team's own work makes noise."""
    sundays = {"from": "02:00", "until": "04:00", "timezone": "Europe/Berlin", "days": ["sun"]}
    add_maintenance(name="sunday-updates", reason="The machines are updated, one after the other.", hours=sundays)


def _calls() -> None:
    """How people would be called. Nobody is: the policy and the pager are off."""
    add_channel(name="ops-mail", kind="email", details={"to": ["kim@example.org"]})
    add_channel(name="pager", kind="ntfy", details={"url": "https://ntfy.example", "topic": "shop-on-duty"})
    change_channel(name="pager", is_active=False)
    try_channel(name="pager")
    steps = [
        {"delay_minutes": 0, "targets": [{"schedule": "primary"}]},
        {"delay_minutes": 15, "targets": [{"team": "shop"}, {"channel": "pager"}]},
    ]
    add_policy(name="day-and-night", steps=steps, renotify_minutes=30, is_active=False)


def _watched() -> None:
    """What reports by itself, in time and not, and an alert of the team's own."""
    ping(key=add_heartbeat(name="nightly-import", period_minutes=1440, grace_minutes=60).ping_key)
    fail(key=add_heartbeat(name="search-index", period_minutes=60, grace_minutes=10).ping_key)
    add_heartbeat(name="monthly-invoices", period_minutes=31 * 1440, bug_impact="medium", is_paused=True)
    message = "{actor} took the policy {entity_id} away: nobody is called by it any more"
    add_alert(name="policy-removed", event_type="policy.removed", message=message, channels=["ops-mail"])


def _urgent() -> None:
    for release in ("2026.10", "2026.11"):
        report_bug(
            bug_id="demo-checkout-database",
            error_type="DatabaseConnectionError",
            error_message='connection to server at "db1.internal", port 5432 failed: timeout expired',
            stack_trace=TRACE,
            user_impact="high",
            frequency=5,
            deadline_hours=2,
            metadata={"release": release, "host": "web-3"},
            tags=["checkout", "database"],
        )
    triage.link_ticket(
        bug_id="demo-checkout-database",
        system="github",
        ticket_id="shop/orders#412",
        url="https://github.com/shop/orders/issues/412",
        status="open",
    )


def _ordinary() -> None:
    for cart in (17, 4711, 90210):  # no bug_id: one bug, seen three times
        report_bug(
            error_type="KeyError",
            error_message=f"no price for item {cart} in cart",
            user_impact="medium",
            metadata={"cart": cart},
            tags=["checkout"],
        )
    report_bug(
        bug_id="demo-slow-search",
        error_type="PerformanceDegradation",
        error_message="search takes 2300 ms at the 95th percentile, 400 ms last week",
        user_impact="low",
        tags=["search"],
    )
    bugs.mute(bug_id="demo-slow-search", until=timezone.now() + timedelta(days=3))
