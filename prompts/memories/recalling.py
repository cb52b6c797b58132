"""Recalling: the memories that fit a question, each with why, within a budget of tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import F
from django.utils import timezone

from prompts.compression import compress
from prompts.memories import index, limits
from prompts.models import Memory
from prompts.tokens import count_tokens

POOL = 5
"""Candidates a place of the answer is chosen from, as more counts than words."""
NOTED = 0.7
"""What a memory counts that was noted and not saved on purpose."""
FAILED = 0.5
"""What a pattern counts that never succeeded; one that always did counts whole."""
LEAST_TOKENS = 30
"""Less of a memory says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    memory: Memory
    text: str
    """The memory's, or what of it the budget holds."""
    score: float
    """Of the best hit's, which has 1."""
    why: str
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    results: Sequence[Hit]
    tokens: int
    more: bool
    """Whether others fit the question that the limit or the budget left out."""


def recall(
    *,
    query: str,
    project: str = "",
    agent: str = "",
    session_id: str = "",
    task_id: str = "",
    success: bool | None = None,
    superseded: bool = False,
    max_tokens: int | None = None,
    limit: int = limits.USUAL_LIMIT,
) -> Recalled:
    """The memories that fit the query best: what was saved on purpose first, then what was noted.

    Any word counts, by its stem. A project also has what holds everywhere. Short-term memories are found in their own
    session; superseded ones only when asked for.
    """
    found: dict[int, float] = {}
    for place in (project, "") if project else (None,):
        scope = index.Scope(place, agent or None)
        condition, params = _condition(scope, session_id, task_id, success, superseded)
        hits = index.search(query, scope=scope, condition=condition, params=params, limit=POOL * limit)
        found |= {hit.pk: hit.score for hit in hits}
    ranked = _ranked(found)
    chosen = _within(query, ranked[:limit], max_tokens)
    _count_uses([hit.memory for hit in chosen])
    return Recalled(results=chosen, tokens=sum(hit.tokens for hit in chosen), more=len(chosen) < len(ranked))


def _condition(
    scope: index.Scope, session_id: str, task_id: str, success: bool | None, superseded: bool
) -> tuple[str, list[Any]]:
    """On prompts_memory AS m, in SQL: the index joins it row by row."""
    parts: list[tuple[str, list[Any]]] = [
        ("(m.expires_at IS NULL OR m.expires_at > %s)", [connection.ops.adapt_datetimefield_value(timezone.now())]),
        ("(m.tier <> 'short' OR m.session_id = %s)", [session_id or "-"]),
    ]
    parts += [("m.superseded_by_id IS NULL", [])] if not superseded else []
    parts += [("m.project = %s", [scope.project])] if scope.project is not None else []
    parts += [("m.agent = %s", [scope.agent])] if scope.agent is not None else []
    parts += [("m.task_id = %s", [task_id])] if task_id else []
    parts += [("m.success = %s", [success])] if success is not None else []
    return " AND ".join(part for part, _ in parts), [value for _, values in parts for value in values]


def _ranked(found: dict[int, float]) -> list[tuple[Memory, float]]:
    memories = Memory.objects.select_related("superseded_by").in_bulk(found)
    best = max(found.values(), default=0.0) or 1.0
    weighed = [(memory, found[pk] / best * _weight(memory)) for pk, memory in memories.items()]
    return sorted(weighed, key=lambda pair: (-pair[1], -pair[0].pk))


def _weight(memory: Memory) -> float:
    rate = memory.success_rate
    proven = 1.0 if rate is None else FAILED + (1 - FAILED) * rate
    return proven * (1.0 if memory.is_explicit or memory.tier == Memory.Tier.PATTERN else NOTED)


def _within(query: str, ranked: Sequence[tuple[Memory, float]], max_tokens: int | None) -> list[Hit]:
    """As many as the budget holds; the first that does not fit is compressed to what is left."""
    words = index.matched(query, [memory.pk for memory, _ in ranked])
    hits: list[Hit] = []
    left = max_tokens
    for memory, score in ranked:
        text, tokens = memory.text, count_tokens(memory.text).tokens
        if left is not None and tokens > left:
            if left < LEAST_TOKENS:
                break
            cut = compress(text, max_tokens=left)
            text, tokens = cut.text, cut.tokens
        why = _why(memory, words.get(memory.pk, []))
        hits.append(Hit(memory=memory, text=text, score=round(score, 4), why=why, tokens=tokens))
        left = None if left is None else left - tokens
    return hits


def _why(memory: Memory, words: Sequence[str]) -> str:
    said = [f"says {', '.join(words[:8])}" if words else "was noted beside what says it"]
    if memory.tier == Memory.Tier.PATTERN:
        said.append(f"succeeded in {memory.succeeded} of {memory.tried} tasks")
    elif memory.tier == Memory.Tier.SHORT:
        said.append("of this session")
    said.append("saved on purpose" if memory.is_explicit else "noted by itself")
    if memory.superseded_by is not None:
        said.append(f"superseded by {memory.superseded_by.uid}")
    return "; ".join(said)


def _count_uses(memories: Sequence[Memory]) -> None:
    """Of patterns: how often they were taken up says which are worth keeping."""
    used = [memory.pk for memory in memories if memory.tier == Memory.Tier.PATTERN]
    if used:
        Memory.objects.filter(pk__in=used).update(usage_count=F("usage_count") + 1, last_used_at=timezone.now())
