"""`manage.py apikey`."""

import html
import json
import re
import shlex
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.keys import BadKey, authenticate_key, create_key, revoke_key
from config.models import ApiKey

pytestmark = pytest.mark.django_db


def test_who_is_no_superuser_makes_keys_for_themselves_that_may_no_more_than_they() -> None:
    maker, other = (User.objects.create_user(name, is_staff=True) for name in ("maker", "other"))
    maker.user_permissions.add(*Permission.objects.filter(codename__in=["add_apikey", "view_apikey"]))
    client = Client()
    client.force_login(maker)
    add = reverse("admin:config_apikey_add")
    form = client.get(add).context["adminform"].form
    assert [scope for scope, _ in form.fields["scope"].choices] == ["read"]
    assert list(form.fields["user"].queryset) == [maker]
    wanted = {"name": "ci", "scope": "read", "days": "30", "user": maker.pk}
    for more in ({"scope": "admin"}, {"scope": "write"}, {"user": other.pk}):
        assert "Select a valid choice" in client.post(add, wanted | more).content.decode()
    assert not ApiKey.objects.exists()
    client.post(add, wanted)
    assert ApiKey.objects.get().user == maker


def test_a_superuser_still_chooses_after_somebody_who_may_not(admin_client: Client) -> None:
    maker = User.objects.create_user("maker", is_staff=True)
    maker.user_permissions.add(Permission.objects.get(codename="add_apikey"))
    limited = Client()
    limited.force_login(maker)
    limited.get(reverse("admin:config_apikey_add"))
    form = admin_client.get(reverse("admin:config_apikey_add")).context["adminform"].form
    assert [scope for scope, _ in form.fields["scope"].choices] == ["read", "write", "admin"]
    assert maker in form.fields["user"].queryset


def test_create_prints_the_key_alone(run_command: Any, owner: User) -> None:
    code, out, err = run_command("apikey", "create", "ci", "--scope", "write", "--expires-days", "7")
    assert (code, err) == (0, "")
    key = authenticate_key(out.strip())
    assert (key.name, key.scope, key.user) == ("ci", "write", owner)
    assert key.expires_at is not None


def test_a_name_in_use_is_said(run_command: Any, owner: User) -> None:
    run_command("apikey", "create", "ci")
    code, out, err = run_command("apikey", "create", "ci")
    assert (code, out) == (2, "")
    assert "exists" in err


def test_without_a_user_the_next_step_is_said(run_command: Any) -> None:
    code, _, err = run_command("apikey", "create", "ci")
    assert (code, "createsuperuser" in err) == (2, True)


def test_a_revoked_key_is_listed_and_works_no_more(run_command: Any, owner: User) -> None:
    _, raw, _ = run_command("apikey", "create", "ci")
    assert run_command("apikey", "revoke", "ci")[0] == 0
    with pytest.raises(BadKey):
        authenticate_key(raw.strip())
    _, out, _ = run_command("apikey", "list", "--json")
    assert json.loads(out)[0]["revoked_at"] is not None
    assert run_command("apikey", "revoke", "nobody")[0] == 2


def test_the_admin_shows_a_new_key_once_and_revokes(admin_client: Any, admin_user: User) -> None:
    data = {"name": "from-admin", "scope": "read", "user": admin_user.pk, "days": ""}
    page = admin_client.post(reverse("admin:config_apikey_add"), data, follow=True)
    raw = page.text.split("<code>")[1].split("</code>")[0]
    assert authenticate_key(raw).name == "from-admin"
    key = ApiKey.objects.get()
    change = reverse("admin:config_apikey_change", args=[key.pk])
    for again in (reverse("admin:config_apikey_changelist"), change, reverse("admin:index")):
        assert raw not in admin_client.get(again).text
    assert raw not in str(dict(admin_client.session.items()))
    admin_client.post(f"{change.removesuffix('change/')}moves/revoke/")
    with pytest.raises(BadKey):
        authenticate_key(raw)


def test_what_a_new_keys_page_offers_can_be_pasted(admin_client: Any, admin_user: User, settings: Any) -> None:
    settings.COMMAND = "/h/manage.py"
    data = {"name": "ci", "scope": "write", "user": admin_user.pk, "days": "30"}
    page = html.unescape(admin_client.post(reverse("admin:config_apikey_add"), data, follow=True).content.decode())
    [line] = re.findall(r"<code>(curl .*?)</code>", page)
    words = shlex.split(line)
    assert words[-1].endswith("/api/v1/audit/events?page_size=5")
    assert "'http" in line, "a shell would look for files of that pattern"
    assert "/h/manage.py</span> mcp</code>" in page


def test_the_form_of_a_key_has_no_icons_beside_the_user(admin_client: Any) -> None:
    page = admin_client.get(reverse("admin:config_apikey_add")).content.decode()
    assert "Scope" in page
    assert "related-widget-wrapper" not in page


@pytest.mark.parametrize(("days", "told"), [("30", timedelta(days=30)), ("", None)])
def test_a_key_of_the_admin_ends_when_it_was_said_to(
    admin_client: Any, admin_user: User, days: str, told: timedelta | None
) -> None:
    data = {"name": "ci", "scope": "write", "user": admin_user.pk, "days": days}
    with time_machine.travel(timezone.now(), tick=False):
        admin_client.post(reverse("admin:config_apikey_add"), data)
    key = ApiKey.objects.get()
    assert (key.expires_at and key.expires_at - key.created_at) == told


@pytest.mark.parametrize("wrong", [{"name": "tab\there"}, {"name": "taken"}, {"days": "31"}, {"scope": "root"}])
def test_what_no_key_can_be_is_said_beside_its_field(
    admin_client: Any, admin_user: User, wrong: dict[str, str]
) -> None:
    create_key(name="taken", scope="read", user=admin_user)
    data = {"name": "fine", "scope": "write", "user": admin_user.pk, "days": "", **wrong}
    page = admin_client.post(reverse("admin:config_apikey_add"), data)
    assert page.status_code == 200
    assert list(page.context["adminform"].form.errors) == list(wrong)
    assert ApiKey.objects.count() == 1


def test_a_list_of_keys_tells_the_live_from_the_ended(admin_client: Any, admin_user: User) -> None:
    create_key(name="live-one", scope="read", user=admin_user)
    create_key(name="past-one", scope="read", user=admin_user, expires_at=timezone.now() - timedelta(days=1))
    revoke_key(name=create_key(name="gone-one", scope="read", user=admin_user)[0].name)
    create_key(name="of-nobody", scope="read", user=User.objects.create_user("left", is_active=False))
    states = {key.name: key.state for key in ApiKey.objects.all()}
    assert states == {
        "live-one": "live",
        "past-one": "expired",
        "gone-one": "revoked",
        "of-nobody": "its user is not active",
    }
    listing = reverse("admin:config_apikey_changelist")
    for chosen in ("live", "ended"):
        found = {key.name for key in admin_client.get(listing, {"state": chosen}).context["cl"].result_list}
        assert found == {name for name, state in states.items() if (state == "live") == (chosen == "live")}


@pytest.mark.parametrize("days", ["-1", "0", "99999999999"])
def test_days_that_no_key_can_live_are_refused(run_command: Any, owner: User, days: str) -> None:
    code, out, err = run_command("apikey", "create", "ci", "--expires-days", days)
    assert (code, out) == (2, "")
    assert "1 to 36500" in err
