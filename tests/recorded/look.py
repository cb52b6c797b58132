"""Looks, with the code as it is, into a recorded database that was restored to DATA_DIR; prints JSON."""

import json
import os
from io import StringIO
from typing import Any

import django
from django.core.management import call_command

from tests.recorded.questions import QUESTIONS


def look() -> dict[str, Any]:
    from visioncache.lookups import look_up

    call_command("migrate", verbosity=0)
    verified = StringIO()
    call_command("audit_verify", json=True, stdout=verified)
    found = {question.name: look_up(**question.asked) for question in QUESTIONS}
    anyhow = {
        question.name: look_up(**{**question.asked, "model_version": None}).hit for question in QUESTIONS
    }  # by the question's key, whichever model answered
    return {
        "verdict": json.loads(verified.getvalue()),
        "answers": {name: found[name].entry and found[name].entry.extracted_data for name in found},
        "of any model": anyhow,
        "bugs": _bugs(),
    }


def _bugs() -> dict[str, list[bool]]:
    """Of each bug, whether the times of each cycle that ended are all there and in order."""
    from escalation.models import Bug, Cycle

    names = [field.name for field in Cycle._meta.concrete_fields if field.name.endswith("_at")]
    found: dict[str, list[bool]] = {bug_id: [] for bug_id in Bug.objects.values_list("bug_id", flat=True)}
    for bug_id, *times in Cycle.objects.order_by("id").values_list("bug__bug_id", *names):
        found[bug_id].append(None not in times and times == sorted(times))
    return found


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    print(json.dumps(look()))
