"""Answers that a model gave before to the very same question: the same version, input, model, settings and repeat.

A repeat has its own answer, so asking often stays asking often; a run that reuses them asks only what is new. They are
judged anew, since assertions may have changed.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from config.canonical import compute_hash
from prompts.models import Run, RunResult, Version
from prompts.provider import Answer

AT_ONCE = 500
"""Keys of one look-up; SQLite takes 32,766 values in a statement."""


def answer_key(version: Version, run: Run, given: object, repeat: int) -> str:
    """What an answer depends on, the chance of its repeat included."""
    return compute_hash([version.content_hash, run.model, run.settings, given, repeat])


def kept_answers(run: Run, pending: Sequence[RunResult]) -> dict[str, Answer]:
    """By key the newest answer of other runs of the prompt, where the evaluation reuses them."""
    if not run.evaluation.reuse:
        return {}
    others = RunResult.objects.exclude(run=run).filter(run__version__prompt=run.version.prompt_id)
    answered = others.filter(outcome__in=[RunResult.Outcome.PASSED, RunResult.Outcome.FAILED])
    found: dict[str, Answer] = {}
    for keys in _portions(result.answer_key for result in pending):
        for row in answered.filter(answer_key__in=keys).order_by("pk"):
            found[row.answer_key] = Answer(
                text=row.output,
                model=run.model,
                finish_reason=row.finish_reason,
                input_tokens=row.input_tokens,
                output_tokens=row.output_tokens,
                latency_ms=row.latency_ms or 0,
            )
    return found


def _portions(keys: Iterator[str]) -> Iterator[list[str]]:
    while some := list(islice(keys, AT_ONCE)):
        yield some
