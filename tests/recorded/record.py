"""Makes a database with the code as it is, through the service's own operations, for later code to live up to.

    DATA_DIR=$(mktemp -d) PUBLIC_URL=http://recorded.example python -m tests.recorded.record NAME

writes tests/recorded/NAME.sql.gz. A recording is never made anew: what it holds is what that code wrote.
"""

import gzip
import os
import sqlite3
import sys
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command

from tests.recorded.questions import IMAGES, MODEL, QUESTIONS, SIGNING_KEY

FOLDER = Path(__file__).parent

VALUES: list[Any] = [
    None, True, False, 0, 1, 1.0, -0.0, 0.1, 1e-7, 1e22, 2**53 - 1, -(2**53 - 1), "", "1", "true", "caf\u00e9",
    "\U0001f600", '\u2028 \\u0000 "quoted" \\ /', [], {}, [None, True, 1, 1.0, "1"], {"": None, "a.b": {"c[0]": 1}},
    {"\U0001f600": 1, "\ufb01": 2, "z": {"deep": [[[{"er": {"still": [1, {"x": None}]}}]]]}},
]  # fmt: skip
PAIRS: list[tuple[Any, Any]] = [
    ({"ok": True}, {"ok": 1}), ({"n": 1}, {"n": 1.0}), ({"n": "1"}, {"n": 1}), ([True, 0], [1, False]),
    ({"a": [{"b": True}]}, {"a": [{"b": 1}]}), ({"x": 1, "y": 2}, {"y": 2, "x": 1}), ({"n": None}, {}),
    ([1, 2, 3], [1, 2]), ({"n": 0.0}, {"n": -0.0}), ({"n": False}, {"n": 0}), ("1", 1), (1, [1]), ({}, []),
]  # fmt: skip


def record_everything() -> None:
    call_command("migrate", verbosity=0)
    _events()
    call_command("audit_seal", stdout=StringIO())
    _entries()
    _bugs()
    _prompts()
    _rules()
    call_command("audit_seal", stdout=StringIO())
    _letting_go()
    call_command("audit_seal", stdout=StringIO())
    _unsealed()


def _events() -> None:
    from audit.trail import NewEvent, record, record_all

    for index, value in enumerate(VALUES):
        for side in ("old_value", "new_value"):
            record(event_type="value.recorded", entity_type="value", entity_id=f"{index}", **{side: value})
    for index, (old, new) in enumerate(PAIRS):
        record(event_type="value.changed", entity_type="pair", entity_id=f"{index}", old_value=old, new_value=new)
    record(
        event_type="value.recorded", entity_type="value", entity_id="caf\u00e9 #1", user="ann", agent="claude",
        session_id="s-1", tool_use_id="t-1", idempotency_key="once", context={"why": [1, 1.0, True, None]},
        timestamp=datetime(1, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    record_all(
        events=[
            NewEvent(event_type="many.recorded", entity_type="many", entity_id=str(index), new_value=index)
            for index in range(500)
        ]
    )


def _entries() -> None:
    from visioncache.entries import extend_entry, store_entry
    from visioncache.lookups import look_up
    from visioncache.removal import invalidate

    for question in QUESTIONS:
        stored = store_entry(
            **question.asked, extracted_data=question.answer, confidence_score=0.9, ttl_hours=None,
            tags=["recorded"], latency_ms=1200, cost_micros=4200,
        )  # fmt: skip
        look_up(**question.asked)
        assert stored.created, question.name
    look_up(image_hash=IMAGES[0], request={"prompt": "never asked"})
    look_up(image_hash=IMAGES[0], model_version=MODEL, request={"prompt": "leased"}, lease=True, lease_seconds=600)
    short = store_entry(
        image_hash=IMAGES[0], model_version=MODEL, request={"prompt": "short"}, extracted_data=1, confidence_score=1
    )
    extend_entry(entry_id=short.entry.uid)
    store_entry(
        image_hash=IMAGES[0], model_version="gone", request={}, extracted_data="x", confidence_score=1, ttl_hours=None
    )
    invalidate(model_version="gone")


def _bugs() -> None:
    from escalation import bugs, triage
    from escalation.reports import report_bug

    for name in ("once", "twice", "open", "back"):
        report_bug(
            bug_id=name, error_type="DatabaseError", error_message=f"{name} failed", user_impact="critical",
            stack_trace="Traceback", metadata={"ok": True, "n": 1}, tags=["recorded"], frequency=9,
        )  # fmt: skip
        bugs.acknowledge(bug_id=name)
    triage.update_bug(bug_id="open", metadata={"ok": 1, "n": 1.0})
    for name in ("once", "twice", "back"):
        bugs.resolve(bug_id=name, resolution="mended", resolved_by="ann")
    bugs.reopen(bug_id="twice", reason="not mended")
    bugs.resolve(bug_id="twice", resolution="mended again")
    report_bug(bug_id="back", error_type="DatabaseError", error_message="back failed", user_impact="low")
    report_bug(bug_id="low", error_type="Odd", error_message="odd", user_impact="low")


def _prompts() -> None:
    from prompts.versions import activate_version, save_version

    for text in ("Read {{ input }}.", "Read the total of {{ input }}."):
        save_version(prompt_id="invoice", prompt_text=text, purpose="invoices", settings={"temperature": 0})
    activate_version(prompt_id="invoice", number=1)


def _rules() -> None:
    call_command("rules", "add", "deny", "Bash(rm -rf /:*)", "--reason", "recorded", stdout=StringIO())


def _letting_go() -> None:
    from audit.models import Event
    from audit.retention import erase, prune

    erase(uid=str(Event.objects.filter(event_type="value.recorded").order_by("id")[5].uid), reason="asked for")
    prune(days={"value.recorded": 365 * 100})  # the one event of the year 1


def _unsealed() -> None:
    from audit.trail import record

    record(event_type="value.recorded", entity_type="value", entity_id="open window", new_value={"sealed": False})


def dump(database: Path, target: Path) -> None:
    connection = sqlite3.connect(database)
    script = "\n".join(line for line in connection.iterdump() if "django_session" not in line)
    target.write_bytes(gzip.compress(script.encode(), 9, mtime=0))


if __name__ == "__main__":
    os.environ["AUDIT_SIGNING_KEY"] = SIGNING_KEY
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.conf import settings

    record_everything()
    dump(settings.DATA_DIR / "handrail.sqlite3", FOLDER / f"{sys.argv[1]}.sql.gz")
