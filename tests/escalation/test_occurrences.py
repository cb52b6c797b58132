"""Retention of occurrences."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from audit.models import Event
from escalation.models import Bug, Occurrence
from escalation.occurrences import CleanUp, clean_up_occurrences
from tests.escalation.makers import reported

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def messages(bug_id: str) -> list[str]:
    return list(Occurrence.objects.filter(bug__bug_id=bug_id).order_by("id").values_list("error_message", flat=True))


def test_the_newest_and_the_first_stay():
    for number in range(10):
        reported(bug_id="busy", error_message=str(number))
    reported(bug_id="calm", error_message="only")
    assert clean_up_occurrences(keep=4) == CleanUp(surplus=6, expired=0)
    assert messages("busy") == ["0", "7", "8", "9"]
    assert messages("calm") == ["only"]
    assert Bug.objects.get(bug_id="busy").frequency == 10
    assert Event.objects.filter(event_type="occurrences.removed").get().new_value == {"surplus": 6, "expired": 0}


def test_old_ones_go_but_never_the_first():
    with time_machine.travel(NOW, tick=False) as clock:
        for number in range(3):
            reported(bug_id="one", error_message=str(number))
            clock.shift(timedelta(days=10))
        assert clean_up_occurrences(days=15) == CleanUp(surplus=0, expired=1)
    assert messages("one") == ["0", "2"]


def test_nothing_to_remove_records_nothing():
    reported()
    assert clean_up_occurrences() == CleanUp(surplus=0, expired=0)
    assert not Event.objects.filter(event_type="occurrences.removed").exists()
