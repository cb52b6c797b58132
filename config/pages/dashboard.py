"""What the dashboard is made of. An app's dashboard.py may define

panels(window) -> [Panel]            what the app shows of a time
recent_events(limit) -> [Happening]  what happened last, newest first
active_jobs() -> [Job]               work that waits or runs now
first_steps() -> [Way]               what a new installation is asked to do first
"""

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal

from config.database.windows import Window
from config.discovery import app_modules
from config.models import BrokerMessage
from config.pages import charts
from config.pages.changes import FORMS, Change, Kind, change
from config.pages.leads import NOWHERE, Lead, admin_list

logger = logging.getLogger(__name__)


_BEFORE_A_UNIT = re.compile(r"(?<=\d) (?=[^\d\s])")
"""Where no line may end: 1 min 43 s breaks before the 43."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure, the same of the window before, and the rows it counts. None is one that nothing is known of.

    What is counted of now, whenever it began, has no figure before: `note` tells what came and went instead.
    """

    label: str
    value: float | str | None
    before: float | None = None
    kind: Kind = "number"
    better: Literal["more", "less", ""] = ""
    note: str = ""
    lead: Lead = NOWHERE
    tone: Literal["", "ok", "warn", "fail"] = ""

    @property
    def text(self) -> str:
        if self.value is None:
            return "-"
        said = self.value if isinstance(self.value, str) else FORMS[self.kind](self.value)
        return _BEFORE_A_UNIT.sub("\u00a0", said)

    @property
    def change(self) -> Change | None:
        if self.before is None or self.value is None or isinstance(self.value, str):
            return None
        return change(self.value, self.before, kind=self.kind, better=self.better)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Bars compare names; a line and columns follow time, columns in `series` of parts."""

    title: str
    kind: charts.Kind
    points: Sequence[charts.Point]
    unit: str = ""
    series: Sequence[charts.Series] = ()

    @property
    def drawing(self) -> charts.Drawing:
        return charts.draw(self.kind, self.points, self.series)

    @property
    def is_empty(self) -> bool:
        return not any(point.value or any(point.parts) for point in self.points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Of a small table: a text that leads somewhere, or a time."""

    text: str = ""
    lead: Lead = NOWHERE
    tone: Literal["", "good", "bad", "wait", "quiet"] = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A small one, under the charts."""

    headers: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One tool on the dashboard, or one side of it."""

    title: str
    key: str
    """Its own among all panels."""
    lead: Lead = NOWHERE
    tiles: Sequence[Tile] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    hint: str = ""
    """What is said where nothing happened in the window."""
    command: str = ""
    """What to begin with where there is nothing at all: the words after `manage.py` or `handrail`."""

    @property
    def is_quiet(self) -> bool:
        return not any(table.rows for table in self.tables) and all(chart.is_empty for chart in self.charts)

    @property
    def is_untouched(self) -> bool:
        """Whether the tool has nothing yet: no figure, now or before."""
        return bool(self.hint) and self.is_quiet and not any(tile.value or tile.before for tile in self.tiles)


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


def panels(window: Window) -> list[Panel]:
    """Every app's panels. An app whose panels fail shows that they failed and hurts no other."""
    found: list[Panel] = []
    for app, module in app_modules("dashboard"):
        if make := getattr(module, "panels", None):
            failed = Tile(label="could not be read; see the log", value="[FAIL]", tone="fail")
            found += _guarded(app, partial(_all, make, window), [Panel(title=app, key=app, tiles=[failed])])
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
