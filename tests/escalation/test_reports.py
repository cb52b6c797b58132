"""Reporting bugs."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from audit.models import Event
from config.context import acting_as
from escalation import bugs, digest, triage
from escalation.fields import InvalidBug
from escalation.models import Bug, Occurrence
from escalation.reports import report_bug
from tests.escalation.makers import events, reported
from tests.escalation.test_stacktrace import PYTHON

pytestmark = pytest.mark.django_db


def test_a_first_report_makes_a_weighed_bug_with_its_occurrence_and_event():
    bug = report_bug(
        bug_id="db-1",
        error_type="DatabaseConnectionError",
        error_message="refused",
        user_impact="high",
        frequency=10,
        deadline_hours=2,
        metadata={"host": "web-3"},
        tags=["Checkout", "db", "db"],
    )
    bug.refresh_from_db()
    assert (bug.priority, bug.score, bug.status, bug.frequency) == ("critical", 105, "pending", 10)
    assert sum(factor["points"] for factor in bug.priority_factors) == 105
    assert abs(bug.deadline_at - timezone.now() - timedelta(hours=2)) < timedelta(minutes=1)
    assert sorted(tag.name for tag in bug.tags.all()) == ["checkout", "db"]
    assert bug.occurrences.count() == 1
    assert events("db-1") == ["bug.reported"]


@pytest.mark.parametrize(
    ("impact", "status"),
    [("low", "acknowledged"), ("medium", "acknowledged"), ("high", "acknowledged"), ("critical", "pending")],
)
def test_only_high_and_critical_bugs_start_pending(impact, status):
    assert reported(user_impact=impact).status == status


def test_a_high_bug_starts_pending():
    bug = reported(error_type="APIError", user_impact="high")
    assert (bug.priority, bug.status) == ("high", "pending")


def test_a_repeated_report_raises_the_frequency_and_keeps_the_history():
    for number in range(5):
        bug = reported(bug_id="one", user_impact="medium", error_message=f"number {number}")
    assert (bug.frequency, bug.score, bug.priority) == (5, 50, "high")
    assert Bug.objects.count() == 1
    assert [row.error_message for row in Occurrence.objects.order_by("id")] == [f"number {n}" for n in range(5)]
    assert bug.error_message == "number 4"
    last = Event.objects.of("bug", "one").filter(event_type="bug.reported_again").latest("id")
    assert (last.old_value["frequency"], last.new_value["frequency"]) == (4, 5)


def test_without_an_id_the_same_error_is_the_same_bug():
    first = report_bug(error_type="KeyError", error_message="no item 17", user_impact="low")
    again = report_bug(error_type="KeyError", error_message="no item 4711", user_impact="low")
    other = report_bug(error_type="KeyError", error_message="no user 17", user_impact="low")
    traced = report_bug(error_type="KeyError", error_message="no item 17", stack_trace=PYTHON, user_impact="low")
    assert first.bug_id == again.bug_id
    assert again.frequency == 2
    assert len({first.bug_id, other.bug_id, traced.bug_id}) == 3
    assert first.bug_id.startswith("KeyError-")


def test_the_worst_impact_and_the_nearest_deadline_stay():
    reported(bug_id="one", user_impact="high", deadline_hours=3)
    bug = reported(bug_id="one", user_impact="low", deadline_hours=48)
    assert bug.user_impact == "high"
    assert bug.deadline_at < timezone.now() + timedelta(hours=4)


def test_a_report_without_a_trace_leaves_the_earlier_one_and_metadata_is_merged():
    reported(bug_id="one", stack_trace=PYTHON, metadata={"a": 1, "b": 1})
    bug = reported(bug_id="one", metadata={"b": 2})
    assert bug.stack_trace == PYTHON
    assert bug.metadata == {"a": 1, "b": 2}


def test_a_resolved_bug_that_comes_back_reopens_and_says_so():
    reported(bug_id="one", deadline_hours=2)
    bugs.resolve(bug_id="one", resolution="restarted it", resolved_by="kim")
    bug = reported(bug_id="one")
    assert (bug.status, bug.frequency, bug.resolved_at, bug.resolution) == ("pending", 2, None, "")
    assert bug.deadline_at is None
    event = Event.objects.of("bug", "one").get(event_type="bug.reopened")
    assert event.context["because"] == "reported again"
    assert event.context["resolution"] == "restarted it"
    assert (event.old_value["status"], event.new_value["status"]) == ("resolved", "pending")


def test_a_bug_that_nobody_looked_at_calls_when_it_becomes_high():
    for _ in range(4):
        bug = reported(bug_id="one", user_impact="medium")
    assert (bug.priority, bug.status) == ("medium", "acknowledged")
    bug = reported(bug_id="one", user_impact="medium")
    assert (bug.priority, bug.status) == ("high", "pending")
    assert events("one")[-3:] == ["bug.reported_again", "bug.priority_changed", "bug.escalated"]
    states = [event.new_value for event in Event.objects.of("bug", "one").order_by("id")]
    befores = [event.old_value for event in Event.objects.of("bug", "one").order_by("id")]
    assert befores[1:] == states[:-1], "each event begins where the one before it ended"


def test_a_bug_that_somebody_investigates_does_not_call_again():
    reported(bug_id="one", user_impact="medium")
    bugs.investigate(bug_id="one")
    for _ in range(5):
        bug = reported(bug_id="one", user_impact="medium")
    assert (bug.priority, bug.status) == ("high", "investigating")


def test_secrets_are_gone_before_anything_is_stored():
    bug = report_bug(
        bug_id="leak",
        error_type="APIError",
        error_message="login with password=SEKRET1 refused",
        stack_trace=f'{PYTHON}    headers = {{"Authorization": "Bearer SEKRET1abcd"}}',
        user_impact="low",
        metadata={"request": {"url": "https://u:SEKRET1@h/", "cookies": {"sid": "SEKRET1"}}},
    )
    everything = [*Bug.objects.values(), *Occurrence.objects.values(), *Event.objects.values()]
    assert "SEKRET1" not in str(everything)
    assert bug.metadata["request"]["cookies"] == "[secret]"


def test_the_reporter_and_the_correlation_id_are_kept():
    with acting_as(actor="ci", correlation_id="run-17"):
        bug = reported()
    occurrence = bug.occurrences.get()
    assert (occurrence.reporter, occurrence.correlation_id) == ("ci", "run-17")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bug_id", "a/b"),
        ("bug_id", ".."),
        ("bug_id", " a"),
        ("bug_id", "a\nb"),
        ("bug_id", "a\x00b"),
        ("bug_id", "x" * 256),
        ("error_type", ""),
        ("error_type", "two\nlines"),
        ("error_type", "x" * 256),
        ("error_message", "nul \x00"),
        ("error_message", "half \ud800"),
        ("error_message", "x" * 70_000),
        ("stack_trace", "x" * 300_000),
        ("user_impact", "huge"),
        ("deadline_hours", float("nan")),
        ("deadline_hours", 0.0),
        ("deadline_hours", -3.0),
        ("deadline_hours", 1e300),
        ("frequency", 0),
        ("frequency", True),
        ("metadata", {"a": float("inf")}),
        ("metadata", {"a": "\x00"}),
        ("metadata", {"a": "x" * 300_000}),
        ("tags", ["a,b"]),
        ("tags", [""]),
        ("tags", ["x" * 65]),
        ("tags", ["a"] * 51),
    ],
)
def test_what_cannot_be_stored_is_refused_by_the_field(field, value):
    with pytest.raises(InvalidBug) as refused:
        reported(**{field: value})
    assert refused.value.errors[0].field.startswith(field)
    assert not Bug.objects.exists()


@pytest.mark.parametrize(
    "bug_id", ["JIRA-12", "org:repo#12", "Fehler 7", "a%2Fb", "a?b=c", "ä.ö", "\U0001f600", "back\\slash"]
)
def test_odd_ids_are_fine(bug_id):
    assert reported(bug_id=bug_id).bug_id == bug_id


def test_a_report_that_loses_the_race_to_insert_is_counted(monkeypatch):
    """The first look finds nothing, although another reporter has inserted by then."""
    reported(bug_id="one")
    locked = digest._locked
    looks: list[digest.Batch] = []

    def miss_once(batch: digest.Batch) -> dict[str, Bug]:
        looks.append(batch)
        return locked(batch) if len(looks) > 1 else {}

    monkeypatch.setattr(digest, "_locked", miss_once)
    assert reported(bug_id="one").frequency == 2
    assert Bug.objects.count() == 1
    assert Occurrence.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_reporters_at_the_same_time_are_all_counted():
    start = threading.Barrier(6)

    def report() -> None:
        start.wait()
        for _ in range(5):
            reported(bug_id="one")
        connections.close_all()

    threads = [threading.Thread(target=report) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Bug.objects.get().frequency == 30
    assert Occurrence.objects.count() == 30


steps = st.lists(
    st.tuples(st.sampled_from(["low", "medium", "high", "critical"]), st.integers(1, 3)), min_size=1, max_size=6
)


class Repeated(TestCase):
    @settings(max_examples=25, deadline=None)
    @given(steps)
    def test_the_frequency_is_the_sum_and_the_priority_never_falls(self, steps):
        scores = [reported(bug_id="one", user_impact=impact, frequency=times).score for impact, times in steps]
        assert Bug.objects.get().frequency == sum(times for _, times in steps)
        assert scores == sorted(scores)
        assert Occurrence.objects.count() == len(steps)


def test_a_bug_with_a_large_double_is_reported_again_changed_and_linked():
    reported(bug_id="one", metadata={"n": 1.2345678901234567e22})
    assert reported(bug_id="one").metadata == {"n": 1.2345678901234567e22}
    assert triage.update_bug(bug_id="one", assignee="kim").assignee == "kim"
