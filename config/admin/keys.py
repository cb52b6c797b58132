"""API keys: made here or by `manage.py apikey`, shown once, and ended by a move."""

from copy import deepcopy
from datetime import timedelta
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from config.admin.tool import ToolAdmin
from config.errors import DomainError
from config.keys import check_name, create_key, revoke_key, scope_of
from config.models import ApiKey, Scope
from config.pages import kit
from config.pages.moves import move

DAYS = [("30", "30 days"), ("90", "90 days"), ("365", "a year"), ("", "until it is revoked")]
SCOPES = [
    (Scope.READ, "read: look at everything"),
    (Scope.WRITE, "write: also record, check, report, run"),
    (Scope.ADMIN, "admin: also permission rules, rollbacks, backups"),
]
_TONES: dict[str, kit.Tone] = {"live": "good", "expired": "wait", "revoked": "bad", "its user is not active": "bad"}


class KeyForm(forms.ModelForm):
    """A new key."""

    scope = forms.ChoiceField(choices=SCOPES, initial=Scope.WRITE, widget=forms.RadioSelect, label="Scope")
    days = forms.ChoiceField(choices=DAYS, initial="90", required=False, label="Works for")

    class Meta:
        model = ApiKey
        fields = ["name", "scope", "user", "days"]
        help_texts = {
            "name": "Who uses it, such as ci or claude-code-dana: the trail names it as the actor.",
            "user": "Who answers for it: without that user the key does not work.",
        }

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        try:
            check_name(name)
        except DomainError as error:
            raise forms.ValidationError(error.detail) from error
        return name


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("live", "Live"), ("ended", "Expired or revoked")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
        live = ApiKey.objects.live().values("pk")
        match self.value():
            case "live":
                return queryset.filter(pk__in=live)
            case "ended":
                return queryset.exclude(pk__in=live)
        return queryset


@admin.register(ApiKey)
class ApiKeyAdmin(ToolAdmin):
    trail_of = ("api_key", "name")
    about = "What a program or an agent comes in with. Only its hash is kept, so it is shown once, when it is made."
    empty_text = "No program has a key yet. Make one here, or in a terminal:"
    empty_command = "apikey create ci --scope write"
    form = KeyForm
    list_display = ["name", "state", "scope", "user", "last_used_at", "created_at", "expires_at"]
    list_filter = [StateFilter, "scope"]
    list_select_related = ["user"]
    search_fields = ["name", "prefix"]
    search_help_text = "A name, or how the key begins"
    fields = ["name", "scope", "user", "days"]
    sections = [
        ("Key", ["state", "name", "begins", "scope", "user"]),
        ("Life", ["created_at", "last_used_at", "expires_at", "revoked_at"]),
    ]
    moves = ["revoke"]

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"user": request.user.pk, **super().get_changeform_initial_data(request)}

    def get_form(self, request: HttpRequest, obj: ApiKey | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Only superusers make keys for others, or keys that may do more than they may themselves by the API."""
        form = super().get_form(request, obj, change, **kwargs)
        maker = cast("User", request.user)
        if obj is None and not maker.is_superuser:
            fields = form.base_fields = deepcopy(form.base_fields)
            fields["scope"].choices = SCOPES[: [scope for scope, _ in SCOPES].index(scope_of(maker)) + 1]
            fields["scope"].initial = scope_of(maker)
            fields["user"].queryset = User.objects.filter(username=maker.get_username())
        return form

    @admin.display(description="State")
    def state(self, key: ApiKey) -> SafeString:
        return kit.badge(key.state, _TONES[key.state])

    @admin.display(description="Begins with")
    def begins(self, key: ApiKey) -> str:
        return f"{key.prefix}..."

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        days = form.cleaned_data["days"]
        ends = timezone.now() + timedelta(days=int(days)) if days else None
        made, raw = create_key(name=obj.name, scope=obj.scope, user=obj.user, expires_at=ends)
        obj.__dict__.update(made.__dict__, raw=raw)

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """The key itself, in this answer and nowhere else: a message would lie in the session."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"The key {obj}",
            "opts": self.opts,
            "raw": obj.__dict__["raw"],
            "original": obj,
            "address": settings.PUBLIC_URL,
        }
        return TemplateResponse(request, "admin/made_key.html", context)

    @move(
        permissions=["revoke"],
        when=lambda key: key.revoked_at is None,
        confirm="Whoever has it is turned away at once, and for good.",
        weight="danger",
        bulk=True,
    )
    def revoke(self, request: HttpRequest, key: ApiKey) -> str:
        revoke_key(name=key.name)
        return f"{key} is revoked: whoever has it is turned away from now on."

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)
