"""Steps of a policy as computing: what they may say, what is next, and when. Imports no ORM, request or settings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from config.errors import FieldError

MOST_STEPS = 20
MOST_TARGETS = 20
LONGEST_DELAY = 7 * 24 * 60  # minutes
MOST_REPEATS = 50
TARGETS = ("channel", "person", "team", "schedule")

Rules = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What follows a step: the number of the next, in which round, and after how long."""

    step: int
    round: int
    wait: timedelta


def delay_before(rules: Rules, step: int) -> timedelta:
    return timedelta(minutes=rules["steps"][step]["delay_minutes"])


def next_after(rules: Rules, *, step: int, done_rounds: int) -> Next | None:
    """What comes after a step; None when all is done and nobody came.

    With `renotify_minutes` the last step is made again and again, once the rounds are over.
    """
    last = len(rules["steps"]) - 1
    if step < last:
        return Next(step=step + 1, round=done_rounds, wait=delay_before(rules, step + 1))
    if done_rounds < rules["repeat"]:
        # A round that begins anew waits at least a minute: a policy of one step without delay would not end.
        return Next(step=0, round=done_rounds + 1, wait=max(delay_before(rules, 0), timedelta(minutes=1)))
    if rules["renotify_minutes"]:
        return Next(step=last, round=done_rounds, wait=timedelta(minutes=rules["renotify_minutes"]))
    return None


def problems(steps: Sequence[Any]) -> Iterator[FieldError]:
    """What is wrong with steps as they were sent."""
    if not 1 <= len(steps) <= MOST_STEPS:
        yield FieldError(field="steps", code="length", detail=f"Must have 1 to {MOST_STEPS} steps.")
    for index, step in enumerate(steps[:MOST_STEPS]):
        yield from _step_problems(f"steps[{index}]", step)


def targets_of(steps: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """The path, kind and name of each target."""
    for index, step in enumerate(steps):
        for place, target in enumerate(step["targets"]):
            for kind, name in target.items():
                yield f"steps[{index}].targets[{place}]", kind, name


def _step_problems(path: str, step: Any) -> Iterator[FieldError]:
    if not isinstance(step, Mapping) or set(step) != {"delay_minutes", "targets"}:
        detail = 'Must be like {"delay_minutes": 5, "targets": [{"channel": "ops-mail"}]}.'
        yield FieldError(field=path, code="shape", detail=detail)
        return
    delay, targets = step["delay_minutes"], step["targets"]
    if isinstance(delay, bool) or not isinstance(delay, int) or not 0 <= delay <= LONGEST_DELAY:
        detail = f"Must be whole minutes from 0 to {LONGEST_DELAY}."
        yield FieldError(field=f"{path}.delay_minutes", code="range", detail=detail)
    if not isinstance(targets, list) or not 1 <= len(targets) <= MOST_TARGETS:
        yield FieldError(field=f"{path}.targets", code="length", detail=f"Must be a list of 1 to {MOST_TARGETS}.")
        return
    for index, target in enumerate(targets):
        named = isinstance(target, Mapping) and len(target) == 1 and all(isinstance(n, str) for n in target.values())
        if not named or not set(target) <= set(TARGETS):
            detail = f"Must be one of {', '.join(TARGETS)} with its name."
            yield FieldError(field=f"{path}.targets[{index}]", code="target", detail=detail)
