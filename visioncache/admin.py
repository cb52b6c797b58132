"""What the models answered, who waits for an answer, and what was saved."""

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, NullIf, Substr
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.admin import ReadOnlyAdmin, pretty
from config.commandline import amounts
from config.pages import kit
from config.pages.admin_lists import MOST_COUNTED, MonthFilter
from config.pages.kit.marks import NOTHING, Tone
from config.pages.moves import move
from visioncache import dashboard
from visioncache.entries import extend_entry
from visioncache.models import Entry, EntryQuerySet, Lease, Tally
from visioncache.removal import invalidate

SHOWN = 100
"""Characters of a prompt in the list."""
_PROMPTS = ("request__prompt", "request__messages__0__content")
DOUBTFUL, SURE = 0.5, 0.9


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


class ExtendForm(forms.Form):
    hours = forms.FloatField(min_value=0, initial=24, help_text="How much longer it may answer.")


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    about = "Answers of vision models, kept so that nobody pays twice for the same look at the same image."
    empty_text = (
        "Nothing is cached yet. Store an answer after a call to a vision model; ask for it before the next. "
        "With an image of yours in place of shot.png:"
    )
    empty_command = "\n".join(dashboard.COMMANDS)
    trail_of = ("cache_entry", "uid")

    list_display = ("prompt", "model_version", "confidence", "hits", "last_hit", "stored_at", "expires", "namespace")
    unlisted = ("extracted_data", "request", "image_hashes")
    list_select_related = ("stat",)
    list_per_page = 50
    list_filter = (LifeFilter, "namespace", "model_version", "stored_at")
    known_by = ("image_hash", "uid", "key", "model_version")
    search_help_text = "An image hash, an id, a key, a model or a tag, exactly."
    moves = ("extend", "invalidate")
    sections: ClassVar = [
        ("Asked", ["prompt_text", "model_version", "namespace", "asked"]),
        ("Answered", ["data", "confidence", "labels"]),
        ("Use", ["hits", "last_hit", "saved", "cost"]),
        ("Life", ["expires", "stored_at", "created_at", "size"]),
        ("Image and identity", ["image", "hashes", "uid", "key"]),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the prompt, taken out of the request by the database: whole requests can be megabytes."""
        prompt = Coalesce(*(NullIf(KT(path), Value("null")) for path in _PROMPTS))  # as SQLite says of none
        rows: QuerySet[Any] = super().get_queryset(request).annotate(told_prompt=Substr(prompt, 1, SHOWN + 1))
        return rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Entry], search_term: str
    ) -> tuple[QuerySet[Entry], bool]:
        rows, _ = super().get_search_results(request, queryset, search_term)
        tagged = Entry.objects.tagged(search_term.strip()) if search_term.strip() else Entry.objects.none()
        # Fetched first, as in `of_image`: an OR with a subquery is no search by index.
        ids = list(tagged.values_list("pk", flat=True)[:MOST_COUNTED])
        return (rows | queryset.filter(pk__in=ids) if ids else rows), False

    @admin.display(description="Prompt")
    def prompt(self, entry: Any) -> SafeString:
        told = entry.told_prompt or "no prompt"
        shown = told if len(told) <= SHOWN else f"{told[:SHOWN]}..."
        return format_html('{} <span class="kit-quiet">image {}</span>', shown, entry.image_hash[:12])

    @admin.display(description="Confidence", ordering="confidence_score")
    def confidence(self, entry: Entry) -> SafeString:
        score = entry.confidence_score
        tone: Tone = "good" if score >= SURE else "bad" if score < DOUBTFUL else "wait"
        return kit.badge(amounts.percent(score), tone)

    @admin.display(description="Hits", ordering=Coalesce("stat__hit_count", 0))
    def hits(self, entry: Entry) -> int:
        return entry.hit_count

    @admin.display(description="Last hit", ordering="stat__last_hit_at")
    def last_hit(self, entry: Entry) -> SafeString:
        return kit.moment(entry.last_hit_at)

    @admin.display(description="Expires", ordering="expires_at")
    def expires(self, entry: Entry) -> SafeString:
        if entry.expires_at is None:
            return kit.badge("never", "info")
        over = kit.badge("expired", "bad") if entry.is_expired else ""
        return format_html("{} {}", over, kit.moment(entry.expires_at))

    @admin.display(description="Prompt")
    def prompt_text(self, entry: Entry) -> Any:
        told = entry.request.get("prompt") if isinstance(entry.request, dict) else None
        return kit.code(told) if isinstance(told, str) and told else NOTHING

    @admin.display(description="Whole request")
    def asked(self, entry: Entry) -> SafeString:
        return pretty(entry.request)

    @admin.display(description="Answer")
    def data(self, entry: Entry) -> SafeString:
        return pretty(entry.extracted_data)

    @admin.display(description="Saved so far")
    def saved(self, entry: Entry) -> str:
        return f"{amounts.duration(entry.saved_ms / 1000)} and {amounts.dollars(entry.saved_cost_micros)}"

    @admin.display(description="The model's call took")
    def cost(self, entry: Entry) -> str:
        took = None if entry.latency_ms is None else entry.latency_ms / 1000
        return f"{amounts.duration(took)} and {amounts.dollars(entry.cost_micros)}"

    @admin.display(description="Size")
    def size(self, entry: Entry) -> str:
        return amounts.size(entry.size_bytes)

    @admin.display(description="Tags")
    def labels(self, entry: Entry) -> Any:
        return ", ".join(entry.tags) or NOTHING

    @admin.display(description="Hashes of its images")
    def hashes(self, entry: Entry) -> SafeString:
        return kit.code("\n".join(entry.image_hashes))

    @admin.display(description="Image")
    def image(self, entry: Entry) -> SafeString:
        """Only linked: the page shows nothing from other hosts."""
        if not (entry.image_url or "").startswith(("http://", "https://")):
            return NOTHING if not entry.image_url else format_html("{}", entry.image_url)
        return format_html('<a href="{0}" rel="noopener noreferrer">{0}</a>', entry.image_url)

    @move(permissions=("operate",), confirm="The next one who asks pays for a new look.", weight="danger", bulk=True)
    def invalidate(self, request: HttpRequest, entry: Entry) -> str:
        return f"{invalidate(entry_id=entry.uid).removed} entry is removed."

    @move(permissions=("operate",), form=ExtendForm, when=lambda entry: not entry.is_expired, bulk=True)
    def extend(self, request: HttpRequest, entry: Entry, given: dict[str, Any]) -> SafeString:
        return _lives(extend_entry(entry_id=entry.uid, hours=given["hours"]))

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("visioncache.delete_entry")


def _lives(entry: Entry) -> SafeString:
    if entry.expires_at is None:
        return format_html("{} lives for ever.", entry)
    return format_html("{} lives until {}.", entry, kit.moment(entry.expires_at, exact=True))


@admin.register(Tally)
class TallyAdmin(ReadOnlyAdmin):
    about = "Hits, misses and savings by the hour; days long past are one row. They outlive the entries."
    empty_text = "Nobody has asked yet."
    empty_command = "visioncache lookup --image shot.png --model acme-1"
    internal = True
    list_display = ("hour", "namespace", "hits", "misses", "waits", "saved", "saved_cost")
    list_filter = ("namespace", ("hour", MonthFilter))
    ordering = ("-hour", "namespace")

    @admin.display(description="Time saved", ordering="saved_ms")
    def saved(self, tally: Tally) -> str:
        return amounts.duration(tally.saved_ms / 1000)

    @admin.display(description="Cost saved", ordering="saved_cost_micros")
    def saved_cost(self, tally: Tally) -> str:
        return amounts.dollars(tally.saved_cost_micros)


@admin.register(Lease)
class LeaseAdmin(ReadOnlyAdmin):
    about = "Who computes a missing answer right now, while others wait for it."
    empty_text = "Nobody computes an answer that others wait for."
    internal = True
    list_display = ("key", "holder", "taken_at", "expires_at")
    search_fields = ("=key", "=holder")
    exclude = ("token",)
