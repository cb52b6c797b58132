"""Events that SDKs sent: kept from the answer on until they are counted, and known by their ids for a day more."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from escalation.models.projects import Project

UNREADABLE = "secret-unreadable"
"""Why an event was refused whose key the process had not: the code of the vault's error."""


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def waiting(self) -> Self:
        """Not counted yet, in the order they came."""
        return self.filter(digested_at__isnull=True).order_by("id")

    def unreadable(self) -> Self:
        """Sealed under a key that the process had not: with that key they can be counted after all."""
        return self.filter(refused=UNREADABLE)


class Submission(models.Model):
    """One event. The row is there before the SDK has its answer; the same id again finds it."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="submissions")
    event_id = models.CharField(max_length=32)
    received_at = models.DateTimeField()
    body = models.BinaryField(help_text="The event as compressed JSON, sealed; empty once it is counted.")
    digested_at = models.DateTimeField(null=True)
    refused = models.CharField(max_length=255, blank=True, help_text="Why it is counted nowhere.")

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "event_id"], name="submission_once")]
        indexes = [
            models.Index(fields=["id"], name="submission_waiting", condition=Q(digested_at__isnull=True)),
            models.Index(fields=["digested_at"], name="submission_digested", condition=Q(digested_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.event_id

    @classmethod
    def sealed(cls, project_id: int, event_id: str, plain: bytes, *, received_at: datetime) -> Self:
        """One that may hold secrets: nobody has looked for them yet."""
        from config.vault import seal_bytes  # here: every command loads the models, and few need its cryptography

        row = cls(project_id=project_id, event_id=event_id, received_at=received_at)
        row.body = seal_bytes(plain, **row._place)
        return row

    def unsealed(self) -> bytes:
        """The event as it came, as compressed JSON. Raises SecretUnreadable."""
        from config.vault import unseal_bytes

        return unseal_bytes(bytes(self.body), **self._place)

    @property
    def _place(self) -> dict[str, str]:
        """What its body is bound to: unlike the row's number, known before it is stored."""
        return {"table": "escalation_submission", "column": "body", "row": f"{self.project_id}/{self.event_id}"}
