"""How far the trail was sent on to the SIEM."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q


class StreamQuerySet(models.QuerySet["StreamPosition"]):
    def free(self, now: datetime) -> Self:
        """The place, unless a sender is at it."""
        return self.filter(Q(leased_until__isnull=True) | Q(leased_until__lt=now))


class StreamPosition(models.Model):
    """Up to which event the SIEM has confirmed the trail, in the ledger's order; there is one row."""

    tx = models.BigIntegerField(default=-1)
    event_id = models.BigIntegerField("event", default=-1)
    sent_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=255, blank=True, help_text="Why the last try failed.")
    leased_until = models.DateTimeField(null=True, help_text="Until then a sender is at it.")

    objects = StreamQuerySet.as_manager()

    class Meta:
        verbose_name = "stream to the SIEM"
        verbose_name_plural = "stream to the SIEM"

    def __str__(self) -> str:
        return f"up to event {self.event_id}" if self.sent_at else "nothing sent yet"
