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

from config import processes
from config.discovery import app_modules
from config.home import PROGRAM, spelled
from config.jobs.heartbeat import alive_processes
from config.models import BrokerMessage, Heartbeat
from config.secrets import blank
from config.watching import blocking

logger = logging.getLogger(__name__)
Status = Literal["ok", "warn", "fail"]
_GIGABYTE = 1024**3
_SLOW_SECONDS = 0.5
_TURN_SECONDS = 0.05
_PATIENCE = timedelta(seconds=30)  # a job that waits longer has nobody to run it
_LONG_WAIT = timedelta(minutes=5)
_DEATH_SHOWN_SECONDS = 300  # a death is news so long, and then history


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `detail` never holds a secret; `fix` is what to do; without `critical` the service still serves.

    What is `optional` was never set up, and only some tools use it: that it is not there is said, and nothing is wrong.
    """

    name: str
    status: Status
    detail: str
    fix: str = ""
    critical: bool = False
    optional: bool = False


Source = Callable[[], Iterable[Check]]


def database() -> list[Check]:
    """It answers, and takes a write: one that only reads keeps none of what it is told."""
    started = time.perf_counter()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        fix = f"Start the database, or correct {spelled('DATABASE_URL')}."
        return [Check("database", "fail", f"does not answer: {type(error).__name__}", fix, critical=True)]
    took = time.perf_counter() - started
    try:
        blocking.write()
    except blocking.Blocked as held:
        detail = f"writing waits for {held}: no write came through in {blocking.BOUND_SECONDS:g} s"
        return [Check("database", "fail", detail, "End what it names, or wait until it is done.", critical=True)]
    except DatabaseError as error:
        fix = "See whether the disk is full or its files are read-only."
        return [Check("database", "fail", f"takes no write: {type(error).__name__}", fix, critical=True)]
    if others := blocking.waiting_for():
        fix = "End that session, or wait until it is done."
        return [Check("database", "warn", f"others wait for {others}", fix, critical=True)]
    if took > _SLOW_SECONDS:
        fix = "See what else keeps the database or the machine busy."
        return [Check("database", "warn", f"{connection.vendor} took {took:.1f} s to answer", fix, critical=True)]
    return [Check("database", "ok", f"{connection.vendor} answers and takes a write", critical=True)]


def migrations() -> list[Check]:
    missing = _migrations_on_disk() - set(MigrationRecorder(connection).applied_migrations())
    if missing:
        detail = f"{len(missing)} not applied, the first is {'.'.join(min(missing))}"
        return [Check("migrations", "fail", detail, f"Run `{PROGRAM} migrate`.", critical=True)]
    return [Check("migrations", "ok", "all applied", critical=True)]


@cache
def _migrations_on_disk() -> set[tuple[str, str]]:
    # Code does not change under a running process, and reading it takes 0.1 s.
    return set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def disk() -> list[Check]:
    if not settings.DATA_DIR.exists():
        fix = f"Run `{PROGRAM} up`, or set DATA_DIR to the folder of a service that there is."
        return [Check("disk", "fail", f"there is no folder {settings.DATA_DIR}", fix, critical=True)]
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
    found = []
    if parked:
        fix = "Read why in the admin under queued jobs; requeue or delete them there."
        found.append(Check("broker", "warn", f"{waiting} jobs wait, {parked} are parked", fix))
    if late := _late_job():
        found.append(late)
    return found or [Check("broker", "ok", f"{waiting} jobs wait")]


def _late_job() -> Check | None:
    """The job that has waited longest, when that is too long: the age, not the number, says that nobody runs them."""
    oldest = BrokerMessage.objects.ready().order_by("available_at", "id").first()
    age = timezone.now() - oldest.available_at if oldest else timedelta()
    if oldest is None or age < _PATIENCE:
        return None
    detail = f"the oldest waiting job, {oldest}, waits for {age.total_seconds():.0f} s"
    fix = "See in the admin, under queued jobs, what the worker holds; restart it, or give it more WORKER_THREADS."
    return Check("broker", "fail" if age > _LONG_WAIT else "warn", detail, fix)


def _outside_broker() -> Check:
    from config.jobs.app import app

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
    alive = Counter(role for role, _ in alive_processes())
    fix = f"Start the processes: `{PROGRAM} up` runs web, worker and beat."
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


def supervised() -> Iterator[Check]:
    """What `up` on this data directory says of its processes; nothing where none runs."""
    for record in processes.records(settings.DATA_DIR):
        if not record.stopped:
            yield from (_history(role, process) for role, process in record.processes.items())


def _history(role: str, process: processes.Process) -> Check:
    name = f"process {role}"
    last = process.deaths[-1] if process.deaths else None
    if last is None:
        return Check(name, "ok", "runs" if process.pid else "starts once the web answers")
    ago = max(time.time() - last.at, 0)
    detail = f"died {ago:.0f} s ago of {last.how}; {'runs again' if process.pid else 'is started again'}"
    if process.pid and ago > _DEATH_SHOWN_SECONDS:
        return Check(name, "ok", detail)
    return Check(name, "warn", detail, "Read in the log, above the line of its death, why it died.")


def own_sources() -> dict[str, Source]:
    return {
        "database": database,
        "migrations": migrations,
        "broker": broker,
        "worker": workers,
        "disk": disk,
        "processes": supervised,
    }


def app_sources(function: str = "checks") -> dict[str, Source]:
    return {app: getattr(module, function) for app, module in app_modules("health") if hasattr(module, function)}


def run(sources: dict[str, Source], *, seconds: float) -> list[Check]:
    """The checks of every source. One that raises or is not done in time is a finding itself.

    Each is begun once the one before is done, or has had its turn: as long as all are quick, they take one connection.
    """
    found: dict[str, list[Check]] = {}
    deadline = time.monotonic() + seconds
    for name, source in sources.items():
        if source not in _asked or not _asked[source].is_alive():  # one that hangs is not asked again, or they pile up
            _asked[source] = threading.Thread(target=_collect, args=(name, source, found), name=name, daemon=True)
            _asked[source].start()
            _asked[source].join(_TURN_SECONDS)
    for source in sources.values():
        _asked[source].join(max(deadline - time.monotonic(), 0))
    late = f"no answer within {seconds:g} s"
    critical = own_sources()
    return [
        check
        for name in sources
        for check in found.get(name, [Check(name, "fail", late, "See what it waits for.", critical=name in critical)])
    ]


_asked: dict[Source, threading.Thread] = {}
"""The last thread of each source."""


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
    """`fail` when a critical component fails; `warn` when anything else is not well that was set up."""
    checks = [check for check in checks if not check.optional]
    if any(check.critical and check.status == "fail" for check in checks):
        return "fail"
    return "warn" if any(check.status != "ok" for check in checks) else "ok"
