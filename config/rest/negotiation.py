"""Which renderer answers a request: nearly always the one there is."""

from collections.abc import Iterable

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class Negotiation(DefaultContentNegotiation):
    """Spares a client that takes anything the search among one (docs/benchmarks.md)."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        known = list(renderers)
        takes = request.META.get("HTTP_ACCEPT", "*/*")
        if len(known) == 1 and takes == "*/*" and not format_suffix and "format" not in request.query_params:
            return known[0], known[0].media_type
        found: tuple[BaseRenderer, str] = super().select_renderer(request, known, format_suffix)
        return found
