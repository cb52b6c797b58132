"""One word, one time: what a column is made of."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal, get_args

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

Tone = Literal["good", "bad", "wait", "quiet", "info"]
TONES: tuple[Tone, ...] = get_args(Tone)
UNDERWAY = "data-underway"
"""The attribute of what will change by itself; a page that has one is kept fresh (config/pages/underway.py)."""
NOTHING = mark_safe('<span class="kit-nothing">-</span>')

_UNITS = (
    ("d", timedelta(days=1)),
    ("h", timedelta(hours=1)),
    ("min", timedelta(minutes=1)),
    ("s", timedelta(seconds=1)),
)
_A_MOMENT = timedelta(seconds=30)
_RELATIVE_WITHIN = timedelta(days=30)  # further away a date says more


def badge(text: object, tone: Tone = "quiet", *, underway: bool = False) -> SafeString:
    """A state in a word. The tone colours what the word says already: a reader may see no colours.

    `underway` says that the state ends by itself: the page then shows what becomes of it.
    """
    if tone not in TONES:
        raise ValueError(f"{tone} is no tone; one of {', '.join(TONES)} is.")
    mark = format_html(" {}", UNDERWAY) if underway else ""
    return format_html('<span class="kit-badge kit-{}"{}>{}</span>', tone, mark, text)


def moment(value: datetime | date | None, *, exact: bool = False) -> SafeString:
    """A time as people say it ("3 h ago"), or to the second.

    The other stands in its title. Whoever copies it gets it exact, and a browser puts it into its reader's zone.
    """
    if value is None:
        return NOTHING
    if not isinstance(value, datetime):
        return format_html('<time datetime="{0}">{0}</time>', value.isoformat())
    value = value.replace(tzinfo=UTC) if timezone.is_naive(value) else value.astimezone(UTC)
    full, spoken = f"{value:%Y-%m-%d %H:%M:%S} UTC", relative(value, timezone.now())
    text, title = (full, spoken) if exact else (spoken, full)
    form = "exact" if exact else "relative"
    stamp = value.isoformat(timespec="milliseconds")
    return format_html('<time class="kit-{}" datetime="{}" title="{}">{}</time>', form, stamp, title, text)


def relative(value: datetime, now: datetime) -> str:
    """How long ago, in the largest whole unit, or until then, in the nearest; the day itself when it is far away."""
    distance = abs(now - value)
    if distance >= _RELATIVE_WITHIN:
        return f"{value:%Y-%m-%d}"
    if distance < timedelta(seconds=1):
        return "now"
    if value < now:
        unit, length = next((unit, length) for unit, length in _UNITS if distance >= length)
        return f"{distance // length} {unit} ago"
    # What was set to four hours a moment ago is in 4 h, not in 3.
    nearly = distance + min(_A_MOMENT, distance / 60)
    unit, length = next((unit, length) for unit, length in _UNITS if nearly >= length)
    return f"in {max(1, (distance + length / 2) // length)} {unit}"
