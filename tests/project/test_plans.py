"""No path that people wait for reads a large table whole: lists with their filters, the admin's, dashboard, metrics.

The databases' planners say so, on enough rows that they choose as they would in a large installation.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Count
from django.test import Client, override_settings
from django.utils import timezone
from pytest_django import DjangoDbBlocker
from rest_framework.test import APIClient

from audit.ledger import sealing
from audit.models import Event
from config.database.windows import RANGES, window
from config.pages import admin_lists, dashboard, first_steps
from tests.bench.site import crowd
from tests.project.plans import read_whole

pytestmark = pytest.mark.django_db
ROWS = {"audit_event": 20_000, "escalation_bug": 12_000, "visioncache_entry": 6_000}

ENDPOINTS = [
    "audit/events",
    "audit/events?event_type=decision.made",
    "audit/events?event_type=kind2.changed",
    "audit/events?entity_type=type1",
    "audit/events?entity_id=e17",
    "audit/events?entity_type=type5&entity_id=e17",
    "audit/events?actor=key7",
    "audit/events?user=user7",
    "audit/events?agent=claude",
    "audit/events?correlation_id=c77",
    "audit/events?decision=deny",
    "audit/events?event_type=decision.made&decision=deny",
    "audit/events?start=2999-01-01T00:00:00Z",
    "audit/checkpoints/status",
    "escalation/bugs",
    "escalation/bugs?order=urgent",
    "escalation/bugs?order=latest",
    "escalation/bugs?status=pending",
    "escalation/bugs?priority=critical",
    "escalation/bugs?error_type=APIError",
    "escalation/bugs?assignee=kim",
    "escalation/bugs?open=true&order=urgent",
    "escalation/bugs?overdue=true",
    "escalation/bugs?muted=true",
    "escalation/summary",
    "visioncache/entries",
    "visioncache/entries?namespace=tenant-1",
    "visioncache/entries?model_version=acme-1",
]
PAGES = [
    "",
    "audit/event/",
    "audit/event/?q=e17",
    "audit/event/?event_type=decision.made",
    "audit/event/?entity_type=type1",
    "audit/event/?timestamp__month=2999-01",
    "audit/event/?timestamp__within=24h",
    "audit/event/?q=claude",
    "audit/event/?q=nobody-knows-this",
    "audit/event/?agent=claude",
    "audit/event/?decision=deny",
    "audit/event/?entity_type=type5&entity_id=e17",
    "audit/decision/",
    "audit/decision/?decision=deny",
    "audit/decision/?decision=confirm",
    "audit/decision/?agent=claude&decision=allow",
    "audit/decision/?q=claude",
    "audit/decision/?session=nobody",
    "audit/decision/?timestamp__within=7d",
    "escalation/bug/",
    "escalation/bug/?status__exact=resolved",
    "escalation/bug/?status__exact=all",
    "escalation/bug/?status__exact=overdue",
    "escalation/bug/?status__exact=muted",
    "escalation/bug/?priority__exact=critical",
    "escalation/bug/?assignee=kim",
    "escalation/bug/?last_seen_at__month=2999-01",
    "visioncache/entry/",
    "visioncache/entry/?namespace=tenant-1",
    "visioncache/entry/?life=live",
]


@pytest.fixture(scope="module", autouse=True, params=["analysed", "as filled"])
def _crowd(
    request: pytest.FixtureRequest,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """Many rows, committed, so that PostgreSQL can be told about them; gone after the last test here.

    Nobody analyses an SQLite installation, so its planner must also choose well without figures; autovacuum does.
    """
    with django_db_blocker.unblock():
        postgresql = connection.vendor == "postgresql"
        if postgresql and request.param == "as filled":
            pytest.skip("autovacuum analyses")
        crowd.fill(events=ROWS["audit_event"], bugs=ROWS["escalation_bug"], entries=ROWS["visioncache_entry"])
        with override_settings(AUDIT_CHECKPOINT_DIR=tmp_path_factory.mktemp("checkpoints")):
            sealing.seal()
        for entity in ("behind", "the seal"):
            Event.objects.create(event_type="late", entity_type="late", entity_id=entity, actor="late")
        if request.param == "analysed":
            crowd.analyze()
        yield
        call_command("flush", interactive=False, verbosity=0)
        if request.param == "analysed" and not postgresql:
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM sqlite_stat1")
                cursor.execute("ANALYZE sqlite_schema")


def whole(ask: Callable[[], Any]) -> list[str]:
    """What is read whole by the statements that a request makes."""
    asked: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    cache.clear()
    with connection.execute_wrapper(note):
        ask()
    assert asked
    with transaction.atomic():
        reading = [pair for pair in asked if pair[0].lstrip().startswith(("SELECT", "WITH"))]
        return [f"{line}: {sql[:1000]}" for sql, params in reading for line in read_whole(sql, params, ROWS)]


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_list_of_the_api_reads_no_large_table_whole(reader: APIClient, path: str) -> None:
    def ask() -> None:
        answer = reader.get(f"/api/v1/{path}")
        assert answer.status_code == 200, answer.content

    assert not whole(ask)


@pytest.mark.parametrize("path", PAGES)
def test_a_list_of_the_admin_reads_no_large_table_whole(
    admin_client: Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_lists, "MOST_COUNTED", 200)  # as far below the tables' size as 10,000 is in earnest

    def ask() -> None:
        answer = admin_client.get(f"/admin/{path}")
        assert answer.status_code == 200, answer.status_code
        assert "e=1" not in answer.headers.get("Location", "")

    assert not whole(ask)


@pytest.mark.parametrize("chosen", RANGES)
def test_the_dashboard_reads_no_large_table_whole(chosen: str) -> None:
    def ask() -> None:
        shown = [dashboard.panels(window(chosen)), dashboard.recent_events(), dashboard.active_jobs()]
        assert "could not be read" not in str(shown)

    assert not whole(ask)


def test_the_metrics_read_no_large_table_whole(reader: APIClient) -> None:
    def ask() -> None:
        text = reader.get("/metrics").content.decode()
        assert 'handrail_metrics_failed{app="audit"} 0.0' in text

    assert not whole(ask)


def test_the_dashboard_asks_25_times_at_most(django_assert_max_num_queries: Any) -> None:
    cache.clear()
    with django_assert_max_num_queries(25):
        dashboard.panels(window("30d"))
        dashboard.recent_events()
        dashboard.active_jobs()
        first_steps.open_steps()


def test_a_table_read_whole_is_noticed(admin_client: Client) -> None:
    """What stood there before: each of these would be refused."""
    bugs = apps.get_model("escalation", "Bug").objects
    assert whole(lambda: list(Event.objects.filter(salt="none")))
    recent = Event.objects.filter(timestamp__gte=timezone.now() - timedelta(days=50)).order_by()
    assert whole(lambda: list(recent.values_list("actor").annotate(count=Count("salt"))))
    assert whole(lambda: Event.objects.filter(entity_id__iexact="e17").count())
    assert whole(lambda: list(bugs.filter(resolution="none")))
    assert not whole(lambda: Event.objects.filter(entity_id="e17").count())
    assert not whole(lambda: list(bugs.filter(assignee="kim")[:5]))
