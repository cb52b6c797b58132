"""What a prompt is tested with."""

from typing import Any

from django.db import models
from django.utils import timezone

from config.database.json_column import JSONField
from config.identifiers import uuid7
from prompts.models.prompts import Prompt


class TestCase(models.Model):
    __test__ = False  # no test class of pytest's

    uid = models.UUIDField(unique=True, default=uuid7, editable=False)
    prompt = models.ForeignKey(Prompt, models.CASCADE, related_name="test_cases")
    name = models.CharField(max_length=120)
    type = models.CharField(max_length=50, default="general", help_text="A word to group cases by.")
    input = JSONField(help_text="A text, or {variable: value}.")
    expected_output = models.TextField(null=True, blank=True)  # noqa: DJ001  -- null means: only assertions count
    assertions = JSONField(default=list, blank=True)
    threshold = models.FloatField(null=True, blank=True, help_text="The weighted score that is enough, 0 to 1.")
    must_pass = models.BooleanField(
        default=False, help_text="Whatever the statistics say, a version that fails it takes no protected label."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=255, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["prompt", "name"], name="case_name")]

    def __str__(self) -> str:
        return f"{self.prompt.prompt_id}/{self.name}"

    def definition(self) -> dict[str, Any]:
        """All that decides how an answer is judged."""
        return {name: getattr(self, name) for name in DEFINITION}

    def state(self) -> dict[str, Any]:
        """What the trail keeps of a case: also what hangs on it, where something does."""
        return {**self.definition(), **({"must_pass": True} if self.must_pass else {})}


DEFINITION = ("name", "type", "input", "expected_output", "assertions", "threshold")
