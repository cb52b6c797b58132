"""Which of the names there are somebody may have meant."""

from collections.abc import Callable, Iterable

_CLOSE = 0.6
"""As much of two names must be common that one is taken for a slip of the other."""


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """A hint that names the closest; empty if none is close."""
    alike = likeness(name.lower())
    others = [other for other in names if other != name]
    close = max(others, key=lambda other: alike(other.lower()), default="")
    return f'Did you mean "{close}"?' if close and alike(close.lower()) >= _CLOSE else ""


def likeness(name: str) -> Callable[[str], float]:
    """How much of another name, from 0 to 1, is in the same order in this one, of both together.

    A bit of `rows` stays set where a letter is in no longest common subsequence yet: H. Hyyro, Bit-parallel
    LCS-length computation revisited (2004). A library for it would be 12 MB of what is installed for checks.
    """
    places: dict[str, int] = {}
    for index, letter in enumerate(name):
        places[letter] = places.get(letter, 0) | 1 << index
    whole = (1 << len(name)) - 1

    def alike(other: str) -> float:
        rows = whole
        for letter in other:
            here = rows & places.get(letter, 0)
            rows = (rows + here) | (rows - here)
        common = len(name) - (rows & whole).bit_count()
        return 2 * common / (len(name) + len(other)) if name or other else 1.0

    return alike
