"""What the value and the threshold of an assertion may be. Each raises Fault naming the key that is wrong."""

from prompts.assertions.patterns import compile_pattern
from prompts.assertions.terms import Assertion, Fault, is_number

MAX_DISTANCE = 500
MAX_DISTANCE_TEXT = 10_000
"""Characters."""


def text(assertion: Assertion) -> None:
    if not isinstance(assertion.value, str):
        raise Fault("Must be a string.", "value")


def content(assertion: Assertion) -> None:
    if not isinstance(assertion.value, str) or not assertion.value:
        raise Fault("Must be a string that is not empty; an empty one is in every text.", "value")


def texts(assertion: Assertion) -> None:
    value = assertion.value
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
        raise Fault("Must be a list of strings, none empty.", "value")


def anything(assertion: Assertion) -> None:
    if assertion.value is None:
        raise Fault("Is missing.", "value")


def pattern(assertion: Assertion) -> None:
    content(assertion)
    compile_pattern(assertion.value)


def schema(assertion: Assertion) -> None:
    if assertion.value is None:
        return
    if not isinstance(assertion.value, dict | bool):
        raise Fault("Must be a JSON Schema, or be left out.", "value")
    from prompts.assertions.schemas import check_schema  # 9 MB that only the process apart needs

    check_schema(assertion.value)


def bounds(assertion: Assertion) -> None:
    value = assertion.value
    given = value if isinstance(value, dict) else {"min": value, "max": value}
    numbers = [given[name] for name in ("min", "max") if given.get(name) is not None]
    if not numbers or set(given) - {"min", "max"} or not all(is_number(n) and n >= 0 for n in numbers):
        raise Fault("Must be a whole number or {min?, max?}.", "value")
    if len(numbers) == 2 and numbers[0] > numbers[1]:
        raise Fault("min is above max.", "value")


def limit(assertion: Assertion) -> None:
    if assertion.threshold is None and not (is_number(assertion.value) and assertion.value >= 0):
        raise Fault("Must be a number of at least 0, as value or threshold.", "value")


def distance(assertion: Assertion) -> None:
    text(assertion)
    if len(assertion.value) > MAX_DISTANCE_TEXT:
        raise Fault(f"A text to measure a distance to has at most {MAX_DISTANCE_TEXT} characters.", "value")
    if assertion.threshold is not None and assertion.threshold > MAX_DISTANCE:
        raise Fault(f"A distance is at most {MAX_DISTANCE}.", "threshold")


def rate(assertion: Assertion) -> None:
    content(assertion)
    if assertion.threshold is not None and assertion.threshold > 1:
        raise Fault("Must be from 0 to 1.", "threshold")
