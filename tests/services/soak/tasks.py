import os
import signal
import time
from datetime import timedelta

from celery import Task
from celery.exceptions import Reject

from config.celery import shared_task
from config.context import caller
from config.errors import Conflict
from tests.services.soak.models import Ran

SCHEDULE = {"soak.tick": {"task": "soak.note", "schedule": timedelta(seconds=0.5), "args": ["tick"]}}


@shared_task(name="soak.note")
def note(key: str) -> None:
    Ran.objects.create(key=key, at=time.time())


@shared_task(name="soak.slow")
def slow(key: str, seconds: float) -> None:
    Ran.objects.create(key=f"{key} began", at=time.time())
    time.sleep(seconds)
    Ran.objects.create(key=key, at=time.time())


@shared_task(name="soak.stubborn", bind=True, max_retries=5)
def stubborn(self: Task, key: str) -> None:
    if self.request.retries < 2:
        raise self.retry(countdown=0.3)
    Ran.objects.create(key=key, note=str(self.request.retries), at=time.time())


@shared_task(name="soak.poison")
def poison() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@shared_task(name="soak.endless", time_limit=2)
def endless(key: str) -> None:
    """A job that never ends, and leaves the interpreter to others now and then."""
    Ran.objects.create(key=f"{key} began", at=time.time())
    while True:
        pass


@shared_task(name="soak.long_endless", time_limit=1000)
def long_endless(key: str) -> None:
    """A job that may take long, and never ends."""
    Ran.objects.create(key=f"{key} began", at=time.time())
    while True:
        time.sleep(0.1)


@shared_task(name="soak.refused")
def refused() -> None:
    raise Conflict("That was done before. Look at the first one.")


@shared_task(name="soak.broken")
def broken() -> None:
    raise RuntimeError("cannot reach http://user:hunter2-password@10.0.0.1/ with hr_abcdefghijklmnopqrstuvwxyz012345")


@shared_task(name="soak.rejected")
def rejected() -> None:
    raise Reject("no use", requeue=False)


@shared_task(name="soak.who")
def who(key: str) -> None:
    now = caller()
    Ran.objects.create(key=key, note=f"{now.actor} {now.door} {now.correlation_id}", at=time.time())
