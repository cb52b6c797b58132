from datetime import datetime
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.safestring import SafeString

from config.admin import ReadOnlyAdmin, pretty
from config.errors import DomainError
from config.pages.admin_lists import MOST_COUNTED, MonthFilter
from visioncache.entries import extend_entry
from visioncache.models import Entry, EntryQuerySet, Lease, Tally
from visioncache.removal import invalidate


class LifeFilter(SimpleListFilter):
    title = "life"
    parameter_name = "life"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("live", "Live"), ("expired", "Expired"), ("for-ever", "For ever")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        entries = cast("EntryQuerySet", queryset)
        match self.value():
            case "live":
                return entries.live()
            case "expired":
                return entries.expired()
            case "for-ever":
                return queryset.filter(expires_at=None)
        return queryset


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    list_display = [
        "short_hash",
        "model_version",
        "namespace",
        "confidence_score",
        "hits",
        "last_hit",
        "stored_at",
        "expires_at",
        "is_live",
    ]
    unlisted = ("extracted_data", "request")
    list_select_related = ["stat"]
    list_filter = [LifeFilter, "namespace", "model_version", "stored_at"]
    known_by = ("image_hash", "uid", "key", "model_version")
    search_help_text = "An image hash, an id, a key, a model or a tag, exactly."
    actions = ["invalidate_selected", "extend_a_day"]
    fieldsets = [
        ("Identity", {"fields": ["uid", "key", "namespace", "image_hash", "image_hashes", "model_version", "asked"]}),
        ("Answer", {"fields": ["data", "confidence_score", "image_url", "tags", "size_bytes"]}),
        ("Life", {"fields": ["created_at", "stored_at", "expires_at"]}),
        ("Use", {"fields": ["hits", "last_hit", "latency_ms", "cost_micros", "saved_ms", "saved_cost_micros"]}),
    ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Entry], search_term: str
    ) -> tuple[QuerySet[Entry], bool]:
        rows, _ = super().get_search_results(request, queryset, search_term)
        tagged = Entry.objects.tagged(search_term.strip()) if search_term.strip() else Entry.objects.none()
        # Fetched first, as in `of_image`: an OR with a subquery is no search by index.
        ids = list(tagged.values_list("pk", flat=True)[:MOST_COUNTED])
        return (rows | queryset.filter(pk__in=ids) if ids else rows), False

    @admin.display(description="Image", ordering="image_hash")
    def short_hash(self, entry: Entry) -> str:
        return f"{entry.image_hash[:12]}..."

    @admin.display(description="Hits", ordering=Coalesce("stat__hit_count", 0))
    def hits(self, entry: Entry) -> int:
        return entry.hit_count

    @admin.display(description="Last hit", ordering="stat__last_hit_at")
    def last_hit(self, entry: Entry) -> datetime | None:
        return entry.last_hit_at

    @admin.display(description="Live", boolean=True)
    def is_live(self, entry: Entry) -> bool:
        return not entry.is_expired

    @admin.display(description="Request")
    def asked(self, entry: Entry) -> SafeString:
        return pretty(entry.request)

    @admin.display(description="Extracted data")
    def data(self, entry: Entry) -> SafeString:
        return pretty(entry.extracted_data)

    @admin.action(description="Invalidate selected entries", permissions=["operate"])
    def invalidate_selected(self, request: HttpRequest, queryset: EntryQuerySet) -> None:
        removed = sum(invalidate(entry_id=uid).removed for uid in queryset.values_list("uid", flat=True))
        self.message_user(request, f"{removed} entries are removed.")

    @admin.action(description="Extend selected entries by 24 hours", permissions=["operate"])
    def extend_a_day(self, request: HttpRequest, queryset: EntryQuerySet) -> None:
        for uid in queryset.values_list("uid", flat=True):
            try:
                entry = extend_entry(entry_id=uid, hours=24)
            except DomainError as error:
                self.message_user(request, f"{uid}: {error.detail}", messages.ERROR)
            else:
                until = f"{entry.expires_at:%Y-%m-%d %H:%M} UTC" if entry.expires_at else "for ever"
                self.message_user(
                    request, f"{entry} lives until {until}." if entry.expires_at else f"{entry} lives {until}."
                )

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("visioncache.delete_entry")


@admin.register(Tally)
class TallyAdmin(ReadOnlyAdmin):
    list_display = ["hour", "namespace", "slot", "hits", "misses", "waits", "saved_ms", "saved_cost_micros"]
    list_filter = ["namespace", ("hour", MonthFilter)]
    ordering = ["-hour", "namespace"]


@admin.register(Lease)
class LeaseAdmin(ReadOnlyAdmin):
    list_display = ["key", "holder", "taken_at", "expires_at"]
    search_fields = ["=key", "=holder"]
    exclude = ["token"]
