"""A burst of reports: what single reports would leave, for the price of one."""

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from audit.models import Event
from config.context import acting_as
from config.errors import DomainError
from escalation import bugs, checking, digest, triage
from escalation.checking import Report
from escalation.fields import MOST_AT_ONCE, InvalidBug
from escalation.models import Bug, Occurrence
from escalation.occurrences import clean_up_occurrences
from escalation.reports import report_bug, report_bugs
from tests.escalation.makers import reported
from tests.escalation.test_stacktrace import PYTHON

pytestmark = pytest.mark.django_db
EQUAL = {"bug_id": "one", "error_type": "KeyError", "error_message": "no item", "user_impact": "medium"}


def burst(count: int, **given: Any) -> list[Bug]:
    return report_bugs(bugs=[Report(**(EQUAL | given)) for _ in range(count)])


def chain(bug_id: str) -> list[Event]:
    """The events of a bug, each of which must begin where the one before ended."""
    found = list(Event.objects.of("bug", bug_id).order_by("id"))
    assert [event.old_value for event in found[1:]] == [event.new_value for event in found[:-1]]
    return found


# ---------------------------------------------------------------- what is told


def test_the_first_burst_of_a_bug_tells_its_beginning_its_rise_and_its_call():
    burst(20)
    made, risen, called = chain("one")
    assert [made.event_type, risen.event_type, called.event_type] == [
        "bug.reported",
        "bug.priority_changed",
        "bug.escalated",
    ]
    assert (made.old_value, made.new_value["priority"], made.new_value["score"]) == (None, "medium", 30)
    assert (made.new_value["status"], made.new_value["frequency"]) == ("acknowledged", 20)
    assert (risen.new_value["priority"], risen.new_value["score"]) == ("high", 50)
    assert "seen 20 times: 5 points each, at most 25 (25)" in risen.context["because"]
    assert called.context["because"] == "high and acknowledged by nobody"
    assert called.new_value["status"] == Bug.objects.get().status == "pending"


def test_a_burst_of_a_known_bug_is_one_event_with_the_whole_count():
    burst(10)
    before = len(chain("one"))
    burst(200)
    [again] = chain("one")[before:]
    assert again.event_type == "bug.reported_again"
    assert (again.old_value["frequency"], again.new_value["frequency"]) == (10, 210)


def test_a_bug_that_was_urgent_within_a_burst_only_calls_as_after_single_reports():
    reported(bug_id="one", user_impact="medium")
    types = ["DataLoss", "Odd", "Odd"]
    [bug] = set(report_bugs(bugs=[Report(**EQUAL | {"error_type": name}) for name in types]))
    assert (bug.priority, bug.status) == ("medium", "pending")
    assert [event.event_type for event in chain("one")] == ["bug.reported", "bug.reported_again", "bug.escalated"]
    assert chain("one")[-1].context["because"] == "high and acknowledged by nobody"


def test_a_burst_brings_a_resolved_bug_back_once():
    reported(bug_id="one", deadline_hours=1)
    bugs.resolve(bug_id="one", resolution="restarted it")
    bug = burst(3, deadline_hours=30)[0]
    assert (bug.status, bug.frequency, bug.cycles.count()) == ("pending", 4, 1)
    assert bug.deadline_at > bug.last_seen_at + timedelta(hours=29), "The deadline of its old life ended with it."
    [returned] = [event for event in chain("one") if event.event_type == "bug.reopened"]
    assert returned.context == {"because": "reported again", "resolution": "restarted it"}


def test_a_trace_from_the_middle_of_a_burst_stays():
    report_bugs(bugs=[Report(**EQUAL, stack_trace=trace) for trace in (None, PYTHON, None, "")])
    assert Bug.objects.get().stack_trace == PYTHON


def test_each_report_is_answered_by_its_bug_in_the_order_they_came():
    found = report_bugs(bugs=[Report(**EQUAL | {"bug_id": name}) for name in ("b", "a", "b", "c", "a")])
    assert [bug.bug_id for bug in found] == ["b", "a", "b", "c", "a"]
    assert {bug.bug_id: bug.frequency for bug in found} == {"a": 2, "b": 2, "c": 1}


def test_every_report_is_kept_with_who_sent_it_as_far_as_retention_would_leave_it():
    with override_settings(OCCURRENCES_PER_BUG=4), acting_as(actor="ci", correlation_id="run-17"):
        report_bugs(bugs=[Report(**EQUAL | {"error_message": f"number {number}"}) for number in range(9)])
        told = list(Occurrence.objects.order_by("id").values_list("error_message", "reporter", "correlation_id"))
        assert [message for message, _, _ in told] == ["number 0", "number 6", "number 7", "number 8"]
        assert {(reporter, run) for _, reporter, run in told} == {("ci", "run-17")}
        report_bugs(bugs=[Report(**EQUAL | {"error_message": f"later {number}"}) for number in range(9)])
        assert [row.error_message for row in Occurrence.objects.order_by("id")[4:]] == [
            f"later {n}" for n in (5, 6, 7, 8)
        ]


def test_an_occurrence_is_read_back_as_it_was_reported():
    given = {"metadata": {"n": [1, None, "\u00e4"]}, "stack_trace": None, "error_message": "100 % of ?"}
    [bug] = report_bugs(bugs=[Report(**EQUAL | given)])
    row = bug.occurrences.get()
    assert {name: getattr(row, name) for name in given} == given
    assert (row.seen_at, row.fingerprint, row.user_impact) == (bug.last_seen_at, bug.fingerprint, "medium")


# ---------------------------------------------------------------- what is refused


def test_one_wrong_report_stores_none_and_is_named_by_its_index():
    wrong = [Report(**EQUAL), Report(**EQUAL | {"user_impact": "huge"}), Report(**EQUAL, tags=["a", "b,c"])]
    with pytest.raises(InvalidBug) as refused:
        report_bugs(bugs=wrong)
    assert [error.field for error in refused.value.errors] == ["bugs[1].user_impact", "bugs[2].tags[1]"]
    assert not Bug.objects.exists()
    assert not Event.objects.of("bug", "one").exists()


@pytest.mark.parametrize("count", [0, MOST_AT_ONCE + 1])
def test_a_burst_has_bounds(count):
    with pytest.raises(InvalidBug, match="1 to 500"):
        burst(count)


def test_what_the_database_refuses_leaves_nothing_of_the_burst():
    with patch.object(digest, "tell", side_effect=IntegrityError), pytest.raises(IntegrityError):
        burst(3)
    assert not Bug.objects.exists()


# ---------------------------------------------------------------- what it costs


def cost(work: Callable[[], object]) -> tuple[int, int]:
    """Statements and events."""
    before = Event.objects.count()
    with CaptureQueriesContext(connection) as found:
        work()
    statements = [query["sql"] for query in found if "SAVEPOINT" not in query["sql"]]
    return len(statements), Event.objects.count() - before


def test_a_burst_costs_the_statements_and_events_of_one_report():
    burst(10)
    single = cost(lambda: burst(1))
    assert single[0] <= 7, "the bug, its tags and tickets, its update, its event, its occurrence, its hour"
    assert cost(lambda: burst(2)) == cost(lambda: burst(MOST_AT_ONCE)) == single


def test_a_burst_of_several_bugs_costs_an_update_more_for_each():
    sent = [Report(**EQUAL | {"bug_id": f"bug-{number % 10}"}) for number in range(100)]
    report_bugs(bugs=sent)
    several, single = cost(lambda: report_bugs(bugs=sent)), cost(lambda: burst(1, bug_id="bug-0"))
    assert (several[0] - single[0], several[1]) == (9, 10)


def test_the_first_burst_costs_the_statements_of_a_first_report():
    single, many = (
        cost(lambda count=count: burst(count, bug_id=str(count), tags=["a"])) for count in (1, MOST_AT_ONCE)
    )
    assert many[0] <= single[0] + 1, "So many are urgent: it is looked for whom to call."
    assert (single[1], many[1]) == (1, 3)


def test_equal_texts_of_a_burst_are_searched_for_secrets_once(monkeypatch):
    searched: list[str] = []
    real = checking.blank
    monkeypatch.setattr(checking, "blank", lambda text: searched.append(text) or real(text))
    report_bugs(bugs=[Report(**EQUAL | {"error_message": f"no {n % 3}"}, stack_trace=PYTHON) for n in range(30)])
    assert sorted(searched) == sorted(["KeyError", "no 0", "no 1", "no 2", PYTHON])


def test_what_was_remembered_of_a_burst_goes_with_it(monkeypatch):
    """Its keys are texts as they came; nothing may hold on to them, not even until the next garbage collection."""
    made: list[weakref.ref[Any]] = []
    real = checking._Cleaner.__init__

    def remember(self: Any) -> None:
        real(self)
        made.extend([weakref.ref(self), *(weakref.ref(kept) for kept in vars(self).values())])

    monkeypatch.setattr(checking._Cleaner, "__init__", remember)
    gc.disable()
    try:
        burst(3, error_message="password=SEKRET1")
        assert made
        assert not [ref() for ref in made if ref() is not None]
    finally:
        gc.enable()


# ---------------------------------------------------------------- many writers


@pytest.mark.django_db(transaction=True)
def test_bursts_of_the_same_new_bugs_at_the_same_time_are_all_counted():
    names = [f"bug-{number}" for number in range(8)]
    start, failed = threading.Barrier(4), []

    def send(order: list[str]) -> None:
        start.wait()
        try:
            for _ in range(3):
                report_bugs(bugs=[Report(**EQUAL | {"bug_id": name}, tags=[name]) for name in order])
        except Exception as error:  # noqa: BLE001  -- shown by the assertion
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=(order,)) for order in (names, names[::-1]) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert dict(Bug.objects.values_list("bug_id", "frequency")) == dict.fromkeys(names, 12)
    assert Occurrence.objects.count() == 12 * len(names)
    assert [len(chain(name)) >= 3 for name in names] == [True] * len(names)


def test_a_burst_that_loses_several_races_is_counted_once(monkeypatch):
    """Before each try somebody else inserts one more of its bugs."""
    store, names = digest._store, ["a", "b", "c", "d"]
    others = list(names)

    def lose(batch: digest.Batch) -> dict[str, Bug]:
        if others:
            name = others.pop()
            store({name: checking.check([Report(**EQUAL | {"bug_id": name})])})
            raise IntegrityError
        return store(batch)

    monkeypatch.setattr(digest, "_store", lose)
    found = report_bugs(bugs=[Report(**EQUAL | {"bug_id": name}) for name in names])
    assert {bug.bug_id: bug.frequency for bug in found} == dict.fromkeys(names, 2)


# ---------------------------------------------------------------- a burst and single reports

BEGINNING = datetime(2026, 11, 30, tzinfo=UTC)


class Clock:
    """A time that stands still until it is told to pass, so that every column of both lives can be compared."""

    def __init__(self) -> None:
        self.time = BEGINNING

    def __call__(self) -> datetime:
        return self.time


PARTS: dict[str, st.SearchStrategy[Any]] = {
    "bug_id": st.sampled_from(["one", "one", "two", "", "login:password=SEKRET1"]),
    "error_type": st.sampled_from(["KeyError", "DataLoss"]),
    "error_message": st.sampled_from(["no item 17", "no item 4711", "password=SEKRET1", ""]),
    "user_impact": st.sampled_from(["low", "medium", "high", "critical"]),
    "stack_trace": st.sampled_from([None, "", PYTHON, "no frames"]),
    "deadline_hours": st.sampled_from([None, 0.01, 2, 20, 30]),
    "frequency": st.sampled_from([1, 2, 1_000_000]),
    "metadata": st.dictionaries(st.sampled_from("ab"), st.sampled_from([1, "token=SEKRET1", None])),
    "tags": st.lists(st.sampled_from(["x", "Y", "y", "z"]), max_size=3),
}
SEVERITIES = st.tuples(st.sampled_from(["KeyError", "DataLoss"]), st.sampled_from(["low", "medium"]))

Step = tuple[str, Any]
a_burst: st.SearchStrategy[Step] = st.lists(st.fixed_dictionaries(PARTS), min_size=1, max_size=8).map(
    lambda sent: ("report", sent)
)
a_move: st.SearchStrategy[Step] = st.sampled_from(
    [
        ("acknowledge", {}),
        ("investigate", {}),
        *[("resolve", {"resolution": "restarted it"})] * 3,
        ("reopen", {}),
        ("mute", {"hours": 2}),
        ("mute", {"hours": None}),
        ("assign", {"assignee": "kim"}),
        ("update", {"user_impact": "low", "tags": ["q"]}),
        ("update", {"deadline_hours": 40, "metadata": {"c": 1}}),
        ("link", {"system": "jira", "ticket_id": "A-1"}),
        ("wait", {"hours": 3}),
    ]
)
lives = st.lists(st.tuples(a_burst, st.lists(a_move, max_size=2)), min_size=1, max_size=4).map(
    lambda parts: [step for burst, moves in parts for step in (burst, *moves)]
)


def live(life: list[Step], report: Callable[[list[dict[str, Any]]], object]) -> dict[str, Any]:
    """Everything that a life leaves behind: of every bug each column, and what hangs on it."""
    clock = Clock()
    with patch("django.utils.timezone.now", clock):
        for verb, given in life:
            if verb == "report":
                report(given)
            elif verb == "wait":
                clock.time += timedelta(hours=given["hours"])
                bugs.weigh_due_bugs()
            else:
                move_all(verb, given, clock)
        clean_up_occurrences()
        return {bug.bug_id: left_of(bug) for bug in Bug.objects.all()}


def move_all(verb: str, given: dict[str, Any], clock: Clock) -> None:
    others = {"update": triage.update_bug, "link": triage.link_ticket}
    if verb == "mute":
        given = {"until": given["hours"] and clock.time + timedelta(hours=given["hours"])}
    for bug_id in sorted(Bug.objects.values_list("bug_id", flat=True)):
        with suppress(DomainError):
            (others.get(verb) or getattr(bugs, verb))(bug_id=bug_id, **given)


def left_of(bug: Bug) -> dict[str, Any]:
    def rows(found: Any) -> list[dict[str, Any]]:
        return [
            {name: value for name, value in row.items() if name not in {"id", "bug_id", "project_id"}}
            for row in found.order_by("id").values()
        ]

    last = chain(bug.bug_id)[-1]
    assert last.new_value == bug.state(), "The trail ends with the bug as it is."
    [columns] = rows(Bug.objects.filter(pk=bug.pk))
    columns["project"] = bug.project.slug
    columns["tags"] = sorted(bug.tags.values_list("name", flat=True))
    return columns | {name: rows(getattr(bug, name)) for name in ("tickets", "cycles", "occurrences")}


def report_singly(sent: list[dict[str, Any]]) -> None:
    for report in sent:
        report_bug(**report)


def report_at_once(sent: list[dict[str, Any]]) -> None:
    before = Event.objects.count()
    found = report_bugs(bugs=[Report(**report) for report in sent])
    assert Event.objects.count() - before <= 3 * len(set(found)), "itself, its priority, its call"


@contextmanager
def taken_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def assert_alike(life: list[Step]) -> None:
    with taken_back():
        singly = live(life, report_singly)
    with taken_back():
        at_once = live(life, report_at_once)
    assert at_once == singly


class Lives(TestCase):
    @settings(max_examples=40, deadline=None)
    @given(lives)
    @override_settings(OCCURRENCES_PER_BUG=3)
    def test_a_life_in_bursts_leaves_what_one_in_single_reports_leaves(self, life):
        assert_alike(life)

    @settings(max_examples=40, deadline=None)
    @given(st.lists(SEVERITIES, min_size=3, max_size=3), st.booleans())
    def test_what_was_urgent_for_a_moment_within_a_burst_leaves_what_single_reports_leave(self, severities, muted):
        """The end of such a burst does not show it; of reports of all kinds few are so."""
        sent = [EQUAL | {"error_type": name, "user_impact": impact} for name, impact in severities]
        beginning: list[Step] = [("report", [EQUAL | {"user_impact": "low"}]), *[("mute", {"hours": 2})] * muted]
        assert_alike([*beginning, ("report", sent)])
