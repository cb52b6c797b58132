"""The admin: operators see every entry, expired ones too, and act through the operations."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from audit.models import Event
from tests.visioncache.makers import ask, make_entry, picture
from visioncache.models import Entry

pytestmark = pytest.mark.django_db

ENTRIES = "/admin/visioncache/entry/"


def shown(client: Client, query: str = "") -> int:
    answer = client.get(f"{ENTRIES}{query}")
    assert answer.status_code == 200
    return len(answer.context["cl"].result_list)


def test_entries_are_listed_filtered_and_found(admin_client: Client) -> None:
    make_entry("a", tags=["ci"])
    make_entry("b", ttl_hours=0)
    uid = make_entry("c", ttl_hours=None, model_version="m2").entry.uid
    queries = {"": 3, "?life=live": 2, "?life=expired": 1, "?life=for-ever": 1, "?model_version=m2": 1}
    searches = {f"?q={picture('a')}": 1, f"?q={uid}": 1, "?q=ci": 1, "?q=m2": 1, "?q=nothing": 0}
    assert {query: shown(admin_client, query) for query in queries} == queries
    assert {query: shown(admin_client, query) for query in searches} == searches


def test_an_entry_is_read_only_and_its_json_is_laid_out(admin_client: Client) -> None:
    entry = make_entry(extracted_data={"text": "<script>", "lines": [1]}).entry
    page = admin_client.get(f"{ENTRIES}{entry.pk}/change/").content.decode()
    assert "&lt;script&gt;" in page
    assert "kit-tree" in page
    assert 'name="_save"' not in page
    assert admin_client.get(f"{ENTRIES}add/").status_code == 403
    assert admin_client.post(f"{ENTRIES}{entry.pk}/delete/", {"post": "yes"}).status_code == 403


def test_selected_entries_are_extended(admin_client: Client) -> None:
    live, dead = make_entry("a").entry, make_entry("b", ttl_hours=0).entry
    form = {"action": "extend", "_selected_action": [live.pk, dead.pk], "_answered": "1", "extend-hours": "24"}
    page = admin_client.post(ENTRIES, form, follow=True).content.decode()
    assert Entry.objects.get(pk=live.pk).expires_at > live.expires_at
    assert Entry.objects.get(pk=dead.pk).expires_at == dead.expires_at
    assert "Extend: 1 entry. Past that already: 1." in page
    assert Event.objects.get(event_type="entry.extended").actor == "admin"


def test_looking_needs_the_view_permission_and_acting_the_delete_one(client: Client) -> None:
    entry = make_entry().entry
    user = User.objects.create_user("viewer", password="viewer-password", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_entry"))
    client.force_login(user)
    assert shown(client) == 1
    client.post(ENTRIES, {"action": "invalidate", "_selected_action": [entry.pk]})
    assert Entry.objects.count() == 1


def test_tallies_and_leases_can_be_looked_at(admin_client: Client) -> None:
    token = ask(lease=True).lease.token
    assert admin_client.get("/admin/visioncache/tally/").status_code == 200
    page = admin_client.get("/admin/visioncache/lease/")
    assert page.status_code == 200
    assert token not in page.content.decode()
