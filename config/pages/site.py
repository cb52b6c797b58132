"""The admin as one product: the tables grouped by tool, and what is the service's own at the end."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse

from config.pages import dashboard
from config.pages.admin_lists import counted

ORDER = ["audit", *settings.TOOLS]
PEOPLE = "People and keys"
SERVICE = "Service"
_RECENT = 12


class SignInForm(AdminAuthenticationForm):
    error_messages = {
        **AdminAuthenticationForm.error_messages,
        "invalid_login": "Nobody who may come in here has this name and this password. Capital letters count in both.",
    }


class Site(AdminSite):
    login_form = SignInForm
    site_header = site_title = "Handrail"
    index_title = "Tools"
    site_url = None  # the header leads to the dashboard

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """Each tool with the tables people work in, then people and keys, then the service's own."""
        found: list[dict[str, Any]] = super().get_app_list(request, app_label)
        for app in found:
            app["about"] = getattr(apps.get_app_config(app["app_label"]), "about", "")
            for table in app["models"]:
                self._describe(table)
        return found if app_label else _grouped(found)

    def _describe(self, table: dict[str, Any]) -> None:
        shown = self._registry[table["model"]]
        table["about"] = getattr(shown, "about", "")
        table["internal"] = getattr(shown, "internal", False)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Every table with how many rows it has, counted to a bound, and what happened last."""
        context = {
            "app_list": self._counted(request),
            "events": dashboard.recent_events(_RECENT),
        }
        return super().index(request, {**context, **(extra_context or {})})

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        groups = self._counted(request, app_label)
        context = {"app_list": groups, "title": groups[0]["name"] if groups else app_label, **(extra_context or {})}
        return super().app_index(request, app_label, context)

    def _counted(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        groups = self.get_app_list(request, app_label)
        for group in groups:
            for table in group["models"]:
                if not table["internal"] and table["perms"].get("view"):
                    table["count"] = counted(self._registry[table["model"]].get_queryset(request))
        return groups


def _grouped(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    def group(name: str, label: str, about: str, models: list[dict[str, Any]]) -> dict[str, Any]:
        return {"name": name, "app_label": label, "app_url": "", "about": about, "models": models}

    internal = [table for app in found for table in app["models"] if table["internal"]]
    tools = [{**app, "models": _open(app)} for app in found if app["app_label"] in ORDER]
    people = [table for app in found if app["app_label"] not in ORDER for table in _open(app)]
    groups = [
        *sorted(tools, key=lambda app: ORDER.index(app["app_label"])),
        group(PEOPLE, "people", "Who may do what, and the keys that programs and agents come in with.", people),
        group(SERVICE, "service", "What Handrail keeps for itself: jobs, processes, leases, counts.", internal),
    ]
    return [shown for shown in groups if shown["models"]]


def _open(app: dict[str, Any]) -> list[dict[str, Any]]:
    return [table for table in app["models"] if not table["internal"]]


def place(opts: Any) -> tuple[str, str]:
    """The group a table stands in, and the page of that group where it has one."""
    if admin.site.is_registered(opts.model) and getattr(admin.site.get_model_admin(opts.model), "internal", False):
        return SERVICE, ""
    if opts.app_label not in ORDER:
        return PEOPLE, ""
    return opts.app_config.verbose_name, reverse("admin:app_list", args=[opts.app_label])
