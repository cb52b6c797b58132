"""What was asked for at once: versions by models, each a run, with each case asked several times."""

from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone

from config.identifiers import uuid7
from prompts.models.prompts import Prompt

if TYPE_CHECKING:
    from prompts.models.runs import Run


class Evaluation(models.Model):
    """One question about a prompt: how some of its versions do, on some models."""

    uid = models.UUIDField(unique=True, default=uuid7, editable=False)
    prompt = models.ForeignKey(Prompt, models.CASCADE, related_name="evaluations")
    repeats = models.PositiveSmallIntegerField(default=1, help_text="How often each case is asked.")
    threshold = models.FloatField(default=1.0, help_text="The share of its repeats a case must pass.")
    max_tokens = models.PositiveBigIntegerField(null=True, help_text="Of all runs together; then they end.")
    max_cost_micros = models.PositiveBigIntegerField(null=True, help_text="Micro-dollars, likewise.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.prompt.prompt_id} {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def status(self) -> str:
        """As that of a run: what is still to come first, then what went wrong."""
        there = {run.status for run in self.runs.all()}
        if len(there) == 1:
            return there.pop()
        words = ["running", "pending", "failed", "cancelled", "finished"]
        found = next((word for word in words if word in there), "finished")
        return "running" if found == "pending" else found

    @property
    def is_over(self) -> bool:
        return all(run.is_over for run in self.runs.all())

    @property
    def in_order(self) -> list["Run"]:
        return sorted(self.runs.all(), key=lambda run: run.position)
