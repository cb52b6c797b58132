"""What was sent: finding it, sending it again, and forgetting it."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit.trail import record
from config.errors import Conflict, NotFound
from config.identifiers import row_of
from config.jobs.sending import send
from escalation.delivery.queueing import DELIVER
from escalation.models import Delivery, DeliveryState, TakenSignature


class DeliveryNotFound(NotFound):
    code = "delivery-not-found"


class ReplayRefused(Conflict):
    code = "replay-refused"
    remedy = "wait until the delivery is delivered, dead or withdrawn"


def list_deliveries() -> QuerySet[Delivery]:
    return Delivery.objects.select_related("channel", "bug")


def find_delivery(*, delivery_id: UUID | str) -> Delivery:
    """With its tries. Raises DeliveryNotFound."""
    detail = f"There is no delivery {str(delivery_id)[:80]}. GET /api/v1/escalation/deliveries lists them."
    return row_of(list_deliveries().prefetch_related("tries"), delivery_id, DeliveryNotFound(detail), column="pk")


@transaction.atomic
def replay(*, delivery_id: UUID | str) -> Delivery:
    """Send again what is over, under the same message id: a receiver that has it already knows it.

    Whoever asks for it wants it sent, so it is sent although somebody took notice of the bug meanwhile.
    Raises DeliveryNotFound, ReplayRefused.
    """
    found = find_delivery(delivery_id=delivery_id)
    over = (DeliveryState.DELIVERED, DeliveryState.DEAD, DeliveryState.WITHDRAWN)
    rows = Delivery.objects.filter(pk=found.pk, state__in=over)
    fresh = {"state": DeliveryState.WAITING, "attempts": 0, "next_attempt_at": timezone.now(), "finished_at": None}
    if not rows.update(**fresh, error=""):
        raise ReplayRefused("It is being sent already. Look at it again in a minute.")
    record(event_type="delivery.replayed", entity_type="delivery", entity_id=str(found.pk))
    send(DELIVER, str(found.pk))
    return find_delivery(delivery_id=delivery_id)


def clean_up_deliveries() -> int:
    """Forget those that are over and older than DELIVERY_DAYS, and old signatures; returns how many messages."""
    TakenSignature.objects.filter(taken_at__lt=timezone.now() - timedelta(hours=1)).delete()
    before = timezone.now() - timedelta(days=settings.DELIVERY_DAYS)
    old = Delivery.objects.filter(created_at__lt=before, next_attempt_at__isnull=True)
    return old.delete()[1].get("escalation.Delivery", 0)
