"""The life of a bug."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.models import Event
from config.context import acting_as
from escalation import bugs, triage
from escalation.bugs import TRANSITIONS, BugNotFound, TransitionRefused
from escalation.fields import InvalidBug
from escalation.models import Bug, Status, Tag, TicketLink
from tests.escalation.makers import events, reported

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def perform(verb: str, bug_id: str) -> Bug:
    given = {"resolution": "fixed"} if verb == "resolve" else {}
    return getattr(bugs, verb)(bug_id=bug_id, **given)


def in_status(status: str) -> Bug:
    bug = reported(bug_id="one", user_impact="critical")
    path = {"pending": [], "acknowledged": ["acknowledge"], "investigating": ["investigate"], "resolved": ["resolve"]}
    for verb in path[status]:
        bug = perform(verb, "one")
    assert bug.status == status
    return bug


@pytest.mark.parametrize("status", Status.values)
@pytest.mark.parametrize("verb", TRANSITIONS)
def test_every_verb_from_every_status_does_what_the_table_says(verb, status):
    in_status(status)
    transition = TRANSITIONS[verb]
    if status in transition.sources:
        assert perform(verb, "one").status == transition.target
        assert events("one")[-1] == transition.event_type
        return
    before = events("one")
    with pytest.raises(TransitionRefused) as refused:
        perform(verb, "one")
    allowed = refused.value.detail.partition("Allowed now: ")[2].rstrip(".").split(", ")
    assert allowed == [name for name, other in TRANSITIONS.items() if status in other.sources]
    assert events("one") == before


@pytest.mark.parametrize("verb", TRANSITIONS)
def test_a_bug_that_is_not_there_is_named(verb):
    with pytest.raises(BugNotFound, match="nowhere"):
        perform(verb, "nowhere")


def test_resolving_keeps_how_when_and_who():
    reported(bug_id="one")
    with acting_as(actor="kim"):
        bug = bugs.resolve(bug_id="one", resolution="fixed; password=SEKRET1 rotated")
    assert bug.resolved_by == "kim"
    assert bug.resolution == "fixed; password=[secret] rotated"
    assert bug.resolved_at is not None
    assert bugs.reopen(bug_id="one", reason="still there").resolved_by == ""
    assert bugs.resolve(bug_id="one", resolution="again", resolved_by="lee").resolved_by == "lee"


@pytest.mark.parametrize("resolution", ["", "  ", "x" * 70_000, "\x00"])
def test_a_resolution_must_say_something(resolution):
    reported(bug_id="one")
    with pytest.raises(InvalidBug):
        bugs.resolve(bug_id="one", resolution=resolution)
    assert Bug.objects.get().status == "acknowledged"


def test_assigning_and_taking_back():
    reported(bug_id="one")
    assert bugs.assign(bug_id="one", assignee="kim").assignee == "kim"
    assert bugs.assign(bug_id="one", assignee="").assignee == ""
    assert events("one")[1:] == ["bug.assigned", "bug.unassigned"]


def test_a_muted_bug_counts_but_does_not_call_until_the_time_is_over():
    with time_machine.travel(NOW, tick=False) as clock:
        reported(bug_id="one", user_impact="medium")
        bugs.mute(bug_id="one", until=NOW + timedelta(hours=1))
        for _ in range(5):
            bug = reported(bug_id="one", user_impact="medium")
        assert (bug.priority, bug.status, bug.frequency) == ("high", "acknowledged", 6)
        clock.shift(timedelta(minutes=61))
        assert bugs.weigh_due_bugs() == 1
        bug.refresh_from_db()
        assert bug.status == "pending"
        assert events("one")[-1] == "bug.escalated"
        assert bugs.weigh_due_bugs() == 0


def test_muting_needs_a_time_to_come_and_an_open_bug():
    reported(bug_id="one")
    for wrong in (timezone.now() - timedelta(seconds=1), timezone.now() + timedelta(days=4000)):
        with pytest.raises(InvalidBug):
            bugs.mute(bug_id="one", until=wrong)
    assert bugs.mute(bug_id="one", until=timezone.now() + timedelta(days=1)).muted_until is not None
    assert bugs.mute(bug_id="one", until=None).muted_until is None
    bugs.resolve(bug_id="one", resolution="fixed")
    with pytest.raises(TransitionRefused):
        bugs.mute(bug_id="one", until=timezone.now() + timedelta(days=1))


def test_an_approaching_deadline_raises_the_priority_and_records_why():
    with time_machine.travel(NOW, tick=False) as clock:
        reported(bug_id="one", user_impact="medium", deadline_hours=30)
        assert bugs.weigh_due_bugs() == 0
        clock.shift(timedelta(hours=7))
        assert bugs.weigh_due_bugs() == 1
        bug = Bug.objects.get()
        assert (bug.score, bug.priority, bug.status) == (50, "high", "pending")
        clock.shift(timedelta(hours=20))
        bugs.weigh_due_bugs()
        bug.refresh_from_db()
        assert (bug.score, bug.priority) == (70, "high")
        assert bug.weigh_again_at is None
        assert bugs.weigh_due_bugs() == 0
    assert events("one") == ["bug.reported", "bug.priority_changed", "bug.escalated", "bug.weighed"]
    change = Event.objects.get(event_type="bug.priority_changed")
    assert (change.old_value["priority"], change.new_value["priority"]) == ("medium", "high")
    assert "less than 24 hours to the deadline (20)" in change.context["because"]


def test_a_resolved_bug_is_not_weighed():
    with time_machine.travel(NOW, tick=False) as clock:
        reported(bug_id="one", deadline_hours=30)
        bugs.resolve(bug_id="one", resolution="fixed")
        clock.shift(timedelta(hours=40))
        assert bugs.weigh_due_bugs() == 0


def test_an_update_changes_what_it_names_in_one_event():
    reported(bug_id="one", user_impact="low", tags=["old"])
    bug = triage.update_bug(
        bug_id="one",
        status="investigating",
        user_impact="critical",
        assignee="kim",
        deadline_hours=3,
        tags=["New", "two"],
        metadata={"token": "x", "a": 1},
    )
    assert (bug.status, bug.user_impact, bug.assignee, bug.priority) == ("investigating", "critical", "kim", "critical")
    assert sorted(tag.name for tag in bug.tags.all()) == ["new", "two"]
    assert bug.metadata == {"token": "[secret]", "a": 1}
    assert events("one")[1:] == ["bug.investigation_started", "bug.priority_changed"]


def test_an_update_that_changes_nothing_records_nothing():
    reported(bug_id="one", tags=["a"], metadata={"a": 1})
    triage.update_bug(bug_id="one", status="acknowledged", assignee="", tags=["a"], metadata={"a": 1})
    assert events("one") == ["bug.reported"]
    triage.update_bug(bug_id="one", metadata={"a": 2})
    assert events("one") == ["bug.reported", "bug.updated"]


def test_an_update_keeps_the_rules_of_the_verbs():
    reported(bug_id="one", user_impact="critical")
    with pytest.raises(InvalidBug):
        triage.update_bug(bug_id="one", status="resolved")
    triage.update_bug(bug_id="one", status="resolved", resolution="fixed", resolved_by="kim")
    with pytest.raises(TransitionRefused):
        triage.update_bug(bug_id="one", status="investigating")
    assert triage.update_bug(bug_id="one", status="pending").status == "pending"


def test_a_deadline_can_be_moved_and_taken_away():
    reported(bug_id="one", user_impact="high", deadline_hours=2)
    assert triage.update_bug(bug_id="one", deadline_hours=100).score == 45
    assert triage.update_bug(bug_id="one", deadline_hours=None).deadline_at is None


def test_a_ticket_is_linked_once_and_updated():
    reported(bug_id="one")
    triage.link_ticket(bug_id="one", system="github", ticket_id="a/b#1", url="https://u:SEKRET1@github.example/1")
    link = triage.link_ticket(bug_id="one", system="github", ticket_id="a/b#1", link_type="resolves", status="closed")
    assert TicketLink.objects.count() == 1
    assert (link.link_type, link.status) == ("resolves", "closed")
    assert events("one")[1:] == ["bug.ticket_linked", "bug.ticket_linked"]
    assert "SEKRET1" not in str(list(Event.objects.values()))


@pytest.mark.parametrize(
    ("field", "value"),
    [("system", "fax"), ("ticket_id", ""), ("url", "javascript:alert(1)"), ("link_type", "x"), ("status", "x" * 51)],
)
def test_a_link_must_make_sense(field, value):
    reported(bug_id="one")
    with pytest.raises(InvalidBug) as refused:
        triage.link_ticket(**{"bug_id": "one", "system": "jira", "ticket_id": "A-1"} | {field: value})
    assert refused.value.errors[0].field == field


def test_tags_go_with_the_bug_and_with_the_tag():
    reported(bug_id="one", tags=["a", "b"])
    triage.update_bug(bug_id="one", tags=["a", "B", "c"])
    Tag.objects.get(name="a").delete()
    bug = Bug.objects.get()
    assert [tag.name for tag in bug.tags.all()] == ["b", "c"]
    bug.delete()
    assert Bug.tags.through.objects.count() == 0


@pytest.mark.parametrize(
    "wrong", [{"frequency": 0}, {"status": "lost"}, {"priority": "p1"}, {"user_impact": "x"}, {"status": "resolved"}]
)
def test_the_database_itself_refuses_impossible_bugs(wrong):
    reported(bug_id="one")
    with pytest.raises(IntegrityError), transaction.atomic():
        Bug.objects.update(**wrong)


def test_a_bug_is_found_by_its_id_or_said_to_be_nowhere():
    reported(bug_id="one", tags=["a"])
    assert [tag.name for tag in bugs.find_bug(bug_id="one").tags.all()] == ["a"]
    with pytest.raises(BugNotFound, match="List the bugs"):
        bugs.find_bug(bug_id="One")
