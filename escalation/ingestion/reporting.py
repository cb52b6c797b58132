"""From an event to its bug: the report it makes, and the bug that its groups lead to."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from escalation import fields
from escalation.checking import CheckedReport, Sent, bug_id_of
from escalation.counting import hash_of_user
from escalation.grouping.fingerprint import Fingerprint
from escalation.ingestion.events import SdkEvent
from escalation.models import Group, Submission


def as_report(row: Submission, event: SdkEvent, *, event_bytes: bytes) -> CheckedReport:
    """What the digest takes. Its bug is the one a new group would get; find_bugs() knows better."""
    grouping = event.grouping()
    error_type = event.error_type[: fields.LONGEST_NAME]
    return CheckedReport(
        bug_id=_new_bug_id(row.project_id, error_type, grouping.fingerprint),
        error_type=error_type,
        error_message=event.error_message,
        stack_trace=event.stack_trace()[: fields.LONGEST_TRACE] or None,
        user_impact=event.impact,
        deadline_hours=None,
        frequency=1,
        metadata={},
        tags=(),
        fingerprint=grouping.fingerprint,
        reporter=f"project:{row.project_id}",
        correlation_id=row.event_id,
        sent=Sent(
            project_id=row.project_id,
            event_id=row.event_id,
            release=event.release,
            environment=event.environment,
            user=hash_of_user(row.project_id, event.user) if event.user else "",
            event=event_bytes,
            new_groups=grouping.keys,
        ),
    )


def find_bugs(reports: Sequence[CheckedReport]) -> list[CheckedReport]:
    """Each led to the bug of its fine group, else of its coarse one, else to that of a report before it, else its own.

    What was known already is no new group, so a burst of equal events writes none.
    """
    known = _known(reports)
    led = []
    for report in reports:
        assert report.sent is not None
        project, keys = report.sent.project_id, report.sent.new_groups
        bug_id = next((known[project, key] for key in keys if (project, key) in known), report.bug_id)
        new = tuple(key for key in keys if (project, key) not in known)
        known |= {(project, key): bug_id for key in new}
        led.append(replace(report, bug_id=bug_id, sent=replace(report.sent, new_groups=new)))
    return led


def _known(reports: Iterable[CheckedReport]) -> dict[tuple[int, str], str]:
    sent = [report.sent for report in reports if report.sent]
    keys = {key for each in sent for key in each.new_groups}
    groups = Group.objects.filter(project__in={each.project_id for each in sent}, key__in=keys)
    return {(project, key): bug_id for project, key, bug_id in groups.values_list("project_id", "key", "bug__bug_id")}


def _new_bug_id(project: int, error_type: str, fingerprint: Fingerprint) -> str:
    """Equal for the same group of the same project, so that two workers who meet it first make one bug."""
    own = hashlib.sha256(f"{project} {fingerprint.key}".encode()).hexdigest()
    return bug_id_of(error_type, replace(fingerprint, key=f"{project}-{own}"))
