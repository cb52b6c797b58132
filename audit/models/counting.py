"""How many events there were, kept beside them."""

from django.db import models


class EventCount(models.Model):
    """Sealed events of one value of a dimension in one hour (one day, once folded); they outlive the events."""

    class Dimension(models.TextChoices):
        TYPE = "type"
        ACTOR = "actor"
        DECISION = "decision"
        AGENT = "agent"
        """Of decisions, behind its verdict: "deny claude"."""
        RULE = "rule"
        """Likewise, of those that did not simply allow."""

    pk = models.CompositePrimaryKey("dimension", "hour", "value")
    dimension = models.CharField(max_length=8, choices=Dimension)
    hour = models.DateTimeField(help_text="The hour's beginning, UTC.")
    value = models.CharField(max_length=255)
    count = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return f"{self.count} of {self.dimension} {self.value} at {self.hour:%Y-%m-%d %H}h"
