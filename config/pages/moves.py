"""What a person can do with one object: a button on its page for each, and a bulk action where it suits many.

moves = ["acknowledge", "resolve"]

@move(when=lambda bug: bug.status == "pending", bulk=True)
def acknowledge(self, request, bug):
    acknowledge(bug_id=bug.bug_id)
    return f"{bug} is acknowledged."

@move(form=ResolveForm)
def resolve(self, request, bug, given):
    resolve(bug_id=bug.bug_id, **given)
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from config.errors import DomainError
from config.pages.adding import linked
from config.pages.refusals import tell

MOST_NAMED = 20
"""Rows that are named where many are asked about."""

Weight = Literal["first", "plain", "danger"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """How a method is offered. `permissions` are those of actions: `has_NAME_permission(request)`, all of them."""

    label: str = ""
    permissions: Sequence[str] = ("change",)
    form: type[forms.Form] | None = None
    when: Callable[[Any], bool] = field(default=lambda _: True)
    confirm: str = ""
    """What is asked before it is done, of what cannot be undone."""
    weight: Weight = "plain"
    bulk: bool = False
    """Whether a list offers it for many rows; what its form asks is asked once, for all of them."""
    many: str = ""
    """What it is called before "3 bugs", where the label is about a single one: "Take" for "Take it"."""
    initial: Callable[[Any], dict[str, Any]] = field(default=lambda _: {})
    """What its form begins with, of the object it is about."""


def move(**said: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Say how a method named in `moves` is offered; see Move."""

    def mark(method: Callable[..., Any]) -> Callable[..., Any]:
        method.move = Move(**said)  # type: ignore[attr-defined]
        return method

    return mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A move that this person may make with this object now."""

    name: str
    label: str
    move: Move
    address: str
    form: forms.Form | None

    @property
    def asks(self) -> bool:
        return self.form is not None or bool(self.move.confirm)


class Moving(admin.ModelAdmin):
    """A table whose objects have moves."""

    moves: ClassVar[Sequence[str]] = ()

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_move"
        view = self.admin_site.admin_view(self.move_view)
        return [path("<path:object_id>/moves/<slug:name>/", view, name=name), *super().get_urls()]

    def heading(self, obj: Any) -> str:
        """What an object is called above its page, where its name alone says little."""
        return str(obj)

    def offers(self, request: HttpRequest, obj: Any) -> Iterator[Offer]:
        """The moves this person may make with the object as it is."""
        for name in self.moves:
            said = self._said(name)
            if self._may(request, said) and said.when(obj):
                yield self._offer(name, obj)

    def _said(self, name: str) -> Move:
        return getattr(getattr(self, name), "move", None) or Move()

    def _may(self, request: HttpRequest, said: Move) -> bool:
        return all(getattr(self, f"has_{permission}_permission")(request) for permission in said.permissions)

    def _offer(self, name: str, obj: Model, data: Any = None) -> Offer:
        said = self._said(name)
        address = reverse(f"{self._kind}_move", args=[quote(obj.pk), name])
        # Several forms stand on one page: each has ids of its own.
        form = said.form(data, auto_id=f"{name}-%s", initial=said.initial(obj)) if said.form else None
        return Offer(name=name, label=self._label(name), move=said, address=address, form=form)

    def _label(self, name: str) -> str:
        return self._said(name).label or name.replace("_", " ").capitalize()

    def move_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponseBase:
        """Makes a move that was posted; shows what it asks for where it was not, or where the answer was wrong."""
        if name not in self.moves:
            raise Http404
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return self._gone(request, object_id)
        said = self._said(name)
        if not (self.has_view_permission(request, obj) and self._may(request, said)):
            raise PermissionDenied
        if not said.when(obj):
            self.message_user(request, f"{self._label(name)}: {obj} is past that already.", messages.WARNING)
            return self._page_of(request, obj)
        offer = self._offer(name, obj, request.POST if request.method == "POST" else None)
        if request.method == "POST" and (offer.form is None or offer.form.is_valid()):
            done = self._make(request, obj, offer)
            if done is not None:
                return done
        return self._asked(request, obj, offer)

    def _gone(self, request: HttpRequest, object_id: str) -> HttpResponse:
        lost = f"There is no {self.opts.verbose_name} {unquote(object_id)} any more."
        self.message_user(request, lost, messages.WARNING)
        return HttpResponseRedirect(reverse(f"{self._kind}_changelist"))

    @property
    def _kind(self) -> str:
        return f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}"

    def _make(self, request: HttpRequest, obj: Any, offer: Offer) -> HttpResponseBase | None:
        """Where to go next; nothing when the operation refused what the form has."""
        given = [offer.form.cleaned_data] if offer.form else []
        try:
            said = getattr(self, offer.name)(request, obj, *given)
        except DomainError as error:
            if offer.form is not None:
                tell(offer.form, error)
                return None
            self.message_user(request, error.detail, messages.ERROR)
        else:
            if isinstance(said, HttpResponseBase):
                return said
            self.message_user(request, said or f"{offer.label}: done.", messages.SUCCESS)
        return self._page_of(request, obj)

    def _page_of(self, request: HttpRequest, obj: Model) -> HttpResponse:
        if self.get_queryset(request).filter(pk=obj.pk).exists():
            return HttpResponseRedirect(reverse(f"{self._kind}_change", args=[quote(obj.pk)]))
        return HttpResponseRedirect(reverse(f"{self._kind}_changelist"))

    def _asked(self, request: HttpRequest, obj: Model, offer: Offer) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": offer.label,
            "subtitle": str(obj),
            "opts": self.opts,
            "original": obj,
            "offer": offer,
        }
        return TemplateResponse(request, "admin/move.html", context)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **options: Any) -> Any:
        obj = options.get("obj")
        context["offers"] = list(self.offers(request, obj)) if obj is not None else []
        return super().render_change_form(request, context, *args, **options)

    def get_actions(self, request: HttpRequest) -> Any:
        found: dict[str, Any] = super().get_actions(request)
        for name in self.moves:
            said = self._said(name)
            if said.bulk and self._may(request, said):
                found[name] = (_bulk, name, f"{self._for_many(name)} selected {self.opts.verbose_name_plural}")
        return found

    def _for_many(self, name: str) -> str:
        return self._said(name).many or self._label(name)

    def _counted(self, count: int) -> str:
        noun = self.opts.verbose_name if count == 1 else self.opts.verbose_name_plural
        return f"{count:,} {noun}"

    def ask_for_each(self, request: HttpRequest, name: str, chosen: QuerySet[Any]) -> TemplateResponse | None:
        """Make a move with each; where it asks for something, show that first."""
        said = self._said(name)
        answered = request.POST if _ANSWERED in request.POST else None
        form = said.form(answered, prefix=name) if said.form else None
        if (form is None and not said.confirm) or (answered and (form is None or form.is_valid())):
            self.make_each(request, name, chosen, *([form.cleaned_data] if form else []))
            return None
        count = chosen.count()
        context = {
            **self.admin_site.each_context(request),
            "title": f"{self._for_many(name)} {self._counted(count)}",
            "opts": self.opts,
            "offer": Offer(
                name=name, label=self._for_many(name), move=said, address=request.get_full_path(), form=form
            ),
            "chosen": [linked(row, self.heading(row)) for row in chosen[:MOST_NAMED]],
            "more": max(count - MOST_NAMED, 0),
            "repeated": [(key, value) for key in _REPEATED for value in request.POST.getlist(key)],
            "answered": _ANSWERED,
        }
        return TemplateResponse(request, "admin/move_each.html", context)

    def make_each(self, request: HttpRequest, name: str, chosen: QuerySet[Any], *given: Any) -> None:
        """Make a move with each by itself: one that is refused does not hinder the others."""
        said, done, passed = self._said(name), 0, 0
        for obj in chosen:
            if not said.when(obj):
                passed += 1
                continue
            try:
                getattr(self, name)(request, obj, *given)
                done += 1
            except DomainError as error:
                self.message_user(request, f"{obj}: {error.detail}", messages.ERROR)
        past = f" Past that already: {passed}." if passed else ""
        if done or passed:
            self.message_user(request, f"{self._for_many(name)}: {self._counted(done)}.{past}", messages.SUCCESS)


_ANSWERED = "_answered"
_REPEATED = ("action", "select_across", "index", ACTION_CHECKBOX_NAME)
"""What the list sent, which the answer brings again."""


def _bulk(shown: Moving, request: HttpRequest, chosen: QuerySet[Any]) -> TemplateResponse | None:
    return shown.ask_for_each(request, request.POST["action"], chosen)
