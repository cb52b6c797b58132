"""The Celery door of bugs, and the jobs that time brings."""

from datetime import timedelta
from typing import Any

from config.celery import shared_task
from escalation import bugs, occurrences, reports, triage
from escalation.alerts import watching
from escalation.checking import Report
from escalation.delivery import deliveries, sending
from escalation.heartbeats import pulse
from escalation.ingestion import digestion
from escalation.maintenance import turning
from escalation.policies import advancing

SCHEDULE = {
    "escalation.weigh_due_bugs": {"task": "escalation.weigh_due_bugs", "schedule": timedelta(minutes=1)},
    # Every event that comes calls for it too; this finds what a process left behind that died before it could call.
    "escalation.digest_submissions": {"task": "escalation.digest_submissions", "schedule": timedelta(minutes=1)},
    # Calls and retries that are near have jobs of their own, too; this finds every timer, whatever became of those.
    "escalation.page": {"task": "escalation.page", "schedule": timedelta(seconds=15)},
    # Rare events that people wait for call for it, too.
    "escalation.check_alerts": {"task": "escalation.check_alerts", "schedule": timedelta(seconds=15)},
    "escalation.clean_up_alerts": {"task": "escalation.clean_up_alerts", "schedule": timedelta(hours=1)},
    "escalation.clean_up_deliveries": {"task": "escalation.clean_up_deliveries", "schedule": timedelta(hours=1)},
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


@shared_task(name="escalation.page")
def page() -> int:
    """Miss what did not report, begin and end maintenance, make the steps that are due, send what waits."""
    return pulse.miss_overdue() + turning.turn_due() + advancing.advance_due() + sending.send_due()


@shared_task(name="escalation.check_alerts")
def check_alerts() -> int:
    """Look at the events that came since the last time for what alerts speak of; returns how many there were."""
    return watching.check_alerts()


@shared_task(name="escalation.clean_up_alerts")
def clean_up_alerts() -> int:
    """Forget what alerts counted long ago."""
    return watching.clean_up_alerts()


@shared_task(name="escalation.deliver")
def deliver(delivery_id: str) -> str:
    """Try a delivery once; returns what became of it. One that is not due, or is taken, is left alone."""
    found = sending.deliver(delivery_id=delivery_id)
    return found.state if found else ""


@shared_task(name="escalation.clean_up_deliveries")
def clean_up_deliveries() -> int:
    """Forget what was sent long ago."""
    return deliveries.clean_up_deliveries()


@shared_task(name="escalation.answer_in_slack")
def answer_in_slack(address: str, text: str) -> int:
    """Tell whoever pressed a button what was done; returns the answer's status."""
    return sending.say_in_slack(address=address, text=text)
