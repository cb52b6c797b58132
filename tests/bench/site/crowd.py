"""The rows of a large installation, whichever tree it is: made by SQL and in bulk, not through operations."""

import hashlib
import random
from datetime import timedelta
from typing import Any

from django.db import connection, models
from django.utils import timezone

from audit.models import Event

DAYS = 60

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
    actor, correlation_id, context, agent, session_id, tool_use_id, salt, payload_hash, leaf_hash, tx{more})
SELECT {uid}, {at},
    CASE n %% 3 WHEN 0 THEN 'decision.made' WHEN 1 THEN 'execution.recorded' ELSE 'kind' || (n %% 40) || '.changed' END,
    'type' || (n %% 12), 'e' || (n %% 50000), '{{"a": 1}}'{json},
    CASE n %% 6 WHEN 0 THEN '{{"decision": "deny"}}' ELSE '{{"decision": "allow"}}' END{json}, '[]'{json},
    'user' || (n %% 200), 'key' || (n %% 60), 'c' || n, '{{"door": "rest"}}'{json},
    CASE WHEN n %% 3 < 2 THEN 'claude' ELSE '' END, '', '', '', {hash}, {hash}, {tx}{decision}
FROM {series}
"""


_DECISION = ", CASE n %% 6 WHEN 0 THEN 'deny' WHEN 3 THEN 'allow' END"


def fill(*, events: int, bugs: int, entries: int) -> None:
    """Events over 60 days, bugs with the cycles of some, and entries."""
    random.seed(1)
    vendor = connection.vendor
    values = {name: text.format(days=DAYS, step=DAYS * 86_400 / events) for name, text in _VALUES[vendor].items()}
    told = bool(_known(Event, decision=""))
    values |= {"more": ", decision" * told, "decision": _DECISION * told}
    with connection.cursor() as cursor:
        if vendor == "postgresql":  # rows of a commit that waits for its log are not yet known to be seen by all
            cursor.execute("SET synchronous_commit = on")
        cursor.execute(_FILL.format(series=_SERIES[vendor].format(events=events), **values), [])
    _bugs(bugs)
    _entries(entries)


def analyze() -> None:
    """What autovacuum does by and by; on SQLite the planner's own figures."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _bugs(number: int) -> None:
    from escalation import models as escalation
    from escalation.models import Bug, Cycle

    now = timezone.now()
    of = {"project": escalation.Project.objects.default()} if hasattr(escalation, "Project") else {}
    bugs = [_bug(Bug, index, now, of) for index in range(number)]
    Bug.objects.bulk_create(bugs, batch_size=2_000)
    kept = Bug.objects.filter(pk__in=range(number // 20)).values_list("pk", "began_at", named=True)
    cycles = [_cycle(Cycle, row.pk, row.began_at) for row in kept]
    Cycle.objects.bulk_create(cycles, batch_size=2_000)


def _bug(model: type[models.Model], number: int, now: Any, of: dict[str, Any]) -> Any:
    status = random.choices(["pending", "acknowledged", "investigating", "resolved"], [5, 10, 5, 80])[0]
    made = now - timedelta(days=random.random() * DAYS)
    done = made + timedelta(hours=random.random() * 48) if status == "resolved" else None
    return model(
        **_known(
            model,
            **of,
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
            muted_until=now + timedelta(days=3) if status != "resolved" and number % 20 == 0 else None,
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


def _entries(count: int) -> None:
    from visioncache.identity import identify
    from visioncache.models import Entry

    now = timezone.now()
    asked = {"prompt": "What does the status line say?"}
    data = {"lines": [f"line {number}: all is well with this one" for number in range(20)]}
    rows = []
    for number in range(count):
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
    _uses()


def _uses() -> None:
    """Two thirds of the entries answered, some often."""
    from visioncache import models as tables

    if not (stat := getattr(tables, "EntryStat", None)):  # which the older code keeps on the entry
        return
    ids = tables.Entry.objects.values_list("pk", flat=True)
    use = {"last_hit_at": timezone.now(), "saved_ms": 900, "saved_cost_micros": 100}
    stat.objects.bulk_create(
        [stat(entry_id=pk, hit_count=1 + number % 97, **use) for number, pk in enumerate(ids) if number % 3],
        batch_size=2_000,
    )


def _known(model: type[models.Model], **values: Any) -> dict[str, Any]:
    """Those of the values that this tree's table has a column for."""
    columns = {name for field in model._meta.concrete_fields for name in (field.name, field.attname)}
    return {name: value for name, value in values.items() if name in columns}
