"""Prompts an agent offers its user as commands: an app that keeps some says so by `offer_prompts` in its mcp.py."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from django.utils.module_loading import autodiscover_modules

PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A prompt as a list shows it."""

    name: str
    description: str = ""
    arguments: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where prompts come from."""

    after: Callable[[str, int], Sequence[Offered]]
    """So many by name, from behind a name on."""
    messages: Callable[[str, Mapping[str, str]], Sequence[tuple[str, str]]]
    """A prompt with its arguments put in: role and text. Raises DomainError."""
    complete: Callable[[str, str, str], Sequence[str]]
    """Values of a prompt's argument that begin so."""


_sources: list[Source] = []


def offer_prompts(source: Source) -> None:
    """Offer what a source has, instead of what was offered before: there is one at a time."""
    _sources[:] = [source]


@cache
def source() -> Source | None:
    """Whatever an app offers."""
    autodiscover_modules("mcp")
    return _sources[-1] if _sources else None
