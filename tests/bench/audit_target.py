"""The trail as the target of a side-by-side benchmark: each function does what the benchmark does with its peers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import django
from django.core.management import call_command

BATCH = 500
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def setup() -> None:
    django.setup()
    call_command("migrate", verbosity=0)


def record(number: int, values: dict[str, Any]) -> None:
    """One event in its own transaction."""
    from audit import trail

    trail.record_all(events=[_event(values)])


def record_many(values: list[dict[str, Any]]) -> None:
    """Events by the batch a request may have."""
    from audit import trail

    for first in range(0, len(values), BATCH):
        trail.record_all(events=[_event(each) for each in values[first : first + BATCH]])


def load(rows: int) -> None:
    """Fill the trail up to `rows` events, 20 seconds apart."""
    from audit_bench import event_values  # the benchmark that runs this

    from audit.models import Event

    for first in range(Event.objects.count(), rows, BATCH):
        many = range(first, min(first + BATCH, rows))
        record_many([event_values(number, BEGIN + timedelta(seconds=20 * number)) for number in many])


def newest(entity_type: str, entity_id: str, limit: int) -> list[Any]:
    from audit import trail

    return trail.history(entity_type=entity_type, entity_id=entity_id, limit=limit)


def between(low: datetime, high: datetime, limit: int) -> list[Any]:
    from audit.models import Event

    return list(Event.objects.between(low, high).order_by("timestamp", "id")[:limit])


def page(depth: int, limit: int) -> list[Any]:
    """A page as the REST list reads it: by its cursor, at a depth the benchmark wants."""
    from audit.models import Event

    last = Event.objects.order_by("-id").values_list("id", flat=True)[0]
    return list(Event.objects.filter(id__lte=last - depth).order_by("-id")[:limit])


def export(form: str, path: str) -> None:
    call_command("audit_export", "--format", form, "--output", path)


def seal() -> int:
    from audit.ledger import sealing

    return sealing.seal().events


def verify() -> int:
    from audit.ledger import verification

    verdict = verification.verify()
    assert verdict.valid, verdict
    return verdict.events


def _event(values: dict[str, Any]) -> Any:
    from audit import trail

    return trail.NewEvent(
        event_type=f"rule.{values['action']}d",
        entity_type=values["entity_type"],
        entity_id=values["entity_id"],
        old_value=values["old_value"],
        new_value=values["new_value"],
        user=values["actor"],
        context=values["metadata"],
        timestamp=values.get("occurred_at"),
    )
