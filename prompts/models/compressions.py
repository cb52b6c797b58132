"""Texts kept for a day because something was dropped from them."""

import zlib
from typing import Self

from django.db import models
from django.utils import timezone


class CompressionQuerySet(models.QuerySet["Compression"]):
    def live(self) -> Self:
        return self.filter(expires_at__gt=timezone.now())

    def of(self, writer: str) -> Self:
        return self.filter(writer=writer)


class Compression(models.Model):
    """A whole text of which something was dropped, so that whoever sent it can have that back."""

    writer = models.CharField(max_length=512, help_text="Who sent it, and alone may read it.")
    hash = models.CharField(max_length=64, help_text="SHA-256 of the text.")
    packed = models.BinaryField(help_text="The text, as zlib packs it.")
    packed_bytes = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(db_index=True)

    objects = CompressionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["writer", "hash"], name="compression_once")]

    def __str__(self) -> str:
        return self.hash

    @property
    def text(self) -> str:
        return zlib.decompress(self.packed).decode("utf-8", "surrogatepass")
