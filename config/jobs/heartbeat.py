"""Signs of life of workers and beats in the database, whatever the broker."""

import logging
import threading
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, Error
from django.utils import timezone

from config.errors import Conflict
from config.jobs.queue import own_connection
from config.models import Heartbeat
from config.processes import process_name, records

logger = logging.getLogger(__name__)

_FORGET_AFTER = timedelta(days=1)


class ServiceRuns(Conflict):
    code = "service-runs"
    remedy = "stop the service first"


def beat(*, role: str) -> None:
    """Say that this process lives. A database that is away is no reason to die: the next beat will tell."""
    now = timezone.now()
    try:
        with own_connection():
            Heartbeat.objects.update_or_create(
                name=process_name(role),
                defaults={"role": role, "beaten_at": now},
                create_defaults={"role": role, "beaten_at": now, "started_at": now},
            )
    except Error as error:
        logger.debug("No heartbeat: %s", error)


def alive_processes() -> list[tuple[str, str]]:
    """Role and name of what gave a sign of life lately, but for processes whose supervisor saw them end."""
    dead = {name for record in records(settings.DATA_DIR) for name in record.dead()}
    alive = Heartbeat.objects.alive().values_list("role", "name")
    return [(role, name) for role, name in alive if name not in dead]


def require_stopped(before: str, also: str = "") -> None:
    """Let nothing be done under the feet of the service. Raises ServiceRuns; a damaged database passes."""
    try:
        names = [name for _, name in alive_processes()]
        alive = list(Heartbeat.objects.filter(name__in=names).order_by("beaten_at"))
    except DatabaseError:  # no database, or a damaged one
        return
    if alive:
        seen = ", ".join(f"{each.name} (last sign of life {each.silent_seconds:.0f} s ago)" for each in alive[:3])
        forgotten = max(3 * Heartbeat.EVERY.total_seconds() - alive[-1].silent_seconds, 0)
        raise ServiceRuns(
            f"The service runs: {seen}. Stop it before you {before}; after a kill it is forgotten in {forgotten:.0f} s"
            f"{also}."
        )


def fall_silent(*, role: str) -> None:
    """This process ends on purpose; also forget the ones that died long ago."""
    try:
        with own_connection():
            Heartbeat.objects.filter(name=process_name(role)).delete()
            Heartbeat.objects.filter(beaten_at__lt=timezone.now() - _FORGET_AFTER).delete()
    except Error as error:
        logger.debug("No farewell: %s", error)


class Pulse(threading.Thread):
    """Beats until stopped."""

    def __init__(self, role: str) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self.role = role
        self._stopped = threading.Event()

    def run(self) -> None:
        while True:
            beat(role=self.role)
            if self._stopped.wait(Heartbeat.EVERY.total_seconds()):
                return

    def stop(self) -> None:
        self._stopped.set()
        self.join(2)
        fall_silent(role=self.role)
