"""Tables of the ground floor: API keys and the answers kept for repeated requests."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.database.json_column import JSONField


class Scope(models.TextChoices):
    """What a key may do; each includes the ones before it."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def covers(self, needed: str) -> bool:
        """Whether who has this scope may do what needs that one."""
        order = self.__class__.values
        return order.index(self.value) >= order.index(needed)


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def live(self) -> "ApiKeyQuerySet":
        """Keys that work now: neither revoked nor expired, and of a user who is active."""
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

    @property
    def is_live(self) -> bool:
        """What `live()` asks of the database, of one row and its user as they were just read."""
        return self.state == "live"

    @property
    def state(self) -> str:
        """live, or why it is not."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= timezone.now():
            return "expired"
        return "live" if self.user.is_active else "its user is not active"

    def allows(self, scope: str) -> bool:
        return Scope(self.scope).covers(scope)


class FailedLogin(models.Model):
    """A password that was wrong, kept for an hour; `config.attempts` counts them."""

    address = models.CharField(max_length=45)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["address", "at"], name="failed_login_of_address")]

    def __str__(self) -> str:
        return f"{self.address} {self.at:%Y-%m-%d %H:%M:%S}"


class IdempotentAnswer(models.Model):
    """The answer of a POST that carried an Idempotency-Key, kept 24 h; without status while it still runs."""

    caller = models.CharField(max_length=255)
    key = models.CharField(max_length=255)
    path = models.CharField(max_length=2048)
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = JSONField(null=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="idempotent_answer_once")]

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"


class BrokerMessageQuerySet(models.QuerySet["BrokerMessage"]):
    def ready(self) -> "BrokerMessageQuerySet":
        """Messages a worker may claim now: due, and leased to nobody who still renews."""
        return self.filter(parked_at=None, available_at__lte=timezone.now())

    def leased(self) -> "BrokerMessageQuerySet":
        """Messages a worker holds."""
        return self.exclude(worker="").filter(parked_at=None, available_at__gt=timezone.now())

    def parked(self) -> "BrokerMessageQuerySet":
        """Messages nobody will run again until somebody requeues them."""
        return self.filter(parked_at__isnull=False)

    def requeue(self) -> int:
        """Give parked messages another round of deliveries; how many there were."""
        return self.parked().update(parked_at=None, reason="", worker="", deliveries=0, available_at=timezone.now())


class BrokerMessage(models.Model):
    """A Celery message while it waits or runs; deleted once the job is done."""

    queue = models.CharField(max_length=200)
    task = models.CharField(max_length=255, blank=True)
    task_id = models.CharField(max_length=255, blank=True)
    payload = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    available_at = models.DateTimeField(
        default=timezone.now, help_text="When it is due; while a worker holds it, when that worker's lease ends."
    )
    worker = models.CharField(max_length=255, blank=True, help_text="Who holds it.")
    deliveries = models.PositiveSmallIntegerField(default=0)
    parked_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=255, blank=True, help_text="Why it is parked.")

    objects = BrokerMessageQuerySet.as_manager()

    class Meta:
        verbose_name = "queued job"
        ordering = ["-id"]
        indexes = [
            # A worker asks for the first ready message of a queue five times a second, whatever the backlog.
            models.Index(fields=["queue", "available_at", "id"], name="broker_next", condition=Q(parked_at=None)),
            models.Index(fields=["task_id"], name="broker_task_id"),
        ]

    def __str__(self) -> str:
        return f"{self.task or 'message'} {self.task_id or self.pk}"

    @property
    def state(self) -> str:
        """parked, leased, scheduled or waiting."""
        if self.parked_at is not None:
            return "parked"
        if self.available_at <= timezone.now():
            return "waiting"
        return "leased" if self.worker else "scheduled"


class PeriodicRun(models.Model):
    """When a periodic job was last sent: shared by every beat, so that several send each run once."""

    name = models.CharField(max_length=255, unique=True)
    last_run_at = models.DateTimeField(default=timezone.now)
    total_runs = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    def alive(self) -> "HeartbeatQuerySet":
        """Processes that gave a sign of life lately; three missed beats are a death."""
        return self.filter(beaten_at__gt=timezone.now() - Heartbeat.DEAD_AFTER)


class Heartbeat(models.Model):
    """A worker or beat process, and when it last gave a sign of life."""

    EVERY = timedelta(seconds=5)
    DEAD_AFTER = 3 * EVERY

    class Role(models.TextChoices):
        WORKER = "worker"
        BEAT = "beat"

    name = models.CharField(max_length=255, unique=True)
    role = models.CharField(max_length=6, choices=Role)
    started_at = models.DateTimeField(default=timezone.now)
    beaten_at = models.DateTimeField(default=timezone.now)

    objects = HeartbeatQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        indexes = [models.Index(fields=["role", "beaten_at"], name="heartbeat_role")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_alive(self) -> bool:
        return self.beaten_at > timezone.now() - self.DEAD_AFTER

    @property
    def silent_seconds(self) -> float:
        """How long ago its last sign of life was."""
        return (timezone.now() - self.beaten_at).total_seconds()


class WriteProbe(models.Model):
    """What readiness writes, to know that the database takes a write."""

    name = models.CharField(max_length=255, unique=True)
    written_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
