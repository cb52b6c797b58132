from django.db import models


class Accepted(models.Model):
    """Work whose transaction committed."""

    key = models.CharField(max_length=100, unique=True)

    def __str__(self) -> str:
        return self.key


class Ran(models.Model):
    """A job that ran to its end."""

    key = models.CharField(max_length=100)
    note = models.CharField(max_length=300, blank=True)
    at = models.FloatField()

    def __str__(self) -> str:
        return self.key
