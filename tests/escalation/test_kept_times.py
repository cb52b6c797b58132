"""How long bugs took, kept at the moves: equal to their times, whatever happened to them, and for bugs of before."""

from datetime import datetime, timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
import time_machine
from django.db import connection
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.errors import DomainError
from escalation import bugs, triage
from escalation.models import Bug, Cycle
from escalation.summary import summarise
from tests.escalation.makers import reported

pytestmark = pytest.mark.django_db
migration = import_module("escalation.migrations.0003_kept_times_and_indexes")

MOVES = {
    "report": lambda: reported(bug_id="a", user_impact="low"),
    "report critical": lambda: reported(bug_id="a", user_impact="critical", error_type="DataLoss"),
    "acknowledge": lambda: bugs.acknowledge(bug_id="a"),
    "investigate": lambda: bugs.investigate(bug_id="a"),
    "resolve": lambda: bugs.resolve(bug_id="a", resolution="fixed"),
    "resolve by a change": lambda: triage.update_bug(bug_id="a", status="resolved", resolution="fixed"),
    "reopen": lambda: bugs.reopen(bug_id="a"),
}


def told(row: Bug | Cycle) -> tuple[int | None, int | None]:
    """What the times of a row say."""
    return between(row.escalated_at, row.acknowledged_at), between(row.began_at, row.resolved_at)


def between(start: datetime, end: datetime | None) -> int | None:
    return None if end is None else (end - start) // timedelta(milliseconds=1)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(sorted(MOVES)), st.integers(1, 10**9)), max_size=12))
def test_kept_times_are_those_between_the_moments_after_any_moves(moves: list[tuple[str, int]]) -> None:
    Bug.objects.all().delete()
    with time_machine.travel(datetime(2026, 3, 4).astimezone(), tick=False) as clock:
        MOVES["report"]()
        for move, milliseconds in moves:
            clock.shift(timedelta(milliseconds=milliseconds))
            try:
                MOVES[move]()
            except DomainError:
                continue
    rows = [*Bug.objects.all(), *Cycle.objects.all()]
    assert [(row.acknowledge_ms, row.resolve_ms) for row in rows] == [told(row) for row in rows]


def test_a_clock_that_was_set_back_makes_no_time_negative() -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        reported(bug_id="a", user_impact="critical", error_type="DataLoss")
        clock.shift(timedelta(hours=-1))
        bugs.resolve(bug_id="a", resolution="fixed")
    assert Bug.objects.values_list("acknowledge_ms", "resolve_ms").get() == (0, 0)


def test_bugs_of_before_get_the_times_they_took() -> None:
    for number in range(3):
        reported(bug_id=f"{number}", user_impact="critical", error_type="DataLoss")
    bugs.resolve(bug_id="0", resolution="fixed")
    reported(bug_id="0")
    bugs.resolve(bug_id="1", resolution="fixed")
    Bug.objects.update(escalated_at=F("escalated_at") - timedelta(days=40, milliseconds=7))
    Bug.objects.update(acknowledge_ms=None, resolve_ms=None)
    Cycle.objects.update(acknowledge_ms=None, resolve_ms=0)
    migration.keep_times(None, SimpleNamespace(connection=connection))
    rows = [*Bug.objects.order_by("bug_id"), Cycle.objects.get()]
    kept, expected = [(row.acknowledge_ms, row.resolve_ms) for row in rows], [told(row) for row in rows]
    assert [[value is None for value in pair] for pair in kept] == [
        [value is None for value in pair] for pair in expected
    ]
    assert all(
        abs((a or 0) - (b or 0)) <= 1 for pair in zip(kept, expected, strict=True) for a, b in zip(*pair, strict=True)
    )


def test_the_summary_asks_five_times_however_many_bugs_there_are(django_assert_max_num_queries) -> None:
    reported(bug_id="a")
    with django_assert_max_num_queries(5):
        summarise()
