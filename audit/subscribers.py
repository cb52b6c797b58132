"""What the trail records of the ground floor, which cannot call it."""

from typing import Any

from django.dispatch import receiver

from audit.trail import record
from config.models import ApiKey
from config.signals import job_parked, key_changed


@receiver(key_changed)
def record_key_change(sender: type[ApiKey], key: ApiKey, change: str, **kwargs: Any) -> None:
    state = {"name": key.name, "scope": key.scope, "user": key.user.get_username(), "revoked": bool(key.revoked_at)}
    old = None if change == "created" else {**state, "revoked": False}
    record(event_type=f"api_key.{change}", entity_type="api_key", entity_id=key.name, old_value=old, new_value=state)


@receiver(job_parked, dispatch_uid="audit.record_parked_job")
def record_parked_job(task: str, reason: str, **kwargs: Any) -> None:
    """A job that no worker takes any more; what it was called with stays out of the trail."""
    record(event_type="job.parked", entity_type="job", entity_id=task, context={"reason": reason})
