"""The Celery application itself, which config/celery.py gives to `celery -A config.celery` and to the tasks."""

import os
import sys
import warnings
from typing import Any

from celery import Celery, shared_task, signals
from celery.exceptions import SecurityWarning
from kombu.transport import TRANSPORT_ALIASES

from config import home
from config.context import caller

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
TRANSPORT_ALIASES["database"] = "config.jobs.transport:Transport"

# Celery fears root because a pickle could then run anything as root; nothing but JSON is accepted here.
warnings.filterwarnings("ignore", category=SecurityWarning)

if home.INSTALLED:  # Celery itself looks there, before it asks the settings
    for end in ("BROKER_URL", "BROKER_READ_URL", "BROKER_WRITE_URL", "RESULT_BACKEND"):
        os.environ.pop(f"CELERY_{end}", None)
_path = sys.path.copy()
app = Celery("handrail", task_cls="config.jobs.task:Job")
sys.path[:] = _path  # Celery puts the current folder first, whatever packages called `audit` or `config` lie there
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

__all__ = ["SENDER", "app", "shared_task"]  # tasks take shared_task from here, so that it is this app they are sent by

SENDER = "handrail"
"""The message header with the sender's actor and correlation id."""


@signals.before_task_publish.connect
def _sign(headers: dict[str, Any] | None = None, **kwargs: Any) -> None:
    if headers is not None:
        headers.setdefault(SENDER, {"actor": caller().actor, "correlation_id": caller().correlation_id})


@signals.worker_ready.connect
def _start_pulse(sender: Any = None, **kwargs: Any) -> None:
    from config.jobs.heartbeat import Pulse
    from config.jobs.overrun import Watch
    from config.models import Heartbeat

    Watch().start()

    sender.pulse = Pulse(Heartbeat.Role.WORKER)
    sender.pulse.start()
    signals.worker_shutdown.connect(lambda **_: sender.pulse.stop(), weak=False)


@signals.setup_logging.connect
def _keep_our_logging(**kwargs: Any) -> None:
    """The service's own log format, which blanks secrets, instead of Celery's."""
