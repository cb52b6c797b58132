"""The words every kind of assertion is written in."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from config.errors import DomainError


class AssertionsInvalid(DomainError):
    """An assertion is unknown or has a value its type cannot use."""

    code = "assertions-invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    type: str
    """Without `not-`."""
    value: Any = None
    threshold: float | None = None
    weight: float = 1.0
    negated: bool = False
    metric: str = ""
    """What it measures, by a name that several share: results are also told by it."""

    @property
    def name(self) -> str:
        return f"not-{self.type}" if self.negated else self.type


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is judged: the answer and how it came."""

    text: str
    latency_ms: int | None = None
    cost_micros: int | None = None
    output_tokens: int | None = None
    finish_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one assertion said. `score` is 0 to 1; `detail` says why it failed."""

    type: str
    passed: bool
    score: float
    weight: float
    detail: str
    metric: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    passed: bool
    score: float
    """The mean of the scores by weight."""
    outcomes: tuple[Outcome, ...]


Check = Callable[[Assertion, Subject], tuple[float, str]]
"""Score (1 is a pass unless a threshold says otherwise) and what was seen."""


class Fault(Exception):
    """Why an assertion cannot be read or judged; `part` is the key at fault."""

    def __init__(self, message: str, part: str = "") -> None:
        super().__init__(message)
        self.part = part


def is_number(value: Any) -> bool:
    """Whether it is a number every JSON reader has exactly, which no `nan` is."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 2**53


def show(value: Any) -> str:
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    return repr(text if len(text) <= 200 else f"{text[:200]}...")
