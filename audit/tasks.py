"""The Celery door of the trail."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from audit import capture, reports, retention, rollback, streaming, trail
from audit.backups import making
from audit.ledger import sealing, verification
from audit.permissions import decisions, guard, store
from audit.permissions.approvals import answering
from audit.sessions import gathering, usage
from config.celery import shared_task

logger = logging.getLogger(__name__)

SCHEDULE = {
    "audit.seal": {"task": "audit.seal", "schedule": timedelta(minutes=1)},
    "audit.fold_counts": {"task": "audit.fold_counts", "schedule": timedelta(days=1)},
    "audit.gather_sessions": {"task": "audit.gather_sessions", "schedule": timedelta(minutes=1)},
    "audit.expire_approvals": {"task": "audit.expire_approvals", "schedule": timedelta(minutes=1)},
    "audit.stream": {"task": "audit.stream", "schedule": timedelta(minutes=1)},
    "audit.prune": {"task": "audit.prune", "schedule": timedelta(days=1)},
    # Every hour asks whether the day's backup is due: a service that was down at its time makes it up.
    "audit.back_up_when_due": {"task": "audit.back_up_when_due", "schedule": timedelta(hours=1)},
    "audit.verify": {"task": "audit.verify", "schedule": timedelta(days=1)},
    # Twice within the time that the compiled rules count as fresh.
    "audit.serve_hooks": {"task": "audit.serve_hooks", "schedule": timedelta(seconds=25)},
}


@shared_task(name="audit.record")
def record(**event: Any) -> str:
    """Record an event from a job; returns its uid."""
    return str(reports.report(events=[trail.NewEvent(**event)])[0].uid)


@shared_task(name="audit.roll_back")
def roll_back(entity_type: str, entity_id: str, to: str | None = None, reason: str = "") -> str:
    """Roll an entity back; returns the uid of the recorded rollback."""
    return str(rollback.apply(entity_type=entity_type, entity_id=entity_id, to=to, reason=reason).uid)


@shared_task(name="audit.seal")
def seal() -> None:
    """Hold what was recorded or captured by a signed checkpoint; the schedule is the trail's open window."""
    capture.collect()
    sealing.seal()


@shared_task(name="audit.fold_counts")
def fold_counts() -> None:
    """Join the hourly counts of events to daily ones, once they are three days old."""
    sealing.fold_counts()


@shared_task(name="audit.gather_sessions", time_limit=settings.LONG_JOB_SECONDS)
def gather_sessions() -> int:
    """Sum up the sessions of agents that something happened in."""
    return gathering.gather_sessions()


@shared_task(name="audit.charge_anew", time_limit=settings.LONG_JOB_SECONDS)
def charge_anew(since: str) -> int:
    """Charge what sessions used since a time by the prices there are now; returns how many responses changed."""
    return usage.charge_anew(since=datetime.fromisoformat(since))


@shared_task(name="audit.stream", time_limit=settings.LONG_JOB_SECONDS)
def stream() -> int:
    """Send what was sealed on to the SIEM, where there is one; returns how many events."""
    return streaming.send() if settings.AUDIT_STREAM_URL else 0


@shared_task(name="audit.prune", time_limit=settings.LONG_JOB_SECONDS)
def prune() -> None:
    """Remove events past the days their type is kept, and sessions whose decisions are gone."""
    retention.prune()
    gathering.prune_sessions(settings.AUDIT_RETENTION_DAYS)


@shared_task(name="audit.verify", time_limit=settings.LONG_JOB_SECONDS)
def verify() -> None:
    """Check the whole trail; a fault is logged as an error and recorded, so that subscribers can raise alarm."""
    verdict = verification.verify()
    if verdict.fault:
        logger.error("The trail is not as it was recorded: %s %s", verdict.fault.kind, verdict.fault.detail)
        fault = {"kind": verdict.fault.kind, "detail": verdict.fault.detail, "position": verdict.fault.position}
        trail.record(event_type="audit.fault_found", entity_type="trail", entity_id="events", new_value=fault)


RETRY_SECONDS = 15
"""How often a backup that waits for another one asks again."""


@shared_task(name="audit.back_up", bind=True, max_retries=None, time_limit=settings.LONG_JOB_SECONDS)
def back_up(self: Any, uid: str) -> None:
    """Make a backup that was asked for, once no other is being made."""
    try:
        making.execute(uid=uid)
    except making.BackupBusy as busy:
        raise self.retry(exc=busy, countdown=RETRY_SECONDS) from busy


@shared_task(name="audit.verify_backup", bind=True, max_retries=None, time_limit=settings.LONG_JOB_SECONDS)
def verify_backup(self: Any, file: str) -> None:
    """See whether a backup in BACKUP_DIR restores; the log and the trail keep the result."""
    try:
        making.verify(path=settings.BACKUP_DIR / file)
    except making.BackupBusy as busy:
        raise self.retry(exc=busy, countdown=RETRY_SECONDS) from busy


@shared_task(name="audit.back_up_when_due", time_limit=settings.LONG_JOB_SECONDS)
def back_up_when_due() -> None:
    """The day's backup, verified; nothing when there is one, or BACKUP_SCHEDULE is off."""
    making.back_up_when_due()


@shared_task(name="audit.serve_hooks")
def serve_hooks() -> None:
    """Record what hooks decided on their own, and renew the rules they read."""
    decisions.ingest()
    store.compile_rules()


@shared_task(name="audit.expire_approvals")
def expire_approvals() -> int:
    """End what agents asked and nobody answered in time; returns how many."""
    return answering.expire_overdue()


@shared_task(name="audit.decide")
def decide(**call: Any) -> str:
    """Decide on a tool call from a job; returns the decision."""
    return decisions.decide(**call).decision.decision


@shared_task(name="audit.load_default_rules")
def load_default_rules() -> int:
    """Keep the shipped rules that are not there yet; returns how many that were."""
    return len(store.load_defaults().created)


@shared_task(name="audit.run_guarded")
def run_guarded(command: list[str], root: str, timeout_seconds: float = 60.0) -> int | None:
    """Run a command if the rules allow it; returns its exit code."""
    return guard.run(command, root=root, timeout_seconds=timeout_seconds).exit_code
