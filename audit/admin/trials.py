"""What a rule would do, and what it did, as its page says it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit import history, telling
from audit.models import Event
from audit.permissions.deciding import Decision
from audit.permissions.decisions import Replay, Trial
from audit.permissions.matching import Fit
from config.pages import kit
from config.pages.kit.tables import table

SHOWN = 20
_FITS: dict[Fit, tuple[str, kit.Tone]] = {
    "yes": ("fits", "good"),
    "maybe": ("may fit: what is not known of the call decides", "wait"),
    "no": ("does not fit", "bad"),
}


def outcome(trial: Trial) -> SafeString:
    """Of the call, and of what was decided lately."""
    return format_html("{}{}", _of_call(trial), _of_the_past(trial.replay))


def lately(made: Sequence[Event]) -> SafeString:
    """The decisions of a rule, newest first."""
    if not made:
        return format_html('<p class="kit-quiet">{}</p>', "None of them.")
    count = format_html("<p>This rule decided {} of them.</p>", len(made))
    return format_html("{}{}", count, kit.timeline(history.step(event) for event in made[:SHOWN]))


def _of_call(trial: Trial) -> str:
    if trial.now is None or trial.then is None or trial.fits is None:
        return ""
    fit = kit.badge(*_FITS[trial.fits])
    return kit.facts([("This rule", fit), ("Today", _said(trial.now)), ("With this rule", _said(trial.then))])


def _said(decision: Decision) -> SafeString:
    badge = kit.badge(*telling.OUTCOMES[decision.decision])
    return format_html("{} {}", badge, decision.reason)


def _of_the_past(replay: Replay) -> SafeString:
    told = f"Of the last {replay.total:,} decisions {len(replay.changed):,} would have been others."
    if replay.not_replayable:
        told += f" {replay.not_replayable:,} more cannot be judged again: a part of their input was left out."
    rows = [_row(change) for change in replay.changed[:SHOWN]]
    return format_html("<p>{}</p>{}", told, table(["Call", "Was", "Would be", "When"], rows) if rows else "")


def _row(change: dict[str, Any]) -> list[object]:
    before, after = (kit.badge(*telling.OUTCOMES[change[side]["decision"]]) for side in ("before", "after"))
    address = f"{reverse('admin:audit_event_changelist')}?{urlencode({'uid': change['event']})}"
    call = format_html('<code><a href="{}">{}</a></code>', address, change["part"])
    return [call, before, after, kit.moment(datetime.fromisoformat(change["timestamp"]))]
