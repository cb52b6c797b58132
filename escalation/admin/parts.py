"""What belongs to bugs: single reports, tickets elsewhere, tags."""

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Left
from django.http import HttpRequest
from django.utils.safestring import SafeString

from config.admin import ReadOnlyAdmin
from config.pages.admin_lists import MonthFilter
from escalation.admin import shown
from escalation.models import Occurrence, Tag, TicketLink


@admin.register(Occurrence)
class OccurrenceAdmin(ReadOnlyAdmin):
    about = "Each report of a bug as it came, while it is kept."
    internal = True
    empty_text = "No report is kept."
    list_display = ["seen_at", "what", "bug", "impact", "reporter"]
    unlisted = ("error_message", "stack_trace", "metadata")
    list_filter = ["user_impact", ("seen_at", MonthFilter)]
    list_select_related = ["bug"]
    search_fields = ["bug__bug_id__exact"]
    search_help_text = "A bug's id, exactly."
    sections = [
        ("The report", ["bug", "seen_at", "error_type", "message", "impact", "reporter", "correlation_id"]),
        ("Stack trace", ["trace"], {"classes": ["wide"]}),
        ("What the program sent", ["metadata", "fingerprint"]),
    ]

    class Media:
        css = {"all": ["escalation/pages.css"]}

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Occurrence]":
        rows: QuerySet[Occurrence] = super().get_queryset(request)
        return rows.annotate(beginning=Left("error_message", shown.LONGEST_CELL))

    @admin.display(description="error", ordering="error_type")
    def what(self, occurrence: Occurrence) -> SafeString:
        return shown.error(occurrence)

    @admin.display(description="impact", ordering="user_impact")
    def impact(self, occurrence: Occurrence) -> SafeString:
        return shown.impact(occurrence.user_impact)

    @admin.display(description="message")
    def message(self, occurrence: Occurrence) -> SafeString:
        return shown.message(occurrence.error_message)

    @admin.display(description="stack trace")
    def trace(self, occurrence: Occurrence) -> SafeString:
        return shown.trace(occurrence.stack_trace)


@admin.register(TicketLink)
class TicketLinkAdmin(ReadOnlyAdmin):
    about = "Bugs' tickets in other systems."
    empty_text = "No bug is linked to a ticket. Link one on the page of a bug."
    list_display = ["ticket_id", "system", "status", "link_type", "bug", "updated_at"]
    list_filter = ["system", "link_type", "status"]
    list_select_related = ["bug"]
    search_fields = ["ticket_id", "=bug__bug_id"]
    search_help_text = "A ticket, or a bug's id exactly."


@admin.register(Tag)
class TagAdmin(ReadOnlyAdmin):
    about = "Words that bugs are found by."
    empty_text = "No bug has a tag. Give one on the page of a bug."
    list_display = ["name"]
    search_fields = ["name"]
