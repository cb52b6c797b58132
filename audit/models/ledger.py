"""The ledger that proves the trail: its tree, its signed checkpoints, and who may remove from it."""

from django.db import models
from django.utils import timezone


class Tile(models.Model):
    """Up to 256 leaves of the ledger's Merkle tree, in their order; 256 are a full subtree with its root."""

    SIZE = 256

    number = models.PositiveBigIntegerField(primary_key=True)
    size = models.PositiveSmallIntegerField()
    first_tx = models.BigIntegerField()
    first_id = models.BigIntegerField()
    last_tx = models.BigIntegerField()
    last_id = models.BigIntegerField()
    ids = models.BinaryField(help_text="The events' ids, 8 bytes each, big-endian.")
    hashes = models.BinaryField(help_text="Their leaf hashes, 32 bytes each.")
    root = models.BinaryField(null=True, help_text="The subtree's root, once full.")

    class Meta:
        ordering = ["number"]
        indexes = [models.Index(fields=["first_tx", "first_id"], name="tile_order")]

    def __str__(self) -> str:
        return f"leaves {self.number * self.SIZE} to {self.number * self.SIZE + self.size - 1}"


class Checkpoint(models.Model):
    """The tree's size and root at a time, signed; the same text is kept outside the database."""

    size = models.PositiveBigIntegerField(unique=True)
    root = models.CharField(max_length=64)
    note = models.TextField(help_text="C2SP tlog-checkpoint with its Ed25519 signature.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-size"]

    def __str__(self) -> str:
        return f"{self.size} leaves, root {self.root[:16]}"


class RemovalPermit(models.Model):
    """A row in here lets the triggers pass: retention, erasure and rebasing insert one for their own transaction."""

    reason = models.CharField(max_length=255)

    class Meta:
        verbose_name = "removal permit"

    def __str__(self) -> str:
        return self.reason


class TransactionBase(models.Model):
    """What PostgreSQL's transaction ids are raised by, so that they go on rising after a restore elsewhere."""

    base = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return str(self.base)

    @classmethod
    def current(cls) -> int:
        return cls.objects.values_list("base", flat=True).first() or 0
