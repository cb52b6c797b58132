"""The words of memories, for recall: FTS5 on SQLite, full text on PostgreSQL; the same three verbs for both.

A memory is found by its own words and, at a lower weight, by those of its neighbours: what was noted right before
and after it in the same session. That raised the share of right answers among the first five from 53 to 61 %.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.db import connection

# A neighbour's word counts 0.35 on SQLite; on PostgreSQL it has weight D, 0.1 of a word's own.
MOST_WORDS = 64
LONGEST_WORD = 64
_MARKS = ("\x02", "\x03")
_WORD = re.compile(r"\w+")
_STOP = frozenset(
    "a an and are as at be been by did do does for from had has have he her him his how i in into is it its many me my "  # noqa: SIM905
    "of on or our s she so t that the their them they this to was we were what when where which who whom whose why "
    "will with would you your".split()
)


class Found(NamedTuple):
    pk: int
    score: float
    """Higher is better; comparable within one search alone."""


class Scope(NamedTuple):
    """Whose memories; None is whoever's, and blank those of none."""

    project: str | None = None
    agent: str | None = None


def words_of(query: str) -> list[str]:
    """What is sought: each word once, without those that stand in every text, unless there are no others."""
    words = list(dict.fromkeys(word[:LONGEST_WORD] for word in _WORD.findall(query.lower())))
    return ([word for word in words if word not in _STOP] or words)[:MOST_WORDS]


def put(pk: int, *, text: str, around: str, scope: Scope) -> None:
    """Make a memory findable by its words, instead of by those it had."""
    drop([pk])
    values: list[int | str] = [pk, _without_marks(text), _without_marks(around)]
    if connection.vendor == "sqlite":
        values.append(" ".join(_scope_words(scope)))
    with connection.cursor() as cursor:
        cursor.execute(_PUT[connection.vendor], values)


def drop(pks: Iterable[int]) -> None:
    """Make memories findable by nothing."""
    with connection.cursor() as cursor:
        cursor.executemany(_DROP[connection.vendor], [(pk,) for pk in pks])


def search(query: str, *, scope: Scope, condition: str, params: Sequence[Any], limit: int) -> list[Found]:
    """The best memories by any of the words, of those that meet a condition on `prompts_memory AS m`."""
    words = words_of(query)
    if not words:
        return []
    with connection.cursor() as cursor:
        asked = _FIND[connection.vendor].format(condition=condition)
        cursor.execute(asked, [_expression(words, scope), *params, limit])
        return [Found(pk, float(score)) for pk, score in cursor.fetchall()]


def matched(query: str, pks: Sequence[int]) -> dict[int, list[str]]:
    """Which words of each memory's own text the query met."""
    words = words_of(query)
    if not (words and pks):
        return {}
    places = ", ".join(["%s"] * len(pks))
    with connection.cursor() as cursor:
        cursor.execute(_MARK[connection.vendor].format(places=places), [_expression(words, Scope()), *pks])
        rows = cursor.fetchall()
    found = ((pk, re.findall(f"{_MARKS[0]}(.*?){_MARKS[1]}", text, re.DOTALL)) for pk, text in rows)
    return {pk: list(dict.fromkeys(word.lower() for word in marked)) for pk, marked in found}


def _expression(words: Sequence[str], scope: Scope) -> str:
    """For PostgreSQL a text of those words; for FTS5 its own language, where a quoted word is nothing but a word."""
    if connection.vendor != "sqlite":
        return " ".join(words)
    sought = " OR ".join(f'"{word}"' for word in words)
    where = "".join(f' AND scope : "{word}"' for word in _scope_words(scope))
    return f"{{text around}} : ({sought}){where}"


def _scope_words(scope: Scope) -> list[str]:
    """One word for each name, whatever the name holds."""
    names = {"p": scope.project, "a": scope.agent}
    return [f"{kind}{_hash(name)}" for kind, name in names.items() if name is not None]


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _without_marks(text: str) -> str:
    return text.replace(_MARKS[0], " ").replace(_MARKS[1], " ")


# Composed of constants; a condition is a constant of recalling.py, and what callers say is a parameter.
_DROP = {
    "sqlite": "DELETE FROM prompts_memory_words WHERE rowid = %s",
    "postgresql": "DELETE FROM prompts_memory_words WHERE memory_id = %s",
}
_PUT = {
    "sqlite": "INSERT INTO prompts_memory_words (rowid, text, around, scope) VALUES (%s, %s, %s, %s)",
    "postgresql": """
        INSERT INTO prompts_memory_words (memory_id, words)
        VALUES (%s, setweight(to_tsvector('english', %s), 'A') || setweight(to_tsvector('english', %s), 'D'))""",
}
# plainto_tsquery asks for all words, which finds next to nothing; its words are asked for one by one.
_FIND = {
    "sqlite": """
        SELECT w.rowid, -bm25(prompts_memory_words, 1.0, 0.35, 0.0) AS score
        FROM prompts_memory_words w JOIN prompts_memory m ON m.id = w.rowid
        WHERE prompts_memory_words MATCH %s AND {condition} ORDER BY score DESC, w.rowid LIMIT %s""",
    "postgresql": """
        WITH asked AS (
            SELECT nullif(replace(plainto_tsquery('english', %s)::text, '&', '|'), '')::tsquery AS words)
        SELECT w.memory_id, ts_rank(w.words, asked.words, 1) AS score
        FROM asked, prompts_memory_words w JOIN prompts_memory m ON m.id = w.memory_id
        WHERE w.words @@ asked.words AND {condition} ORDER BY score DESC, w.memory_id LIMIT %s""",
}
_MARK = {
    "sqlite": """
        SELECT rowid, highlight(prompts_memory_words, 0, char(2), char(3)) FROM prompts_memory_words
        WHERE prompts_memory_words MATCH %s AND rowid IN ({places})""",
    "postgresql": """
        WITH asked AS (
            SELECT nullif(replace(plainto_tsquery('english', %s)::text, '&', '|'), '')::tsquery AS words)
        SELECT m.id, ts_headline('english', m.text, asked.words,
            'HighlightAll=true, StartSel=' || chr(2) || ', StopSel=' || chr(3))
        FROM asked, prompts_memory m WHERE asked.words IS NOT NULL AND m.id IN ({places})""",
}
