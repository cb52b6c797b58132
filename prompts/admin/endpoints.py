"""Endpoints: added with their key, which is not shown again; tried by a move."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from config.admin import ToolAdmin
from config.pages import kit
from config.pages.kit.marks import NOTHING
from config.pages.moves import move
from prompts import endpoints, fields
from prompts.models import Endpoint


class EndpointForm(forms.ModelForm):
    """A model that can be asked; a key that is left out stays."""

    key = forms.CharField(
        required=False,
        max_length=fields.LONGEST_KEY,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Sealed, and not shown again. Left out, it stays what it is.",
    )

    class Meta:
        model = Endpoint
        fields = ["name", "api", "base_url", "model", "key", "timeout_seconds"]
        labels = {"api": "API", "base_url": "Address", "timeout_seconds": "Time limit in seconds"}


@admin.register(Endpoint)
class EndpointAdmin(ToolAdmin):
    about = "Models that can be asked beside the one of the settings, as name/model."
    empty_text = "Prompts are tested with the model of the settings alone. Add another one here, or:"
    empty_command = "endpoints list"
    trail_of = ("prompt_endpoint", "name")
    form = EndpointForm
    list_display = ["name", "api", "model", "base_url", "standing", "created_at"]
    list_filter = ["api"]
    search_fields = ["name", "model", "base_url"]
    search_help_text = "Part of a name, a model or an address."
    moves = ["try_it"]

    def get_fieldsets(self, request: HttpRequest, obj: Endpoint | None = None) -> Any:
        shown = ["name", "api", "base_url", "model", "key", "timeout_seconds"]
        return [(None, {"fields": [*shown, "key_set", "standing"] if obj else shown})]

    def get_readonly_fields(self, request: HttpRequest, obj: Endpoint | None = None) -> Any:
        return ["key_set", "standing", *(["name"] if obj else [])]

    def save_model(self, request: HttpRequest, obj: Endpoint, form: EndpointForm, change: bool) -> None:
        said = {name: form.cleaned_data[name] for name in ("api", "base_url", "model", "timeout_seconds")}
        said |= {"key": form.cleaned_data["key"]} if form.cleaned_data["key"] else {}
        if change:
            endpoints.change_endpoint(name=obj.name, **said)
        else:
            obj.pk = endpoints.add_endpoint(name=obj.name, **said).pk

    def delete_model(self, request: HttpRequest, obj: Endpoint) -> None:
        endpoints.remove_endpoint(name=obj.name)

    @move(label="Try it", weight="first")
    def try_it(self, request: HttpRequest, endpoint: Endpoint) -> str:
        answer = endpoints.try_endpoint(name=endpoint.name)
        return f"{answer.model} answers in {answer.latency_ms} ms: {answer.text[:200]}"

    @admin.display(description="key")
    def key_set(self, endpoint: Endpoint) -> str:
        if not endpoint.sealed_key:
            return "none"
        return f"set, ends in {endpoint.key_ends}" if endpoint.key_ends else "set"

    @admin.display(description="last try")
    def standing(self, endpoint: Endpoint) -> SafeString:
        if endpoint.tried_at is None:
            return NOTHING
        return kit.badge(endpoint.problem[:100] or "answers", "bad" if endpoint.problem else "good")
