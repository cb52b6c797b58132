"""How reports become bugs: a batch of any size at once, and one report as a batch of one.

The reports of a bug are counted one after the other, in memory; then the bug is saved once, and told by an event for
each of its changes. So a burst leaves what single reports would, at the price of one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone

from escalation.bugs import add_tags, open_again
from escalation.changes import Change, tell
from escalation.checking import CheckedReport
from escalation.counting import Counted, count_users, keep_counts
from escalation.models import Bug, Impact, Occurrence, Project, Release, Status
from escalation.muting import reason_to_end
from escalation.names_of_before import older_names
from escalation.occurrences import insert, worth_keeping

MOST_FREQUENCY = 2**31 - 1  # what the column holds on PostgreSQL
_RANK = {impact: rank for rank, impact in enumerate(Impact.values)}

Batch = Mapping[str, Sequence[CheckedReport]]
"""The reports of each bug, by bug_id."""


def digest(reports: Sequence[CheckedReport]) -> list[Bug]:
    """Count reports, all or none; returns the bug of each, in their order."""
    batch = _by_bug(reports)
    found = -1
    while True:
        try:
            bugs = _store(batch)
        except IntegrityError:  # somebody else reported one of them between our look and our insert
            lost_to, found = found, Bug.objects.filter(bug_id__in=batch).count()
            if found <= lost_to:
                raise
        else:
            return [bugs[report.bug_id] for report in reports]


def _by_bug(reports: Sequence[CheckedReport]) -> Batch:
    """In one order for every batch: two that insert the same new bugs would else wait for each other on PostgreSQL."""
    batch: dict[str, list[CheckedReport]] = {bug_id: [] for bug_id in sorted({report.bug_id for report in reports})}
    for report in reports:
        batch[report.bug_id].append(report)
    return batch


def _renamed(batch: Batch, older: Mapping[str, str]) -> Batch:
    return _by_bug(
        [replace(report, bug_id=older.get(bug_id, bug_id)) for bug_id, reports in batch.items() for report in reports]
    )


def count_within(reports: Sequence[CheckedReport]) -> None:
    """Count reports in the transaction of the caller, who begins anew on IntegrityError."""
    _stored(_by_bug(reports))


@transaction.atomic
def _store(batch: Batch) -> dict[str, Bug]:
    return _stored(batch)


def _stored(batch: Batch) -> dict[str, Bug]:
    now = timezone.now()
    known = _locked(batch)
    older = older_names([report for reports in batch.values() for report in reports if report.bug_id not in known], now)
    if older:
        batch = _renamed(batch, older)
        known |= _locked(batch)
    releases = {(bug.project_id, bug.last_release) for bug in known.values()}
    changes = [_counted(known.get(bug_id), reports, now) for bug_id, reports in batch.items()]
    bugs = [change.bug for change in changes]
    counted = [(bug, batch[bug.bug_id]) for bug in bugs]
    _give_projects([(bug, reports) for bug, reports in counted if bug.bug_id not in known])
    users = count_users(counted)
    for change in changes:
        _end_muting(change, batch[change.bug.bug_id], now)
    for bug in bugs:
        bug.save()
    prefetch_related_objects(bugs, "tags", "tickets")
    add_tags({bug: {tag for report in batch[bug.bug_id] for tag in report.tags} for bug in bugs})
    prefetch_related_objects(bugs, "tags")
    tell(changes)
    insert(
        _occurrence(bug, report, now)
        for bug in bugs
        for report in worth_keeping(batch[bug.bug_id], of_new_bug=bug.bug_id not in known)
    )
    keep_counts(counted, users=users, known_releases=releases, now=now)
    stored = {bug.bug_id: bug for bug in bugs}
    return stored | {name: stored[old] for name, old in older.items()}


def _end_muting(change: Change, reports: Sequence[CheckedReport], now: datetime) -> None:
    """Of a bug that was reported or met as often as its muting allowed: it may be one that somebody has to look at."""
    bug = change.bug
    if bug.is_muted(at=now) and (why := reason_to_end(bug, came=sum(report.frequency for report in reports), now=now)):
        bug.unmute()
        change.context = {**(change.context or {}), "because": f"no longer muted: {why}"}
        change.weigh(at=now)


def _give_projects(new: Counted) -> None:
    """That of the SDK's event, else the default."""
    default: Project | None = None
    for bug, [first, *_] in new:
        if first.sent:
            bug.project_id = first.sent.project_id
        else:
            default = bug.project = default or Project.objects.default()


def _locked(batch: Batch) -> dict[str, Bug]:
    """The bugs that are known, locked in one order for every batch."""
    known = Bug.objects.select_for_update(of=("self",)).filter(bug_id__in=batch).order_by("bug_id")
    return {bug.bug_id: bug for bug in known.select_related("project").prefetch_related("tags", "tickets")}


def _counted(bug: Bug | None, reports: Sequence[CheckedReport], now: datetime) -> Change:
    """The change that reports make to a bug, or to none yet."""
    first, *others = reports
    change = _made(first, now) if bug is None else _known(bug, reports, now)
    change.counts_quietly = all(report.sent for report in reports)
    for report in others if bug is None else reports:
        _count(change.bug, report, now)
        change.weigh(at=now)
    return change


def _made(report: CheckedReport, now: datetime) -> Change:
    """High and critical bugs wait for somebody; the others are taken note of by the system."""
    bug = Bug(
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
    _show(bug, report)
    bug.weigh(at=now)
    bug.status = Status.PENDING if bug.is_urgent else Status.ACKNOWLEDGED
    return Change(bug, before=None, event_type="bug.reported")


def _known(bug: Bug, reports: Sequence[CheckedReport], now: datetime) -> Change:
    return _repeated(bug) if bug.is_open or _is_expected(bug, reports) else _returned(bug, reports, now)


def _is_expected(bug: Bug, reports: Sequence[CheckedReport]) -> bool:
    """Of a bug that the next release resolves: reports of releases there were then; one without is news."""
    if not bug.holds_from_next_release:
        return False
    releases = {report.sent.release if report.sent else "" for report in reports}
    there = Release.objects.filter(project=bug.project_id, version__in=releases, first_seen_at__lte=bug.resolved_at)
    return there.count() == len(releases)


def _repeated(bug: Bug) -> Change:
    return Change(bug, before=bug.state(), event_type="bug.reported_again")


def _returned(bug: Bug, reports: Sequence[CheckedReport], now: datetime) -> Change:
    releases = sorted({report.sent.release for report in reports if report.sent and report.sent.release})
    because = f"reported again in {', '.join(releases)}" if releases else "reported again"
    context = {"because": because, "resolution": bug.resolution[:1000]}
    change = Change(bug, before=bug.state(), event_type="bug.reopened", context=context)
    open_again(bug, at=now)
    bug.deadline_at = None  # the old one belonged to the life that ended
    return change


def _count(bug: Bug, report: CheckedReport, now: datetime) -> None:
    bug.frequency = min(bug.frequency + report.frequency, MOST_FREQUENCY)
    bug.user_impact = max(bug.user_impact, report.user_impact, key=_RANK.__getitem__)
    bug.deadline_at = min(filter(None, (bug.deadline_at, report.deadline_at(now))), default=None)
    bug.last_seen_at = now
    bug.metadata = {**bug.metadata, **report.metadata}
    _show(bug, report)


def _show(bug: Bug, report: CheckedReport) -> None:
    """A bug shows its latest report; a report without a trace leaves the trace of an earlier one."""
    bug.error_type, bug.error_message = report.error_type, report.error_message
    bug.stack_trace = report.stack_trace or bug.stack_trace
    bug.fingerprint, bug.fingerprint_parts = report.fingerprint.key, list(report.fingerprint.parts)
    if report.sent and report.sent.release:
        bug.first_release, bug.last_release = bug.first_release or report.sent.release, report.sent.release


def _occurrence(bug: Bug, report: CheckedReport, now: datetime) -> Occurrence:
    return Occurrence(
        bug=bug,
        seen_at=now,
        error_type=report.error_type,
        error_message=report.error_message,
        stack_trace=report.stack_trace,
        user_impact=report.user_impact,
        metadata=report.metadata,
        fingerprint=report.fingerprint.key,
        reporter=report.reporter,
        correlation_id=report.correlation_id,
        **_sent(report),
    )


def _sent(report: CheckedReport) -> dict[str, Any]:
    if (sent := report.sent) is None:
        return {}
    return {
        "event_id": sent.event_id,
        "release": sent.release,
        "environment": sent.environment,
        "event": sent.event,
    }
