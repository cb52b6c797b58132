"""What an operation refuses is said on its form, not on a page of JSON."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

import config.urls  # noqa: F401 -- which loads every table's page
from config.admin.keys import KeyForm
from config.errors import Conflict, DomainError, FieldError
from config.models import ApiKey
from config.pages.refusals import tell
from dockerdebug import insights
from dockerdebug.models import Insight

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


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("name", {"name": ["No <b>."]}),
        ("name[2]", {"name": ["Row 3: No <b>."]}),
        ("name[0].value", {"name": ["Row 1, value: No <b>."]}),
        ("name.my_Var", {"name": ["my_Var: No <b>."]}),
        ("some_body.x", {"__all__": ["Some body: x: No <b>."]}),
        ("", {"__all__": ["No <b>."]}),
    ],
)
def test_a_place_within_a_field_is_told_in_words_at_that_field(path: str, told: dict[str, list[str]]) -> None:
    form = KeyForm({"name": "typed", "scope": "read"})
    form.is_valid()
    form.errors.clear()
    tell(form, DomainError("No.", errors=[FieldError(field=path, code="bad", detail="No <b>.")]))
    assert form.errors == told
    assert "<b>" not in str(form.errors)


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


@pytest.mark.django_db(transaction=True)
def test_a_form_is_checked_before_any_transaction_and_the_write_lock_it_takes(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    checked = KeyForm.clean_name
    monkeypatch.setattr(
        KeyForm, "clean_name", lambda form: seen.append(connection.in_atomic_block) or checked(form), raising=True
    )
    user = User.objects.create_superuser("root")
    client.force_login(user)
    answer = client.post(ADD, {"name": "typed", "scope": "read", "user": user.pk})
    assert answer.status_code == 200
    assert seen == [False]
    assert ApiKey.objects.filter(name="typed").exists()


def test_of_rows_to_delete_one_that_is_gone_meanwhile_does_not_hinder_the_others(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (insights.add_insight(category="other", text=text) for text in ("one", "two"))
    remove = insights.remove_insight

    def gone(*, insight_id: Any) -> None:
        if insight_id == first.pk:
            raise insights.InsightMissing("It is gone.")
        remove(insight_id=insight_id)

    monkeypatch.setattr(insights, "remove_insight", gone)
    form = {"action": "delete_selected", "_selected_action": [first.pk, second.pk], "post": "yes"}
    page = admin_client.post("/admin/dockerdebug/insight/", form, follow=True).content.decode()
    assert "It is gone." in page
    assert list(Insight.objects.values_list("text", flat=True)) == ["one"]
    page = admin_client.post(f"/admin/dockerdebug/insight/{first.pk}/delete/", {"post": "yes"}, follow=True)
    assert "It is gone." in page.content.decode()
