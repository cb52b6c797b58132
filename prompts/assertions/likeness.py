"""How alike two texts are: edits, ROUGE-1 and BLEU-4."""

import math
from collections import Counter
from collections.abc import Sequence

from prompts.assertions.terms import Assertion, Subject, show


def levenshtein(assertion: Assertion, subject: Subject) -> tuple[float, str]:
    from rapidfuzz.distance import Levenshtein  # for the processes that judge, as regex below

    limit = int(assertion.threshold if assertion.threshold is not None else 5)
    distance = Levenshtein.distance(subject.text.strip(), assertion.value.strip(), score_cutoff=limit)
    return float(distance <= limit), f"More than {limit} edits from {show(assertion.value)}: {show(subject.text)}"


def rouge_n(assertion: Assertion, subject: Subject) -> tuple[float, str]:
    """ROUGE-1 as an F1 score over lower-cased words (Lin 2004)."""
    said, wanted = Counter(_words(subject.text)), Counter(_words(assertion.value))
    overlap = (said & wanted).total()
    score = 2 * overlap / (said.total() + wanted.total()) if said or wanted else 1.0
    return score, f"ROUGE-1 is {score:.3f}"


def bleu(assertion: Assertion, subject: Subject) -> tuple[float, str]:
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
    import regex

    found: list[str] = regex.findall(r"\w+", text.lower())
    return found


def _grams(words: Sequence[str], size: int) -> "Counter[tuple[str, ...]]":
    return Counter(tuple(words[start : start + size]) for start in range(len(words) - size + 1))
