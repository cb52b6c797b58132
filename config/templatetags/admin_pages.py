"""What the admin's own templates need of us: labels in the cells of a list, fields that are looked at, empty lists."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

from config.pages import columns, kit
from config.pages.site import place

register = template.Library()
register.filter("contents", columns.contents)


@register.filter
def cell(shown: Any) -> Any:
    """A field in a row of a table beside an object."""
    return columns.contents(shown, exact=False)


@register.filter
def labelled(cells: Sequence[str], headers: Sequence[dict[str, Any]]) -> Iterator[SafeString]:
    """The cells of a row, each with its column's name: on a narrow page a row is a card of names and values.

    A table that is drawn as cards is none for a screen reader any more, unless its roles are said.
    """
    for drawn, header in zip(cells, headers, strict=False):
        role = "rowheader" if drawn.startswith("<th") else "cell"
        label = "" if "action-checkbox" in drawn[:40] else capfirst(header["text"])
        yield format_html('{} data-label="{}" role="{}"{}', mark_safe(drawn[:3]), label, role, mark_safe(drawn[3:]))  # noqa: S308 -- Django's own


@register.simple_tag
def nothing_here(changelist: Any) -> SafeString:
    """An empty list: for want of rows, or for a filter that none of them passes."""
    shown, noun = changelist.model_admin, changelist.opts.verbose_name_plural
    if changelist.query or changelist.has_active_filters:
        link = format_html('<a href="{}">Show all {}</a>', changelist.clear_all_filters_qs.split("?")[0] or "?", noun)
        return kit.empty(format_html("Nothing here is as you ask. {}", link))
    said = getattr(shown, "empty_text", "") or f"There are no {noun} yet."
    return kit.empty(said, getattr(shown, "empty_command", ""))


@register.inclusion_tag("admin/includes/crumbs.html")
def crumbs(opts: Any, original: Any = None, here: str = "") -> dict[str, Any]:
    """The way here: the tools, the group of the table, its list, the object."""
    group, address = place(opts)
    return {"opts": opts, "group": group, "address": address, "original": original, "here": here}
