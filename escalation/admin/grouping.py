"""Why the reports of a bug are one, as its page shows it."""

from collections.abc import Iterator

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from config.pages.kit import badge, moment
from config.pages.kit.tables import table
from escalation.models import Bug
from escalation.why_grouped import Stack, explain_grouping


def why_grouped(bug: Bug) -> SafeString:
    """What decided and what counted; of each exception its frames, the innermost first; what else leads here."""
    found = explain_grouping(bug_id=bug.bug_id)
    said = format_html(
        "<p>It is grouped by {}. This is rule {}; the fingerprint <code>{}</code> is made of:</p>",
        found.basis,
        found.rule,
        found.fingerprint,
    )
    parts = format_html(
        "<ul>{}</ul>", format_html_join("", "<li><code>{}</code></li>", ([part] for part in found.parts))
    )
    stacks = format_html_join("", "{}", ([_stack(stack)] for stack in found.stacks))
    keys = [
        (
            format_html("<code>{}</code>", group.key),
            moment(group.made_at),
            "by hand" if group.by_hand else "by the rule",
        )
        for group in found.keys
    ]
    led = table(["Fingerprint that leads here", "Since", "Made"], keys) if keys else ""
    return format_html("{}{}{}{}", said, parts, stacks, led)


def _stack(stack: Stack) -> SafeString:
    return table(["Frame", "Where", "Counts"], _frames(stack), caption=stack.error_type or "The stack of the thread")


def _frames(stack: Stack) -> Iterator[tuple[object, object, object]]:
    for frame, _, why_not in reversed(stack.frames):
        where = frame.module or frame.file or "?"
        counts = format_html("{} {}", badge("no"), why_not) if why_not else badge("yes", "good")
        yield frame.function or "the module", where, counts
