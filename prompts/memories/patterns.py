"""Patterns: ways of working that succeeded again and again, gathered from what was remembered of tasks."""

import re
from collections import defaultdict
from collections.abc import Iterable

from django.db import transaction

from prompts.memories import remembering
from prompts.models import Memory

FEWEST = 3
"""Successes that make a pattern."""
LEAST_RATE = 0.7
"""Of the tasks that went so."""
LOOKED_AT = 5_000
"""Newest memories with an outcome."""
_CHANGING = re.compile(r"[0-9a-f]{8,}|\d+|\W+", re.IGNORECASE)


@transaction.atomic
def propose_patterns() -> int:
    """Keep as a pattern what several tasks of a project say of how they succeeded; how many are new.

    What two memories say is the same when their words are, numbers and ids aside. A pattern that is known has its
    figures brought up to date.
    """
    known = {_kind(memory): memory for memory in Memory.objects.live().filter(tier=Memory.Tier.PATTERN)}
    outcomes = Memory.objects.live().filter(tier=Memory.Tier.LONG, success__isnull=False).order_by("-id")[:LOOKED_AT]
    new = 0
    for kind, memories in _by_kind(outcomes).items():
        succeeded = [memory for memory in memories if memory.success]
        if len(succeeded) < FEWEST or len(succeeded) < LEAST_RATE * len(memories):
            continue
        if kind not in known:
            known[kind] = _propose(succeeded[0])
            new += 1
        Memory.objects.filter(pk=known[kind].pk).update(tried=len(memories), succeeded=len(succeeded))
    return new


def _propose(example: Memory) -> Memory:
    """A pattern with the newest success as its example."""
    told = {"project": example.project, "agent": example.agent, "tags": example.tags}
    kept = remembering.remember(text=example.text, tier=Memory.Tier.PATTERN, is_explicit=False, **told)
    return kept.memory


def _by_kind(memories: Iterable[Memory]) -> dict[tuple[str, str], list[Memory]]:
    found: dict[tuple[str, str], list[Memory]] = defaultdict(list)
    for memory in memories:
        found[_kind(memory)].append(memory)
    return found


def _kind(memory: Memory) -> tuple[str, str]:
    return memory.project, _CHANGING.sub(" ", memory.text.lower()).strip()
