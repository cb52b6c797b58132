"""The processes of `up`: `python -m config.serving.child web [GATE]`, `worker`, `beat [SCHEDULE]`, `static`."""

import contextlib
import ctypes
import gc
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from config.farewell import say_farewell
from config.serving.pulse import EVERY_SECONDS, Pulse

PARENT = os.getppid()
"""The supervisor, asked before the long imports: one that dies during them would leave us to another parent."""
PULSE = Pulse()
ORPHAN_SECONDS = 4.0  # to finish; a job that never ends must not hold a process nobody watches


def end_with_parent(*, beating: bool = True) -> None:
    """Stop when the supervisor is gone, even by SIGKILL: nobody would be left to stop us. Until then, tell it we live.

    `beating` is off for a process that has a better place to beat from than a thread of its own.
    """

    def watch() -> None:
        while os.getppid() == PARENT:
            if beating:
                PULSE.beat()
            time.sleep(EVERY_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(ORPHAN_SECONDS)
        say_farewell()
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def keep_small(**kwargs: object) -> None:
    """Hand back what importing only needed for a moment, and spare the collector what will never be garbage."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    with contextlib.suppress(OSError, AttributeError):  # glibc's own; others need no asking
        ctypes.CDLL(None).malloc_trim(0)


def web(gate: str = "") -> None:
    """Serve. With a gate, import everything at once, but wait there for the address: then the database is ready."""
    from django.core.exceptions import ImproperlyConfigured

    try:
        import config.serving.asgi  # noqa: F401
    except ImproperlyConfigured:
        if gate:
            return  # `up` has the same settings, and says what is wrong with them
        raise
    from django.conf import settings

    from config.serving.web import main

    keep_small()
    host, port = settings.HOST, settings.PORT
    if gate:
        address = os.read(int(gate), 1000)
        if not address:
            return
        host, port = json.loads(address)
    end_with_parent(beating=False)  # the event loop is what must not stand still
    main(host, port, beat=PULSE.beat)


def worker() -> None:
    from celery.signals import worker_ready

    from config.jobs.app import app

    worker_ready.connect(keep_small)
    end_with_parent()
    app.worker_main(["-q", "worker", "--without-gossip", "--without-mingle", "--without-heartbeat"])


def load_beat(schedule: str = "") -> Any:
    """Celery for a beat; with the schedule it is given it loads no app the jobs belong to, which saves 20 MB."""
    import django
    from django.conf import settings

    from config.jobs.schedule import use

    if schedule:
        use(schedule)
        settings.INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "config"]
    django.setup()
    from config.jobs.app import app

    if schedule:
        vars(app.loader)["import_default_modules"] = list
    return app


def beat(schedule: str = "") -> None:
    """Beat until told to stop."""
    app = load_beat(schedule)
    from config.jobs.heartbeat import fall_silent
    from config.models import Heartbeat

    keep_small()
    end_with_parent()
    try:
        app.Beat(quiet=True, scheduler_cls=app.conf.beat_scheduler).run()
    finally:
        fall_silent(role=Heartbeat.Role.BEAT)


def static() -> None:
    """Collect the static files: the next start serves them compressed and under names that are cached for ever."""
    import django

    django.setup()
    from config.serving.static import collect

    collect()


if __name__ == "__main__":
    gc.disable()  # until all is imported: config/apps.py
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["CELERY_SKIP_CHECKS"] = "1"  # `manage.py doctor` checks; they would import every URL
    name, arguments = sys.argv[1], sys.argv[2:]
    processes: dict[str, Callable[..., None]] = {"web": web, "worker": worker, "beat": beat, "static": static}
    processes[name](*arguments)
