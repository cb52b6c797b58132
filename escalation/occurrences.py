"""Keeping occurrences: the newest of each bug stay, up to a number and an age, and always its first."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone

from audit.trail import record
from escalation.checking import CheckedReport
from escalation.models import Bug, Occurrence

BATCH = 1000  # rows a transaction, so that reporters never wait long
_FIELDS = [field for field in Occurrence._meta.concrete_fields if not field.primary_key]
_NAMES, _MARKS = ", ".join(str(field.column) for field in _FIELDS), ", ".join(["%s"] * len(_FIELDS))
_INSERT = f"INSERT INTO escalation_occurrence ({_NAMES}) VALUES ({_MARKS})"  # noqa: S608  -- our own columns


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanUp:
    """How many occurrences a clean-up removed."""

    surplus: int
    expired: int


def clean_up_occurrences(*, keep: int | None = None, days: int | None = None) -> CleanUp:
    """Remove occurrences beyond the newest `keep` of a bug or older than `days`, but never a bug's first.

    Bugs and their frequency stay as they are. By default OCCURRENCES_PER_BUG and OCCURRENCE_DAYS.
    """
    keep = settings.OCCURRENCES_PER_BUG if keep is None else keep
    before = timezone.now() - timedelta(days=settings.OCCURRENCE_DAYS if days is None else days)
    crowded = Bug.objects.annotate(count=Count("occurrences")).filter(count__gt=max(keep, 1)).order_by()
    surplus = sum(_remove(_surplus(bug, keep)) for bug in list(crowded.values_list("pk", flat=True)))
    expired = _remove(list(Occurrence.objects.expired(before=before).values_list("id", flat=True)))
    removed = CleanUp(surplus=surplus, expired=expired)
    if surplus or expired:
        limits = {"keep": keep, "before": before.isoformat()}
        record(
            event_type="occurrences.removed",
            entity_type="retention",
            entity_id="escalation.occurrences",
            new_value=asdict(removed),
            context=limits,
        )
    return removed


def insert(occurrences: Iterable[Occurrence]) -> None:
    """Insert by one statement, composed once, whatever their number.

    bulk_create() composes it each time and SQLite takes 90 rows of it: it was half of what a burst of 100 costs.
    """
    rows = [
        [field.get_db_prep_save(getattr(row, field.attname), connection) for field in _FIELDS] for row in occurrences
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, rows)


def worth_keeping(reports: Sequence[CheckedReport], *, of_new_bug: bool) -> Sequence[CheckedReport]:
    """Of a batch, what retention would leave: the newest, and the first of a bug that is new."""
    keep = max(settings.OCCURRENCES_PER_BUG, 1)
    if len(reports) <= keep:
        return reports
    first = reports[:1] if of_new_bug else reports[:0]
    return [*first, *reports[len(reports) - keep + len(first) :]]


def _surplus(bug: int, keep: int) -> list[int]:
    """All but the newest ones and the first, which counts as one of those kept."""
    newest_first = Occurrence.objects.filter(bug=bug).order_by("-id").values_list("id", flat=True)
    return list(newest_first[max(keep - 1, 0) :])[:-1]


def _remove(ids: Sequence[int]) -> int:
    for start in range(0, len(ids), BATCH):
        with transaction.atomic():
            Occurrence.objects.filter(id__in=ids[start : start + BATCH]).delete()
    return len(ids)
