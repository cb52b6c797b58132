from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from config.admin import ReadOnlyAdmin, ReadOnlyInline, ToolAdmin, pretty
from config.errors import DomainError, FieldError
from config.pages.admin_lists import MonthFilter
from escalation import bugs, fields, triage
from escalation.checking import Report
from escalation.models import Bug, BugQuerySet, Cycle, Impact, Occurrence, Tag, TicketLink
from escalation.reports import report_bug

RESOLVED_HERE = "Resolved in the admin."


class ReportForm(forms.ModelForm):
    """A new report."""

    deadline_hours = forms.FloatField(
        required=False, min_value=-fields.FARTHEST_HOURS, max_value=fields.FARTHEST_HOURS, help_text="Hours from now."
    )
    frequency = forms.IntegerField(
        required=False,
        initial=1,
        min_value=1,
        max_value=fields.MOST_REPORTS,
        help_text="How many times it happened.",
    )
    bug_id = forms.CharField(
        required=False, max_length=fields.LONGEST_NAME, help_text="By default one made of the error."
    )
    user_impact = forms.ChoiceField(choices=[("", "---------"), *Impact.choices])
    tag_names = forms.CharField(required=False, label="Tags", help_text="Separated by commas.")

    class Meta:
        model = Bug
        fields = [
            *("bug_id", "error_type", "error_message", "stack_trace", "user_impact", "deadline_hours", "frequency"),
            *("tag_names", "metadata"),
        ]

    def clean(self) -> dict[str, Any]:
        super().clean()
        if not self.errors:
            _show(self, Report(**self.report()).problems())
        return self.cleaned_data

    def report(self) -> dict[str, Any]:
        """What the operation takes."""
        given = {name: self.cleaned_data[name] for name in self.Meta.fields if name != "tag_names"}
        empty: dict[str, Any] = {"stack_trace": None, "metadata": {}, "frequency": 1}  # what an empty field stands for
        given |= {name: given[name] or nothing for name, nothing in empty.items()}
        return given | {"tags": split_tags(self.cleaned_data["tag_names"])}

    def validate_unique(self) -> None:
        """A known bug is reported again, which is no mistake."""


class BugForm(forms.ModelForm):
    """What a person may change on the page of a bug."""

    tag_names = forms.CharField(required=False, label="Tags", help_text="Separated by commas.")

    class Meta:
        model = Bug
        fields = ["user_impact", "assignee"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tag_names"].initial = ", ".join(tag.name for tag in self.instance.tags.all())

    def clean(self) -> dict[str, Any]:
        super().clean()
        if not self.errors:
            _show(self, fields.check_name("assignee", self.cleaned_data["assignee"], blank=True))
            _show(self, fields.check_tags("tag_names", self.tags()))
        return self.cleaned_data

    def tags(self) -> list[str]:
        return split_tags(self.cleaned_data["tag_names"])


def split_tags(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]


def _show(form: forms.ModelForm, problems: Iterable[FieldError]) -> None:
    """The operation's own findings beside the form's fields."""
    for problem in problems:
        name = problem.field.partition("[")[0].partition(".")[0]
        name = "tag_names" if name == "tags" else name
        form.add_error(name if name in form.fields else None, problem.detail)


class NewestInline(ReadOnlyInline):
    """The newest rows of a bug; it may have very many."""

    def get_queryset(self, request: HttpRequest) -> Any:
        bug = request.resolver_match.kwargs.get("object_id") if request.resolver_match else None
        rows = super().get_queryset(request)
        return rows.filter(pk__in=list(rows.filter(bug=bug).order_by("-id").values_list("pk", flat=True)[:20]))


class OccurrenceInline(NewestInline):
    model = Occurrence
    fields = ["seen_at", "error_message", "user_impact", "reporter", "correlation_id"]
    verbose_name_plural = "newest occurrences"


class CycleInline(NewestInline):
    model = Cycle
    fields = ["began_at", "escalated_at", "acknowledged_at", "resolved_at", "reopened_at"]
    verbose_name_plural = "resolutions that did not hold"


class TicketInline(ReadOnlyInline):
    model = TicketLink
    fields = ["system", "ticket_id", "url", "link_type", "status", "updated_at"]


@admin.register(Bug)
class BugAdmin(ToolAdmin):
    list_display = [
        "bug_id",
        "error_type",
        "priority_text",
        "status_text",
        "frequency",
        "user_impact",
        "assignee",
        "deadline_at",
        "last_seen_at",
    ]
    unlisted = ("error_message", "stack_trace", "metadata", "fingerprint_parts", "resolution")
    list_filter = ["status", "priority", "user_impact", "error_type", "assignee", "tags", ("last_seen_at", MonthFilter)]
    search_fields = ["bug_id", "error_type", "error_message"]
    actions = ["acknowledge", "investigate", "resolve", "reopen", "mute", "end_muting"]
    inlines = [TicketInline, CycleInline, OccurrenceInline]
    seen = [
        "bug_id",
        "error_type",
        "error_message",
        "status_text",
        "priority_text",
        "why",
        "frequency",
        "deadline_at",
        "muted_until",
        "first_seen_at",
        "last_seen_at",
        "began_at",
        "escalated_at",
        "acknowledged_at",
        "resolved_at",
        "resolution",
        "resolved_by",
        "fingerprint",
        "trace",
        "metadata",
    ]

    def has_delete_permission(self, request: HttpRequest, obj: Bug | None = None) -> bool:
        return False

    def get_form(self, request: HttpRequest, obj: Bug | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, form=BugForm if obj else ReportForm, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Bug | None = None) -> Any:
        return ["user_impact", "assignee", "tag_names", *self.seen] if obj else ReportForm.Meta.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Bug | None = None) -> Any:
        return self.seen if obj else []

    def get_inlines(self, request: HttpRequest, obj: Bug | None = None) -> Any:
        return self.inlines if obj else []

    def save_model(self, request: HttpRequest, obj: Bug, form: Any, change: bool) -> None:
        data = form.cleaned_data
        if change:
            bug = triage.update_bug(
                bug_id=obj.bug_id, user_impact=data["user_impact"], assignee=data["assignee"], tags=form.tags()
            )
        else:
            bug = report_bug(**form.report())
        obj.pk = bug.pk

    @admin.display(description="priority", ordering="score")
    def priority_text(self, bug: Bug) -> str:
        return f"{bug.priority.upper()} ({bug.score})"

    @admin.display(description="status", ordering="status")
    def status_text(self, bug: Bug) -> str:
        return f"{bug.status}, muted" if bug.is_muted(at=timezone.now()) else bug.status

    @admin.display(description="why this priority")
    def why(self, bug: Bug) -> SafeString:
        lines = ((factor["points"], factor["reason"]) for factor in bug.priority_factors)
        return format_html_join("", "<div>{}: {}</div>", lines)

    @admin.display(description="stack trace")
    def trace(self, bug: Bug) -> SafeString:
        return pretty(bug.stack_trace or "-")

    @admin.action(description="Acknowledge selected bugs", permissions=["change"])
    def acknowledge(self, request: HttpRequest, queryset: BugQuerySet) -> None:
        self._each(request, queryset, "acknowledged", lambda bug_id: bugs.acknowledge(bug_id=bug_id))

    @admin.action(description="Investigate selected bugs", permissions=["change"])
    def investigate(self, request: HttpRequest, queryset: BugQuerySet) -> None:
        self._each(request, queryset, "under investigation", lambda bug_id: bugs.investigate(bug_id=bug_id))

    @admin.action(description="Resolve selected bugs", permissions=["change"])
    def resolve(self, request: HttpRequest, queryset: BugQuerySet) -> None:
        self._each(request, queryset, "resolved", lambda bug_id: bugs.resolve(bug_id=bug_id, resolution=RESOLVED_HERE))

    @admin.action(description="Reopen selected bugs", permissions=["change"])
    def reopen(self, request: HttpRequest, queryset: BugQuerySet) -> None:
        self._each(request, queryset, "open again", lambda bug_id: bugs.reopen(bug_id=bug_id))

    @admin.action(description="Mute selected bugs for a day", permissions=["change"])
    def mute(self, request: HttpRequest, queryset: BugQuerySet) -> None:
        until = timezone.now() + timedelta(days=1)
        self._each(request, queryset, "muted for a day", lambda bug_id: bugs.mute(bug_id=bug_id, until=until))

    @admin.action(description="End the muting of selected bugs", permissions=["change"])
    def end_muting(self, request: HttpRequest, queryset: BugQuerySet) -> None:
        self._each(request, queryset, "muted no more", lambda bug_id: bugs.mute(bug_id=bug_id, until=None))

    def _each(self, request: HttpRequest, chosen: BugQuerySet, done: str, operation: Callable[[str], Bug]) -> None:
        """Do it to each bug by itself: one that refuses does not hinder the others."""
        count = 0
        for bug_id in chosen.values_list("bug_id", flat=True):
            try:
                operation(bug_id)
                count += 1
            except DomainError as error:
                self.message_user(request, error.detail, messages.ERROR)
        if count:
            self.message_user(request, f"[OK] {count} {'bug is' if count == 1 else 'bugs are'} {done}.")


@admin.register(Occurrence)
class OccurrenceAdmin(ReadOnlyAdmin):
    list_display = ["seen_at", "bug", "error_type", "user_impact", "reporter"]
    list_filter = ["user_impact", ("seen_at", MonthFilter)]
    list_select_related = ["bug"]
    search_fields = ["bug__bug_id__exact"]


@admin.register(TicketLink)
class TicketLinkAdmin(ReadOnlyAdmin):
    list_display = ["system", "ticket_id", "link_type", "status", "bug", "updated_at"]
    list_filter = ["system", "link_type", "status"]
    list_select_related = ["bug"]
    search_fields = ["ticket_id", "=bug__bug_id"]


@admin.register(Tag)
class TagAdmin(ReadOnlyAdmin):
    list_display = ["name"]
    search_fields = ["name"]
