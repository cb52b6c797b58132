"""The checks of words, JSON and measures."""

from typing import Any

from prompts.assertions.json_values import identity, values_in
from prompts.assertions.patterns import search
from prompts.assertions.terms import Assertion, Check, Fault, Subject, show


def equals(assertion: Assertion, subject: Subject) -> tuple[float, str]:
    if isinstance(assertion.value, str):
        same = subject.text.strip() == assertion.value.strip()
    else:
        try:
            wanted = identity(assertion.value)
            same = any(identity(value) == wanted for value in values_in(subject.text, whole=True))
        except RecursionError:
            raise Fault("The value or the output nests too deep to be compared.") from None
    return float(same), f"Expected {show(assertion.value)}, got {show(subject.text.strip())}"


def contains(fold: bool, *, every: bool = True) -> Check:
    def check(assertion: Assertion, subject: Subject) -> tuple[float, str]:
        wanted = assertion.value if isinstance(assertion.value, list) else [assertion.value]
        text = subject.text.casefold() if fold else subject.text
        missing = [item for item in wanted if (item.casefold() if fold else item) not in text]
        held = not missing if every else len(missing) < len(wanted)
        return float(held), f"Not found: {', '.join(map(show, missing[:20]))}, in {show(subject.text)}"

    return check


def starts_with(assertion: Assertion, subject: Subject) -> tuple[float, str]:
    held = subject.text.lstrip().startswith(assertion.value)
    return float(held), f"Does not start with {show(assertion.value)}: {show(subject.text)}"


def matches(assertion: Assertion, subject: Subject) -> tuple[float, str]:
    found = search(assertion.value, subject.text)
    return float(found), f"No match of {show(assertion.value)} in {show(subject.text)}"


def is_json(assertion: Assertion, subject: Subject) -> tuple[float, str]:
    return _against_schema(assertion, list(values_in(subject.text, whole=True)), "The output is no JSON")


def contains_json(assertion: Assertion, subject: Subject) -> tuple[float, str]:
    return _against_schema(assertion, list(values_in(subject.text)), "The output holds no JSON object or list")


def _against_schema(assertion: Assertion, values: list[Any], nothing: str) -> tuple[float, str]:
    if not values:
        return 0.0, nothing
    if assertion.value is None:
        return 1.0, ""
    from prompts.assertions.schemas import schema_error  # 9 MB that only the process apart needs

    found = [schema_error(assertion.value, value) for value in values]
    return float("" in found), found[0]


def word_count(assertion: Assertion, subject: Subject) -> tuple[float, str]:
    return _in_range(assertion.value, len(subject.text.split()), "words")


def token_count(assertion: Assertion, subject: Subject) -> tuple[float, str]:
    value = assertion.value if isinstance(assertion.value, dict) else {"max": assertion.value}
    return _in_range(value, _measured(subject, "output_tokens"), "tokens")


def _in_range(value: Any, seen: int, unit: str) -> tuple[float, str]:
    bounds = value if isinstance(value, dict) else {"min": value, "max": value}
    low, high = bounds.get("min"), bounds.get("max")
    held = (low is None or seen >= low) and (high is None or seen <= high)
    return float(held), f"{seen} {unit}, wanted {show(value)}"


def at_most(name: str, unit: str) -> Check:
    def check(assertion: Assertion, subject: Subject) -> tuple[float, str]:
        seen = _measured(subject, name)
        limit = assertion.threshold if assertion.threshold is not None else assertion.value
        return float(seen <= limit), f"{seen} {unit}, at most {limit:g} wanted"

    return check


def _measured(subject: Subject, name: str) -> int:
    seen: int | None = getattr(subject, name)
    if seen is None:
        raise Fault(
            "The model has no price: set one (`prices set`, or MODEL_PRICES)."
            if name == "cost_micros"
            else "Was not measured."
        )
    return seen


def finish_reason(assertion: Assertion, subject: Subject) -> tuple[float, str]:
    return float(subject.finish_reason == assertion.value), f"Finished with {show(subject.finish_reason)}"
