"""A muted bug calls for nobody until a time, so many more reports or users, or until it escalates."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from audit.models import Event
from escalation.bugs import find_bug, mute, reopen, resolve
from escalation.fields import InvalidBug
from escalation.models import Bug, HourlyCount
from tests.escalation.makers import events, reported
from tests.escalation.paging.conftest import clock

__all__ = ["clock"]
pytestmark = pytest.mark.django_db
HIGH = {"bug_id": "b", "error_type": "DataLoss", "user_impact": "high"}


def seen(times: int, **said: Any) -> Bug:
    return reported(**HIGH, frequency=times, **said)


def because() -> str:
    newest = Event.objects.of("bug", "b").filter(event_type="bug.reported_again").order_by("-id").first()
    return str((newest.context or {}).get("because", "")) if newest else ""


def test_it_ends_after_so_many_more_reports(clock: Any) -> None:
    seen(3)
    bug = mute(bug_id="b", reports=10)
    assert (bug.muted_past_reports, bug.is_muted(at=clock())) == (13, True)
    assert seen(9).is_muted(at=clock())
    bug = seen(1)
    assert (bug.muted_until, bug.muted_past_reports) == (None, None)
    assert because() == "no longer muted: it was reported 13 times"


def test_a_bug_that_rose_while_it_was_muted_calls_when_that_ends(clock: Any) -> None:
    reported(bug_id="b", user_impact="low")
    mute(bug_id="b", reports=5)
    assert reported(bug_id="b", error_type="DataLoss", user_impact="critical").status == "acknowledged"
    assert seen(4).status == "pending"
    assert events("b")[-1] == "bug.escalated"


def test_it_ends_after_so_many_more_users(clock: Any) -> None:
    bug = seen(1)
    Bug.objects.filter(pk=bug.pk).update(users=4)
    mute(bug_id="b", users=2)
    assert seen(50).is_muted(at=clock())
    Bug.objects.filter(pk=bug.pk).update(users=6)
    assert not seen(1).is_muted(at=clock())
    assert because() == "no longer muted: 6 users met it"


def test_it_ends_in_an_hour_with_more_than_the_week_before_let_expect(clock: Any) -> None:
    bug = seen(1)
    Bug.objects.filter(pk=bug.pk).update(first_seen_at=clock() - timedelta(days=30))
    for ago in range(1, 170):
        HourlyCount.objects.create(bug=bug, hour=clock() - timedelta(hours=ago), count=10)
    mute(bug_id="b", escalating=True)
    assert seen(59).is_muted(at=clock()), "60 of this hour are six times the mean."
    assert not seen(1).is_muted(at=clock())
    assert because() == "no longer muted: it is reported more often than usual"


def test_the_first_of_several_ends_it_and_nothing_of_it_stays(clock: Any) -> None:
    seen(1)
    mute(bug_id="b", until=clock() + timedelta(hours=1), reports=100, users=3, escalating=True)
    clock.pass_by(hours=1)
    assert not find_bug(bug_id="b").is_muted(at=clock())
    mute(bug_id="b", reports=100)
    assert mute(bug_id="b", until=clock() + timedelta(hours=1)).muted_past_reports is None
    mute(bug_id="b", users=3, escalating=True)
    resolve(bug_id="b", resolution="done")
    bug = reopen(bug_id="b")
    assert (bug.muted_until, bug.muted_past_users, bug.muted_until_unusual) == (None, None, False)


@pytest.mark.parametrize("wrong", [{"reports": 0}, {"users": -1}, {"reports": True}, {"users": 10**7}])
def test_what_can_end_nothing_is_refused(wrong: dict[str, Any]) -> None:
    seen(1)
    with pytest.raises(InvalidBug) as refused:
        mute(bug_id="b", **wrong)
    assert [error.field for error in refused.value.errors] == list(wrong)


def test_it_is_muted_so_by_every_door(api: APIClient, admin_client: Client, run_command: Any) -> None:
    bug, path = seen(1), "/api/v1/escalation/bugs/b/mute"
    answer = api.post(path, {"reports": 10, "escalating": True}).json()
    assert (answer["muted_past_reports"], answer["muted_until_unusual"]) == (11, True)
    assert api.post(path, {}).status_code == 400
    assert api.post(path, {"until": None}).json()["muted_past_reports"] is None
    assert run_command("escalation", "mute", "b", "--users", "5")[0] == 0
    assert find_bug(bug_id="b").muted_past_users == 5
    address = f"/admin/escalation/bug/{bug.pk}/moves/mute/"
    assert b"Say what ends it" in admin_client.post(address, {"hours": ""}).content
    admin_client.post(address, {"hours": "", "reports": "7", "escalating": "on"})
    shown = admin_client.get(f"/admin/escalation/bug/{bug.pk}/change/").content.decode()
    assert "8 reports or more reports than usual in an hour" in shown
