"""Which of the names there are somebody may have meant."""

from collections.abc import Iterable


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """A hint that names the closest; empty if none is close."""
    from rapidfuzz import fuzz, process  # a tenth of what the engine takes to start, and most scripts are spelt right

    others = [other for other in names if other != name]
    close = process.extractOne(name, others, scorer=fuzz.ratio, processor=str.lower, score_cutoff=60)
    return f'Did you mean "{close[0]}"?' if close else ""
