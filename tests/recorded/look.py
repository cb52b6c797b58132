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


def _bugs() -> dict[str, Any]:
    from escalation.summary import summarise

    summary = summarise()
    return {
        "total": summary.total,
        "resolve": summary.seconds_to_resolve,
        "acknowledge": summary.seconds_to_acknowledge,
    }


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    print(json.dumps(look()))
