"""What of the job queue ends a run."""

from typing import Any

from django.dispatch import receiver

from config.signals import job_parked


@receiver(job_parked, dispatch_uid="prompts.fail_parked_run")
def fail_parked_run(task: str, args: list[Any], reason: str, **kwargs: Any) -> None:
    """A run whose job was set aside is over: sent once more, it would cost the next worker too."""
    if task == "prompts.run_test" and args:
        from prompts import claims  # every process loads this module, few of them ever a run

        claims.fail_run(run_id=args[0], problem=reason)
