"""Counting the events that were taken in: at least once by whichever worker, and once in effect.

A batch is read and worked out first, without a lock. Then one transaction claims what is still waiting, counts it and
marks it: what dies on the way is counted by the next run, and what two workers worked out is counted by one.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from config.context import acting_as
from config.errors import DomainError
from escalation.checking import CheckedReport
from escalation.digest import count_within
from escalation.ingestion.cleaning import CleanTexts, without_secrets
from escalation.ingestion.events import read_event
from escalation.ingestion.intake import packed, unpacked
from escalation.ingestion.reporting import as_report, find_bugs
from escalation.models import Submission
from escalation.models.submissions import UNREADABLE

logger = logging.getLogger(__name__)

BATCH = 50
"""Events of a transaction: SQLite has one writer, and those who report wait as long as it lasts."""
KNOWN_FOR = timedelta(days=1)
"""How long an event's id is known after it was counted; SDKs send again within minutes."""

_texts = CleanTexts()


@dataclass(frozen=True, slots=True)
class _Prepared:
    submission: Submission
    report: CheckedReport


def digest_submissions(*, most: int = 10_000) -> int:
    """Count what is waiting, the oldest first; returns how many events were looked at."""
    done = 0
    while done < most:
        rows = list(Submission.objects.waiting()[: min(BATCH, most - done)])
        if not rows:
            break
        _digest(rows)
        done += len(rows)
        if len(rows) < BATCH:
            break
    return done


def try_unreadable_again() -> int:
    """Let events wait again that a process without their key could not open; a day after they came no more."""
    lately = Submission.objects.unreadable().filter(received_at__gt=timezone.now() - KNOWN_FOR)
    return lately.update(digested_at=None, refused="")


def clean_up_submissions() -> int:
    """Forget the ids of events that were counted a day ago."""
    return Submission.objects.filter(digested_at__lt=timezone.now() - KNOWN_FOR).delete()[0]


def _digest(rows: Sequence[Submission], *, again: bool = True) -> None:
    """Together; when that fails one by one, so that an event that cannot be counted spoils no other."""
    try:
        _count(rows)
    except OperationalError:  # the database is away: nothing is wrong with the events
        raise
    except Exception as error:  # noqa: BLE001 -- whatever one event brings about, the others are counted
        if again and isinstance(error, IntegrityError):  # another door reported a bug between our look and our insert
            _digest(rows, again=False)
        elif len(rows) > 1:
            for row in rows:
                _digest([row])
        else:
            _refuse(rows[0], error)


def _refuse(row: Submission, error: Exception) -> None:
    """What only lacks its key is kept as it is: another process, or the key given back, can count it yet."""
    logger.error("Event %s of project %s cannot be counted", row.event_id, row.project_id, exc_info=error)
    if isinstance(error, DomainError) and error.code == UNREADABLE:
        row.refused = UNREADABLE
    else:
        row.refused, row.body = type(error).__name__[:255], b""
    row.digested_at = timezone.now()
    row.save(update_fields=["digested_at", "body", "refused"])


def _count(rows: Sequence[Submission]) -> None:
    try:
        prepared = [_prepare(row) for row in rows]
    finally:
        _texts.end_batch()
    with transaction.atomic():
        mine = _claimed(prepared)
        if mine:
            with acting_as(actor=_actor(mine)):
                count_within(find_bugs([each.report for each in mine]))


def _claimed(prepared: Sequence[_Prepared]) -> Sequence[_Prepared]:
    """Those that nobody else has counted, marked as counted: whoever claims the same waits, and then finds none."""
    now = timezone.now()
    ids = [each.submission.id for each in prepared]
    waiting = Submission.objects.filter(id__in=ids, digested_at__isnull=True)
    if waiting.update(digested_at=now, body=b"") == len(ids):
        return prepared
    own = set(Submission.objects.filter(id__in=ids, digested_at=now).values_list("id", flat=True))
    return [each for each in prepared if each.submission.id in own]


def _prepare(row: Submission) -> _Prepared:
    """Without secrets, grouped, but not yet led to a bug."""
    clean = without_secrets(unpacked(row.unsealed()), _texts)
    return _Prepared(row, as_report(row, read_event(clean), event_bytes=packed(clean)))


def _actor(prepared: Sequence[_Prepared]) -> str:
    """Whose doing it is: the project's, or of several the job's."""
    projects = {each.submission.project_id for each in prepared}
    return f"project:{projects.pop()}" if len(projects) == 1 else "job:escalation.digest_submissions"
