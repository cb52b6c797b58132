"""Channels, what is sent through them, and each try."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from audit.models import Approval
from config.database.json_column import JSONField
from config.identifiers import uuid7
from escalation.models.bugs import Bug
from escalation.models.escalations import Escalation


class Kind(models.TextChoices):
    EMAIL = "email", "E-mail"
    SLACK = "slack", "Slack"
    TEAMS = "teams", "Microsoft Teams"
    DISCORD = "discord", "Discord"
    NTFY = "ntfy", "ntfy"
    PAGERDUTY = "pagerduty", "PagerDuty"
    WEBHOOK = "webhook", "Webhook"


class Channel(models.Model):
    """A way to reach people or programs. Its secrets are sealed; nothing shows more of them than their last four."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.SlugField(max_length=64, unique=True, help_text="How policies name it.")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    details = JSONField(default=dict, blank=True, help_text="What its kind asks for, such as to whom or where to.")
    sealed = models.TextField(blank=True, editable=False)
    last_fours = JSONField(default=dict, editable=False, help_text="Which secrets are set, and how each ends.")
    is_active = models.BooleanField(default=True)
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    off_because = models.CharField(max_length=255, blank=True, editable=False)
    last_sent_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=Q(kind__in=Kind.values), name="channel_kind_known")]

    def __str__(self) -> str:
        return self.name

    def seal(self, secrets: Mapping[str, str]) -> None:
        """Keep these and no others."""
        from config import vault  # here: every command loads the models, and few need its cryptography

        self.last_fours = {name: vault.Secret(value).last_four for name, value in secrets.items()}
        self.sealed = vault.seal(json.dumps(secrets), **self._place) if secrets else ""

    def secrets(self) -> dict[str, str]:
        """Raises SecretUnreadable. For who sends, and for as long as it takes."""
        from config import vault

        return dict(json.loads(vault.unseal(self.sealed, **self._place).reveal())) if self.sealed else {}

    @property
    def _place(self) -> dict[str, str]:
        return {"table": "escalation_channel", "column": "sealed", "row": str(self.pk)}

    def state(self) -> dict[str, Any]:
        """What the trail keeps: of secrets only which are set."""
        return {
            "name": self.name,
            "kind": self.kind,
            "details": self.details,
            "secrets": sorted(self.last_fours),
            "is_active": self.is_active,
            "off_because": self.off_because,
        }


class Purpose(models.TextChoices):
    CALL = "call"
    ALERT = "alert"
    NOTICE = "notice"
    TEST = "test"


class DeliveryState(models.TextChoices):
    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    DEAD = "dead"
    WITHDRAWN = "withdrawn"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, *, at: datetime) -> Self:
        """To be sent now: those whose time has come, and those of a sender that died over them."""
        return self.filter(next_attempt_at__lte=at)

    def withdraw(self, *, at: datetime) -> int:
        """Nobody needs them any more; one that is on its way is not sent again."""
        return self.filter(next_attempt_at__isnull=False).update(
            state=DeliveryState.WITHDRAWN, next_attempt_at=None, finished_at=at
        )


class Delivery(models.Model):
    """One message through one channel, tried until it is through, dead, or of no use any more."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    bug = models.ForeignKey(Bug, null=True, on_delete=models.CASCADE, related_name="deliveries")
    escalation = models.ForeignKey(Escalation, null=True, on_delete=models.CASCADE, related_name="deliveries")
    approval = models.ForeignKey(
        Approval,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="What an agent asks, if the message can answer that.",
    )
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    recipient = models.CharField(max_length=255, blank=True, help_text="Whom it is for.")
    notice = JSONField(help_text="What is said, before a channel gives it its form.")
    state = models.CharField(max_length=16, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, default=timezone.now)
    error = models.TextField(blank=True, help_text="Why the last try failed.")
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["next_attempt_at"], name="delivery_due", condition=Q(next_attempt_at__isnull=False)),
            models.Index(fields=["channel", "-id"], name="delivery_channel"),
            models.Index(fields=["bug", "-id"], name="delivery_bug"),
            models.Index(fields=["state", "-id"], name="delivery_state"),
            models.Index(fields=["created_at"], name="delivery_created"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="delivery_state_known"),
            models.CheckConstraint(condition=Q(purpose__in=Purpose.values), name="delivery_purpose_known"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "sending"], next_attempt_at__isnull=False)
                | Q(~Q(state__in=["waiting", "sending"]), next_attempt_at__isnull=True),
                name="delivery_waits_for_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} by {self.channel}"

    @property
    def asks_in_vain(self) -> bool:
        """Whether what it asks was answered meanwhile, or nobody did in time."""
        return self.approval is not None and self.approval.standing != Approval.Status.PENDING

    def claim(self, *, at: datetime, lease: timedelta) -> bool:
        """Take it to be sent, before anybody else does; one that was withdrawn meanwhile cannot be taken."""
        mine = Delivery.objects.due(at=at).filter(pk=self.pk, attempts=self.attempts)
        self.attempts += 1
        return bool(mine.update(state=DeliveryState.SENDING, attempts=self.attempts, next_attempt_at=at + lease))


class Attempt(models.Model):
    """One try: what was sent and what came back, without the secrets."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    began_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    succeeded = models.BooleanField()
    status = models.PositiveIntegerField(null=True, help_text="The answer's, of HTTP or SMTP.")
    error = models.TextField(blank=True)
    request = JSONField()
    response = JSONField(null=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["delivery", "id"], name="attempt_delivery")]

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M:%S} {self.status or self.error or 'sent'}"


class TakenSignature(models.Model):
    """A signed request that was taken, so that nobody's copy of it is. Kept for as long as its time would be valid."""

    digest = models.CharField(max_length=64, primary_key=True)
    taken_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.digest[:12]
