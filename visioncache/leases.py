"""Single flight: one caller computes a missing answer, the others wait for it."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.db import connection, transaction
from django.utils import timezone

from config.context import caller
from config.errors import NotFound
from visioncache.identity import wrong
from visioncache.models import Lease

LEASE_SECONDS = 60
MAX_LEASE_SECONDS = 600
POLL_SECONDS = 1  # how soon a waiting caller should look again

# Takes the key when it is free or its lease has run out, in one statement on both databases.
_TAKE = """
INSERT INTO visioncache_lease (key, token, holder, taken_at, expires_at) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (key) DO UPDATE
   SET token = excluded.token, holder = excluded.holder,
       taken_at = excluded.taken_at, expires_at = excluded.expires_at
 WHERE visioncache_lease.expires_at <= excluded.taken_at
RETURNING token
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseAnswer:
    """`granted`: compute the answer and store it. `wait`: another caller does; look again after retry_after_seconds."""

    status: Literal["granted", "wait"]
    token: str | None
    expires_at: datetime
    retry_after_seconds: int


def take_lease(key: str, at: datetime, seconds: int) -> LeaseAnswer:
    """The lease on a key for one caller, "wait" for all others until it is given back or runs out."""
    token, until = secrets.token_hex(16), at + timedelta(seconds=seconds)
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [key, token, caller().actor[:255], adapt(at), adapt(until)])
        granted = bool(cursor.fetchall())
    if granted:
        return LeaseAnswer(status="granted", token=token, expires_at=until, retry_after_seconds=0)
    held = Lease.objects.filter(key=key).values_list("expires_at", flat=True).first()
    return LeaseAnswer(status="wait", token=None, expires_at=held or at, retry_after_seconds=POLL_SECONDS)


def read_lease_seconds(seconds: int) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 1 <= seconds <= MAX_LEASE_SECONDS:
        raise wrong("lease_seconds", "range", f"Must be a whole number from 1 to {MAX_LEASE_SECONDS}.")
    return seconds


@transaction.atomic
def release_lease(*, token: str) -> None:
    """Give a lease back without an answer, so that the next caller may try at once. Raises NotFound."""
    # Not audited: a lease decides nothing but who computes next, and ends by itself.
    released, _ = Lease.objects.filter(token=token).delete()
    if not released:
        raise NotFound("No such lease. It has run out, or its answer was stored.")


def drop_expired_leases() -> int:
    return Lease.objects.filter(expires_at__lte=timezone.now()).delete()[0]
