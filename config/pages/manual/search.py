"""Finding a place in the manual by words."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from config.pages.manual.chapters import FRONT, Chapter, chapters
from config.pages.manual.rendering import Heading, Section, sections

LONGEST_QUERY = 200
MOST_RESULTS = 30
_LIKENESS = 0.75  # of 1: a letter or two amiss
_AROUND = 90  # characters shown on each side of the first word found


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    chapter: Chapter
    heading: Heading
    excerpt: SafeString


def search(query: str) -> list[Result]:
    """Sections in which every word occurs, best first: a word in the heading outweighs any number in the text."""
    words = query[:LONGEST_QUERY].casefold().split()
    if not words:
        return []
    found = [(_weight(section, chapter, words), chapter, section) for chapter, section in _everything()]
    best = sorted((item for item in found if item[0]), key=lambda item: -item[0])[:MOST_RESULTS]
    return [
        Result(chapter=chapter, heading=section.heading, excerpt=_excerpt(section.text, words))
        for _, chapter, section in best
    ]


def nearest(query: str) -> str:
    """The query with the word of the book in place of each that the book does not have; nothing if none is near."""
    words = query[:LONGEST_QUERY].casefold().split()
    known = _vocabulary()
    found = [word if any(word in other for other in known) else _near(word, known) for word in words]
    return " ".join(found) if all(found) and found != words else ""


def _near(word: str, known: Collection[str]) -> str:
    return next(iter(get_close_matches(word, known, n=1, cutoff=_LIKENESS)), "")


@cache
def _vocabulary() -> frozenset[str]:
    """Every word of the book."""
    texts = (f"{chapter.title} {section.heading.text} {section.text}" for chapter, section in _everything())
    return frozenset(word for text in texts for word in re.findall(r"\w{3,}", text.casefold()))


def _everything() -> Iterator[tuple[Chapter, Section]]:
    for chapter in chapters().values():
        if chapter is not FRONT:  # which says of each what it is about
            yield from ((chapter, section) for section in sections(chapter))


def _weight(section: Section, chapter: Chapter, words: list[str]) -> int:
    heading, text = section.heading.text.casefold(), section.text.casefold()
    counts = [100 * heading.count(word) + min(text.count(word), 20) for word in words]
    title = chapter.title.casefold()
    return sum(counts) if all(count or word in title for count, word in zip(counts, words, strict=True)) else 0


def _excerpt(text: str, words: list[str]) -> SafeString:
    marked = re.compile("|".join(re.escape(word) for word in words), re.IGNORECASE)
    first = marked.search(text)
    start = max(0, first.start() - _AROUND) if first else 0
    end = start + 2 * _AROUND
    shown = " ".join(text[start:end].split())
    shown = f"... {shown.partition(' ')[2]}" if start else shown  # no word is cut
    shown = f"{shown.rpartition(' ')[0]} ..." if end < len(text) else shown
    pieces = re.split(f"({marked.pattern})", shown, flags=re.IGNORECASE)
    tags = ["" if number % 2 == 0 else "mark" for number in range(len(pieces))]
    return format_html_join("", "{}", ((_mark(piece, tag),) for piece, tag in zip(pieces, tags, strict=True)))


def _mark(piece: str, tag: str) -> SafeString | str:
    return format_html_join("", "<mark>{}</mark>", [(piece,)]) if tag else piece
