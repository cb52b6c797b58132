"""What happened, and what to do where nothing has."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from config.pages.kit.commands import command, prose
from config.pages.kit.marks import Tone, moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened. `detail` may be HTML of the kit."""

    at: datetime
    what: str
    who: str = ""
    link: str = ""
    detail: str = ""
    tone: Tone = "quiet"


def timeline(items: Iterable[Step]) -> SafeString:
    """What happened, newest first."""
    steps = sorted(items, key=lambda step: step.at, reverse=True)
    if not steps:
        return mark_safe('<p class="kit-quiet">Nothing has happened yet.</p>')
    rows = format_html_join("", '<li class="kit-{}">{} <b>{}</b>{}{}</li>', (_row(step) for step in steps))
    return format_html('<ol class="kit-timeline">{}</ol>', rows)


def _row(step: Step) -> tuple[str, SafeString, SafeString, SafeString | str, SafeString | str]:
    what = format_html('<a href="{}">{}</a>', step.link, step.what) if step.link else format_html("{}", step.what)
    who = format_html(' <span class="kit-quiet">{}</span>', step.who) if step.who else ""
    detail = format_html("<div>{}</div>", step.detail) if step.detail else ""
    return step.tone, moment(step.at), what, who, detail


def empty(text: str, words: str = "") -> SafeString:
    """What is not there yet, and the first command of ours that would bring it."""
    offer = command(words) if words else ""
    return format_html('<div class="kit-empty"><p>{}</p>{}</div>', prose(text), offer)
