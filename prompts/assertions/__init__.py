"""What an answer must be: promptfoo's deterministic assertions, each also as `not-...`. No model judges here.

Patterns and schemas come from users and texts from models: the service reads and judges them by `apart`, in a
process that the kernel ends at its limits.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from config.errors import FieldError
from prompts.assertions import checks, likeness, wanted
from prompts.assertions.terms import (
    Assertion,
    AssertionsInvalid,
    Check,
    Fault,
    Judgement,
    Outcome,
    Subject,
    is_number,
    show,
)

__all__ = ["TYPES", "Assertion", "AssertionsInvalid", "Judgement", "Outcome", "Subject", "judge", "parse"]

MAX_ASSERTIONS = 50
LONGEST_METRIC = 64
KEYS = ("type", "value", "threshold", "weight", "metric")
SET = "assert-set"
"""Assertions that count as one: all of them hold, or the weighted mean of their scores reaches a threshold."""


def _set(assertion: Assertion, subject: Subject) -> tuple[float, str]:
    judged = judge(parse(assertion.value), subject, threshold=assertion.threshold)
    failed = [f"{outcome.type}: {outcome.detail}" for outcome in judged.outcomes if not outcome.passed]
    return float(judged.passed), f"{len(failed)} of {len(judged.outcomes)} do not hold: {'; '.join(failed)}"


def _members(assertion: Assertion) -> None:
    if not isinstance(assertion.value, list) or not assertion.value:
        raise Fault("Must be a list of assertions.", "value")
    try:
        members = parse(assertion.value, field="value")
    except AssertionsInvalid as error:
        raise Fault(error.detail, "value") from error
    if any(member.type == SET for member in members):
        raise Fault("A set holds no other set.", "value")


TYPES: dict[str, tuple[Check, float | None, Callable[[Assertion], None]]] = {
    "equals": (checks.equals, None, wanted.anything),
    "contains": (checks.contains(fold=False), None, wanted.content),
    "icontains": (checks.contains(fold=True), None, wanted.content),
    "contains-all": (checks.contains(fold=False), None, wanted.texts),
    "contains-any": (checks.contains(fold=False, every=False), None, wanted.texts),
    "icontains-all": (checks.contains(fold=True), None, wanted.texts),
    "icontains-any": (checks.contains(fold=True, every=False), None, wanted.texts),
    "starts-with": (checks.starts_with, None, wanted.content),
    "regex": (checks.matches, None, wanted.pattern),
    "is-json": (checks.is_json, None, wanted.schema),
    "contains-json": (checks.contains_json, None, wanted.schema),
    "word-count": (checks.word_count, None, wanted.bounds),
    "token-count": (checks.token_count, None, wanted.bounds),
    "levenshtein": (likeness.levenshtein, None, wanted.distance),
    "rouge-n": (likeness.rouge_n, 0.75, wanted.rate),
    "bleu": (likeness.bleu, 0.5, wanted.rate),
    "latency": (checks.at_most("latency_ms", "ms"), None, wanted.limit),
    "cost": (checks.at_most("cost_micros", "micro-dollars"), None, wanted.limit),
    "finish-reason": (checks.finish_reason, None, wanted.content),
    SET: (_set, None, _members),
}
"""Type -> check, threshold of a scored type, and what its value must be."""


def parse(raw: Any, *, field: str = "assertions") -> list[Assertion]:
    """The assertions of a test case. Raises AssertionsInvalid naming each fault."""
    if not isinstance(raw, list):
        raise AssertionsInvalid("Assertions are a list of {type, value, threshold?, weight?}.")
    if len(raw) > MAX_ASSERTIONS:
        raise AssertionsInvalid(f"A test case has at most {MAX_ASSERTIONS} assertions.")
    parsed, errors = [], []
    for index, item in enumerate(raw):
        try:
            parsed.append(_parse_one(item))
        except Fault as fault:
            path = f"{field}[{index}]{fault.part and '.'}{fault.part}"
            errors.append(FieldError(field=path, code="invalid", detail=str(fault)))
    if errors:
        raise AssertionsInvalid(f"{errors[0].field}: {errors[0].detail}", errors=errors)
    return parsed


def judge(
    assertions: Sequence[Assertion], subject: Subject, *, expected: str | None = None, threshold: float | None = None
) -> Judgement:
    """Judge an answer. Without assertions the whole output equals `expected` after trimming.

    Every assertion of a weight above 0 has to pass, or, when the case has a threshold, the weighted mean has to
    reach it.
    """
    if not assertions:
        assertions = [Assertion(type="equals", value=expected)] if expected is not None else []
    outcomes = tuple(_evaluate(assertion, subject) for assertion in assertions)
    weight = sum(outcome.weight for outcome in outcomes)
    score = sum(outcome.score * outcome.weight for outcome in outcomes) / weight if weight else 1.0
    passed = all(outcome.passed for outcome in outcomes if outcome.weight > 0)
    if threshold is not None:
        passed = score >= threshold - 1e-9
    return Judgement(passed=passed, score=round(score, 6), outcomes=outcomes)


def _evaluate(assertion: Assertion, subject: Subject) -> Outcome:
    check, default_threshold, _ = TYPES[assertion.type]
    try:
        score, detail = check(assertion, subject)
    except Fault as fault:
        # Could not be judged (a pattern that ran too long, no price known): never a pass, not even negated.
        return _outcome(assertion, passed=False, score=0.0, detail=str(fault))
    threshold = default_threshold
    if default_threshold is not None and assertion.threshold is not None:
        threshold = assertion.threshold
    passed = score >= (1.0 if threshold is None else threshold) - 1e-9
    if assertion.negated:
        passed, score = not passed, 1.0 - score
    if threshold is None or assertion.negated:
        score = float(passed)
    if passed:
        detail = ""
    elif assertion.negated:
        detail = f"Must not hold: {assertion.type} {show(assertion.value)}".rstrip()
    return _outcome(assertion, passed=passed, score=round(score, 6), detail=detail[:1000])


def _outcome(assertion: Assertion, *, passed: bool, score: float, detail: str) -> Outcome:
    weight, metric = assertion.weight, assertion.metric
    return Outcome(type=assertion.name, passed=passed, score=score, weight=weight, detail=detail, metric=metric)


def _parse_one(item: Any) -> Assertion:
    if not isinstance(item, Mapping):
        raise Fault("Must be an object {type, value, threshold?, weight?, metric?}.")
    if unknown := sorted(set(item) - set(KEYS)):
        raise Fault("Unknown key.", unknown[0])
    kind = item.get("type")
    if not isinstance(kind, str) or kind.removeprefix("not-") not in TYPES:
        known = ", ".join(sorted(TYPES))
        raise Fault(f"Unknown type. Known are {known}, each also with not- before it.", "type")
    threshold, weight = item.get("threshold"), item.get("weight", 1.0)
    for name, number in (("threshold", threshold), ("weight", weight)):
        if number is not None and (not is_number(number) or number < 0):
            raise Fault("Must be a number of at least 0.", name)
    metric = item.get("metric")
    if metric is not None and (not isinstance(metric, str) or not 0 < len(metric) <= LONGEST_METRIC):
        raise Fault(f"Must be a name of 1 to {LONGEST_METRIC} characters.", "metric")
    assertion = Assertion(
        type=kind.removeprefix("not-"),
        value=item.get("value"),
        threshold=threshold,
        weight=1.0 if weight is None else float(weight),
        negated=kind.startswith("not-"),
        metric=metric or "",
    )
    TYPES[assertion.type][2](assertion)
    return assertion
