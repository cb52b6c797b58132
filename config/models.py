"""Tables of the ground floor: API keys and the answers kept for repeated requests."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Scope(models.TextChoices):
    """What a key may do; each includes the ones before it."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def live(self) -> "ApiKeyQuerySet":
        """Keys that work now: neither revoked nor expired."""
        now = timezone.now()
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None, user__is_active=True)


class ApiKey(models.Model):
    """A program's way in. Only the SHA-256 of the key is kept; the key itself is shown once."""

    name = models.CharField(max_length=100, unique=True)
    prefix = models.CharField(max_length=12, editable=False, help_text="The first characters, to tell keys apart.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scope = models.CharField(max_length=5, choices=Scope)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_keys")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=Q(scope__in=Scope.values), name="api_key_scope_known")]

    def __str__(self) -> str:
        return self.name

    def allows(self, scope: str) -> bool:
        order = Scope.values
        return order.index(self.scope) >= order.index(scope)


class IdempotentAnswer(models.Model):
    """The answer of a POST that carried an Idempotency-Key, kept 24 h; without status while it still runs."""

    caller = models.CharField(max_length=255)
    key = models.CharField(max_length=255)
    path = models.CharField(max_length=2048)
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="idempotent_answer_once")]

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"
