"""What the dashboard is made of. An app's dashboard.py may define

panel(since) -> Panel                what the app shows of the time since then
recent_events(limit) -> [Happening]  what happened last, newest first
active_jobs() -> [Job]               work that waits or runs now
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

from config.discovery import app_modules

logger = logging.getLogger(__name__)
Shown = TypeVar("Shown")

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


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars compare names, a line follows time; `points` are (label, number)."""

    title: str
    kind: Literal["bar", "line"]
    points: Sequence[tuple[str, float]]
    unit: str = ""


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
            found.append((app, _guarded(app, lambda make=make: make(since), broken)))
    return found


def recent_events(limit: int = 12) -> list[Happening]:
    """What happened last in any app, newest first."""
    found: list[Happening] = []
    for app, module in app_modules("dashboard"):
        if read := getattr(module, "recent_events", None):
            found += _guarded(app, lambda read=read: list(read(limit)), [])
    return sorted(found, key=lambda happening: happening.at, reverse=True)[:limit]


def active_jobs(limit: int = 12) -> list[Job]:
    """Work that waits or runs in any app, the longest waiting first."""
    found: list[Job] = []
    for app, module in app_modules("dashboard"):
        if read := getattr(module, "active_jobs", None):
            found += _guarded(app, lambda read=read: list[Job](read()), [])
    return sorted(found, key=lambda job: job.since)[:limit]


def _guarded(app: str, read: Callable[[], Shown], otherwise: Shown) -> Shown:
    try:
        return read()
    except Exception:
        logger.exception("The dashboard could not read %s", app)
        return otherwise
