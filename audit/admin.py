from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from audit import rollback, streaming
from audit.backups import making
from audit.export import CONTENT_TYPES, export, file_name
from audit.models import BackupRun, Checkpoint, Event, EventQuerySet, PermissionRule, StreamPosition
from audit.permissions import store
from audit.permissions.matching import check
from audit.permissions.rules import InvalidRule
from config.admin import ReadOnlyAdmin, ToolAdmin
from config.errors import DomainError
from config.pages.admin_lists import MonthFilter
from config.secrets import keyed

MOST_TOLD = 10  # differences in a row of the list


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ["timestamp", "event_type", "entity_type", "entity_id", "actor", "user", "differences"]
    unlisted = ("old_value", "new_value", "context")
    list_filter = ["event_type", "entity_type", ("timestamp", MonthFilter)]
    known_by = ("entity_id", "correlation_id", "actor")
    search_help_text = "An entity id, a correlation id or an actor, exactly."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        return super().get_search_results(request, queryset, keyed(search_term.strip()))

    actions = ["export_csv", "export_json", "roll_back"]

    @admin.display(description="Changes")
    def differences(self, event: Event) -> SafeString:
        told = [(change["kind"], change["path"][:100] or "value") for change in event.changes[:MOST_TOLD]]
        more = len(event.changes) - len(told)
        return format_html_join("; ", "{} {}", [*told, *([("and", f"{more} more")] if more else [])])

    @admin.action(description="Export selected events as CSV")
    def export_csv(self, request: HttpRequest, queryset: EventQuerySet) -> StreamingHttpResponse:
        return self._export(queryset, "csv")

    @admin.action(description="Export selected events as JSON")
    def export_json(self, request: HttpRequest, queryset: EventQuerySet) -> StreamingHttpResponse:
        return self._export(queryset, "json")

    def _export(self, events: EventQuerySet, form: str) -> StreamingHttpResponse:
        response = StreamingHttpResponse(export(events=events, form=form), content_type=CONTENT_TYPES[form])
        response.headers["Content-Disposition"] = f'attachment; filename="{file_name(form)}"'
        return response

    @admin.action(description="Roll the entity back to the state after the selected event", permissions=["roll_back"])
    def roll_back(self, request: HttpRequest, queryset: EventQuerySet) -> None:
        for event in queryset:
            try:
                rollback.apply(entity_type=event.entity_type, entity_id=event.entity_id, to=str(event.uid))
            except DomainError as error:
                self.message_user(request, error.detail, messages.ERROR)
            else:
                self.message_user(request, f"{event.entity_type} {event.entity_id} is rolled back.")

    def has_roll_back_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnlyAdmin):
    list_display = ["size", "root", "created_at"]


@admin.register(StreamPosition)
class StreamPositionAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "sent_at", "failure", "leased_until"]
    actions = ["send"]

    @admin.action(description="Send what waits now", permissions=["send"])
    def send(self, request: HttpRequest, queryset: QuerySet[StreamPosition]) -> None:
        try:
            self.message_user(request, f"{streaming.send()} events were sent.")
        except DomainError as error:
            self.message_user(request, error.detail, messages.ERROR)

    def has_send_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)


@admin.register(BackupRun)
class BackupRunAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "kind", "status", "size_bytes", "duration_seconds", "verification", "file", "detail"]
    list_filter = ["kind", "status", "verification", ("created_at", MonthFilter)]
    actions = ["back_up", "verify"]

    @admin.action(description="Make a backup now", permissions=["operate"])
    def back_up(self, request: HttpRequest, queryset: QuerySet[BackupRun]) -> None:
        self.message_user(request, f"Backup {making.start().uid} is started.")

    @admin.action(description="Verify: restore into a scratch database", permissions=["operate"])
    def verify(self, request: HttpRequest, queryset: QuerySet[BackupRun]) -> None:
        for run in queryset:
            try:
                making.start_verification(uid=str(run.uid))
            except DomainError as error:
                self.message_user(request, error.detail, messages.ERROR)
            else:
                self.message_user(request, f"The verification of {run.file} is started.")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)


class RuleForm(forms.ModelForm):
    """Says which field is wrong before the operation would refuse it."""

    class Meta:
        model = PermissionRule
        fields = ["agent", "tool", "specifier", "decision", "reason", "match", "not_match", "is_enabled"]
        widgets = {"reason": forms.Textarea(attrs={"rows": 2})}

    def clean_match(self) -> list[str]:
        return self._examples("match")

    def clean_not_match(self) -> list[str]:
        return self._examples("not_match")

    def _examples(self, name: str) -> list[str]:
        value = self.cleaned_data.get(name) or []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise forms.ValidationError('Must be a JSON list of texts, such as ["git push origin main"].')
        return value

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                check(store.as_rule(PermissionRule(**cleaned)))
            except InvalidRule as error:
                self.add_error(error.field if error.field in self.fields else None, error.detail)
        return cleaned


@admin.register(PermissionRule)
class PermissionRuleAdmin(ToolAdmin):
    form = RuleForm
    list_display = ["text", "decision", "agent", "reason", "is_enabled", "source", "updated_at"]
    list_filter = ["decision", "is_enabled", "agent", "source"]
    search_fields = ["tool", "specifier", "reason"]
    actions = ["load_defaults", "enable", "disable"]

    def save_model(self, request: HttpRequest, obj: PermissionRule, form: forms.ModelForm, change: bool) -> None:
        fields = {name: getattr(obj, name) for name in RuleForm.Meta.fields}
        saved = store.change_rule(uid=str(obj.uid), **fields) if change else store.create_rule(**fields)
        obj.pk, obj.uid = saved.pk, saved.uid

    def delete_model(self, request: HttpRequest, obj: PermissionRule) -> None:
        store.delete_rule(uid=str(obj.uid))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[PermissionRule]) -> None:
        for rule in queryset:
            store.delete_rule(uid=str(rule.uid))

    @admin.action(description="Load the shipped rules that are not there yet", permissions=["add"])
    def load_defaults(self, request: HttpRequest, queryset: QuerySet[PermissionRule]) -> None:
        self.message_user(request, f"{len(store.load_defaults().created)} rules are loaded.")

    @admin.action(description="Enable selected rules", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[PermissionRule]) -> None:
        self._switch(queryset, on=True)

    @admin.action(description="Disable selected rules", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[PermissionRule]) -> None:
        self._switch(queryset, on=False)

    def _switch(self, queryset: QuerySet[PermissionRule], *, on: bool) -> None:
        for rule in queryset:
            store.change_rule(uid=str(rule.uid), is_enabled=on)
