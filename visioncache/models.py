"""What the models answered, how often that was used, and who is asking right now."""

from datetime import datetime
from typing import Any, Self

from django.db import connections, models
from django.db.models import Avg, Count, Q, Sum
from django.utils import timezone

from config.identifiers import uuid7
from config.secrets import known_as
from visioncache.identity import Identity


def _lives(at: datetime) -> Q:
    """What may answer: entries without an end, or with one that lies ahead."""
    return Q(expires_at=None) | Q(expires_at__gt=at)


class EntryQuerySet(models.QuerySet["Entry"]):
    def live(self, at: datetime | None = None) -> Self:
        return self.filter(_lives(at or timezone.now()))

    def expired(self, at: datetime | None = None) -> Self:
        return self.filter(expires_at__lte=at or timezone.now())

    def of_image(self, image_hash: str) -> Self:
        """Entries about an image, whether it was the first or a further one of the request."""
        # The few further ones are fetched first: PostgreSQL scans the table for an OR with a subquery.
        further = list(EntryImage.objects.filter(image_hash=image_hash).values_list("entry_id", flat=True))
        return (
            self.filter(Q(image_hash=image_hash) | Q(pk__in=further)) if further else self.filter(image_hash=image_hash)
        )

    def tagged(self, tag: str) -> Self:
        return self.filter(pk__in=EntryTag.objects.filter(name__in=known_as(tag)).values("entry_id"))

    def figures(self) -> dict[str, Any]:
        """Number, size, hits and mean confidence of these entries, by one query."""
        live = _lives(timezone.now())
        return self.aggregate(
            total_entries=Count("pk"),
            live_entries=Count("pk", filter=live),
            avg_confidence=Avg("confidence_score", filter=live),
            bytes=Sum("size_bytes", default=0),
        )

    def remove(self) -> int:
        """Delete these rows by three statements; `delete()` would fetch every row because of the cascades."""
        ids = list(self.values_list("pk", flat=True))
        EntryTag.objects.filter(entry_id__in=ids).delete()
        EntryImage.objects.filter(entry_id__in=ids).delete()
        removed: int = Entry.objects.filter(pk__in=ids)._raw_delete(self.db)  # noqa: SLF001 -- see above
        return removed

    def hit(self, identity: Identity, at: datetime) -> "Entry | None":
        """The live entry that answers, its hit counted by the very statement that reads it."""
        # One UPDATE .. RETURNING loses no count between processes and is faster than an ORM read alone.
        column, value = ("key", identity.key) if identity.model_version else ("question_key", identity.question_key)
        now = connections[self.db].ops.adapt_datetimefield_value(at)
        sql = _HIT.format(column=column, lives=_LIVES)
        return next(iter(self.raw(sql, {"value": value, "now": now})), None)


_LIVES = "(expires_at IS NULL OR expires_at > %(now)s)"  # _lives() in SQL
_HIT = """
UPDATE visioncache_entry
   SET hit_count = hit_count + 1,
       last_hit_at = %(now)s,
       saved_ms = saved_ms + COALESCE(latency_ms, 0),
       saved_cost_micros = saved_cost_micros + COALESCE(cost_micros, 0)
 WHERE id = (SELECT id FROM visioncache_entry
              WHERE {column} = %(value)s AND {lives}
              ORDER BY stored_at DESC, id DESC LIMIT 1)
   AND {lives}
RETURNING *
"""


class Entry(models.Model):
    """What a model read from an image, under the complete identity of the request."""

    uid = models.UUIDField(unique=True, default=uuid7, editable=False)
    key = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of all identity parts.")
    question_key = models.CharField(max_length=64, editable=False, help_text="The key without the model.")
    namespace = models.CharField(max_length=64, help_text="Keeps tenants apart.")
    image_hash = models.CharField(max_length=64, help_text="SHA-256 of the (first) image's bytes.")
    image_hashes = models.JSONField(help_text="All images of the request, in order.")
    model_version = models.CharField(max_length=255, help_text="The resolved model, never an alias.")
    request = models.JSONField(help_text="Prompt, parameters and whatever else was asked; transport fields dropped.")
    request_hash = models.CharField(max_length=64, editable=False)
    image_url = models.CharField(max_length=2048, null=True, blank=True)  # noqa: DJ001 -- null: none was given
    extracted_data = models.JSONField()
    confidence_score = models.FloatField(help_text="0 to 1.")
    tags = models.JSONField(default=list)
    cost_micros = models.PositiveBigIntegerField(null=True, help_text="What the model call cost, micro-dollars.")
    latency_ms = models.PositiveBigIntegerField(null=True, help_text="How long the model call took.")
    size_bytes = models.PositiveBigIntegerField(help_text="Extracted data and request as JSON.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    stored_at = models.DateTimeField(help_text="When the present data was stored; created_at is when the first was.")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: never.")
    hit_count = models.PositiveBigIntegerField(default=0)
    last_hit_at = models.DateTimeField(null=True)
    saved_ms = models.PositiveBigIntegerField(default=0)
    saved_cost_micros = models.PositiveBigIntegerField(default=0)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "entries"
        ordering = ["-id"]
        # Nothing that a hit writes is indexed: PostgreSQL can then update the row in place (HOT).
        indexes = [
            models.Index(fields=["question_key", "-stored_at"], name="entry_question"),
            # Both, else SQLite prefers the namespace's index and reads all of the tenant: 60 ms a miss, not 0.3.
            models.Index(fields=["image_hash", "namespace"], name="entry_image"),
            models.Index(fields=["model_version", "namespace"], name="entry_model"),
            models.Index(fields=["namespace", "-id"], name="entry_namespace"),
            models.Index(fields=["request_hash"], name="entry_request"),
            models.Index(fields=["expires_at"], name="entry_expiry", condition=Q(expires_at__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(confidence_score__gte=0, confidence_score__lte=1), name="entry_confidence_in_range"
            )
        ]

    def __str__(self) -> str:
        return f"{self.namespace} {self.image_hash[:12]} {self.model_version}"

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def age_seconds(self) -> int:
        """Since the present data was stored."""
        return max(0, int((timezone.now() - self.stored_at).total_seconds()))


class EntryImage(models.Model):
    """A further image of an entry; the first stands on the entry itself."""

    entry = models.ForeignKey(Entry, models.CASCADE, related_name="further_images")
    image_hash = models.CharField(max_length=64, db_index=True)

    def __str__(self) -> str:
        return self.image_hash


class EntryTag(models.Model):
    """A tag of an entry, so that tags can be searched; `Entry.tags` shows them."""

    entry = models.ForeignKey(Entry, models.CASCADE, related_name="tag_rows")
    name = models.CharField(max_length=64, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "name"], name="entry_tag_once")]

    def __str__(self) -> str:
        return self.name


class Lease(models.Model):
    """One caller's right to compute a missing answer while the others wait; it ends by itself."""

    key = models.CharField(max_length=64, unique=True)
    token = models.CharField(max_length=32, unique=True)
    holder = models.CharField(max_length=255)
    taken_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key[:12]} until {self.expires_at:%H:%M:%S}"


class Tally(models.Model):
    """Look-ups of one namespace in one hour (one day, once folded). They outlive the entries they were about."""

    namespace = models.CharField(max_length=64)
    hour = models.DateTimeField(help_text="The hour's beginning.")
    slot = models.PositiveSmallIntegerField(help_text="Several rows share an hour so that writers do not queue.")
    hits = models.PositiveBigIntegerField(default=0)
    misses = models.PositiveBigIntegerField(default=0)
    waits = models.PositiveBigIntegerField(default=0)
    saved_ms = models.PositiveBigIntegerField(default=0)
    saved_cost_micros = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["namespace", "hour", "slot"], name="tally_once")]
        indexes = [models.Index(fields=["hour"], name="tally_hour")]

    def __str__(self) -> str:
        return f"{self.namespace} {self.hour:%Y-%m-%d %H}h"
