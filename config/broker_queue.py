"""The table of messages as a queue: put, claim under a lease, renew, finish, give back, park."""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, connections, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from kombu.utils.json import dumps

from config.models import BrokerMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A message this worker now holds."""

    id: int
    deliveries: int
    payload: dict[str, Any]

    @property
    def is_suspect(self) -> bool:
        """Whether a worker that held it before went away without finishing it."""
        return self.deliveries > 1


@contextmanager
def own_connection() -> Iterator[None]:
    """Bracket work outside requests and tasks: no stale connection going in, none kept from the pool coming out."""
    _let_go()
    try:
        yield
    finally:
        _let_go()


def _let_go() -> None:
    for each in connections.all(initialized_only=True):
        if not each.in_atomic_block:  # as in a test: somebody else's transaction must stay open
            each.close_if_unusable_or_obsolete()


def put(*, queue: str, message: dict[str, Any]) -> None:
    """Store a message on the caller's own connection, so that it shares the fate of the caller's transaction."""
    headers = message.get("headers") or {}
    now = timezone.now()
    BrokerMessage.objects.create(
        queue=queue,
        task=str(headers.get("task") or "")[:255],
        task_id=str(headers.get("id") or "")[:255],
        payload=dumps(message),
        created_at=now,
        available_at=_due(headers.get("eta")) or now,
    )


def _due(eta: object) -> datetime | None:
    # A message waits in the table until it is due. In a worker's memory, where Celery would keep it, a long
    # countdown would outlive its lease and hold a place that ready messages need.
    if not isinstance(eta, str):
        return None
    try:
        due = datetime.fromisoformat(eta)
    except ValueError:
        return None
    return due if due.tzinfo else due.replace(tzinfo=UTC)


def claim(
    *, queue: str, worker: str, count: int, lease: timedelta, max_deliveries: int, suspects: bool = True
) -> list[Claim]:
    """Take up to `count` ready messages, oldest first, at most one of them a suspect.

    A message whose worker died may be what killed it, and whatever ran beside it looks just as guilty. Running
    suspects one at a time lets the innocent finish, and only the guilty one collects deaths until it is parked.
    """
    ready = BrokerMessage.objects.ready().filter(queue=queue).order_by("available_at", "id")
    if not suspects:
        ready = ready.filter(deliveries=0)
    if not ready.exists():  # a plain read: an idle worker never takes SQLite's write lock
        return []
    with transaction.atomic():
        rows = list(ready.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)[:count])
        _park_poison([row.pk for row in rows if row.deliveries >= max_deliveries], max_deliveries)
        living = [row for row in rows if row.deliveries < max_deliveries]
        first_suspect = next((row.pk for row in living if row.deliveries), None)
        taken = [row for row in living if row.deliveries == 0 or row.pk == first_suspect]
        BrokerMessage.objects.filter(pk__in=[row.pk for row in taken]).update(
            worker=worker, available_at=timezone.now() + lease, deliveries=F("deliveries") + 1
        )
    return [Claim(id=row.pk, deliveries=row.deliveries + 1, payload=json.loads(row.payload)) for row in taken]


def _park_poison(ids: list[int], max_deliveries: int) -> None:
    if ids:
        reason = f"The worker died or let go {max_deliveries} times while it held this job."
        BrokerMessage.objects.filter(pk__in=ids).update(parked_at=timezone.now(), reason=reason, worker="")


def _held(worker: str, ids: Collection[int]) -> QuerySet[BrokerMessage]:
    # The worker's name guards against a lease that ran out and went to somebody else.
    return BrokerMessage.objects.filter(pk__in=ids, worker=worker, parked_at=None)


def renew(*, worker: str, ids: Collection[int], lease: timedelta) -> int:
    """Hold on to messages that still run; how many are still ours."""
    return _held(worker, ids).update(available_at=timezone.now() + lease)


def finish(*, worker: str, ids: Collection[int]) -> None:
    """The jobs are done: forget their messages."""
    _held(worker, ids).delete()


def give_back(*, worker: str, ids: Collection[int], blameless: bool) -> None:
    """Let another worker have the messages at once; a blameless return does not count as a delivery."""
    less = F("deliveries") - 1 if blameless else F("deliveries")
    _held(worker, ids).filter(deliveries__gt=0).update(worker="", available_at=timezone.now(), deliveries=less)


def park(*, worker: str, ids: Collection[int], reason: str) -> None:
    """Set messages aside that no worker can use, for a person to look at."""
    _held(worker, ids).update(parked_at=timezone.now(), reason=reason[:255], worker="")


def purge(*, queue: str) -> int:
    """Delete what waits or is scheduled, but nothing that runs or is parked; how many there were."""
    idle = BrokerMessage.objects.filter(queue=queue, parked_at=None)
    return idle.filter(Q(worker="") | Q(available_at__lte=timezone.now())).delete()[0]


def size(*, queue: str) -> int:
    """How many messages wait for a worker."""
    return BrokerMessage.objects.ready().filter(queue=queue).count()
