"""Is the trail well? Guarded by its triggers, and held by checkpoints."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from audit import streaming
from audit.dialects import AGENTS
from audit.ledger import triggers
from audit.ledger.sealing import seconds_unsealed
from audit.models import Approval, BackupRun
from audit.permissions import compiled, hooks
from audit.permissions.approvals import reach
from audit.permissions.latitude import choosing
from config.home import PROGRAM
from config.watching.health import Check

_LATE_SECONDS = 600  # ten of the sealer's turns


_OLD_BACKUP = timedelta(days=2)
_MANY_SPOOLED = 1_000


def checks() -> Iterator[Check]:
    yield _guard()
    yield _window()
    yield _backups()
    yield _hooks()
    yield _rules()
    yield _approvals()
    if settings.AUDIT_STREAM_URL:
        yield _stream()


def _guard() -> Check:
    if triggers.are_in_place():
        return Check("audit-guard", "ok", "Triggers refuse changes to events.")
    fix = f"Run `{PROGRAM} migrate`, which puts them back, then `{PROGRAM} audit verify`."
    return Check("audit-guard", "fail", "The triggers that guard the trail are gone.", fix)


def _window() -> Check:
    seconds = seconds_unsealed()
    if seconds < _LATE_SECONDS:
        return Check("audit-ledger", "ok", "Every event but the newest is held by a checkpoint.")
    detail = f"The oldest event no checkpoint holds is {seconds:.0f} s old."
    fix = f"Run `{PROGRAM} audit seal` and see what it says; on PostgreSQL look for a long open transaction."
    return Check("audit-ledger", "warn", detail, fix)


def _backups() -> Check:
    if settings.BACKUP_SCHEDULE == "off":
        return Check("audit-backups", "ok", "Not made by themselves: BACKUP_SCHEDULE is off.")
    made = BackupRun.objects.filter(status=BackupRun.Status.COMPLETED, removed_at=None)
    last = made.filter(verification=BackupRun.Verification.PASSED).order_by("-completed_at").first()
    now = timezone.now()
    if last is not None and last.completed_at is not None:
        hours = (now - last.completed_at).total_seconds() / 3600
        if now - last.completed_at < _OLD_BACKUP:
            return Check("audit-backups", "ok", f"The last one that is seen to restore is {hours:.0f} h old.")
        detail = f"The last backup that is seen to restore is {hours / 24:.0f} days old."
    else:
        first = MigrationRecorder(connection).migration_qs.order_by("applied").values_list("applied", flat=True).first()
        if first is None or now - first < _OLD_BACKUP:
            return Check("audit-backups", "ok", "The first one is made within a few hours.")
        detail = "No backup was ever seen to restore."
    fix = f"Run `{PROGRAM} backup create --verify` and see what it says; see that the worker and beat run."
    return Check("audit-backups", "warn", detail, fix)


def _rules() -> Check:
    wrong = hooks.wrong_ways(settings.HOOK_CONFIRM)
    if wrong:
        detail = f"HOOK_CONFIRM has {', '.join(map(repr, wrong))}, which means nothing."
        fix = f"Write agent=way, with an agent of {', '.join(AGENTS)}, or *; ask, deny, and for Claude Code defer."
        return Check("audit-rules", "warn", detail, fix)
    return Check("audit-rules", "ok", f"Agents are judged {choosing.standing()}")


def _approvals() -> Check:
    waiting, people = Approval.objects.waiting().count(), reach.answerers()
    if waiting and not people:
        fix = f"`{PROGRAM} createsuperuser`, or give somebody the permission {reach.PERMISSION} in the admin."
        return Check("audit-approvals", "warn", f"{waiting:,} calls of agents wait, and nobody may answer.", fix)
    return Check("audit-approvals", "ok", f"{waiting:,} calls of agents wait for an answer; {people:,} may give it.")


def _stream() -> Check:
    standing = streaming.standing()
    if standing.failure:
        fix = f"See that AUDIT_STREAM_URL is right and answers, then `{PROGRAM} audit stream`."
        detail = f"{standing.waiting} events wait: the receiver {standing.failure}."
        return Check("audit-stream", "warn", detail, fix)
    return Check("audit-stream", "ok", f"{standing.waiting} events wait to be sent.")


def _hooks() -> Check:
    """Hooks that decide without the database leave their decisions for the worker to record."""
    unreadable = compiled.spooled(settings.DATA_DIR, ".unreadable")
    if unreadable:
        fix = f"Look at {unreadable[0]}: it is a decision that could not be recorded."
        return Check("audit-hooks", "fail", f"{len(unreadable)} spooled decisions could not be read.", fix)
    waiting = len(compiled.spooled(settings.DATA_DIR))
    if waiting > _MANY_SPOOLED:
        fix = f"Start the worker and beat: `{PROGRAM} up`; they record what hooks decided."
        return Check("audit-hooks", "warn", f"{waiting} decisions of hooks wait to be recorded.", fix)
    return Check("audit-hooks", "ok", f"{waiting} decisions of hooks wait to be recorded.")
