"""What proves an event, as its page says it."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.ledger import sealing
from audit.models import Checkpoint, Event
from config.pages import kit


def proof(event: Event) -> SafeString:
    """Where it stands in the ledger, which checkpoint holds it, and how anybody checks that without Handrail."""
    try:
        position = sealing.position_of(event)
    except sealing.NotSealed as error:
        return format_html("{} {}", kit.badge("not sealed yet", "wait"), kit.prose(error.detail))
    checkpoint = Checkpoint.objects.filter(size__gt=position).order_by("size").first()
    if checkpoint is None:
        return kit.badge("sealed, no checkpoint yet", "wait")
    address = reverse("audit-event-proof", args=[event.uid])
    told = kit.facts(
        [
            ("Sealed", kit.badge("sealed", "good")),
            ("Leaf", f"{position:,}"),
            ("Held by", _checkpoint(checkpoint)),
            ("Leaf hash", kit.code(event.leaf_hash)),
            ("Proof", format_html('<a href="{}">as JSON</a>, to be checked anywhere', address)),
        ]
    )
    return format_html("{}{}", told, kit.command(f"audit prove {event.uid}"))


def _checkpoint(checkpoint: Checkpoint) -> SafeString:
    address = reverse("admin:audit_checkpoint_change", args=[checkpoint.pk])
    return format_html(
        '<a href="{}">the checkpoint of {} events</a>, signed {}',
        address,
        f"{checkpoint.size:,}",
        kit.moment(checkpoint.created_at),
    )
