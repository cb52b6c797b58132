"""A producer: COUNT transactions that each accept work and send its job; every second one rolls back."""

import json
import sys

import django

django.setup()

from django.db import transaction  # noqa: E402

from config.context import acting_as  # noqa: E402
from tests.services.soak import tasks  # noqa: E402
from tests.services.soak.models import Accepted  # noqa: E402


def work(name: str, count: int) -> None:
    for number in range(count):
        key = f"{name}-{number}"
        with transaction.atomic():
            Accepted.objects.create(key=key)
            tasks.note.delay_on_commit(key)
            transaction.set_rollback(number % 2 == 1)


def send(text: str) -> None:
    """Send the jobs of Stack.send, as somebody."""
    order = json.loads(text)
    with acting_as(actor="ada", door="rest", correlation_id="request-7"):
        for task, *args in order["jobs"]:
            getattr(tasks, task).apply_async(args, countdown=order["countdown"] or None)


if __name__ == "__main__":
    if sys.argv[1] == "work":
        work(sys.argv[2], int(sys.argv[3]))
    else:
        send(sys.argv[2])
