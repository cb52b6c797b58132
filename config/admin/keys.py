from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from config.admin.tool import ToolAdmin
from config.keys import create_key, revoke_key
from config.models import ApiKey


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
