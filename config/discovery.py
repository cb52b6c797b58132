"""Finds what the apps above the ground floor offer to it, by the name of a module: `health`, `metrics`, `dashboard`."""

from importlib import import_module
from types import ModuleType

from django.apps import apps
from django.conf import settings
from django.utils.module_loading import module_has_submodule


def app_modules(name: str) -> list[tuple[str, ModuleType]]:
    """The modules of that name in our apps, with the app's label, in the order of INSTALLED_APPS."""
    ours = {"audit", *settings.TOOLS}
    return [
        (app.label, import_module(f"{app.name}.{name}"))
        for app in apps.get_app_configs()
        if app.name in ours and app.module is not None and module_has_submodule(app.module, name)
    ]
