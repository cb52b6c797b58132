"""A bug that an older rule of grouping made goes on being itself."""

from datetime import timedelta

import pytest
from django.utils import timezone

from escalation.checking import bug_id_of
from escalation.grouping.rule_1.fingerprint import compute_fingerprint as by_rule_1
from escalation.models import Bug, Group, Project
from tests.escalation.makers import reported
from tests.escalation.test_stacktrace import PYTHON

pytestmark = pytest.mark.django_db
ERROR = {"error_type": "KeyError", "error_message": "no item", "stack_trace": PYTHON}


def of_before() -> str:
    """A bug as rule 1 named it."""
    found = by_rule_1(**ERROR)
    return reported(**ERROR, bug_id=bug_id_of("KeyError", found)).bug_id


def transition(*, days: int) -> None:
    Project.objects.default()
    Project.objects.update(rule_before=1, rule_before_until=timezone.now() + timedelta(days=days))


def test_during_the_transition_the_bug_of_before_is_found_and_counted():
    before = of_before()
    transition(days=1)
    assert (reported(**ERROR).bug_id, reported(**ERROR).frequency) == (before, 3)
    assert Bug.objects.count() == 1


def test_once_found_it_is_remembered_beyond_the_transition():
    before = of_before()
    transition(days=1)
    reported(**ERROR)
    transition(days=-1)
    assert reported(**ERROR).bug_id == before
    assert Group.objects.count() == 1


def test_after_the_transition_what_never_returned_is_a_new_bug():
    before = of_before()
    transition(days=-1)
    assert reported(**ERROR).bug_id != before


def test_a_bug_that_its_reporter_named_is_looked_for_by_no_rule():
    of_before()
    transition(days=1)
    assert reported(**ERROR, bug_id="mine").bug_id == "mine"


def test_equal_errors_of_one_batch_find_the_bug_of_before_together():
    from escalation.checking import Report
    from escalation.reports import report_bugs

    before = of_before()
    transition(days=1)
    found = report_bugs(bugs=[Report(**ERROR, user_impact="low") for _ in range(3)])
    assert {bug.bug_id for bug in found} == {before}
    assert Bug.objects.get().frequency == 4
