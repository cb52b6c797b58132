"""Whether the cache keeps itself tidy."""

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from config.home import PROGRAM
from config.watching.health import Check
from visioncache.models import Entry

OVERDUE = timedelta(hours=1)  # clean-up runs every ten minutes


def checks() -> Iterator[Check]:
    if Entry.objects.expired(timezone.now() - OVERDUE).exists():
        yield Check(
            name="visioncache",
            status="warn",
            detail="Entries that expired more than an hour ago are still stored; they are never returned.",
            fix=f"See that the worker and beat run, or run `{PROGRAM} visioncache cleanup`.",
        )
    else:
        yield Check(name="visioncache", status="ok", detail="Expired entries are cleaned up.", fix="")
