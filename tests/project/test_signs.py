"""What each app shows of itself: demonstration data, a panel, metrics, health checks."""

import io
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command

from config.database.windows import RANGES, window
from config.pages.dashboard import Panel
from tests.patience import comes_back
from tests.project.sources import APPS

pytestmark = pytest.mark.django_db


def module(app: str, name: str) -> Any:
    if not find_spec(f"{app}.{name}"):
        pytest.skip(f"{app} has no {name}.py: nothing to say")
    return import_module(f"{app}.{name}")


def rows() -> dict[str, int]:
    models = (model for app in APPS for model in apps.get_app_config(app).get_models())
    return {model._meta.label: model._default_manager.count() for model in models}


class TestOfTheDemonstration:
    """What each app shows of data that is there."""

    def test_the_demonstration_fills_every_app_and_only_once(self, demonstration: None) -> None:
        first = rows()
        call_command("demo", stdout=io.StringIO())
        assert rows() == first
        empty = [app for app in APPS if not any(count for label, count in first.items() if label.startswith(f"{app}."))]
        assert not empty, f"The admin has nothing to look at in {empty}: give them a demo.py."

    @pytest.mark.parametrize("app", APPS)
    @pytest.mark.parametrize("chosen", RANGES)
    def test_a_panel_says_something(self, app: str, chosen: str, demonstration: None) -> None:
        panels = list(module(app, "dashboard").panels(window(chosen)))
        assert panels
        for panel in panels:
            assert isinstance(panel, Panel)
            assert panel.title
            assert panel.tiles
            assert panel.lead.page
            for tile in panel.tiles:
                assert tile.note or tile.before is not None or tile.value is None or tile.kind != "number", tile

    @pytest.mark.parametrize("app", APPS)
    def test_metrics_are_named_after_their_app(self, app: str, demonstration: None) -> None:
        families = list(module(app, "metrics").collect())
        assert families
        for family in families:
            assert f"{family.name}_".startswith(f"handrail_{app.removesuffix('s')}"), family.name
            assert family.documentation, family.name


@pytest.mark.parametrize("app", APPS)
def test_an_empty_app_has_a_panel_too(app: str) -> None:
    for panel in module(app, "dashboard").panels(window("1h")):
        assert panel.tiles


@pytest.mark.parametrize("app", APPS)
def test_health_checks_are_quick_and_say_what_to_do(app: str) -> None:
    checks = module(app, "health").checks
    with comes_back():
        found = list(checks())
    for check in found:
        assert check.status in {"ok", "warn", "fail"}
        assert check.status == "ok" or check.fix, f"{check.name} says what is wrong and not what to do."
