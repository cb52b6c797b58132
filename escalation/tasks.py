"""The Celery door of bugs, and the jobs that time brings."""

from datetime import timedelta
from typing import Any

from config.celery import shared_task
from escalation import bugs, occurrences, reports, triage
from escalation.checking import Report
from escalation.ingestion import digestion

SCHEDULE = {
    "escalation.weigh_due_bugs": {"task": "escalation.weigh_due_bugs", "schedule": timedelta(minutes=1)},
    # Every event that comes calls for it too; this finds what a process left behind that died before it could call.
    "escalation.digest_submissions": {"task": "escalation.digest_submissions", "schedule": timedelta(minutes=1)},
    "escalation.clean_up_submissions": {"task": "escalation.clean_up_submissions", "schedule": timedelta(hours=1)},
    "escalation.clean_up_occurrences": {"task": "escalation.clean_up_occurrences", "schedule": timedelta(hours=1)},
}


@shared_task(name="escalation.report_bug")
def report_bug(**report: Any) -> str:
    """Report a bug from a job; returns its id. A job that is delivered twice counts twice, as two reports would."""
    return reports.report_bug(**report).bug_id


@shared_task(name="escalation.report_bugs")
def report_bugs(bugs: list[dict[str, Any]]) -> list[str]:
    """Report a burst from a job, up to 500 at once, all or none; returns the id of each report's bug."""
    return [bug.bug_id for bug in reports.report_bugs(bugs=[Report(**report) for report in bugs])]


@shared_task(name="escalation.update_bug")
def update_bug(bug_id: str, **changes: Any) -> str:
    """Change a bug from a job; returns its id."""
    return triage.update_bug(bug_id=bug_id, **changes).bug_id


@shared_task(name="escalation.weigh_due_bugs")
def weigh_due_bugs() -> int:
    """Raise the priority of bugs whose deadline came near."""
    return bugs.weigh_due_bugs()


@shared_task(name="escalation.clean_up_occurrences")
def clean_up_occurrences() -> int:
    """Remove occurrences that retention no longer keeps."""
    removed = occurrences.clean_up_occurrences()
    return removed.surplus + removed.expired


@shared_task(name="escalation.digest_submissions")
def digest_submissions() -> int:
    """Count the events that SDKs sent; returns how many."""
    return digestion.digest_submissions()


@shared_task(name="escalation.clean_up_submissions")
def clean_up_submissions() -> int:
    """Forget the ids of events that were counted a day ago; let those that could not be opened wait again."""
    digestion.try_unreadable_again()
    return digestion.clean_up_submissions()
