"""What of the job queue ends a check."""

from typing import Any

from django.dispatch import receiver

from config.signals import job_parked


@receiver(job_parked, dispatch_uid="schemacheck.fail_parked_check")
def fail_parked_check(task: str, args: list[Any], reason: str, **kwargs: Any) -> None:
    """A check whose job was set aside has failed: nobody shall wait for it."""
    if task == "schemacheck.run_check" and args:
        from schemacheck import checks  # every process loads this module, few of them ever a check

        checks.fail_check(check_id=args[0], failure=reason)
