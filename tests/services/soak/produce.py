"""A producer: COUNT transactions that each accept work and send its job; every second one rolls back."""

import sys

import django

django.setup()

from django.db import transaction  # noqa: E402

from config.context import acting_as  # noqa: E402
from tests.services.soak import tasks  # noqa: E402
from tests.services.soak.models import Accepted  # noqa: E402


class ChangedMind(Exception):
    """Rolls a transaction back."""


def work(name: str, count: int) -> None:
    for number in range(count):
        key = f"{name}-{number}"
        try:
            with transaction.atomic():
                Accepted.objects.create(key=key)
                tasks.note.delay_on_commit(key)
                if number % 2:
                    raise ChangedMind
        except ChangedMind:
            pass


def send(task: str, *args: str) -> None:
    """Send one task; a last argument `countdown=SECONDS` delays it."""
    options = {}
    if args and args[-1].startswith("countdown="):
        options["countdown"] = float(args[-1].removeprefix("countdown="))
        args = args[:-1]
    values = [float(value) if value.replace(".", "", 1).isdigit() else value for value in args]
    with acting_as(actor="ada", door="rest", correlation_id="request-7"):
        getattr(tasks, task).apply_async(values, **options)


if __name__ == "__main__":
    if sys.argv[1] == "work":
        work(sys.argv[2], int(sys.argv[3]))
    else:
        send(*sys.argv[2:])
