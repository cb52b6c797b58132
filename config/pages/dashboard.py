"""What the dashboard is made of. An app's dashboard.py may define

panel(since) -> Panel                what the app shows of the time since then
recent_events(limit) -> [Happening]  what happened last, newest first
active_jobs() -> [Job]               work that waits or runs now
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

from django.urls import NoReverseMatch, reverse

from config.discovery import app_modules
from config.models import BrokerMessage
from config.pages import charts

logger = logging.getLogger(__name__)

RANGES = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure; `link` leads to the admin list it counts."""

    label: str
    value: str | float
    link: str = ""
    tone: Literal["", "ok", "warn", "fail"] = ""

    @property
    def text(self) -> str:
        return self.value if isinstance(self.value, str) else charts.number(self.value)


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars compare names, a line follows time; `points` are (label, number)."""

    title: str
    kind: Literal["bar", "line"]
    points: Sequence[tuple[str, float]]
    unit: str = ""

    @property
    def drawing(self) -> charts.Drawing:
        return charts.draw(self.kind, self.points)

    @property
    def is_empty(self) -> bool:
        return not any(value for _, value in self.points)


@dataclass(frozen=True, slots=True)
class Panel:
    """One tool on the dashboard. `rows` are a small table under `headers`."""

    title: str
    tiles: Sequence[Tile] = ()
    charts: Sequence[Chart] = ()
    rows: Sequence[Sequence[Any]] = ()
    headers: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of what happened last."""

    at: datetime
    what: str
    subject: str
    who: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """Work that waits or runs."""

    name: str
    status: str
    since: datetime
    link: str = ""


def panels(since: datetime) -> list[tuple[str, Panel]]:
    """Every app's panel with its app label. One that fails shows that it failed and hurts no other."""
    found = []
    for app, module in app_modules("dashboard"):
        if make := getattr(module, "panel", None):
            broken = Panel(title=app, tiles=[Tile("could not be read; see the log", "[FAIL]", tone="fail")])
            found.append((app, _guarded(app, partial(make, since), broken)))
    return found


def recent_events(limit: int = 12) -> list[Happening]:
    """What happened last in any app, newest first."""
    found: list[Happening] = []
    for app, module in app_modules("dashboard"):
        if read := getattr(module, "recent_events", None):
            found += _guarded(app, partial(_all, read, limit), [])
    return sorted(found, key=lambda happening: happening.at, reverse=True)[:limit]


def active_jobs(limit: int = 12) -> list[Job]:
    """Work that waits or runs in any app or in the broker, the longest waiting first."""
    found: list[Job] = _guarded("config", _queued_jobs, [])
    for app, module in app_modules("dashboard"):
        if read := getattr(module, "active_jobs", None):
            found += _guarded(app, partial(_all, read), [])
    return sorted(found, key=lambda job: job.since)[:limit]


def admin_list(app: str, model: str) -> str:
    """Where the admin lists a table, or nothing when it does not."""
    try:
        return reverse(f"admin:{app}_{model}_changelist")
    except NoReverseMatch:
        return ""


def _queued_jobs() -> list[Job]:
    link = admin_list("config", "brokermessage")
    waiting = BrokerMessage.objects.filter(parked_at=None).order_by("created_at")[:12]
    return [Job(message.task, message.state, message.created_at, link) for message in waiting]


def _all(read: Callable[..., Iterable[Any]], *args: Any) -> list[Any]:
    return list(read(*args))


def _guarded(app: str, read: Callable[[], Any], otherwise: Any) -> Any:
    try:
        return read()
    except Exception:
        logger.exception("The dashboard could not read %s", app)
        return otherwise
