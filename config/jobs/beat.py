"""Periodic jobs: the apps' `tasks.SCHEDULE` and the settings' own, sent once however many beats there are."""

import logging
from typing import Any

from celery import beat
from django.db import Error, transaction
from django.db.models import F

from config.jobs.heartbeat import beat as give_sign_of_life
from config.jobs.queue import own_connection
from config.jobs.schedule import periodic_jobs
from config.models import Heartbeat, PeriodicRun

logger = logging.getLogger(__name__)


class Scheduler(beat.Scheduler):
    """Keeps the last runs in the database and sends a run in the transaction that notes it.

    Of several beats the one whose update hits the row wins, so none is the only one that may run.
    """

    def setup_schedule(self) -> None:
        jobs: dict[str, Any] = periodic_jobs()
        self.merge_inplace(jobs)
        with own_connection():
            for name in jobs:
                PeriodicRun.objects.get_or_create(name=name)
            for run in PeriodicRun.objects.filter(name__in=jobs):
                self.schedule[run.name].last_run_at = run.last_run_at

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due; the seconds until to look again."""
        give_sign_of_life(role=Heartbeat.Role.BEAT)
        waits = [self._send_if_due(entry) for entry in list(self.schedule.values())]
        return min([*waits, Heartbeat.EVERY.total_seconds()])

    def _send_if_due(self, entry: Any) -> float:
        is_due, wait = entry.is_due()
        if not is_due:
            return max(float(wait), 0.05)
        try:
            with own_connection():
                self._send_once(entry)
        except (Error, beat.SchedulingError) as error:
            logger.warning("Periodic job %s could not be sent, trying again: %s", entry.name, error)
            return 1.0
        return 0.05

    def _send_once(self, entry: Any) -> None:
        following = next(entry)
        with transaction.atomic():
            run = PeriodicRun.objects.filter(name=entry.name, last_run_at=entry.last_run_at)
            won = run.update(last_run_at=following.last_run_at, total_runs=F("total_runs") + 1)
            if won:
                self.apply_async(entry, producer=self.producer, advance=False)
        if not won:  # another beat was first
            following.last_run_at = PeriodicRun.objects.get(name=entry.name).last_run_at
        self.schedule[entry.name] = following
