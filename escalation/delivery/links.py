"""The link in a message, by which whoever got it answers it without a login: acknowledges or resolves the bug,
or approves or denies what an agent asks.

It names the delivery and is signed; nothing of it is kept, so neither a log nor a copy of the database has it.
"""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse

from config.errors import NotFound
from escalation.models import Delivery

VALID_FOR = timedelta(days=7)
_SALT = "escalation.delivery.links"


class LinkInvalid(NotFound):
    """One answer to a link that is altered, too old, or of a delivery that is gone: guessing tells nothing."""

    code = "link-invalid"
    remedy = "open the bug in the admin, or take the link of a newer message"


def act_url(delivery: Delivery) -> str:
    return settings.PUBLIC_URL + reverse("escalation-act", args=[token_of(delivery)])


def token_of(delivery: Delivery) -> str:
    return signing.TimestampSigner(salt=_SALT).sign(delivery.pk.hex).replace(":", ".")


def delivery_of(token: str) -> Delivery:
    """Raises LinkInvalid."""
    signed = ":".join(token.split(".")) if token.count(".") == 2 else ""
    try:
        pk = signing.TimestampSigner(salt=_SALT).unsign(signed, max_age=VALID_FOR)
    except signing.BadSignature:
        pk = ""
    rows = Delivery.objects.select_related("bug__project", "channel", "approval").exclude(bug=None, approval=None)
    found = rows.filter(pk=UUID(pk)).first() if pk else None
    if found is None:
        raise LinkInvalid("This link is not valid, or no longer: links hold for seven days.")
    return found
