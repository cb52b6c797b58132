"""A large installation, and how long people wait for its figures. Runs in the tree it is started in, old or new.

python figures.py fill       1,000,000 events over 60 days, 100,000 bugs, 100,000 entries; then sealed
python figures.py measure    ms and queries of what people wait for, as JSON
"""

import hashlib
import json
import os
import random
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path.cwd()))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

EVENTS, BUGS, ENTRIES = 1_000_000, 100_000, 100_000
DAYS = 60
TURNS = 5

_SERIES = {
    "sqlite": "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {events}) SELECT n FROM s)",
    "postgresql": "generate_series(1, {events}) n",
}
_VALUES = {
    "sqlite": {
        "uid": "lower(hex(randomblob(16)))",
        "at": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '-{days} days', '+' || (n * {step}) || ' seconds')",
        "hash": "lower(hex(randomblob(32)))",
        "json": "",
        "tx": "0",
    },
    "postgresql": {
        "uid": "md5('u' || n)::uuid",
        "at": "now() - interval '{days} days' + n * interval '{step} seconds'",
        "hash": "md5(n::text) || md5('b' || n)",
        "json": "::jsonb",
        "tx": "1",
    },
}
_FILL = """
INSERT INTO audit_event (uid, timestamp, event_type, entity_type, entity_id, old_value, new_value, changes, "user",
    actor, correlation_id, context, agent, session_id, tool_use_id, salt, payload_hash, leaf_hash, tx)
SELECT {uid}, {at},
    CASE n %% 3 WHEN 0 THEN 'decision.made' WHEN 1 THEN 'execution.recorded' ELSE 'kind' || (n %% 40) || '.changed' END,
    'type' || (n %% 12), 'e' || (n %% 50000), '{{"a": 1}}'{json},
    CASE n %% 6 WHEN 0 THEN '{{"decision": "deny"}}' ELSE '{{"decision": "allow"}}' END{json}, '[]'{json},
    'user' || (n %% 200), 'key' || (n %% 60), 'c' || n, '{{"door": "rest"}}'{json},
    CASE WHEN n %% 3 < 2 THEN 'claude' ELSE '' END, '', '', '', {hash}, {hash}, {tx}
FROM {series}
"""


def fill() -> None:
    """By SQL and in bulk; the sealer then does what it would have done minute by minute."""
    random.seed(1)
    vendor = connection.vendor
    step = DAYS * 86_400 / EVENTS
    values = {name: text.format(days=DAYS, step=step) for name, text in _VALUES[vendor].items()}
    with connection.cursor() as cursor:
        cursor.execute(_FILL.format(series=_SERIES[vendor].format(events=EVENTS), **values), [])
    _bugs()
    _entries()
    started = time.perf_counter()
    call_command("audit_seal")
    print(f"sealed in {time.perf_counter() - started:.1f} s", file=sys.stderr)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if vendor == "postgresql" else "ANALYZE")


def _bugs() -> None:
    from escalation.models import Bug, Cycle

    now = timezone.now()
    bugs = [_bug(Bug, number, now) for number in range(BUGS)]
    Bug.objects.bulk_create(bugs, batch_size=2_000)
    kept = Bug.objects.filter(pk__in=range(BUGS // 20)).values_list("pk", "began_at", named=True)
    cycles = [_cycle(Cycle, row.pk, row.began_at) for row in kept]
    Cycle.objects.bulk_create(cycles, batch_size=2_000)


def _bug(model: type[models.Model], number: int, now: Any) -> Any:
    status = random.choices(["pending", "acknowledged", "investigating", "resolved"], [5, 10, 5, 80])[0]
    made = now - timedelta(days=random.random() * DAYS)
    done = made + timedelta(hours=random.random() * 48) if status == "resolved" else None
    return model(
        **_known(
            model,
            bug_id=f"BUG-{number}",
            error_type=random.choice(["DatabaseError", "APIError", "ValueError"]),
            error_message="it failed",
            status=status,
            user_impact=random.choice(["low", "medium", "high"]),
            priority=random.choice(["low", "medium", "high", "critical"]),
            score=random.randint(10, 120),
            fingerprint=f"{number:064x}",
            frequency=random.randint(1, 9),
            assignee=random.choice(["", "kim", "lee"]),
            deadline_at=random.choice([None, made + timedelta(days=random.random() * 60)]),
            **dict.fromkeys(("first_seen_at", "began_at", "last_seen_at", "escalated_at"), made),
            **dict.fromkeys(("acknowledged_at", "resolved_at"), done),
            **dict.fromkeys(("acknowledge_ms", "resolve_ms"), done and (done - made) // timedelta(milliseconds=1)),
        )
    )


def _cycle(model: type[models.Model], bug: int, began: Any) -> Any:
    later = began + timedelta(hours=3)
    times = dict.fromkeys(("acknowledged_at", "resolved_at", "reopened_at"), later)
    spans = dict.fromkeys(("acknowledge_ms", "resolve_ms"), 10_800_000)
    return model(**_known(model, bug_id=bug, began_at=began, escalated_at=began, **times, **spans))


def _entries() -> None:
    from visioncache.identity import identify
    from visioncache.models import Entry

    now = timezone.now()
    asked = {"prompt": "What does the status line say?"}
    data = {"lines": [f"line {number}: all is well with this one" for number in range(20)]}
    rows = []
    for number in range(ENTRIES):
        image = hashlib.sha256(f"image {number}".encode()).hexdigest()
        identity = identify(image_hashes=[image], model_version="acme-1", request=asked)
        keys = {"key": identity.key, "question_key": identity.question_key, "request_hash": identity.request_hash}
        life = timedelta(days=random.random() * 300 - 3)
        stored = now - timedelta(days=random.random() * DAYS)
        rows.append(
            Entry(
                **keys,
                namespace=f"tenant-{number % 7}",
                image_hash=image,
                image_hashes=[image],
                model_version=f"acme-{number % 3}",
                request=asked,
                extracted_data=data,
                confidence_score=0.9,
                size_bytes=900,
                stored_at=stored,
                expires_at=None if number % 9 == 0 else now + life,
            )
        )
    Entry.objects.bulk_create(rows, batch_size=2_000)


def _known(model: type[models.Model], **values: Any) -> dict[str, Any]:
    """Those of the values that this tree's table has a column for."""
    columns = {name for field in model._meta.concrete_fields for name in (field.name, field.attname)}
    return {name: value for name, value in values.items() if name in columns}


def measure() -> None:
    """Each of them: the best of some turns in wall ms, and its queries."""
    found = {name: _measured(function) for name, function in (_wholes() | _lists()).items()}
    print(json.dumps(found))


def _wholes() -> dict[str, Callable[[], Any]]:
    from prometheus_client.exposition import generate_latest

    from config.pages import dashboard
    from config.watching import metrics

    def shown(chosen: str) -> Callable[[], Any]:
        def show() -> None:
            cache.clear()
            dashboard.panels(timezone.now() - dashboard.RANGES[chosen])
            dashboard.recent_events()
            dashboard.active_jobs()

        return show

    found: dict[str, Callable[[], Any]] = {f"dashboard, {chosen}": shown(chosen) for chosen in ("24h", "30d")}
    return found | {"/metrics": lambda: generate_latest(metrics.registry())}


def _lists() -> dict[str, Callable[[], Any]]:
    from config.keys import create_key
    from config.models import ApiKey

    owner = User.objects.filter(username="admin").first() or User.objects.create_superuser("admin", "", "x")
    ApiKey.objects.filter(name="figures").delete()
    key = create_key(name="figures", scope="admin", user=owner)[1]
    people = Client(HTTP_HOST="127.0.0.1")
    people.force_login(owner)
    programs = Client(HTTP_HOST="127.0.0.1", headers={"Authorization": f"Bearer {key}"})

    def asked(client: Client, path: str) -> Callable[[], Any]:
        def ask() -> None:
            answer = client.get(path)
            assert answer.status_code == 200, (path, answer.status_code, answer.content[:300])

        return ask

    pages = {f"/admin/{path}": asked(people, f"/admin/{path}") for path in PAGES}
    return pages | {f"/api/v1/{path}": asked(programs, f"/api/v1/{path}") for path in ENDPOINTS}


PAGES = (
    "audit/event/",
    "audit/event/?q=e17",
    "audit/event/?event_type=decision.made",
    "escalation/bug/",
    "escalation/bug/?status__exact=resolved",
    "visioncache/entry/",
    "visioncache/entry/?life=live",
)
ENDPOINTS = (
    "audit/events",
    "audit/events?event_type=decision.made",
    "audit/events?entity_type=type1",
    "audit/events?entity_id=e17",
    "audit/checkpoints/status",
    "escalation/bugs",
    "escalation/bugs?order=urgent",
    "escalation/bugs?order=latest",
    "escalation/bugs?open=true&order=urgent",
    "escalation/bugs?overdue=true",
    "escalation/bugs?muted=false",
    "escalation/summary",
    "visioncache/entries",
    "visioncache/stats",
)


def _measured(function: Callable[[], Any]) -> dict[str, float]:
    walls = []
    for _ in range(TURNS):
        started = time.perf_counter()
        function()
        walls.append(time.perf_counter() - started)
    with CaptureQueriesContext(connection) as asked:
        function()
    if "-v" in sys.argv:
        for query in sorted(asked.captured_queries, key=lambda query: -float(query["time"]))[:6]:
            print(f"   {1000 * float(query['time']):6.0f} ms {query['sql'][:150]}", file=sys.stderr)
    return {"ms": 1000 * min(walls), "queries": len(asked)}


if __name__ == "__main__":
    {"fill": fill, "measure": measure}[sys.argv[1]]()
