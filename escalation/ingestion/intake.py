"""Taking events in: they are stored as they came before the SDK has its answer, and counted soon after by a job.

Until then a body has whatever the program sent, secrets too, so it lies sealed: finding them would cost the reporter
5 ms and more an event, sealing costs it 0.02, and neither the table nor a backup of it shows any.
"""

import json
import re
import time
import uuid
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

from config.errors import DomainError, Forbidden, Throttled
from config.jobs.sending import send_after
from escalation.models import Project, ProjectKey, Submission

MOST_BYTES = 20 * 1024 * 1024
"""Of an envelope without its compression: attachments come along, which nobody here reads."""
WAKE_SECONDS = 0.3
"""How long events gather before they are counted: a burst is counted as one, for a tenth of the price."""
_ID = re.compile(r"[0-9a-f]{32}")


class InvalidEventId(DomainError):
    code = "invalid-event-id"
    remedy = "send 32 hexadecimal digits, a new id for every event"


class UnknownProjectKey(Forbidden):
    code = "unknown-project-key"
    remedy = "use the DSN as the page of the project shows it"


class TooManyEvents(Throttled):
    code = "too-many-events"
    remedy = "wait for `Retry-After` seconds, or raise `per_minute` of the project"


def find_key(*, project_id: int, public_key: str) -> ProjectKey:
    """The key, when it is in use and the project's. Raises UnknownProjectKey, one answer for every reason."""
    keys = ProjectKey.objects.filter(public_key=public_key, project=project_id, is_active=True)
    key = keys.select_related("project").first()
    if key is None:
        raise UnknownProjectKey("This key may not report to this project. Use the DSN of the project's page.")
    return key


def accept(*, key: ProjectKey, events: Sequence[Mapping[str, Any]]) -> list[str]:
    """Store events durably; returns their ids. One that is known is not stored again.

    Raises InvalidEventId, TooManyEvents.
    """
    ids = [_event_id(event.get("event_id")) for event in events]
    if len(set(ids)) < len(ids):
        raise InvalidEventId("Two events have one event_id. Give each its own.")
    _rates.count(key.project, len(ids))
    now = timezone.now()
    Submission.objects.bulk_create(
        [
            Submission.sealed(key.project_id, event_id, packed(event), received_at=now)
            for event_id, event in zip(ids, events, strict=True)
        ],
        ignore_conflicts=True,
    )
    _bell.ring()
    return ids


def packed(event: Mapping[str, Any]) -> bytes:
    return zlib.compress(json.dumps(event, separators=(",", ":")).encode("utf-8", "replace"), 1)


def unpacked(body: bytes) -> Any:
    return json.loads(zlib.decompress(body))


def _event_id(value: Any) -> str:
    if value is None:
        return uuid.uuid4().hex
    text = value.replace("-", "").lower() if isinstance(value, str) else ""
    if not _ID.fullmatch(text):
        raise InvalidEventId("An event_id has 32 hexadecimal digits.")
    return text


class _Rates:
    """Events a minute of each project, as this process saw them."""

    def __init__(self) -> None:
        self._minute, self._seen = 0, dict[int, int]()

    def count(self, project: Project, events: int) -> None:
        now = time.time()
        if (minute := int(now // 60)) != self._minute:
            self._minute, self._seen = minute, {}
        seen = self._seen.get(project.pk, 0)
        if seen + events > max(project.per_minute, events if not seen else 0):
            wait = max(1, int(60 - now % 60))
            detail = f"This project may report {project.per_minute} events a minute. Wait; see Retry-After."
            limits = f"{wait}:default;error:key"
            raise TooManyEvents(detail, headers={"Retry-After": str(wait), "X-Sentry-Rate-Limits": limits})
        self._seen[project.pk] = seen + events


class _Bell:
    """Calls for the counting job, once for all events of the next moment: it runs after each of them is stored."""

    def __init__(self) -> None:
        self._rung_until = 0.0

    def ring(self) -> None:
        now = time.monotonic()
        if now < self._rung_until:
            return
        send_after(WAKE_SECONDS, "escalation.digest_submissions")
        self._rung_until = now + WAKE_SECONDS


_rates = _Rates()
_bell = _Bell()
