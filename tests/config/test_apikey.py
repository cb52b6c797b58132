"""`manage.py apikey`."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from config.keys import BadKey, authenticate_key
from config.models import ApiKey

pytestmark = pytest.mark.django_db


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
    data = {"name": "from-admin", "scope": "read", "user": admin_user.pk}
    page = admin_client.post(reverse("admin:config_apikey_add"), data, follow=True)
    raw = page.text.split("shown only now: ")[1].split("<")[0].strip()
    assert authenticate_key(raw).name == "from-admin"
    again = admin_client.get(reverse("admin:config_apikey_changelist"))
    assert raw not in again.text
    key = ApiKey.objects.get()
    admin_client.post(reverse("admin:config_apikey_changelist"), {"action": "revoke", "_selected_action": [key.pk]})
    with pytest.raises(BadKey):
        authenticate_key(raw)


@pytest.mark.parametrize("days", ["-1", "0", "99999999999"])
def test_days_that_no_key_can_live_are_refused(run_command: Any, owner: User, days: str) -> None:
    code, out, err = run_command("apikey", "create", "ci", "--expires-days", days)
    assert (code, out) == (2, "")
    assert "1 to 36500" in err
