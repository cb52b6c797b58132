"""Is the service well? One list of checks behind /health/ready, the dashboard, /metrics and `manage.py doctor`.

An app's health.py may define checks() -> Iterable[Check], cheap and under a second, and doctor_checks() for what only
`manage.py doctor` needs to ask, since it costs memory or time.
"""

import logging
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Literal

from django.conf import settings
from django.db import DatabaseError, connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from config.discovery import app_modules
from config.models import BrokerMessage, Heartbeat
from config.secrets import blank

logger = logging.getLogger(__name__)
Status = Literal["ok", "warn", "fail"]
_GIGABYTE = 1024**3
_SLOW_SECONDS = 0.5
_PATIENCE = timedelta(seconds=30)  # a job that waits longer has nobody to run it


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `detail` never holds a secret; `fix` is what to do; without `critical` the service still serves."""

    name: str
    status: Status
    detail: str
    fix: str = ""
    critical: bool = False


Source = Callable[[], Iterable[Check]]


def database() -> list[Check]:
    started = time.perf_counter()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        fix = "Start the database, or correct DATABASE_URL."
        return [Check("database", "fail", f"does not answer: {type(error).__name__}", fix, critical=True)]
    took = time.perf_counter() - started
    if took > _SLOW_SECONDS:
        fix = "See what else keeps the database or the machine busy."
        return [Check("database", "warn", f"{connection.vendor} took {took:.1f} s to answer", fix, critical=True)]
    return [Check("database", "ok", f"{connection.vendor} answers", critical=True)]


def migrations() -> list[Check]:
    missing = _migrations_on_disk() - set(MigrationRecorder(connection).applied_migrations())
    if missing:
        detail = f"{len(missing)} not applied, the first is {'.'.join(min(missing))}"
        return [Check("migrations", "fail", detail, "Run `manage.py migrate`.", critical=True)]
    return [Check("migrations", "ok", "all applied", critical=True)]


@cache
def _migrations_on_disk() -> set[tuple[str, str]]:
    # Code does not change under a running process, and reading it takes 0.1 s.
    return set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def disk() -> list[Check]:
    free = shutil.disk_usage(settings.DATA_DIR).free
    detail = f"{free / _GIGABYTE:.0f} GB free where the data is"
    fix = "Free some space on the disk of DATA_DIR."
    if free < _GIGABYTE / 10:
        return [Check("disk", "fail", detail, fix, critical=True)]
    if free < _GIGABYTE:
        return [Check("disk", "warn", detail, fix, critical=True)]
    return [Check("disk", "ok", detail, critical=True)]


def broker() -> list[Check]:
    if settings.CELERY_BROKER_URL != settings.BROKER:
        return [_outside_broker()]
    waiting, parked = BrokerMessage.objects.ready().count(), BrokerMessage.objects.parked().count()
    if parked:
        fix = "Read why in the admin under queued jobs; requeue or delete them there."
        return [Check("broker", "warn", f"{waiting} jobs wait, {parked} are parked", fix)]
    return [Check("broker", "ok", f"{waiting} jobs wait")]


def _outside_broker() -> Check:
    from config.celery import app

    kind = settings.CELERY_BROKER_URL.partition(":")[0]
    try:
        with app.connection_for_write(connect_timeout=2) as asked:
            asked.ensure_connection(max_retries=1, timeout=2)
    except Exception as error:  # noqa: BLE001, each transport raises its own errors
        fix = "Start the broker, or correct CELERY_BROKER_URL."
        return Check("broker", "fail", f"{kind} does not answer: {type(error).__name__}", fix, critical=True)
    return Check("broker", "ok", f"{kind} answers", critical=True)


def workers() -> Iterator[Check]:
    """Never critical: the web keeps answering, and jobs wait in the broker until a worker comes."""
    alive = Counter(Heartbeat.objects.alive().values_list("role", flat=True))
    fix = "Start the processes: `manage.py up` runs web, worker and beat."
    waiting = BrokerMessage.objects.ready().filter(available_at__lt=timezone.now() - _PATIENCE).count()
    if not alive[Heartbeat.Role.WORKER] and waiting:
        yield Check("worker", "fail", f"none is alive, and {waiting} jobs wait", fix)
    elif not alive[Heartbeat.Role.WORKER]:
        yield Check("worker", "warn", "none is alive: jobs will wait", fix)
    else:
        yield Check("worker", "ok", f"{alive[Heartbeat.Role.WORKER]} alive")
    if not alive[Heartbeat.Role.BEAT]:
        yield Check("beat", "warn", "none is alive: periodic jobs do not run", fix)
    else:
        yield Check("beat", "ok", f"{alive[Heartbeat.Role.BEAT]} alive")


def own_sources() -> dict[str, Source]:
    return {"database": database, "migrations": migrations, "broker": broker, "worker": workers, "disk": disk}


def app_sources(function: str = "checks") -> dict[str, Source]:
    return {app: getattr(module, function) for app, module in app_modules("health") if hasattr(module, function)}


def run(sources: dict[str, Source], *, seconds: float) -> list[Check]:
    """The checks of every source, run side by side. One that raises or is not done in time is a finding itself."""
    found: dict[str, list[Check]] = {}
    threads = [
        threading.Thread(target=_collect, args=(name, source, found), name=f"health-{name}", daemon=True)
        for name, source in sources.items()
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0))
    late = f"no answer within {seconds:g} s"
    critical = own_sources()
    return [
        check
        for name in sources
        for check in found.get(name, [Check(name, "fail", late, "See what it waits for.", critical=name in critical)])
    ]


def _collect(name: str, source: Source, found: dict[str, list[Check]]) -> None:
    try:
        found[name] = [replace(check, detail=blank(check.detail)) for check in source()]
    except DatabaseError as error:  # the database's own check says what to do about it
        found[name] = [Check(name, "fail", f"cannot be read: {type(error).__name__}", critical=name in own_sources())]
    except Exception as error:
        logger.exception("The health check of %s failed", name)
        found[name] = [Check(name, "fail", f"the check failed: {type(error).__name__}", "The log says more.")]
    finally:
        connections.close_all()


class Snapshot:
    """The last findings, read again when they are older than their age: watchers cannot load what is watched."""

    def __init__(self, sources: Callable[[], dict[str, Source]], *, max_age: float, seconds: float) -> None:
        self._sources, self._max_age, self._seconds = sources, max_age, seconds
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._checks: Sequence[Check] = ()

    def checks(self) -> Sequence[Check]:
        with self._lock:
            if time.monotonic() - self._read_at > self._max_age:
                self._checks = run(self._sources(), seconds=self._seconds)
                self._read_at = time.monotonic()
            return self._checks

    def forget(self) -> None:
        self._read_at = float("-inf")


_own = Snapshot(own_sources, max_age=1.5, seconds=3)
_apps = Snapshot(app_sources, max_age=15, seconds=3)  # they ask engines and endpoints outside, so seldom


def components() -> list[Check]:
    """Every component as /health/ready and the dashboard show it."""
    return [*_own.checks(), *_apps.checks()]


def forget() -> None:
    """Read everything again at the next question."""
    _own.forget()
    _apps.forget()


def overall(checks: Iterable[Check]) -> Status:
    """`fail` when a critical component fails; `warn` when anything else is not well."""
    checks = list(checks)
    if any(check.critical and check.status == "fail" for check in checks):
        return "fail"
    return "warn" if any(check.status != "ok" for check in checks) else "ok"
