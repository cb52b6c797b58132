"""Figures of several tables by one statement, and the hour or day a row belongs to."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db.models import Count
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.database.figures import distinct_of, number_of, read_figures, sum_of
from config.database.moments import Day, Hour
from config.models import FailedLogin
from tests.escalation.makers import reported

pytestmark = pytest.mark.django_db


def test_figures_of_several_tables_come_by_one_statement(django_assert_num_queries: Any) -> None:
    from escalation.models import Bug, Occurrence

    for bug_id, frequency in (("a", 3), ("b", 4), ("a", 1)):
        reported(bug_id=bug_id, frequency=frequency)
    bugs = Bug.objects.order_by("-id")
    with django_assert_num_queries(1):
        found = read_figures(
            bugs=number_of(bugs),
            none=number_of(bugs.filter(bug_id="c")),
            reports=sum_of(bugs, "frequency"),
            nothing=sum_of(bugs.filter(bug_id="c"), "frequency"),
            seen=number_of(Occurrence.objects.filter(bug__bug_id="a")),
            types=distinct_of(bugs, "error_type"),
        )
    assert found == {"bugs": 2, "none": 0, "reports": 8, "nothing": 0, "seen": 2, "types": 1}
    assert all(type(figure) is int for figure in found.values())


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.datetimes(datetime(1653, 1, 1), datetime(5138, 1, 1), timezones=st.just(UTC)))
def test_an_hour_and_a_day_begin_where_python_says(at: datetime) -> None:
    FailedLogin.objects.all().delete()
    FailedLogin.objects.create(address="192.0.2.1", at=at)
    for unit, beginning in ((Hour, {}), (Day, {"hour": 0})):
        grouped = FailedLogin.objects.order_by().values_list(unit("at")).annotate(count=Count("*"))
        assert list(grouped) == [(at.replace(**beginning, minute=0, second=0, microsecond=0), 1)]
