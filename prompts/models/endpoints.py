"""Models that can be asked beside the one of the settings."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils import timezone

from config.identifiers import uuid7
from prompts.fields import LONGEST_ADDRESS, LONGEST_LABEL, LONGEST_MODEL, USUAL_TIMEOUT_SECONDS
from prompts.models.prompts import LABEL_RULE

if TYPE_CHECKING:
    from config.vault import Secret


class Api(models.TextChoices):
    OPENAI = "openai", "OpenAI's chat completions"
    ANTHROPIC = "anthropic", "Anthropic's messages"


class Endpoint(models.Model):
    """Where a model is asked. Its key is sealed; nothing shows more of it than its last four."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(
        max_length=LONGEST_LABEL, unique=True, validators=[LABEL_RULE], help_text="`name/model` asks a model of it."
    )
    api = models.CharField(max_length=16, choices=Api.choices, default=Api.OPENAI)
    base_url = models.CharField(max_length=LONGEST_ADDRESS, help_text="Ends in /v1.")
    model = models.CharField(max_length=LONGEST_MODEL, help_text="The model that `name/` asks.")
    sealed_key = models.TextField(blank=True, editable=False)
    key_ends = models.CharField(max_length=4, blank=True, editable=False)
    timeout_seconds = models.FloatField(default=USUAL_TIMEOUT_SECONDS)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=255, blank=True, editable=False)
    tried_at = models.DateTimeField(null=True, editable=False, help_text="When it was last tried.")
    problem = models.TextField(blank=True, editable=False, help_text="Why that try failed.")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    def seal(self, key: str) -> None:
        """Keep this key, or none."""
        from config import vault  # here: every command loads the models, and few need its cryptography

        self.key_ends = vault.Secret(key).last_four
        self.sealed_key = vault.seal(key, **self._place) if key else ""

    def key(self) -> "Secret":
        """Raises SecretUnreadable. For who asks, and for as long as it takes."""
        from config import vault

        return vault.unseal(self.sealed_key, **self._place) if self.sealed_key else vault.Secret("")

    @property
    def _place(self) -> dict[str, str]:
        return {"table": "prompts_endpoint", "column": "sealed_key", "row": str(self.pk)}

    def state(self) -> dict[str, Any]:
        """What the trail keeps: of the key only whether there is one."""
        told = {name: getattr(self, name) for name in ("name", "api", "base_url", "model", "timeout_seconds")}
        return {**told, "has_key": bool(self.sealed_key)}
