"""The history of a row in the admin is the trail's, whatever changed it."""

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

import config.urls  # noqa: F401 -- which loads every table's page
from audit import capture, trail
from audit.models import Event, PermissionRule
from audit.permissions import store
from config.keys import create_key
from config.models import PeriodicRun
from config.pages import history

pytestmark = pytest.mark.django_db


def story(client: Client, app: str, model: str, pk: object) -> str:
    answer = client.get(reverse(f"admin:{app}_{model}_history", args=[pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_change_by_any_door_is_in_the_history(admin_client: Client) -> None:
    rule = store.create_rule(tool="Bash", specifier="ls *", decision="allow")
    store.change_rule(uid=str(rule.uid), reason="<b>it</b> only looks")
    text = story(admin_client, "audit", "permissionrule", rule.pk)
    assert text.index("rule changed") < text.index("rule created")
    assert "&lt;b&gt;it&lt;/b&gt; only looks" in text
    assert reverse("admin:audit_event_change", args=[Event.objects.get(event_type="rule.changed").pk]) in text


def test_a_person_and_a_key_have_theirs_too(admin_client: Client, admin_user: User) -> None:
    admin_client.post(reverse("admin:auth_group_add"), {"name": "deployers"})
    group = Group.objects.get()
    group.name = "releasers"
    group.save()
    capture.collect()
    assert "group updated" in story(admin_client, "auth", "group", group.pk)
    key, _ = create_key(name="ci", scope="write", user=admin_user)
    assert "api key created" in story(admin_client, "config", "apikey", key.pk)


def test_what_nothing_happened_to_says_so(admin_client: Client) -> None:
    group = Group.objects.create(name="quiet")
    assert "Nothing has happened yet" in story(admin_client, "auth", "group", group.pk)


def test_the_admin_keeps_no_log_of_its_own(admin_client: Client) -> None:
    admin_client.post(reverse("admin:auth_group_add"), {"name": "deployers"})
    group = Group.objects.get()
    admin_client.post(reverse("admin:auth_group_change", args=[group.pk]), {"name": "releasers"})
    admin_client.post(reverse("admin:auth_group_delete", args=[group.pk]), {"post": "yes"})
    assert not Group.objects.exists()
    assert not LogEntry.objects.exists()


def test_who_may_not_look_at_a_row_sees_no_history_of_it(client: Client) -> None:
    rule = store.create_rule(tool="Bash", specifier="ls *", decision="allow")
    viewer = User.objects.create_user("viewer", password="viewer-password", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(content_type__app_label="auth", codename="view_group"))
    client.force_login(viewer)
    assert client.get(reverse("admin:audit_permissionrule_history", args=[rule.pk])).status_code == 403


def test_the_history_of_no_row_is_not_found(admin_client: Client) -> None:
    for pk in ("999999", "nope"):
        assert admin_client.get(reverse("admin:audit_permissionrule_history", args=[pk])).status_code in {302, 404}


def test_every_table_the_trail_knows_is_found_by_a_field_it_has() -> None:
    known = {model: shown.trail_of for model, shown in admin.site._registry.items() if getattr(shown, "trail_of", None)}
    assert len(known) >= 6
    for model, (entity_type, field) in known.items():
        assert entity_type
        assert hasattr(model, field) or any(kind.name == field for kind in model._meta.fields), model
    for entity_type, entity_id in [
        ("rule", "no uid"),
        ("nothing", "1"),
        ("api_key", "x" * 10_000),
        ("auth.user", "1e9"),
    ]:
        assert not history.page_of(entity_type, entity_id)


def test_what_is_known_by_a_property_has_its_history_and_no_way_back(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = store.create_rule(tool="Bash", specifier="ls *", decision="allow")
    trail.record(event_type="text.said", entity_type="text", entity_id="Bash(ls *)")
    monkeypatch.setattr(admin.site._registry[PermissionRule], "trail_of", ("text", "text"))
    assert "text said" in story(admin_client, "audit", "permissionrule", rule.pk)
    assert not history.page_of("text", "Bash(ls *)")


def test_what_nobody_changes_says_that_there_is_no_history(admin_client: Client) -> None:
    run = PeriodicRun.objects.create(name="seal")
    assert "no events of periodic runs" in story(admin_client, "config", "periodicrun", run.pk)
