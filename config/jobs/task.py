"""What every Celery task is here: it acts for whoever sent it, and fails in words."""

import logging
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from celery.contrib.django.task import DjangoTask
from celery.exceptions import Reject
from django.conf import settings
from django.db import Error, connection

from config.context import acting_as, caller
from config.errors import DomainError
from config.jobs import overrun
from config.jobs.app import SENDER

logger = logging.getLogger(__name__)

RETURN_SECONDS = 1.0  # a job that finds no database does not come straight back


class Job(DjangoTask):
    """The class behind `@shared_task`."""

    throws = (DomainError,)  # an expected failure: Celery adds no traceback

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.request.called_directly:
            return super().__call__(*args, **kwargs)
        with acting_as(door="job", **self._sender()), self._bounded():
            try:
                return self.run(*args, **kwargs)
            except DomainError as error:
                logger.warning("Job %s failed (%s): %s", self.name, error.code, error.detail)
                raise
            except Error as error:
                if self.request.is_eager or not _lost_database():
                    raise
                # A restart of the database is no fault of the job: it goes back to the queue.
                logger.warning("Job %s lost its database and will run again: %s", self.name, str(error).strip())
                time.sleep(RETURN_SECONDS)
                raise Reject(str(error), requeue=True) from error

    def _bounded(self) -> AbstractContextManager[None]:
        if self.request.is_eager:  # in the caller's own thread, which has its own bounds
            return nullcontext()
        return overrun.bounded(
            job=str(self.request.id),
            name=str(self.name),
            seconds=self.time_limit or settings.JOB_SECONDS,
            is_suspect=bool((self.request.delivery_info or {}).get("redelivered")),
        )

    def _sender(self) -> dict[str, str]:
        sent = getattr(self.request, SENDER, None) or {}
        actor = sent.get("actor") or caller().actor
        return {
            "actor": f"job:{self.name}" if actor == "system" else actor,
            "correlation_id": sent.get("correlation_id") or caller().correlation_id or str(self.request.id or ""),
        }

    def delay_on_commit(self, *args: Any, **kwargs: Any) -> Any:
        return self.apply_async_on_commit(args, kwargs)

    def apply_async_on_commit(self, *args: Any, **kwargs: Any) -> Any:
        """Send when the transaction commits, and not at all when it rolls back.

        The embedded broker is in that very transaction, so there the message is sent at once: a process that dies
        between commit and sending loses nothing.
        """
        if self.app.conf.broker_url.startswith("database:") and not self.app.conf.task_always_eager:
            return self.apply_async(*args, **kwargs)
        return super().apply_async_on_commit(*args, **kwargs)


def _lost_database() -> bool:
    try:
        connection.ensure_connection()
        return not connection.is_usable()
    except Error:
        return True
