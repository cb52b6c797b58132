from django.db import models


class Note(models.Model):
    """Five fields, as a plain application has them."""

    name = models.CharField(max_length=100, unique=True)
    owner = models.CharField(max_length=100)
    count = models.IntegerField(default=0)
    value = models.JSONField(default=dict)
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.name
