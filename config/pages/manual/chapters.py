"""Which documents the manual has, and in which order: the list in docs/index.md says it, here as on any Git host."""

import posixpath
import re
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.urls import reverse

INDEX = "docs/index.md"
_LINE = re.compile(r"^## (?P<part>.+)$|^- \[(?P<title>[^\]]+)\]\((?P<target>[^)#]+\.md)\)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One document: where it lies in the repository, and how the index calls it."""

    path: str
    title: str
    part: str = ""

    @property
    def slug(self) -> str:
        return self.path.removeprefix("docs/").removesuffix(".md").lower()

    @property
    def url(self) -> str:
        return reverse("manual") if self.path == INDEX else reverse("manual-chapter", args=[self.slug])

    @property
    def text(self) -> str:
        return (settings.BASE_DIR / self.path).read_text(encoding="utf-8")


FRONT = Chapter(path=INDEX, title="Contents")


@cache
def chapters() -> dict[str, Chapter]:
    """Every chapter by its path, the index first. Empty where the documents were not shipped."""
    try:
        index = FRONT.text
    except FileNotFoundError:
        return {}
    found, part = {INDEX: FRONT}, ""
    for line in _LINE.finditer(index):
        part = line["part"] or part
        if line["target"]:
            path = beside(INDEX, line["target"])
            found[path] = Chapter(path=path, title=line["title"], part=part)
    return found


def chapter_at(slug: str) -> Chapter | None:
    return next((chapter for chapter in chapters().values() if chapter.slug == slug), None)


def beside(path: str, target: str) -> str:
    """What a link of a document leads to, as a path of the repository."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
