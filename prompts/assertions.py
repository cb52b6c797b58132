"""What an answer must be: promptfoo's deterministic assertions, each also as `not-…`. No model judges here.

Patterns and schemas come from users and texts from models, so every search has a time limit and every distance a
bound.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema
import regex
from referencing import Registry
from referencing.exceptions import Unresolvable

from config.errors import DomainError, FieldError
from prompts.tokens import count_tokens

REGEX_SECONDS = 1.0
"""Of the process's CPU, which is what the regex package counts."""
MAX_ASSERTIONS = 50
MAX_DISTANCE = 500
MAX_DISTANCE_TEXT = 10_000
"""Characters; with MAX_DISTANCE the longest comparison takes some three seconds."""
MAX_JSON_STARTS = 500
"""Places `contains-json` tries; an answer of a million brackets is no JSON."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    passed: bool
    score: float
    """The mean of the scores by weight."""
    outcomes: tuple[Outcome, ...]


Check = Callable[[Assertion, Subject], tuple[float, str]]
"""Score (1 is a pass unless a threshold says otherwise) and what was seen."""


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
        except _Fault as fault:
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
    except _Fault as fault:
        # Could not be judged (a pattern that ran too long, no price known): never a pass, not even negated.
        return Outcome(type=assertion.name, passed=False, score=0.0, weight=assertion.weight, detail=str(fault))
    threshold = default_threshold
    if default_threshold is not None and assertion.threshold is not None and assertion.type in _SCORED:
        threshold = assertion.threshold
    passed = score >= (1.0 if threshold is None else threshold) - 1e-9
    if assertion.negated:
        passed, score = not passed, 1.0 - score
    if threshold is None or assertion.negated:
        score = float(passed)
    if passed:
        detail = ""
    elif assertion.negated:
        detail = f"Must not hold: {assertion.type} {_show(assertion.value)}".rstrip()
    return Outcome(
        type=assertion.name, passed=passed, score=round(score, 6), weight=assertion.weight, detail=detail[:1000]
    )


class _Fault(Exception):
    """Why an assertion cannot be read or judged; `part` is the key at fault."""

    def __init__(self, message: str, part: str = "") -> None:
        super().__init__(message)
        self.part = part


def _parse_one(item: Any) -> Assertion:
    if not isinstance(item, Mapping):
        raise _Fault("Must be an object {type, value, threshold?, weight?}.")
    if unknown := sorted(set(item) - {"type", "value", "threshold", "weight"}):
        raise _Fault("Unknown key.", unknown[0])
    kind = item.get("type")
    if not isinstance(kind, str) or kind.removeprefix("not-") not in TYPES:
        known = ", ".join(sorted(TYPES))
        raise _Fault(f"Unknown type. Known are {known}, each also with not- before it.", "type")
    threshold, weight = item.get("threshold"), item.get("weight", 1.0)
    for name, number in (("threshold", threshold), ("weight", weight)):
        if number is not None and (not _is_number(number) or number < 0):
            raise _Fault("Must be a number of at least 0.", name)
    assertion = Assertion(
        type=kind.removeprefix("not-"),
        value=item.get("value"),
        threshold=threshold,
        weight=1.0 if weight is None else float(weight),
        negated=kind.startswith("not-"),
    )
    TYPES[assertion.type][2](assertion)
    return assertion


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _show(value: Any) -> str:
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    return repr(text if len(text) <= 200 else f"{text[:200]}...")


# What a value may be


def _wants_text(assertion: Assertion) -> None:
    if not isinstance(assertion.value, str):
        raise _Fault("Must be a string.", "value")


def _wants_content(assertion: Assertion) -> None:
    if not isinstance(assertion.value, str) or not assertion.value:
        raise _Fault("Must be a string that is not empty; an empty one is in every text.", "value")


def _wants_list(assertion: Assertion) -> None:
    value = assertion.value
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
        raise _Fault("Must be a list of strings, none empty.", "value")


def _wants_any(assertion: Assertion) -> None:
    if assertion.value is None:
        raise _Fault("Is missing.", "value")


def _wants_pattern(assertion: Assertion) -> None:
    _wants_content(assertion)
    try:
        regex.compile(assertion.value)
    except (regex.error, OverflowError, RecursionError) as error:
        raise _Fault(f"Not a regular expression: {error}.", "value") from None


def _wants_schema(assertion: Assertion) -> None:
    if assertion.value is None:
        return
    if not isinstance(assertion.value, dict | bool):
        raise _Fault("Must be a JSON Schema, or be left out.", "value")
    try:
        jsonschema.validators.validator_for(assertion.value, jsonschema.Draft202012Validator).check_schema(
            assertion.value
        )
    except (jsonschema.SchemaError, RecursionError) as error:
        said = getattr(error, "message", "it nests too deep")
        raise _Fault(f"Not a JSON Schema: {said[:300]}", "value") from None


def _wants_range(assertion: Assertion) -> None:
    value = assertion.value
    bounds = value if isinstance(value, dict) else {"min": value, "max": value}
    numbers = [bounds[name] for name in ("min", "max") if bounds.get(name) is not None]
    if not numbers or set(bounds) - {"min", "max"} or not all(_is_number(n) and n >= 0 for n in numbers):
        raise _Fault("Must be a whole number or {min?, max?}.", "value")
    if len(numbers) == 2 and numbers[0] > numbers[1]:
        raise _Fault("min is above max.", "value")


def _wants_limit(assertion: Assertion) -> None:
    if assertion.threshold is None and not (_is_number(assertion.value) and assertion.value >= 0):
        raise _Fault("Must be a number of at least 0, as value or threshold.", "value")


def _wants_distance(assertion: Assertion) -> None:
    _wants_text(assertion)
    if len(assertion.value) > MAX_DISTANCE_TEXT:
        raise _Fault(f"A text to measure a distance to has at most {MAX_DISTANCE_TEXT} characters.", "value")
    if assertion.threshold is not None and assertion.threshold > MAX_DISTANCE:
        raise _Fault(f"A distance is at most {MAX_DISTANCE}.", "threshold")


def _wants_rate(assertion: Assertion) -> None:
    _wants_content(assertion)
    if assertion.threshold is not None and assertion.threshold > 1:
        raise _Fault("Must be from 0 to 1.", "threshold")


# The checks


def _equals(assertion: Assertion, subject: Subject) -> tuple[float, str]:
    if isinstance(assertion.value, str):
        same = subject.text.strip() == assertion.value.strip()
    else:
        same = any(value == assertion.value for value in _json_values(subject.text, whole=True))
    return float(same), f"Expected {_show(assertion.value)}, got {_show(subject.text.strip())}"


def _contains(*, fold: bool, every: bool = True) -> Check:
    def check(assertion: Assertion, subject: Subject) -> tuple[float, str]:
        wanted = assertion.value if isinstance(assertion.value, list) else [assertion.value]
        text = subject.text.casefold() if fold else subject.text
        missing = [item for item in wanted if (item.casefold() if fold else item) not in text]
        held = not missing if every else len(missing) < len(wanted)
        return float(held), f"Not found: {', '.join(map(_show, missing))}, in {_show(subject.text)}"

    return check


def _starts_with(assertion: Assertion, subject: Subject) -> tuple[float, str]:
    held = subject.text.lstrip().startswith(assertion.value)
    return float(held), f"Does not start with {_show(assertion.value)}: {_show(subject.text)}"


def _regex(assertion: Assertion, subject: Subject) -> tuple[float, str]:
    return float(
        _search(assertion.value, subject.text)
    ), f"No match of {_show(assertion.value)} in {_show(subject.text)}"


def _search(pattern: str, text: str) -> bool:
    try:
        return regex.search(pattern, text, timeout=REGEX_SECONDS) is not None
    except TimeoutError:
        raise _Fault(f"The pattern took longer than {REGEX_SECONDS:g} s; write it without nested repeats.") from None
    except regex.error as error:
        raise _Fault(f"Not a regular expression: {error}.") from None


def _is_json(assertion: Assertion, subject: Subject) -> tuple[float, str]:
    return _against_schema(assertion, list(_json_values(subject.text, whole=True)), "The output is no JSON")


def _contains_json(assertion: Assertion, subject: Subject) -> tuple[float, str]:
    return _against_schema(assertion, list(_json_values(subject.text)), "The output holds no JSON object or list")


def _against_schema(assertion: Assertion, values: list[Any], nothing: str) -> tuple[float, str]:
    if not values:
        return 0.0, nothing
    if assertion.value is None:
        return 1.0, ""
    found = [_schema_error(assertion.value, value) for value in values]
    return float("" in found), found[0]


def _schema_error(schema: Any, value: Any) -> str:
    cls = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)
    bounded = jsonschema.validators.extend(cls, {"pattern": _pattern, "patternProperties": _pattern_properties})
    try:
        # An empty registry: a $ref to another host must not make this service fetch it.
        error = jsonschema.exceptions.best_match(bounded(schema, registry=Registry()).iter_errors(value))
    except (RecursionError, LookupError, Unresolvable) as problem:
        raise _Fault(f"The schema cannot be used: {str(problem)[:300]}") from None
    return "" if error is None else f"{error.json_path}: {error.message}"


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[jsonschema.ValidationError]:
    if isinstance(instance, str) and not _search(pattern, instance):
        yield jsonschema.ValidationError(f"{_show(instance)} does not match {_show(pattern)}")


def _pattern_properties(
    validator: Any, patterns: Mapping[str, Any], instance: Any, _: Any
) -> Iterator[jsonschema.ValidationError]:
    if isinstance(instance, dict):
        for pattern, schema in patterns.items():
            for key in [key for key in instance if _search(pattern, key)]:
                yield from validator.descend(instance[key], schema, path=key, schema_path=pattern)


def _json_values(text: str, *, whole: bool = False) -> Iterator[Any]:
    """The JSON values in a text: the whole of it, or every object and list found from left to right."""
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    if whole:
        try:
            yield decoder.decode(text)
        except (ValueError, RecursionError):
            return
        return
    position = tries = 0
    while tries < MAX_JSON_STARTS and (start := regex.search(r"[{\[]", text, pos=position)):
        tries += 1
        try:
            value, position = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            position = start.end()
            continue
        yield value


def _no_constant(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


def _word_count(assertion: Assertion, subject: Subject) -> tuple[float, str]:
    return _in_range(assertion.value, len(subject.text.split()), "words")


def _token_count(assertion: Assertion, subject: Subject) -> tuple[float, str]:
    tokens = subject.output_tokens
    if tokens is None:
        tokens = count_tokens(subject.text).tokens
    value = assertion.value if isinstance(assertion.value, dict) else {"max": assertion.value}
    return _in_range(value, tokens, "tokens")


def _in_range(value: Any, seen: int, unit: str) -> tuple[float, str]:
    bounds = value if isinstance(value, dict) else {"min": value, "max": value}
    low, high = bounds.get("min"), bounds.get("max")
    held = (low is None or seen >= low) and (high is None or seen <= high)
    return float(held), f"{seen} {unit}, wanted {_show(value)}"


def _levenshtein(assertion: Assertion, subject: Subject) -> tuple[float, str]:
    limit = int(assertion.threshold if assertion.threshold is not None else 5)
    distance = distance_within(subject.text.strip(), assertion.value.strip(), limit)
    return float(distance is not None), f"More than {limit} edits from {_show(assertion.value)}: {_show(subject.text)}"


def distance_within(left: str, right: str, limit: int) -> int | None:
    """The Levenshtein distance, or None when it passes `limit`; only the diagonal band is computed (Ukkonen 1985)."""
    if abs(len(left) - len(right)) > limit:
        return None
    far, width = limit + 1, 2 * limit + 1
    # band[k] is the distance at column row + k - limit.
    band = [abs(k - limit) if k >= limit else far for k in range(width)]
    for row, character in enumerate(left, start=1):
        below = [far] * width
        for k in range(width):
            column = row + k - limit
            if column < 0 or column > len(right):
                continue
            if column == 0:
                below[k] = min(row, far)
                continue
            best = band[k] + (character != right[column - 1])
            if k + 1 < width:
                best = min(best, band[k + 1] + 1)
            if k > 0:
                best = min(best, below[k - 1] + 1)
            below[k] = min(best, far)
        band = below
    distance = band[len(right) - len(left) + limit]
    return distance if distance <= limit else None


def _limit(name: str, unit: str) -> Check:
    def check(assertion: Assertion, subject: Subject) -> tuple[float, str]:
        seen = getattr(subject, name)
        if seen is None:
            raise _Fault("The model has no price; set MODEL_PRICES." if name == "cost_micros" else "Was not measured.")
        limit = assertion.threshold if assertion.threshold is not None else assertion.value
        return float(seen <= limit), f"{seen} {unit}, at most {limit:g} wanted"

    return check


def _finish_reason(assertion: Assertion, subject: Subject) -> tuple[float, str]:
    return float(subject.finish_reason == assertion.value), f"Finished with {_show(subject.finish_reason)}"


def _rouge_n(assertion: Assertion, subject: Subject) -> tuple[float, str]:
    """ROUGE-1 as an F1 score over lower-cased words (Lin 2004)."""
    said, wanted = Counter(_words(subject.text)), Counter(_words(assertion.value))
    overlap = (said & wanted).total()
    score = 2 * overlap / (said.total() + wanted.total()) if said or wanted else 1.0
    return score, f"ROUGE-1 is {score:.3f}"


def _bleu(assertion: Assertion, subject: Subject) -> tuple[float, str]:
    """BLEU-4 of one sentence (Papineni 2002), add-one smoothing above unigrams (Lin and Och 2004)."""
    said, wanted = _words(subject.text), _words(assertion.value)
    if not said:
        return 0.0, "BLEU is 0: the output is empty"
    logs = 0.0
    for size in range(1, 5):
        ours, theirs = _grams(said, size), _grams(wanted, size)
        matched, total, smooth = (ours & theirs).total(), ours.total(), int(size > 1)
        if matched + smooth == 0:
            return 0.0, "BLEU is 0: no word in common"
        logs += math.log((matched + smooth) / (total + smooth)) / 4
    brevity = min(0.0, 1 - len(wanted) / len(said))
    score = math.exp(logs + brevity)
    return score, f"BLEU is {score:.3f}"


def _words(text: str) -> list[str]:
    found: list[str] = regex.findall(r"\w+", text.lower())
    return found


def _grams(words: Sequence[str], size: int) -> "Counter[tuple[str, ...]]":
    return Counter(tuple(words[start : start + size]) for start in range(len(words) - size + 1))


_SCORED = {"rouge-n", "bleu"}
TYPES: dict[str, tuple[Check, float | None, Callable[[Assertion], None]]] = {
    "equals": (_equals, None, _wants_any),
    "contains": (_contains(fold=False), None, _wants_content),
    "icontains": (_contains(fold=True), None, _wants_content),
    "contains-all": (_contains(fold=False), None, _wants_list),
    "contains-any": (_contains(fold=False, every=False), None, _wants_list),
    "icontains-all": (_contains(fold=True), None, _wants_list),
    "icontains-any": (_contains(fold=True, every=False), None, _wants_list),
    "starts-with": (_starts_with, None, _wants_content),
    "regex": (_regex, None, _wants_pattern),
    "is-json": (_is_json, None, _wants_schema),
    "contains-json": (_contains_json, None, _wants_schema),
    "word-count": (_word_count, None, _wants_range),
    "token-count": (_token_count, None, _wants_range),
    "levenshtein": (_levenshtein, None, _wants_distance),
    "rouge-n": (_rouge_n, 0.75, _wants_rate),
    "bleu": (_bleu, 0.5, _wants_rate),
    "latency": (_limit("latency_ms", "ms"), None, _wants_limit),
    "cost": (_limit("cost_micros", "micro-dollars"), None, _wants_limit),
    "finish-reason": (_finish_reason, None, _wants_content),
}
"""Type -> check, threshold of a scored type, and what its value must be."""
