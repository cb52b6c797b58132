"""Making diagnoses: at once, or as a job. Reading lies outside every transaction; what it says is stored in one."""

import logging
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from audit.trail import record
from config.context import caller
from config.errors import NotFound
from config.identifiers import row_of
from config.jobs.sending import send
from dockerdebug.checks import Report, examine, require_check
from dockerdebug.collection import collect
from dockerdebug.facts import Facts
from dockerdebug.models import Diagnosis
from dockerdebug.redaction import Redactor
from dockerdebug.targets import require_name

logger = logging.getLogger(__name__)

ENTITY = "diagnosis"
ABANDONED = timedelta(seconds=60)
"""A diagnosis takes ten seconds at most; one that still runs after this long has lost its process."""
BATCH = 500


class DiagnosisMissing(NotFound):
    code = "diagnosis-missing"


def find_diagnosis(*, diagnosis_id: UUID | str) -> Diagnosis:
    """Raises DiagnosisMissing."""
    detail = f"There is no diagnosis {diagnosis_id}. GET /api/v1/dockerdebug/diagnoses lists them."
    return row_of(Diagnosis.objects.all(), diagnosis_id, DiagnosisMissing(detail), column="pk")


def request_diagnosis(*, container: str = "", check: str = "") -> Diagnosis:
    """Queue a diagnosis; follow its status. Raises DomainError for a name no container or check can have."""
    with transaction.atomic():
        diagnosis = _create(container=container, check=check)
        send("dockerdebug.diagnose", str(diagnosis.pk))
    return diagnosis


def diagnose(*, container: str = "", check: str = "") -> Diagnosis:
    """Diagnose now, within ten seconds. Raises DomainError for a name no container or check can have."""
    with transaction.atomic():
        diagnosis = _create(container=container, check=check)
    return run_diagnosis(diagnosis_id=diagnosis.pk)


def diagnose_facts(*, container: str, facts: Facts) -> Diagnosis:
    """Judge what was read of a container before, as if it were looked at now."""
    with transaction.atomic():
        diagnosis = _create(container=container, check="")
    return run_diagnosis(diagnosis_id=diagnosis.pk, facts=facts)


def _create(*, container: str, check: str) -> Diagnosis:
    if container:
        require_name(container)
    require_check(check)
    diagnosis = Diagnosis.objects.create(container=container, only_check=check, created_by=caller().actor)
    record(
        event_type="diagnosis.requested",
        entity_type=ENTITY,
        entity_id=str(diagnosis.pk),
        new_value={"container": diagnosis.target, "check": check or "all"},
    )
    return diagnosis


def run_diagnosis(*, diagnosis_id: UUID | str, facts: Facts | None = None) -> Diagnosis:
    """Carry out a requested diagnosis, of `facts` where there are some. One that is done, or that another process
    runs, is left as it is.

    Raises DiagnosisMissing.
    """
    diagnosis = find_diagnosis(diagnosis_id=diagnosis_id)
    if not _claim(diagnosis):
        diagnosis.refresh_from_db()
        return diagnosis
    try:
        facts = facts or collect(diagnosis.container)
        report = examine(facts, check=diagnosis.only_check)
    except Exception as error:
        logger.exception("Diagnosis %s failed", diagnosis.pk)
        _fail(diagnosis, f"The diagnosis itself failed ({type(error).__name__}); the log has it. Try again.")
        return diagnosis
    _finish(diagnosis, facts, report)
    return diagnosis


def _claim(diagnosis: Diagnosis) -> bool:
    """Messages come at least once: only one of two takes the row, and one whose process died is taken over."""
    now = timezone.now()
    rows = Diagnosis.objects.filter(pk=diagnosis.pk)
    claimed = rows.filter(status=Diagnosis.Status.PENDING) | rows.filter(
        status=Diagnosis.Status.RUNNING, started_at__lt=now - ABANDONED
    )
    diagnosis.status, diagnosis.started_at = Diagnosis.Status.RUNNING, now
    return claimed.update(status=Diagnosis.Status.RUNNING, started_at=now) == 1


def _finish(diagnosis: Diagnosis, facts: Facts, report: Report) -> None:
    redactor = Redactor(facts.environment)
    diagnosis.status = Diagnosis.Status.FINISHED
    diagnosis.checks, diagnosis.findings = report.public_checks(), report.public_findings()
    diagnosis.total_checks, diagnosis.passed = len(report.checks), report.passed
    diagnosis.failed, diagnosis.not_run = report.failed, report.not_run
    diagnosis.worst = report.findings[0].severity if report.findings else Diagnosis.Severity.NONE
    diagnosis.summary = redactor.text(report.summary)
    if facts.container:
        diagnosis.image = redactor.text(facts.container.image)[:255]
        diagnosis.image_id = redactor.text(facts.container.image_id)[:255]
    diagnosis.duration_seconds = facts.seconds
    _save(diagnosis, "diagnosis.finished")


def _fail(diagnosis: Diagnosis, summary: str) -> None:
    diagnosis.status, diagnosis.summary = Diagnosis.Status.FAILED, summary
    _save(diagnosis, "diagnosis.failed")


def _save(diagnosis: Diagnosis, event_type: str) -> None:
    diagnosis.finished_at = timezone.now()
    with transaction.atomic():
        diagnosis.save()
        record(
            event_type=event_type,
            entity_type=ENTITY,
            entity_id=str(diagnosis.pk),
            old_value={"container": diagnosis.target, "status": str(Diagnosis.Status.RUNNING)},
            new_value={
                "container": diagnosis.target,
                "status": str(diagnosis.status),
                "passed": diagnosis.passed,
                "failed": diagnosis.failed,
                "findings": diagnosis.finding_keys,
            },
        )


def prune_diagnoses(*, days: int | None = None) -> int:
    """Delete diagnoses older than `days` (by default DIAGNOSIS_RETENTION_DAYS); returns how many."""
    kept = settings.DIAGNOSIS_RETENTION_DAYS if days is None else days
    before = timezone.now() - timedelta(days=kept)
    return _in_batches(lambda: _prune_some(before, kept))


def _prune_some(before: object, kept: int) -> int:
    with transaction.atomic():
        ids = list(Diagnosis.objects.filter(created_at__lt=before).values_list("pk", flat=True)[:BATCH])
        if ids:
            Diagnosis.objects.filter(pk__in=ids).delete()
            record(
                event_type="diagnosis.pruned",
                entity_type=ENTITY,
                entity_id="retention",
                new_value={"count": len(ids), "older_than_days": kept},
            )
    return len(ids)


def _in_batches(delete_some: Callable[[], int]) -> int:
    total = 0
    while deleted := delete_some():
        total += deleted
    return total


def fail_abandoned() -> int:
    """Close diagnoses whose process died, so that nobody waits for them; returns how many."""
    lost = Diagnosis.objects.filter(status=Diagnosis.Status.RUNNING, started_at__lt=timezone.now() - 5 * ABANDONED)
    for diagnosis in lost:
        _fail(diagnosis, "The process that ran this diagnosis ended before it was done. Diagnose again.")
    return len(lost)
