"""Which runs are kept, and the removal of the rest."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from audit.trail import record
from prompts.models import Evaluation, Run
from prompts.statistics import MANY_MISSING

PRUNE_BATCH = 100


def prune_runs(*, days: int | None = None) -> int:
    """Delete runs older than `days` (by default PROMPT_RUN_DAYS); how many.

    The last finished run of each version stays, and so does the last that a verdict rests on under each conditions.
    In batches, so that no other writer waits long.
    """
    kept = settings.PROMPT_RUN_DAYS if days is None else days
    deleted = 0
    while some := _prune_some(kept):
        deleted += some
    return deleted


@transaction.atomic
def _prune_some(days: int) -> int:
    old = Run.objects.filter(created_at__lt=timezone.now() - timedelta(days=days))
    last = Run.objects.finished().order_by().values("version").annotate(last=Max("pk")).values("last")
    sound = Run.objects.finished().of_suite().exclude(errors__gt=MANY_MISSING * F("total"))
    proof = sound.order_by().values("version", "conditions_hash").annotate(last=Max("pk")).values("last")
    kept = Q(pk__in=last) | Q(pk__in=proof) | Q(pk__in=Run.objects.open())
    doomed = list(old.exclude(kept).values_list("pk", flat=True)[:PRUNE_BATCH])
    if doomed:
        Run.objects.filter(pk__in=doomed).delete()
        Evaluation.objects.filter(runs=None).delete()
        record(
            event_type="prompt.runs_pruned",
            entity_type="prompt_run",
            entity_id="retention",
            new_value={"deleted": len(doomed), "older_than_days": days},
        )
    return len(doomed)
