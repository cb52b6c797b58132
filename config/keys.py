"""API keys: making, revoking and recognising them."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from config.attempts import wrong_key
from config.database.prepared import ByColumn
from config.errors import Conflict, DomainError, NotFound, Throttled, Unauthenticated
from config.home import PROGRAM
from config.models import ApiKey, Scope
from config.signals import key_changed

PREFIX = "hr_"
_USED_EVERY = timedelta(minutes=1)  # how exact last_used_at is: a write for every read would halve the reads
_BY_DIGEST = ByColumn(ApiKey.objects.select_related("user"), "digest")


class BadKey(Unauthenticated):
    """Unknown, expired, revoked, or of a user who is not active any more."""


class TooManyWrongKeys(Throttled):
    """Of one address."""

    def __init__(self, seconds: int) -> None:
        detail = "Too many wrong keys came from this address. Send a live key, or wait; see Retry-After."
        super().__init__(detail, headers={"Retry-After": str(seconds)})


@transaction.atomic
def create_key(*, name: str, scope: str, user: User, expires_at: datetime | None = None) -> tuple[ApiKey, str]:
    """Make a key; the second value is the key itself, which is kept nowhere. Raises Conflict for a name in use."""
    if scope not in Scope.values:
        raise DomainError(f"Scope must be one of {', '.join(Scope.values)}.")
    check_name(name)
    raw = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(name=name, prefix=raw[:8], digest=_digest(raw), scope=scope, user=user, expires_at=expires_at)
    try:
        with transaction.atomic():
            key.save()
    except IntegrityError as error:
        raise Conflict(f"A key named {name} exists. Choose another name, or revoke that one first.") from error
    key_changed.send(ApiKey, key=key, change="created")
    return key, raw


def scope_of(user: User) -> Scope:
    """What somebody signed in may do by the API; a key made on a page may do no more than its maker."""
    return Scope.ADMIN if user.is_superuser else Scope.READ


def check_name(name: str) -> None:
    """Raises DomainError for what cannot name a key."""
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise DomainError("A key's name has 1 to 100 printable characters.")


@transaction.atomic
def revoke_key(*, name: str) -> ApiKey:
    """End a key now and for good. Raises NotFound."""
    key = ApiKey.objects.select_for_update().filter(name=name).first()
    if key is None:
        raise NotFound(f"No key is named {name}. `{PROGRAM} apikey list` shows them.")
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
        key_changed.send(ApiKey, key=key, change="revoked")
    return key


def authenticate_key(raw: str, *, address: str = "") -> ApiKey:
    """The live key behind the text a caller at an address sent.

    Raises BadKey, which never repeats the text, and TooManyWrongKeys where wrong ones keep coming from that address.
    """
    key = _BY_DIGEST.find(_digest(raw))
    if key is None or not key.is_live:
        if address and (seconds := wrong_key(address)):
            raise TooManyWrongKeys(seconds)
        raise BadKey(f"The API key is unknown, expired or revoked. `{PROGRAM} apikey create NAME` makes a new one.")
    now = timezone.now()
    if key.last_used_at is None or now - key.last_used_at > _USED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def _digest(raw: str) -> str:
    # A plain hash is enough: the key has 256 random bits, so there is nothing to guess from.
    return hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()
