"""One case: ask the model and judge its answer, in a thread of its own and without the database."""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from audit.cost import PriceList
from config.errors import DomainError
from prompts import apart
from prompts.assertions import Subject
from prompts.models import RunResult
from prompts.provider import Answer, Provider, cost_micros
from prompts.templates import Message

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    result: RunResult
    messages: list[Message]
    """Before rendering."""
    plain: bool
    settings: Mapping[str, Any]
    model: str
    prices: PriceList
    stopped: list[str]
    """Of the whole run: why work was stopped at its budget."""
    kept: Answer | None = None
    """What was answered before, where that counts."""


def ask(provider: Provider, task: Task) -> RunResult:
    """Runs in a thread of its own: no database here."""
    result = task.result
    try:
        answer = task.kept
        if answer is None:
            messages = apart.conversation(task.messages, result.input, plain=task.plain)
            answer = provider.complete(messages, task.settings, model=task.model)
        result.reused = task.kept is not None
        _judge(result, answer, cost_micros(answer, task.model, task.prices))
    except DomainError as error:
        if isinstance(error, apart.Stopped):
            task.stopped.append(error.detail)
        result.outcome, result.error = RunResult.Outcome.ERROR, error.detail
    except Exception as error:
        logger.exception("Case %s of run %s failed", result.position, result.run_id)
        result.outcome = RunResult.Outcome.ERROR
        result.error = f"Unexpected {type(error).__name__}; the log says more."
    return result


def _judge(result: RunResult, answer: Answer, cost: int | None) -> None:
    subject = Subject(
        text=answer.text,
        latency_ms=answer.latency_ms,
        cost_micros=cost,
        output_tokens=answer.output_tokens,
        finish_reason=answer.finish_reason,
    )
    result.output = answer.text
    result.latency_ms, result.finish_reason = answer.latency_ms, answer.finish_reason
    result.input_tokens, result.output_tokens, result.cost_micros = answer.input_tokens, answer.output_tokens, cost
    judgement = apart.judge(result.assertions, subject, expected=result.expected_output, threshold=result.threshold)
    result.outcome = RunResult.Outcome.PASSED if judgement.passed else RunResult.Outcome.FAILED
    result.score, result.checks = judgement.score, [asdict(outcome) for outcome in judgement.outcomes]
