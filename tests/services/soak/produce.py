"""A producer process: accepts work and sends its jobs."""

import json
import sys
import time

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import transaction  # noqa: E402

from config.context import acting_as  # noqa: E402
from tests.services.soak import tasks  # noqa: E402
from tests.services.soak.models import Accepted  # noqa: E402


def work(name: str, count: int) -> None:
    """Transactions that each accept work and send its job; every second one rolls back."""
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


def send_many(count: int) -> None:
    """Send `count` jobs, and leave in DATA_DIR how many seconds that took."""
    began = time.perf_counter()
    for number in range(count):
        tasks.note.delay(f"job {number}")
    (settings.DATA_DIR / "sent").write_text(str(time.perf_counter() - began))


def ping(count: int) -> None:
    """Send jobs one by one, each named after the moment it was sent."""
    for _ in range(count):
        tasks.note.delay(f"ping {time.time()}")
        time.sleep(0.11)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["work", name, count]:
            work(name, int(count))
        case ["send", order]:
            send(order)
        case ["many", count]:
            send_many(int(count))
        case ["pings", count]:
            ping(int(count))
