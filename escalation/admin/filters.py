"""What the list of bugs is narrowed by."""

from collections.abc import Iterator
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from config.pages.admin_lists import ValuesFilter
from escalation.models import BugQuerySet, Status

OPEN, EVERY, OVERDUE, MUTED = "open", "all", "overdue", "muted"
FIRST = "first"
"""What the list begins with: open ones, until somebody searches."""


class StandingFilter(admin.SimpleListFilter):
    """Where a bug stands."""

    title = "standing"
    parameter_name = "status__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        statuses = [(str(value), str(label)) for value, label in Status.choices]
        return [(EVERY, "All"), (OPEN, "Open"), *statuses, (OVERDUE, "Open, past the deadline"), (MUTED, "Muted")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return self._narrowed(cast("BugQuerySet", queryset), self._chosen())

    def _chosen(self) -> str:
        chosen = self.value() or EVERY
        return OPEN if chosen == FIRST else chosen

    def _narrowed(self, queryset: BugQuerySet, chosen: str) -> BugQuerySet:
        if chosen == OPEN:
            return queryset.unresolved()
        if chosen == OVERDUE:
            return queryset.unresolved().overdue(at=timezone.now())
        if chosen == MUTED:
            # Found first: there are few, and beside the order SQLite would rather look at every bug in that order.
            muted = queryset.order_by().muted(at=timezone.now())
            return queryset.filter(pk__in=list(muted.values_list("pk", flat=True)))
        return queryset if chosen == EVERY else queryset.filter(status=chosen)

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        chosen = self._chosen()
        for value, label in self.lookup_choices:
            yield {
                "selected": value == chosen,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": label,
            }


class AssigneeFilter(ValuesFilter):
    """Whose a bug is: the reader's own first, then nobody's, then each name's."""

    def __init__(self, field: Any, request: HttpRequest, *args: Any, **named: Any) -> None:
        self.reader = request.user.get_username()
        super().__init__(field, request, *args, **named)

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        chosen = None if self.lookup_val is None else str(self.lookup_val[-1])
        yield self._choice(changelist, None, "Anybody", chosen)
        yield self._choice(changelist, self.reader, "Me", chosen)
        yield self._choice(changelist, "", "Nobody", chosen)
        for name in self.lookup_choices:
            if name and name != self.reader:
                yield self._choice(changelist, name, name, chosen)

    def _choice(self, changelist: ChangeList, value: str | None, display: str, chosen: str | None) -> dict[str, Any]:
        if value is None:
            query = changelist.get_query_string(remove=[self.lookup_kwarg, self.lookup_kwarg_isnull])
        else:
            query = changelist.get_query_string({self.lookup_kwarg: value}, [self.lookup_kwarg_isnull])
        return {"selected": value == chosen, "query_string": query, "display": display}
