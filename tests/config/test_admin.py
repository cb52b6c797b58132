"""What every page of the admin does alike."""

import re

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

import config.urls  # noqa: F401 -- which loads every table's page
from config.admin import ToolAdmin

pytestmark = pytest.mark.django_db

OURS = [model for model, shown in admin.site._registry.items() if isinstance(shown, ToolAdmin)]


def test_every_table_of_ours_has_the_common_base() -> None:
    foreign = {model._meta.app_label for model in admin.site._registry if model not in OURS}
    assert foreign <= {"auth"}


@pytest.mark.parametrize("model", OURS, ids=str)
def test_many_of_a_table_are_called_as_english_has_it(model: type) -> None:
    assert not re.search(r"([^aeiou]ys|[sxz]s)$", str(model._meta.verbose_name_plural))


@pytest.mark.parametrize("forged", ["abc", "", "1e3", "99999999999999999999", "\x00"])
@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_an_action_upon_what_is_no_row_says_so(admin_client: Client, model: type, forged: str) -> None:
    listing = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    shown = admin.site._registry[model]
    request = admin_client.get(listing).wsgi_request
    for action in shown.get_actions(request):
        answer = admin_client.post(listing, {"action": action, "_selected_action": [forged]})
        assert answer.status_code in (200, 302)


@pytest.mark.parametrize(
    "query", ["timestamp__year=99999", "timestamp__year=x", "id__exact=1e400", "id=abc", "p=x", "nope=1"]
)
def test_a_filter_no_row_can_meet_says_so(admin_client: Client, query: str) -> None:
    answer = admin_client.get(f"{reverse('admin:audit_event_changelist')}?{query}", follow=True)
    assert answer.status_code == 200
