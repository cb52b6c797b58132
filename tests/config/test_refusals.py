"""What an operation refuses is said on its form, not on a page of JSON."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client

from config.errors import Conflict, DomainError, FieldError
from config.models import ApiKey

pytestmark = pytest.mark.django_db
ADD = "/admin/config/apikey/add/"


def refuse(monkeypatch: pytest.MonkeyPatch, error: DomainError) -> None:
    def save(*args: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr(type(admin.site._registry[ApiKey]), "save_model", save)


def test_it_stands_beside_its_field_and_what_was_typed_is_kept(
    admin_client: Client, admin_user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, DomainError("No.", errors=[FieldError(field="name", code="bad", detail="Another <name>.")]))
    answer = admin_client.post(ADD, {"name": "typed", "scope": "read", "user": admin_user.pk})
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors == {"name": ["Another <name>."]}
    text = answer.content.decode()
    assert "Another &lt;name&gt;." in text
    assert 'value="typed"' in text
    assert not ApiKey.objects.exists()


def test_without_a_field_it_stands_above(
    admin_client: Client, admin_user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, Conflict("There is one already."))
    answer = admin_client.post(ADD, {"name": "typed", "scope": "read", "user": admin_user.pk})
    assert answer.status_code == 200
    assert answer.context["adminform"].form.non_field_errors() == ["There is one already."]


def test_a_form_that_is_wrong_by_itself_says_that_alone(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, Conflict("never asked"))
    answer = admin_client.post(ADD, {"name": "", "scope": "read"})
    assert "never asked" not in answer.content.decode()
    assert "This field is required." in answer.content.decode()
