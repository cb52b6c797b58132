"""What triggers saw change in captured tables, before it is an event."""

from django.db import models


class StagedChange(models.Model):
    """A row that a trigger saw change; `capture.collect` makes an event of it."""

    table = models.CharField(max_length=63)
    operation = models.CharField(max_length=6)
    entity_id = models.CharField(max_length=255)
    old_value = models.JSONField(null=True)
    new_value = models.JSONField(null=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=255, blank=True)
    correlation_id = models.CharField(max_length=128, blank=True)
    database_user = models.CharField(max_length=63)

    def __str__(self) -> str:
        return f"{self.operation} {self.table} {self.entity_id}"


class CaptureBy(models.Model):
    """Who writes to a captured table in the present transaction, where the database has no session settings."""

    actor = models.CharField(max_length=255)
    correlation_id = models.CharField(max_length=128, blank=True)

    def __str__(self) -> str:
        return self.actor
