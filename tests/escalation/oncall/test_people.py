"""People, teams and schedules: who is called, and whose a bug can be."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from escalation import health
from escalation.bugs import acknowledge, assign, find_bug
from escalation.delivery.channels import ChannelInUse, remove_channel
from escalation.fields import InvalidBug
from escalation.models import Delivery, Person
from escalation.oncall.duty import find_on_call, list_shifts, on_call
from escalation.oncall.people import (
    InvalidPerson,
    PersonExists,
    PersonNeeded,
    PersonNotFound,
    add_person,
    change_person,
    find_person,
    remove_person,
)
from escalation.oncall.schedules import (
    InvalidSchedule,
    ScheduleNeeded,
    ScheduleNotFound,
    add_override,
    add_schedule,
    change_schedule,
    find_schedule,
    remove_override,
    remove_schedule,
)
from escalation.oncall.teams import InvalidTeam, TeamNeeded, TeamNotFound, add_team, change_team, find_team, remove_team
from escalation.policies.policies import InvalidPolicy, add_policy
from escalation.triage import update_bug
from tests.escalation.makers import events, reported
from tests.escalation.paging.makers import mailbox
from tests.escalation.paging.sinks import MailServer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("people")]
Run = Callable[[], None]
URGENT = {"error_type": "DataLoss", "error_message": "rows are gone", "user_impact": "critical"}
TURNS = {"people": ["kim", "dana"], "starts_on": "2026-11-30", "at": "09:00", "days": 1}


def calling(*steps: dict[str, str], **said: Any) -> None:
    made = [{"delay_minutes": 5 if number else 0, "targets": [target]} for number, target in enumerate(steps)]
    add_policy(**{"name": "all", "steps": made} | said)


def test_a_step_calls_whoever_is_on_call_at_that_moment(mail: MailServer, clock: Any, send_all: Run) -> None:
    add_schedule(name="primary", rotations=[TURNS])
    calling({"schedule": "primary"}, renotify_minutes=24 * 60)
    bug = reported(**URGENT)
    send_all()
    assert mail.recipients == ["kim@example.org"]
    clock.pass_by(days=1)
    send_all()
    assert mail.recipients == ["kim@example.org", "dana@example.org"]
    add_override(name="primary", person="sam", ends_at=clock() + timedelta(days=2))
    clock.pass_by(days=1)
    send_all()
    assert mail.recipients[2:] == ["sam@example.org"]
    assert {delivery.recipient for delivery in Delivery.objects.all()} == {"kim", "dana", "sam"}
    acknowledge(bug_id=bug.bug_id)
    clock.pass_by(days=3)
    send_all()
    assert len(mail.recipients) == 3


def test_a_team_is_called_together_and_nobody_twice(mail: MailServer, clock: Any, send_all: Run) -> None:
    add_team(name="shop", members=["kim", "dana"])
    targets = [{"person": "kim"}, {"team": "shop"}, {"channel": "dana-mail"}]
    add_policy(name="all", steps=[{"delay_minutes": 0, "targets": targets}])
    bug = reported(**URGENT)
    send_all()
    assert sorted(mail.recipients) == ["dana@example.org", "kim@example.org"]
    assert events(bug.bug_id) == ["bug.reported", "bug.called", "bug.unanswered"]


def test_a_step_that_reaches_nobody_does_not_hold_up_the_one_behind_it(
    mail: MailServer, clock: Any, send_all: Run
) -> None:
    later = {"people": ["kim"], "starts_on": "2027-01-01"}
    add_schedule(name="primary", rotations=[later])
    calling({"schedule": "primary"}, {"person": "sam"})
    assert "a step reaches nobody now: all" in [check.detail for check in health.checks() if check.name == "policies"]
    reported(**URGENT)
    send_all(), send_all()
    assert mail.recipients == ["sam@example.org"]


def test_whoever_left_is_not_called(mail: MailServer, clock: Any, send_all: Run) -> None:
    add_team(name="shop", members=["kim", "dana"])
    calling({"team": "shop"})
    User.objects.filter(username="kim").update(is_active=False)
    reported(**URGENT)
    send_all()
    assert mail.recipients == ["dana@example.org"]
    assert [check.status for check in health.checks() if check.name == "policies"] == ["ok"]


def test_a_link_says_by_whom_a_bug_was_noticed(mail: MailServer, clock: Any, send_all: Run, client: Any) -> None:
    from tests.escalation.paging.test_calling import link_in

    calling({"person": "kim"})
    bug = reported(**URGENT)
    send_all()
    client.post(f"/act/{link_in(mail.mails[0])}", {"verb": "acknowledge"})
    assert find_bug(bug_id=bug.bug_id).acknowledged_by == "link:kim"


def test_who_is_on_call_now_until_when_and_who_follows(clock: Any) -> None:
    add_schedule(name="primary", rotations=[TURNS])
    add_schedule(name="none-yet", rotations=[{"people": ["sam"], "starts_on": "2027-06-01"}])
    idle, primary = on_call()
    assert (idle.person, idle.until, idle.next_person) == ("", None, "")
    assert (primary.person, f"{primary.until:%d %H:%M}", primary.next_person) == ("kim", "01 09:00", "dana")
    assert find_on_call(name="primary") == primary
    assert on_call(at=clock() + timedelta(days=1))[1].person == "dana"
    assert [shift.person for shift in list_shifts(name="primary", until=clock() + timedelta(days=2))] == [
        "kim",
        "dana",
        "kim",
    ]
    with pytest.raises(InvalidSchedule):
        list_shifts(name="primary", until=clock() + timedelta(days=93))
    with pytest.raises(InvalidSchedule):
        list_shifts(name="primary", until=clock())


def test_the_newest_of_those_who_stand_in_counts_until_it_is_taken_back(clock: Any) -> None:
    add_schedule(name="primary", rotations=[TURNS])
    add_override(name="primary", person="dana", ends_at=clock() + timedelta(hours=4))
    clock.pass_by(minutes=1)
    newest = add_override(name="primary", person="sam", ends_at=clock() + timedelta(hours=2))
    assert find_on_call(name="primary").person == "sam"
    remove_override(name="primary", override_id=newest.pk)
    assert find_on_call(name="primary").person == "dana"
    clock.pass_by(hours=5)
    assert find_on_call(name="primary").person == "kim"
    for ends_at in (clock(), clock() + timedelta(days=400)):
        with pytest.raises(InvalidSchedule):
            add_override(name="primary", person="sam", ends_at=ends_at)


def test_once_people_are_entered_a_bug_can_be_theirs_their_teams_or_nobodys() -> None:
    add_team(name="shop", members=["kim"])
    User.objects.create_user("lee")  # a user of the service, whom no policy calls
    bug_id = reported(**URGENT).bug_id
    for name in ("kim", "lee", "shop", ""):
        assert assign(bug_id=bug_id, assignee=name).assignee == name
    for nobody in ("shopp", "a\0b"):
        with pytest.raises(InvalidBug):
            assign(bug_id=bug_id, assignee=nobody)
        with pytest.raises(InvalidBug) as refused:
            update_bug(bug_id=bug_id, assignee=nobody)
        assert refused.value.errors[0].field == "assignee"


def test_while_nobody_is_entered_any_name_will_do() -> None:
    Person.objects.all().delete()
    assert assign(bug_id=reported(**URGENT).bug_id, assignee="the night shift").assignee == "the night shift"


def test_what_is_named_elsewhere_stays_until_it_is_taken_out_there() -> None:
    add_team(name="shop", members=["kim"])
    add_schedule(name="primary", rotations=[TURNS])
    calling({"person": "sam"}, {"team": "shop"}, {"schedule": "primary"})
    with pytest.raises(PersonNeeded, match="Policies name sam: all"):
        remove_person(name="sam")
    with pytest.raises(PersonNeeded, match="Schedules name kim: primary"):
        remove_person(name="kim")
    with pytest.raises(TeamNeeded):
        remove_team(name="shop")
    with pytest.raises(ScheduleNeeded):
        remove_schedule(name="primary")
    with pytest.raises(ChannelInUse, match="People send by kim-mail: kim"):
        remove_channel(name="kim-mail")


def test_a_target_that_is_not_there_is_refused() -> None:
    for kind in ("person", "team", "schedule", "channel"):
        with pytest.raises(InvalidPolicy) as refused:
            calling({kind: "nobody"})
        assert refused.value.errors[0].detail == f"There is no {kind} nobody."


def test_a_person_is_a_user_with_channels_of_their_own() -> None:
    mailbox("lee-mail")
    with pytest.raises(InvalidPerson):
        add_person(name="lee", channels=["lee-mail"])
    User.objects.create_user("lee")
    for channels in ([], ["nowhere"], ["lee-mail"] * 21):
        with pytest.raises(InvalidPerson):
            add_person(name="lee", channels=channels)
    assert add_person(name="lee", channels=["lee-mail"]).channels == ["lee-mail"]
    with pytest.raises(PersonExists):
        add_person(name="lee", channels=["lee-mail"])
    assert change_person(name="lee", channels=["kim-mail"]).channels == ["kim-mail"]
    remove_person(name="lee")
    assert User.objects.filter(username="lee").exists()


def test_a_name_is_a_persons_or_a_teams_and_never_both() -> None:
    with pytest.raises(InvalidTeam):
        add_team(name="kim", members=["dana"])
    User.objects.create_user("shop")
    add_team(name="shop", members=["dana"])
    with pytest.raises(InvalidPerson):
        add_person(name="shop", channels=["kim-mail"])
    with pytest.raises(InvalidTeam):
        change_team(name="shop", members=["nobody"])
    assert change_team(name="shop", members=["kim", "dana"]).member_names == ["dana", "kim"]


def test_a_schedule_names_people_and_a_place_that_are_there() -> None:
    for said in (
        {"rotations": [{**TURNS, "people": ["nobody"]}]},
        {"rotations": [TURNS], "timezone": "Mars/Olympus"},
        {"rotations": []},
    ):
        with pytest.raises(InvalidSchedule):
            add_schedule(name="primary", **said)  # type: ignore[arg-type]


def test_a_schedule_is_changed_whole_or_not_at_all() -> None:
    add_schedule(name="primary", rotations=[TURNS])
    assert change_schedule(name="primary", timezone="Europe/Berlin").rotations == [TURNS]
    with pytest.raises(InvalidSchedule):
        change_schedule(name="primary", timezone="UTC", rotations=[])
    assert find_schedule(name="primary").timezone == "Europe/Berlin"


@pytest.mark.parametrize(
    ("find", "error"), [(find_person, PersonNotFound), (find_team, TeamNotFound), (find_schedule, ScheduleNotFound)]
)
def test_who_is_not_there_is_a_named_error(find: Callable[..., Any], error: type[Exception]) -> None:
    with pytest.raises(error, match="There is no"):
        find(name="nobody")
