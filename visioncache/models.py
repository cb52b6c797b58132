"""What the models answered, how often that was used, and who is asking right now."""

from contextlib import suppress
from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Avg, Count, Q, Sum
from django.utils import timezone

from config.database.json_column import JSONField
from config.identifiers import uuid7
from config.secrets import known_as
from visioncache.buffer import BUFFER, Use


def _expired(at: datetime) -> Q:
    """What may answer no more; every other entry lives. `Entry.is_expired` says it of one row."""
    return Q(expires_at__lte=at)


class EntryQuerySet(models.QuerySet["Entry"]):
    def live(self, at: datetime | None = None) -> Self:
        return self.filter(~_expired(at or timezone.now()))

    def expired(self, at: datetime | None = None) -> Self:
        return self.filter(_expired(at or timezone.now()))

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
        live = ~_expired(timezone.now())
        return self.aggregate(  # of columns that entry_figures has, and of no others
            total_entries=Count("size_bytes"),
            live_entries=Count("size_bytes", filter=live),
            avg_confidence=Avg("confidence_score", filter=live),
            bytes=Sum("size_bytes", default=0),
        )

    def used(self, most: int) -> list["Entry"]:
        """The entries that answered most, of those that did."""
        rows = self.select_related("stat").filter(stat__hit_count__gt=0)
        return list(rows.order_by("-stat__hit_count", "-stat__entry_id")[:most])

    def most_used(self, most: int) -> list["Entry"]:
        """The entries that answered most, then the newest of those that never did."""
        # Two questions, each answered by an index: one for both would sort every entry, 70 ms of 100,000.
        used = self.used(most)
        return [*used, *self.select_related("stat").filter(stat=None).order_by("-pk")[: most - len(used)]]


class Entry(models.Model):
    """What a model read from an image, under the complete identity of the request."""

    uid = models.UUIDField(unique=True, default=uuid7, editable=False)
    key = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of all identity parts.")
    question_key = models.CharField(max_length=64, editable=False, help_text="The key without the model.")
    namespace = models.CharField(max_length=64, help_text="Keeps tenants apart.")
    image_hash = models.CharField(max_length=64, help_text="SHA-256 of the (first) image's bytes.")
    image_hashes = JSONField(help_text="All images of the request, in order.")
    model_version = models.CharField(max_length=255, help_text="The resolved model, never an alias.")
    request = JSONField(help_text="Prompt, parameters and whatever else was asked; transport fields dropped.")
    request_hash = models.CharField(max_length=64, editable=False)
    image_url = models.CharField(max_length=2048, null=True, blank=True)  # noqa: DJ001 -- null: none was given
    extracted_data = JSONField()
    confidence_score = models.FloatField(help_text="0 to 1.")
    tags = JSONField(default=list)
    cost_micros = models.PositiveBigIntegerField(null=True, help_text="What the model call cost, micro-dollars.")
    latency_ms = models.PositiveBigIntegerField(null=True, help_text="How long the model call took.")
    size_bytes = models.PositiveBigIntegerField(help_text="Extracted data and request as JSON.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    stored_at = models.DateTimeField(help_text="When the present data was stored; created_at is when the first was.")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: never.")

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "entries"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["question_key", "-stored_at"], name="entry_question"),
            # Both, else SQLite prefers the namespace's index and reads all of the tenant: 60 ms a miss, not 0.3.
            models.Index(fields=["image_hash", "namespace"], name="entry_image"),
            models.Index(fields=["model_version", "namespace"], name="entry_model"),
            models.Index(fields=["namespace", "-id"], name="entry_namespace"),
            # With all that figures() sums: of 100,000 entries it reads 5 MB instead of each entry.
            models.Index(fields=["expires_at", "size_bytes", "confidence_score"], name="entry_figures"),
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
    def use(self) -> Use:
        """How often it answered and what that saved: what is written, and what this process has yet to write."""
        use = BUFFER.use_of(self.pk)
        with suppress(EntryStat.DoesNotExist):  # it never answered yet
            use.add(self.stat.use)
        return use

    @property
    def hit_count(self) -> int:
        return self.use.hit_count

    @property
    def last_hit_at(self) -> datetime | None:
        return self.use.last_hit_at

    @property
    def saved_ms(self) -> int:
        return self.use.saved_ms

    @property
    def saved_cost_micros(self) -> int:
        return self.use.saved_cost_micros

    @property
    def age_seconds(self) -> int:
        """Since the present data was stored."""
        return max(0, int((timezone.now() - self.stored_at).total_seconds()))


class EntryStat(models.Model):
    """What an entry's hits come to. A row of its own, as hits rewrite it: entries are some KB, this 40 bytes."""

    entry = models.OneToOneField(Entry, models.CASCADE, primary_key=True, related_name="stat")
    hit_count = models.PositiveBigIntegerField()
    last_hit_at = models.DateTimeField()
    saved_ms = models.PositiveBigIntegerField()
    saved_cost_micros = models.PositiveBigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["hit_count", "entry"], name="entrystat_hits")]

    def __str__(self) -> str:
        return f"{self.hit_count} hits"

    @property
    def use(self) -> Use:
        return Use(
            hit_count=self.hit_count,
            last_hit_at=self.last_hit_at,
            saved_ms=self.saved_ms,
            saved_cost_micros=self.saved_cost_micros,
        )


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
        verbose_name_plural = "tallies"
        constraints = [models.UniqueConstraint(fields=["namespace", "hour", "slot"], name="tally_once")]
        indexes = [models.Index(fields=["hour"], name="tally_hour")]

    def __str__(self) -> str:
        return f"{self.namespace} {self.hour:%Y-%m-%d %H}h"
