"""Idempotency-Key: a repeated POST gets the first one's answer. Draft draft-ietf-httpapi-idempotency-key-header."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.renderers import JSONRenderer

from config.errors import Conflict, DomainError, FieldError
from config.models import IdempotentAnswer
from config.secrets import keyed

KEPT = timedelta(hours=24)
# A request that was killed leaves its claim without an answer; after this long another may try. Longer than any
# request can run, so that two never run at once.
CLAIMED = timedelta(minutes=5)


class Replay(Exception):
    """The request was answered before; carries that answer."""

    def __init__(self, answer: IdempotentAnswer) -> None:
        super().__init__()
        self.body, self.status, self.headers = answer.body, answer.status, answer.headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to run a request and keep its answer."""

    pk: int

    def settle(self, response: Any) -> None:
        """Keep a success; let go of anything else, so that a corrected or later request may use the key."""
        if not 200 <= response.status_code < 300:
            self.release()
            return
        body = json.loads(JSONRenderer().render(response.data)) if response.data is not None else None
        headers = {"Location": response.headers["Location"]} if "Location" in response.headers else {}
        IdempotentAnswer.objects.filter(pk=self.pk).update(status=response.status_code, body=body, headers=headers)

    def release(self) -> None:
        IdempotentAnswer.objects.filter(pk=self.pk).delete()


def claim(*, caller: str, key: str, path: str, body: Any) -> Claim:
    """Claim a key. Raises Replay when its answer is known, Conflict while it runs or when the request differs."""
    if not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
        detail = "Idempotency-Key has 1 to 255 printable ASCII characters."
        raise DomainError(detail, errors=[FieldError(field="Idempotency-Key", code="pattern", detail=detail)])
    key = keyed(key)
    body_hash = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    now = timezone.now()
    try:
        with transaction.atomic():
            made = IdempotentAnswer.objects.create(caller=caller, key=key, path=path, body_hash=body_hash)
            return Claim(pk=made.pk)
    except IntegrityError:
        known = IdempotentAnswer.objects.filter(caller=caller, key=key).first()
    if known is None or _is_over(known, now):
        IdempotentAnswer.objects.filter(caller=caller, key=key, created_at__lt=now - CLAIMED).delete()
        return claim(caller=caller, key=key, path=path, body=body)
    if (known.path, known.body_hash) != (path, body_hash):
        raise Conflict("This Idempotency-Key was used for another request. Use a new key for a new request.")
    if known.status is None:
        raise Conflict("A request with this Idempotency-Key still runs. Wait for it.", headers={"Retry-After": "2"})
    raise Replay(known)


def _is_over(answer: IdempotentAnswer, now: Any) -> bool:
    return bool(answer.created_at < now - (CLAIMED if answer.status is None else KEPT))


def forget_old() -> int:
    """Delete answers older than 24 h; returns how many."""
    deleted, _ = IdempotentAnswer.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return deleted
