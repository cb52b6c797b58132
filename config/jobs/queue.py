"""The table of messages as a queue: put, claim under a lease, renew, finish, give back, park."""

import base64
import json
import logging
import os
import socket
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, connections, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from config.models import BrokerMessage
from config.signals import job_parked

logger = logging.getLogger(__name__)

LEASE_SECONDS = 20.0
"""How long a message stays with a worker that gives no sign of life."""
MAX_DELIVERIES = 3
"""After so many workers died holding a message it is parked."""

_claiming_ended = threading.Event()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A message this worker now holds."""

    id: int
    deliveries: int
    payload: dict[str, Any]
    task: str = ""

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
    from kombu.utils.json import dumps  # whoever puts has it; health and metrics only look at the table

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


def this_process() -> str:
    """What the names of this process's workers begin with."""
    return f"{socket.gethostname()}:{os.getpid()}:"


def stop_claiming() -> None:
    """Take no more messages: this process is about to end."""
    _claiming_ended.set()


def claim(
    *,
    queue: str,
    worker: str,
    count: int,
    lease: timedelta,
    max_deliveries: int,
    suspects: bool = True,
    long_tasks: Collection[str] = (),
    long_room: int = 0,
) -> list[Claim]:
    """Take up to `count` ready messages, oldest first, at most one a suspect and `long_room` of the long tasks.

    A message whose worker died may be what killed it, and whatever ran beside it looks just as guilty. Running
    suspects one at a time lets the innocent finish, and only the guilty one collects deaths until it is parked.
    """
    ready = BrokerMessage.objects.ready().filter(queue=queue).order_by("available_at", "id")
    if not suspects:
        ready = ready.filter(deliveries=0)
    if long_tasks and long_room <= 0:
        ready = ready.exclude(task__in=long_tasks)
    if _claiming_ended.is_set() or not ready.exists():  # a plain read: an idle worker never takes SQLite's write lock
        return []
    with transaction.atomic():
        rows = list(ready.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)[:count])
        poison = [row for row in rows if row.deliveries >= max_deliveries]
        for row in poison:
            _park_poison(row)
        taken = _chosen([row for row in rows if row not in poison], long_tasks, long_room)
        BrokerMessage.objects.filter(pk__in=[row.pk for row in taken]).update(
            worker=worker, available_at=timezone.now() + lease, deliveries=F("deliveries") + 1, reason=""
        )
    for row in poison:
        _tell_parked(row)
    return [
        Claim(id=row.pk, deliveries=row.deliveries + 1, payload=json.loads(row.payload), task=row.task) for row in taken
    ]


def _chosen(rows: list[BrokerMessage], long_tasks: Collection[str], long_room: int) -> list[BrokerMessage]:
    first_suspect = next((row.pk for row in rows if row.deliveries), None)
    chosen = []
    for row in rows:
        is_long = row.task in long_tasks
        if (row.deliveries and row.pk != first_suspect) or (is_long and long_room <= 0):
            continue
        long_room -= is_long
        chosen.append(row)
    return chosen


def _park_poison(row: BrokerMessage) -> None:
    why = row.reason or "it died, or let go, while it held the job"
    row.reason = f"It cost its worker {row.deliveries} times; the last time {why}."[:255]
    row.parked_at, row.worker = timezone.now(), ""
    row.save(update_fields=["reason", "parked_at", "worker"])


def _tell_parked(row: BrokerMessage) -> None:
    """Log it, and let the app whose job it is close what waits for it."""
    logger.error("Parked queued job %s (%s): %s", row.task, row.task_id, row.reason)
    args, kwargs = _arguments(json.loads(row.payload))
    for _, failed in job_parked.send_robust(sender=None, task=row.task, args=args, kwargs=kwargs, reason=row.reason):
        if isinstance(failed, Exception):
            logger.error("What waits for the parked job %s was not told", row.task_id, exc_info=failed)


def _arguments(message: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """What the task was to be called with, as far as it can be read."""
    try:
        args, kwargs, *_ = json.loads(base64.b64decode(message["body"]))
    except (KeyError, ValueError, TypeError):
        return [], {}
    return args, kwargs


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


def clear_blame(task_id: str) -> None:
    """Count this process's delivery of the job as its first."""
    held = BrokerMessage.objects.filter(worker__startswith=this_process(), task_id=task_id, parked_at=None)
    held.filter(deliveries__gt=1).update(deliveries=1)


def hand_over(late: Mapping[str, str]) -> None:
    """Leave everything this process holds to another: what is late (task id: why) with its blame, the rest without."""
    ours = BrokerMessage.objects.filter(worker__startswith=this_process(), parked_at=None)
    now = timezone.now()
    for task_id, why in late.items():
        ours.filter(task_id=task_id).update(worker="", available_at=now, reason=why[:200])
    ours.filter(deliveries__gt=0).update(worker="", available_at=now, deliveries=F("deliveries") - 1)


def purge(*, queue: str) -> int:
    """Delete what waits or is scheduled, but nothing that runs or is parked; how many there were."""
    idle = BrokerMessage.objects.filter(queue=queue, parked_at=None)
    return idle.filter(Q(worker="") | Q(available_at__lte=timezone.now())).delete()[0]


def size(*, queue: str) -> int:
    """How many messages wait for a worker."""
    return BrokerMessage.objects.ready().filter(queue=queue).count()
