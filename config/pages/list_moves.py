"""What a person can do with a table as a whole: a button above its list for each.

list_moves = ["back_up"]

@move(label="Back up now", permissions=("operate",))
def back_up(self, request):
    return f"Backup {start().uid} is started."
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from config.errors import DomainError
from config.pages.moves import Moving, Offer


class ListMoving(Moving):
    """A table that has moves of its own, beside those of its rows."""

    list_moves: ClassVar[Sequence[str]] = ()

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_list_move"
        view = self.admin_site.admin_view(self.list_move_view)
        return [path("moves/<slug:name>/", view, name=name), *super().get_urls()]

    def list_offers(self, request: HttpRequest) -> list[Offer]:
        """The moves this person may make here."""
        return [
            Offer(
                name=name,
                label=self._label(name),
                move=self._said(name),
                address=reverse(f"{self._kind}_list_move", args=[name]),
                form=None,
            )
            for name in self.list_moves
            if self._may(request, self._said(name))
        ]

    def list_move_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Makes a move that was posted."""
        if name not in self.list_moves:
            raise Http404
        if not (self.has_view_permission(request) and self._may(request, self._said(name))):
            raise PermissionDenied
        if request.method == "POST":
            try:
                said = getattr(self, name)(request)
            except DomainError as error:
                self.message_user(request, error.detail, messages.ERROR)
            else:
                self.message_user(request, said or f"{self._label(name)}: done.", messages.SUCCESS)
        return HttpResponseRedirect(reverse(f"{self._kind}_changelist"))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {"list_offers": self.list_offers(request), **(extra_context or {})})
