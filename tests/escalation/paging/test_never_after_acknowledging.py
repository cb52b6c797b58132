"""No message is sent after a person took notice, whatever happened before and in whatever order."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from config.context import acting_as
from config.errors import DomainError
from escalation.bugs import acknowledge, find_bug, investigate, mute, resolve
from escalation.channels import kinds
from escalation.channels.notice import Given, Notice
from escalation.channels.outcome import Outcome
from escalation.delivery.channels import add_channel
from escalation.delivery.sending import deliver
from escalation.maintenance.maintenance import add_maintenance, end_maintenance
from escalation.maintenance.turning import turn_due
from escalation.models import Bug, Delivery, Maintenance, Override, Person, Policy
from escalation.oncall.people import add_person
from escalation.oncall.schedules import add_override, add_schedule
from escalation.oncall.teams import add_team
from escalation.policies.advancing import advance_due
from escalation.policies.policies import add_policy
from tests.escalation.makers import reported

TIMELINES = 200
LOW = {"bug_id": "b", "error_type": "DatabaseError", "user_impact": "low"}
HIGH = {"bug_id": "b", "error_type": "DataLoss", "user_impact": "critical"}

TARGETS = ({"channel": "mail"}, {"person": "lee"}, {"team": "shop"}, {"schedule": "primary"})
TURNS = {"people": ["lee", "sam"], "starts_on": "2026-11-30", "days": 1}

happenings = st.one_of(
    st.integers(0, 400).map(lambda minutes: ("wait", minutes)),
    st.sampled_from(
        ["page", "send", "report", "rise", "agent", "mute", "fail", "recover", "maintain", "stand in", "end", "leave"]
    ).map(lambda verb: (verb, 0)),
)
policies = st.fixed_dictionaries(
    {
        "steps": st.lists(st.tuples(st.sampled_from([0, 1, 5, 60]), st.sampled_from(TARGETS)), min_size=1, max_size=4),
        "repeat": st.integers(0, 2),
        "renotify_minutes": st.sampled_from([None, 1, 30]),
        "quiet": st.sampled_from([None, {"from": "22:00", "until": "06:00", "timezone": "Europe/Berlin"}]),
    }
)


class World:
    """A clock, and a receiver that takes what is sent, or fails."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 30, 12, tzinfo=UTC)
        self.sent: list[datetime] = []
        self.fails = False

    def send(self, notice: Notice, given: Given) -> Outcome:
        if not notice.type.startswith("maintenance"):
            self.sent.append(self.now)
        return Outcome(request={}, error="away" if self.fails else "", status=500 if self.fails else 200)

    def happen(self, verb: str, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        try:
            self._do(verb)
        except DomainError:
            return  # what the state does not allow changes nothing

    def _do(self, verb: str) -> None:
        match verb:
            case "page":
                turn_due(), advance_due()
            case "send":
                for pk in list(Delivery.objects.due(at=self.now).values_list("pk", flat=True)):
                    deliver(delivery_id=pk)
            case "report" | "rise":
                reported(**(LOW if verb == "report" else HIGH))
            case "agent":
                with acting_as(actor="bot", door="mcp"):
                    acknowledge(bug_id="b")
            case "mute":
                mute(bug_id="b", until=self.now + timedelta(minutes=7))
            case "fail" | "recover":
                self.fails = verb == "fail"
            case _:
                self._do_besides(verb)

    def _do_besides(self, verb: str) -> None:
        match verb:
            case "maintain":
                until = self.now + timedelta(minutes=90)
                add_maintenance(name="disks", reason="disks", ends_at=until, channels=["notices"])
            case "end":
                end_maintenance(name="disks")
            case "stand in":
                add_override(name="primary", person="sam", ends_at=self.now + timedelta(hours=1))
            case "leave":
                User.objects.filter(username="lee").update(is_active=False)


@contextmanager
def a_world() -> Iterator[World]:
    for table in (Bug, Policy, Maintenance, Override):
        table.objects.all().delete()
    User.objects.update(is_active=True)
    world = World()
    kind = kinds.ChannelKind(asks=kinds.kind_of("email").asks, send=world.send)
    with (
        mock.patch.object(timezone, "now", side_effect=lambda: world.now),
        mock.patch("escalation.delivery.sending.kind_of", return_value=kind),
    ):
        if not Person.objects.exists():  # the examples of a test share them
            _people_to_call()
        yield world


def _people_to_call() -> None:
    for name in ("mail", "notices", "lee-mail", "sam-mail"):
        add_channel(name=name, kind="email", details={"to": ["kim@example.org"]})
    for name in ("lee", "sam"):
        User.objects.create_user(name)
        add_person(name=name, channels=[f"{name}-mail"])
    add_team(name="shop", members=["lee", "sam"])
    add_schedule(name="primary", rotations=[TURNS])


@pytest.mark.django_db
@settings(max_examples=TIMELINES)
@given(
    before=st.lists(happenings, max_size=8),
    after=st.lists(happenings.filter(lambda done: done[0] != "mute"), max_size=8),
    policy=policies,
    notice=st.sampled_from([acknowledge, investigate, lambda bug_id: resolve(bug_id=bug_id, resolution="done")]),
)
def test_nothing_is_sent_after_a_person_took_notice(
    before: list[Any], after: list[Any], policy: dict[str, Any], notice: Any
) -> None:
    with a_world() as world:
        steps = [{"delay_minutes": minutes, "targets": [target]} for minutes, target in policy["steps"]]
        add_policy(**{**policy, "name": "all", "steps": steps})
        for verb, minutes in [("rise", 0), *before]:
            world.happen(verb, minutes)
        with acting_as(actor="kim", door="rest"):
            notice(bug_id="b")
        assert not find_bug(bug_id="b").still_calls
        so_far = len(world.sent)
        resolved = find_bug(bug_id="b").status == "resolved"
        later = [done for done in after if not (resolved and done[0] in {"report", "rise"})]  # it came back: it calls
        for verb, minutes in [
            *later,
            ("wait", 600),
            ("page", 0),
            ("send", 0),
            ("wait", 9000),
            ("page", 0),
            ("send", 0),
        ]:
            world.happen(verb, minutes)
        assert len(world.sent) == so_far


@pytest.mark.django_db
def test_the_world_of_these_timelines_does_send() -> None:
    """The test above would say nothing of a world in which nobody is ever called."""
    with a_world() as world:
        steps = [{"delay_minutes": 5, "targets": [{"schedule": "primary"}, {"channel": "mail"}]}]
        add_policy(name="all", steps=steps, renotify_minutes=10)
        for verb, minutes in [
            ("rise", 0),
            ("wait", 5),
            ("page", 0),
            ("send", 0),
            ("wait", 10),
            ("page", 0),
            ("send", 0),
        ]:
            world.happen(verb, minutes)
        assert len(world.sent) == 4
