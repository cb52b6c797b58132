"""Which bugs a list shows, and in which order; the same words at every door."""

from typing import Any

import django_filters
from django.db.models import Q
from django.utils import timezone

from config.rest.times import TimeFilter
from config.secrets import keyed
from escalation.models import Bug, BugQuerySet, Impact, Priority, Status

ORDERS = {"newest": ("-id",), "urgent": ("-score", "-id"), "latest": ("-last_seen_at", "-id")}


class BugFilter(django_filters.FilterSet):
    status = django_filters.MultipleChoiceFilter(choices=Status.choices, distinct=False, label="repeat for several")
    priority = django_filters.MultipleChoiceFilter(choices=Priority.choices, distinct=False, label="repeat for several")
    user_impact = django_filters.MultipleChoiceFilter(
        choices=Impact.choices, distinct=False, label="repeat for several"
    )
    error_type = django_filters.CharFilter(label="exactly")
    assignee = django_filters.CharFilter(label="exactly")
    project = django_filters.CharFilter(method="of_project", label="by its number or slug")
    fingerprint = django_filters.CharFilter(label="exactly")
    tag = django_filters.CharFilter("tags__name", "iexact", label="with this tag")
    search = django_filters.CharFilter(method="find_text", label="part of the id, type or message")
    open = django_filters.BooleanFilter(method="only_open", label="true: not resolved")
    muted = django_filters.BooleanFilter(method="only_muted", label="true: muted now")
    overdue = django_filters.BooleanFilter(method="only_overdue", label="true: open past the deadline")
    first_seen_after = TimeFilter("first_seen_at", "gte", label="first seen from this time on")
    first_seen_before = TimeFilter("first_seen_at", "lt", label="first seen before this time")
    resolved_after = TimeFilter("resolved_at", "gte", label="resolved from this time on")
    resolved_before = TimeFilter("resolved_at", "lt", label="resolved before this time")
    order = django_filters.ChoiceFilter(
        choices=[(name, name) for name in ORDERS], method="keep", label="by default newest"
    )

    class Meta:
        model = Bug
        fields: list[str] = []

    def find_text(self, bugs: BugQuerySet, name: str, value: str) -> BugQuerySet:
        return bugs.filter(
            Q(bug_id__icontains=keyed(value)) | Q(error_type__icontains=value) | Q(error_message__icontains=value)
        )

    def of_project(self, bugs: BugQuerySet, name: str, value: str) -> BugQuerySet:
        numbered = value.isascii() and value.isdigit() and len(value) < 10
        return bugs.filter(project=int(value)) if numbered else bugs.filter(project__slug=value)

    def only_open(self, bugs: BugQuerySet, name: str, value: bool) -> BugQuerySet:
        return bugs.open() if value else bugs.filter(status=Status.RESOLVED)

    def only_muted(self, bugs: BugQuerySet, name: str, value: bool) -> BugQuerySet:
        # Found first: there are few, and beside an order SQLite would rather look at every bug in that order.
        muted = list(Bug.objects.order_by().muted(at=timezone.now()).values_list("pk", flat=True))
        return bugs.filter(pk__in=muted) if value else bugs.exclude(pk__in=muted)

    def only_overdue(self, bugs: BugQuerySet, name: str, value: bool) -> BugQuerySet:
        overdue = bugs.overdue(at=timezone.now())
        return overdue if value else bugs.exclude(pk__in=overdue.values("pk"))

    def keep(self, bugs: BugQuerySet, name: str, value: Any) -> BugQuerySet:
        return bugs  # paging orders


def select_bugs(*, order: str = "urgent", **filters: Any) -> BugQuerySet:
    """Bugs by the filters of the REST list; empty ones do not count. The doors check what they pass."""
    given = {name: value for name, value in filters.items() if value not in (None, "", [])}
    found: BugQuerySet = BugFilter(given, queryset=Bug.objects.brief().prefetch_related("tags")).qs
    return found.order_by(*ORDERS[order])
