"""A document's Markdown as HTML under the strict policy: no style, no script, nothing from elsewhere."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from config.pages import kit
from config.pages.manual.chapters import Chapter, beside, chapters

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_SHOWN_ADDRESS = re.compile(r"http://(?:127\.0\.0\.1|localhost):8000\b|\blocalhost:8000(?=/)")
_PLACE, _COMMAND = "\ue000", "\ue001"  # where the reader's own go: characters that no document has
_SHOWN_COMMAND = re.compile(
    r"/srv/handrail/\.venv/bin/python /srv/handrail/manage\.py(?= )|(?<![\w/])\.venv/bin/python manage\.py(?= )"
    r"|^handrail(?= schemacheck --(?:django|alembic) )",
    re.MULTILINE,
)
"""Our command in a block, as documents write it for a checkout that one stands in."""
_ALIGNED = re.compile(r"text-align:(\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    level: int
    anchor: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and what stands under it, as plain text."""

    heading: Heading
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    html: str
    headings: Sequence[Heading]

    def at(self, address: str, command: str) -> SafeString:
        """The page with the address of this service, and how its commands are typed, in its blocks."""
        # Made from our own documents, whose HTML the parser escapes.
        return mark_safe(self.html.replace(_PLACE, escape(address)).replace(_COMMAND, escape(command)))  # noqa: S308


def with_address(text: str, address: str) -> str:
    return _SHOWN_ADDRESS.sub(lambda _: address, text)


def with_command(text: str, command: str) -> str:
    return _SHOWN_COMMAND.sub(lambda _: command, text)


@cache
def rendered(chapter: Chapter) -> Page:
    """Made once a process: documents ship with the code."""
    parser = _parser()
    tokens = parser.parse(chapter.text)
    headings = _headings(tokens)
    for heading, position in headings:
        tokens[position].attrSet("id", heading.anchor)
        _link_to_itself(tokens[position + 1], heading)
    tokens = list(_dressed(tokens))
    _lead_links(tokens, chapter)
    html = parser.renderer.render(tokens, parser.options, {})
    return Page(html=html, headings=[heading for heading, _ in headings])


def place_of(path: str, anchor: str) -> str:
    """The address of a heading of a document, of the document if it has no such heading, or nothing without one."""
    chapter = chapters().get(path)
    if chapter is None:
        return ""
    known = any(heading.anchor == anchor for heading in rendered(chapter).headings)
    return f"{chapter.url}#{anchor}" if known else chapter.url


@cache
def sections(chapter: Chapter) -> list[Section]:
    """What a search looks through."""
    tokens = _parser().parse(chapter.text)
    starts = _headings(tokens)
    ends = [position for _, position in starts[1:]] + [len(tokens)]
    return [
        Section(heading=heading, text=" ".join(_words(tokens[start + 2 : end])))
        for (heading, start), end in zip(starts, ends, strict=True)
    ]


def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # for who reads the manual; the web process starts without it

    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _words(tokens: Sequence["Token"]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield "".join(child.content or " " for child in token.children or [])
        elif token.content:
            yield token.content


def _headings(tokens: Sequence["Token"]) -> list[tuple[Heading, int]]:
    """Each heading with the place of its opening token; anchors as Git hosts make them, so that links fit both."""
    found: list[tuple[Heading, int]] = []
    taken: dict[str, int] = {}
    for position, token in enumerate(tokens):
        if token.type != "heading_open":
            continue
        text = "".join(_words([tokens[position + 1]]))
        anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        taken[anchor] = taken.get(anchor, -1) + 1
        anchor += f"-{taken[anchor]}" if taken[anchor] else ""
        found.append((Heading(level=int(token.tag[1:]), anchor=anchor, text=text), position))
    return found


def _link_to_itself(inline: "Token", heading: Heading) -> None:
    link = format_html(' <a class="anchor" href="#{0}" aria-label="Link to {1}">#</a>', heading.anchor, heading.text)
    inline.children = [*(inline.children or []), _raw(link)]


def _dressed(tokens: Sequence["Token"]) -> Iterator["Token"]:
    """Tables that scroll by themselves, alignment by class, code by one way of showing it."""
    for token in tokens:
        if token.type == "table_open":
            yield _raw('<div class="scroll" tabindex="0" role="group" aria-label="Table">')
        if aligned := _ALIGNED.fullmatch(str(token.attrs.get("style", ""))):
            token.attrs = {"class": aligned[1]}
        if token.type in {"fence", "code_block"}:
            token.type, token.content = "html_block", _code(token.content, token.info)
        for child in token.children or []:
            child.content = with_address(child.content, _PLACE)
            if child.type == "image":  # a picture of the service, for who has it not before them
                child.type, child.content = "text", ""
        yield token
        if token.type == "table_close":
            yield _raw("</div>")


def _lead_links(tokens: Sequence["Token"], chapter: Chapter) -> None:
    """Links between documents lead to their pages; of one to a file that is no page the words stay."""
    for token in tokens:
        leads = True
        for child in token.children or []:
            if child.type == "link_open":
                href = _address(str(child.attrs["href"]), chapter)
                leads = href is not None
                child.attrs["href"] = href or ""
            if not leads and child.type in {"link_open", "link_close"}:
                child.type, child.content = "text", ""


def _address(href: str, chapter: Chapter) -> str | None:
    if re.match(r"https?:|mailto:|#", href):
        return with_address(href, _PLACE)
    target, mark, anchor = href.partition("#")
    led = chapters().get(beside(chapter.path, target))
    return f"{led.url}{mark}{anchor}" if led else None


def _code(text: str, language: str) -> SafeString:
    shown = with_command(with_address(text, _PLACE), _COMMAND)
    if language == "mermaid":  # drawing it would take three megabytes of script that writes inline styles
        return format_html("<details><summary>Diagram, as its source</summary>{}</details>", kit.code(shown))
    return kit.code(shown)


def _raw(html: str) -> "Token":
    from markdown_it.token import Token

    return Token("html_block", "", 0, content=html)
