"""A table on an object's page; on a phone each row is a card with its columns' names."""

from collections.abc import Iterable, Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


def table(headers: Sequence[str], rows: Iterable[Sequence[object]], *, caption: str = "") -> SafeString:
    """Cells are plain values or parts of the kit, as many in each row as there are headers."""
    head = format_html_join("", '<th scope="col" role="columnheader">{}</th>', ([header] for header in headers))
    body = format_html_join("", '<tr role="row">{}</tr>', ([_cells(headers, row)] for row in rows))
    said = format_html("<caption>{}</caption>", caption) if caption else ""
    return format_html(_TABLE, said, head, body)


_TABLE = """<div class="results"><table class="cards" role="table">{}
<thead role="rowgroup"><tr role="row">{}</tr></thead><tbody role="rowgroup">{}</tbody></table></div>"""


def _cells(headers: Sequence[str], row: Sequence[object]) -> SafeString:
    pairs = zip(headers, row, strict=True)
    return format_html_join("", '<td role="cell" data-label="{}">{}</td>', pairs)
