"""Reporting a bug: the first report makes it, every further one counts, and one of a resolved bug brings it back."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from config.context import caller
from config.secrets import blank, keyed, scrub
from escalation import fields
from escalation.bugs import open_again, settle
from escalation.fields import check_choice, check_count, check_hours, check_metadata, check_name, check_tags, check_text
from escalation.fingerprint import Fingerprint, compute_fingerprint
from escalation.models import Bug, Impact, Occurrence, Status

MOST_FREQUENCY = 2**31 - 1  # what the column holds on PostgreSQL
TRIES = 3  # two reporters of a new bug at once: one inserts, the other finds the row at its second try


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a reporter says. `deadline_hours` counts from now; `frequency` is how many times it happened."""

    error_type: str
    error_message: str
    user_impact: str
    bug_id: str = ""
    stack_trace: str | None = None
    deadline_hours: float | None = None
    frequency: int = 1
    metadata: Mapping[str, Any] = field(default_factory=dict)
    tags: Sequence[str] = ()

    def problems(self) -> fields.Problems:
        """Everything about it that cannot be stored."""
        return chain(
            fields.check_bug_id(self.bug_id) if self.bug_id else (),
            check_name("error_type", self.error_type),
            check_text("error_message", self.error_message),
            check_text("stack_trace", self.stack_trace or "", longest=fields.LONGEST_TRACE),
            check_choice("user_impact", self.user_impact, Impact.values),
            check_hours("deadline_hours", self.deadline_hours),
            check_count("frequency", self.frequency, most=fields.MOST_REPORTS),
            check_metadata("metadata", self.metadata),
            check_tags("tags", self.tags),
        )

    def scrubbed(self) -> "Report":
        """The same without the secrets in it."""
        return replace(
            self,
            bug_id=keyed(self.bug_id),
            error_type=blank(self.error_type)[: fields.LONGEST_NAME],
            error_message=blank(self.error_message),
            stack_trace=blank(self.stack_trace) if self.stack_trace else None,
            metadata=scrub(dict(self.metadata)),
        )

    def deadline_at(self, now: datetime) -> datetime | None:
        return None if self.deadline_hours is None else now + timedelta(hours=self.deadline_hours)


def report_bug(
    *,
    error_type: str,
    error_message: str,
    user_impact: str,
    bug_id: str = "",
    stack_trace: str | None = None,
    deadline_hours: float | None = None,
    frequency: int = 1,
    metadata: Mapping[str, Any] | None = None,
    tags: Sequence[str] = (),
) -> Bug:
    """Report a bug. Without `bug_id`, the same error in the same place is the same bug. Raises InvalidBug.

    A further report raises the frequency; the worst impact and the nearest deadline stay.
    """
    report = Report(
        error_type=error_type,
        error_message=error_message,
        user_impact=user_impact,
        bug_id=bug_id,
        stack_trace=stack_trace,
        deadline_hours=deadline_hours,
        frequency=frequency,
        metadata=metadata or {},
        tags=tags,
    )
    fields.require(report.problems())
    report = report.scrubbed()
    fingerprint = compute_fingerprint(
        error_type=report.error_type, error_message=report.error_message, stack_trace=report.stack_trace
    )
    report = replace(report, bug_id=report.bug_id or bug_id_of(report.error_type, fingerprint))
    for _ in range(TRIES - 1):
        try:
            return _store(report, fingerprint)
        except IntegrityError:  # somebody else reported it between our look and our insert
            if not Bug.objects.called(report.bug_id).exists():
                raise
    return _store(report, fingerprint)


def bug_id_of(error_type: str, fingerprint: Fingerprint) -> str:
    """A readable id that is equal for the same fingerprint: `DatabaseError-8f14e45fceea167a`."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", error_type).strip("-")[:80] or "bug"
    return f"{name}-{fingerprint.key.partition('-')[2][:16]}"


@transaction.atomic
def _store(report: Report, fingerprint: Fingerprint) -> Bug:
    now = timezone.now()
    bug = _known(report.bug_id)
    if bug is None:
        bug = _begin(report, now)
        _show(bug, report, fingerprint)
        _settle_first(bug, report, now)
    else:
        _count(bug, report, fingerprint, now)
    by = caller()
    Occurrence.objects.create(
        bug=bug,
        seen_at=now,
        error_type=report.error_type,
        error_message=report.error_message,
        stack_trace=report.stack_trace,
        user_impact=report.user_impact,
        metadata=report.metadata,
        fingerprint=fingerprint.key,
        reporter=by.actor,
        correlation_id=by.correlation_id,
    )
    return bug


def _known(bug_id: str) -> Bug | None:
    return Bug.objects.select_for_update().called(bug_id).first()


def _settle_first(bug: Bug, report: Report, now: datetime) -> None:
    """High and critical bugs wait for somebody; the others are taken note of by the system."""
    bug.weigh(at=now)
    bug.status = Status.PENDING if bug.is_urgent else Status.ACKNOWLEDGED
    settle(bug, before=None, event_type="bug.reported", tags=report.tags, at=now)


def _begin(report: Report, now: datetime) -> Bug:
    return Bug(
        bug_id=report.bug_id,
        frequency=report.frequency,
        user_impact=report.user_impact,
        deadline_at=report.deadline_at(now),
        first_seen_at=now,
        began_at=now,
        last_seen_at=now,
        escalated_at=now,
        metadata=report.metadata,
    )


def _count(bug: Bug, report: Report, fingerprint: Fingerprint, now: datetime) -> None:
    before = bug.state()
    returned = not bug.is_open
    context = {"because": "reported again", "resolution": bug.resolution[:1000]} if returned else None
    if returned:
        open_again(bug, at=now)
        bug.deadline_at = report.deadline_at(now)  # the old one belonged to the life that ended
    bug.frequency = min(bug.frequency + report.frequency, MOST_FREQUENCY)
    bug.user_impact = max(bug.user_impact, report.user_impact, key=Impact.values.index)
    bug.deadline_at = min(filter(None, (bug.deadline_at, report.deadline_at(now))), default=None)
    bug.last_seen_at = now
    bug.metadata = {**bug.metadata, **report.metadata}
    _show(bug, report, fingerprint)
    event_type = "bug.reopened" if returned else "bug.reported_again"
    settle(bug, before=before, event_type=event_type, tags=report.tags, context=context, at=now)


def _show(bug: Bug, report: Report, fingerprint: Fingerprint) -> None:
    """A bug shows its latest report; a report without a trace leaves the trace of an earlier one."""
    bug.error_type, bug.error_message = report.error_type, report.error_message
    bug.stack_trace = report.stack_trace or bug.stack_trace
    bug.fingerprint, bug.fingerprint_parts = fingerprint.key, list(fingerprint.parts)
