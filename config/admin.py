"""The admin's own look, the API keys, and the base of tables that are only read there."""

import json
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.keys import create_key, revoke_key
from config.models import ApiKey, BrokerMessage, Heartbeat, PeriodicRun
from config.pages.admin_lists import BoundedPaginator, MonthFilter, known_by

admin.site.site_header = "Handrail"
admin.site.site_title = "Handrail"
admin.site.index_title = "Tools"
admin.site.site_url = None  # the template links the dashboard


class ToolAdmin(admin.ModelAdmin):
    """The base of every table: a filter or an action by what no row can have says so."""

    unlisted: tuple[str, ...] = ()
    """Large columns that the list does not show: a hundred rows of them can be as many megabytes."""
    known_by: tuple[str, ...] = ()
    """Indexed columns a row is searched by, exactly; a search for parts of a text reads every row."""
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # a count beside each filter is a scan for each

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        # An action needs whole rows, and one row that is opened, too.
        page = request.resolver_match.url_name if request.resolver_match and request.method == "GET" else None
        return rows.defer(*self.unlisted) if page and page.endswith("_changelist") else rows

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...] | list[str]:
        return self.known_by or super().get_search_fields(request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if self.known_by and term:
            return known_by(queryset, self.known_by, term), False
        return super().get_search_results(request, queryset, search_term)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        try:
            return super().get_changelist_instance(request)
        except (ValueError, OverflowError) as error:  # Django asks the database before it looks at the value
            raise IncorrectLookupParameters(error) from error

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **options: Any
    ) -> HttpResponse | None:
        try:
            for selected in request.POST.getlist(ACTION_CHECKBOX_NAME):
                self.opts.pk.clean(selected, None)
        except ValidationError:
            self.message_user(request, "Select rows of this list: what was sent names none.", messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        return super().response_action(request, queryset, *args, **options)


class ReadOnlyAdmin(ToolAdmin):
    """A table that only operations write: the admin looks, and acts through actions."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyInline(admin.TabularInline):
    """Rows of another table beside the one shown, only to look at."""

    extra = 0
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def pretty(value: Any) -> SafeString:
    """A text with its lines as they are, and any other value as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)
    return format_html("<pre>{}</pre>", text)


@admin.register(ApiKey)
class ApiKeyAdmin(ToolAdmin):
    list_display = ["name", "prefix", "scope", "user", "created_at", "expires_at", "revoked_at", "last_used_at"]
    list_filter = ["scope", "revoked_at"]
    search_fields = ["name", "prefix"]
    fields = ["name", "scope", "user", "expires_at"]
    actions = ["revoke"]

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        key, raw = create_key(name=obj.name, scope=obj.scope, user=obj.user, expires_at=obj.expires_at)
        obj.pk = key.pk
        self.message_user(request, f"The key, shown only now: {raw}", messages.WARNING)

    def log_addition(self, request: HttpRequest, obj: ApiKey, message: Any) -> Any:
        return super().log_addition(request, ApiKey.objects.get(pk=obj.pk), message)

    @admin.action(description="Revoke selected keys", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            revoke_key(name=key.name)
        self.message_user(request, f"{len(queryset)} keys are revoked.")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)


@admin.register(BrokerMessage)
class BrokerMessageAdmin(ReadOnlyAdmin):
    """Jobs that wait, run, or were parked because no worker survived them."""

    list_display = ["id", "task", "task_id", "queue", "state", "deliveries", "available_at", "worker", "reason"]
    list_filter = [("parked_at", admin.EmptyFieldListFilter), "queue", "task", ("created_at", MonthFilter)]
    search_fields = ["task", "task_id", "worker"]
    exclude = ["payload"]
    actions = ["requeue"]

    @admin.action(description="Requeue selected parked jobs", permissions=["requeue"])
    def requeue(self, request: HttpRequest, queryset: QuerySet[BrokerMessage]) -> None:
        count = BrokerMessage.objects.filter(pk__in=queryset).requeue()
        self.message_user(request, f"{count} parked jobs wait for a worker again.")

    def has_requeue_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    list_display = ["name", "role", "started_at", "beaten_at"]
    list_filter = ["role"]


@admin.register(PeriodicRun)
class PeriodicRunAdmin(ReadOnlyAdmin):
    list_display = ["name", "last_run_at", "total_runs"]
    search_fields = ["name"]
