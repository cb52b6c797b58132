"""The settings a version may ask a model with."""

from collections.abc import Mapping
from typing import Any

from prompts.content import invalid

_NUMBERS = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "min_p": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
}
_INTEGERS = {"top_k": 0, "max_tokens": 1, "max_completion_tokens": 1, "seed": -(2**53)}
_OTHERS = {"model": str, "stop": (str, list), "response_format": dict, "reasoning_effort": str, "extra": dict}
SETTINGS = sorted([*_NUMBERS, *_INTEGERS, *_OTHERS])
"""Names a version's settings may have; `extra` goes to the model's API as it is."""


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raises VersionInvalid for a setting that is unknown or out of its range."""
    for name, value in settings.items():
        field = f"settings.{name}"
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name in _NUMBERS:
            low, high = _NUMBERS[name]
            if not number or not low <= value <= high:
                raise invalid(field, f"Must be a number from {low} to {high}.")
        elif name in _INTEGERS:
            if not isinstance(value, int) or not number or not _INTEGERS[name] <= value <= 2**53:
                raise invalid(field, f"Must be a whole number of at least {_INTEGERS[name]}.")
        elif name not in _OTHERS:
            raise invalid(field, f"Unknown setting. Known are {', '.join(SETTINGS)}; extra takes any others.")
        elif not isinstance(value, _OTHERS[name]):  # type: ignore[arg-type]
            raise invalid(field, "Has the wrong JSON type.")
    stop = settings.get("stop", [])
    if isinstance(stop, list) and not all(isinstance(item, str) for item in stop):
        raise invalid("settings.stop", "Must be a string or a list of strings.")
