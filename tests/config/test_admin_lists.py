"""What the admin's lists show without reading whole tables: numbers to a bound, values, months, exact searches."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib import admin
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import config.urls  # noqa: F401 -- which loads every table's page
from audit import trail
from audit.models import Event
from config.admin import ToolAdmin
from config.pages import admin_lists
from config.pages.admin_lists import MonthFilter, leads_an_index

pytestmark = pytest.mark.django_db
LIST = "/admin/audit/event/"
OURS = {model: shown for model, shown in admin.site._registry.items() if isinstance(shown, ToolAdmin)}


def record(event_type: str = "a.changed", *, at: datetime | None = None, entity_id: str = "1") -> Event:
    return trail.record(event_type=event_type, entity_type="a", entity_id=entity_id, timestamp=at)


def shown(client: Client, **query: str) -> list[Event]:
    answer = client.get(LIST, query)
    assert answer.status_code == 200, answer.headers
    return list(answer.context["cl"].result_list)


def page(client: Client, **query: str) -> str:
    return client.get(LIST, query).content.decode()


def test_rows_are_counted_to_a_bound(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_lists, "MOST_COUNTED", 5)
    for _ in range(4):
        record()
    assert "\n4 events" in page(admin_client)
    for _ in range(4):
        record()
    assert "5 or more events" in page(admin_client)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=5), max_size=6))
def test_the_values_of_an_indexed_column_are_all_of_them_once(values: set[str]) -> None:
    from audit.ledger.triggers import removal_permit

    with removal_permit("a test"):
        Event.objects.all()._raw_delete("default")
    rows = [Event(event_type=value, entity_type="a", entity_id="1", actor="ann") for value in [*values, *values]]
    Event.objects.bulk_create(rows)
    found = list(admin_lists.values_of(Event, "event_type"))
    assert sorted(found) == sorted(values)
    assert len(found) == len(values)


def test_more_values_than_anybody_reads_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_lists, "MOST_VALUES", 3)
    for number in range(5):
        record(f"kind.{number}")
    assert list(admin_lists.values_of(Event, "event_type")) == ["kind.0", "kind.1", "kind.2"]


def test_a_column_without_an_index_is_not_stepped_through() -> None:
    fields = [Event._meta.get_field(name) for name in ("event_type", "actor", "uid", "salt", "agent")]
    leading = {field.name for field in fields if leads_an_index(field)}
    assert leading == {"event_type", "actor", "uid"}, "the index of agents leaves the blanks out"


def test_months_lead_from_the_newest_row_to_the_oldest(admin_client: Client) -> None:
    for at in (datetime(2025, 11, 30, 23, 59, 59, tzinfo=UTC), datetime(2025, 12, 1, tzinfo=UTC)):
        record(at=at)
    january = record(at=datetime(2026, 1, 31, 23, 59, 59, 999999, tzinfo=UTC))
    text = page(admin_client)
    assert [text.index(f"timestamp__month={month}") for month in ("2026-01", "2025-12", "2025-11")] == sorted(
        text.index(f"timestamp__month={month}") for month in ("2026-01", "2025-12", "2025-11")
    )
    assert shown(admin_client, timestamp__month="2026-01") == [january]
    assert [event.timestamp.day for event in shown(admin_client, timestamp__month="2025-12")] == [1]
    assert [event.timestamp.day for event in shown(admin_client, timestamp__month="2025-11")] == [30]


@settings(max_examples=50)
@given(st.datetimes(datetime(1653, 1, 1), datetime(5138, 1, 1)), st.timedeltas(timedelta(0), timedelta(days=900)))
def test_the_months_are_those_between_two_moments(first: datetime, length: timedelta) -> None:
    months = list(admin_lists._months(first, first + length))
    assert months[0] == f"{first + length:%Y-%m}".zfill(7)
    assert len(months) <= admin_lists.MOST_MONTHS
    assert months == sorted(set(months), reverse=True)
    if len(months) < admin_lists.MOST_MONTHS:
        assert months[-1] == f"{first:%Y-%m}".zfill(7)


def test_ages_lead_to_what_is_young_enough(admin_client: Client) -> None:
    now = timezone.now()
    young, old = record(at=now - timedelta(minutes=5)), record(at=now - timedelta(days=2))
    assert shown(admin_client, timestamp__within="1h") == [young]
    assert shown(admin_client, timestamp__within="24h") == [young]
    assert {event.pk for event in shown(admin_client, timestamp__within="7d")} == {young.pk, old.pk}
    text = page(admin_client, timestamp__within="24h")
    assert "Last 24 hours" in text
    assert "?timestamp__within=7d" in text
    assert "timestamp__within=24h&amp;timestamp__month" not in text, "an age and a month would rarely have a row"
    assert "e=1" in admin_client.get(LIST, {"timestamp__within": "x"}).headers["Location"]


@pytest.mark.parametrize("month", ["x", "2026", "2026-13", "2026-01-01", "99999-01", "0000-01", "9999-12", ""])
def test_a_month_that_is_none_says_so_or_shows_nothing(admin_client: Client, month: str) -> None:
    record()
    assert admin_client.get(LIST, {"timestamp__month": month}, follow=True).status_code == 200


def test_no_list_drills_down_by_dates_or_counts_what_it_does_not_show() -> None:
    for model, ours in OURS.items():
        assert ours.date_hierarchy is None, f"{model}: MonthFilter asks an index, date_hierarchy reads every row"
        assert not ours.show_full_result_count
        assert issubclass(ours.paginator, admin_lists.BoundedPaginator)
        assert ours.show_facets == admin.ShowFacets.NEVER


def test_what_rows_are_known_by_has_an_index() -> None:
    for model, ours in OURS.items():
        for name in ours.known_by:
            field = model._meta.get_field(name)
            indexed = leads_an_index(field) or any(index.fields[0] == name for index in model._meta.indexes)
            assert indexed, f"{model.__name__}.{name} is searched by and has no index"


def test_a_search_is_exact_and_finds_by_any_of_its_columns(admin_client: Client) -> None:
    wanted = record(entity_id="e17")
    record(entity_id="e170")
    assert shown(admin_client, q=" e17 ") == [wanted]
    assert shown(admin_client, q="E17") == []
    assert len(shown(admin_client, q=wanted.actor)) == 2
    assert len(shown(admin_client, q=" ")) == 2


def test_what_no_column_can_hold_finds_nothing(admin_client: Client) -> None:
    """A uid is searched as a uid: what is none is no search for one, and no error."""
    for term in ("no uid", "\N{SNOWMAN}", "'; DROP TABLE x; --", "1" * 500):
        assert admin_client.get("/admin/visioncache/entry/", {"q": term}).status_code == 200
        assert admin_client.get("/admin/schemacheck/check/", {"q": term}).status_code == 200


def test_months_are_asked_for_by_one_look_up_each(admin_client: Client, django_assert_max_num_queries) -> None:
    record()
    with django_assert_max_num_queries(9):
        page(admin_client)
    assert MonthFilter in [part[1] for part in OURS[Event].list_filter if isinstance(part, tuple)]
