"""Where and when a bug was seen, as its own page of the API says it."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from escalation.models import Bug
from escalation.serializers import SHOWN_HOURS, BugSummarySerializer, WholeBugSerializer
from tests.escalation.ingestion.sending import counted, error, project
from tests.escalation.makers import reported

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 30, 10, 5, tzinfo=UTC)


def test_a_bug_tells_its_project_users_and_releases_in_lists_too():
    key = project()
    for user, release in ((1, "1"), (2, "2"), (2, "")):
        counted(key, error(user={"id": user}, release=release))
    shown = BugSummarySerializer(Bug.objects.get()).data
    told = {name: shown[name] for name in ("project", "users", "first_release", "last_release")}
    assert told == {"project": "shop", "users": 2, "first_release": "1", "last_release": "2"}


def test_releases_and_environments_are_counted_each_for_itself_the_last_seen_first():
    key = project()
    with time_machine.travel(NOW, tick=False) as clock:
        for release, environment in (("1", "test"), ("2", "test"), ("2", "live"), ("", "")):
            counted(key, error(release=release, environment=environment))
            clock.shift(timedelta(minutes=1))
        shown = WholeBugSerializer(Bug.objects.get()).data
    assert [(each["name"], each["reports"]) for each in shown["releases"]] == [("2", 2), ("1", 1)]
    assert [(each["name"], each["reports"]) for each in shown["environments"]] == [("live", 1), ("test", 2)]
    assert shown["releases"][0]["first_at"] == "2026-11-30T10:06:00Z"
    assert shown["releases"][0]["last_at"] == "2026-11-30T10:07:00Z"


def test_hours_are_those_of_the_last_days_whichever_door_reported():
    with time_machine.travel(NOW - SHOWN_HOURS - timedelta(hours=2), tick=False) as clock:
        bug = reported(frequency=4)
        clock.move_to(NOW - SHOWN_HOURS)
        reported()
        clock.move_to(NOW)
        reported(frequency=2)
        hours = WholeBugSerializer(Bug.objects.get(pk=bug.pk)).data["hours"]
    assert [(each["hour"], each["count"]) for each in hours] == [
        ("2026-11-23T10:00:00Z", 1),
        ("2026-11-30T10:00:00Z", 2),
    ]
