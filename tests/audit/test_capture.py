"""Capture: no way of writing to a captured table goes unseen."""

import sqlite3
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection, transaction
from django.test import Client

from audit import capture
from audit.models import CaptureBy, Event, StagedChange
from config.context import acting_as

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_staged() -> None:
    StagedChange.objects.all().delete()


def collected() -> list[tuple[str, str]]:
    capture.collect()
    return [(event.event_type, event.entity_id) for event in Event.objects.order_by("id")]


def kinds() -> list[str]:
    return [kind for kind, _ in collected()]


def test_create_save_and_delete_are_seen_and_a_save_of_nothing_new_is_not() -> None:
    group = Group.objects.create(name="a")
    group.name = "b"
    group.save()
    group.save()
    group.name = "c"
    group.save(update_fields=["name"])
    group.delete()
    assert kinds() == ["group.inserted", "group.updated", "group.updated", "group.deleted"]
    values = list(Event.objects.order_by("id").values_list("old_value__name", "new_value__name"))
    assert values == [(None, "a"), ("a", "b"), ("b", "c"), ("c", None)]


def test_writes_of_many_rows_at_once_are_all_seen() -> None:
    groups = Group.objects.bulk_create([Group(name=str(number)) for number in range(4)])
    assert kinds() == ["group.inserted"] * 4
    for group in groups:
        group.name += "x"
    Group.objects.bulk_update(groups, ["name"])
    assert kinds()[4:] == ["group.updated"] * 4
    Group.objects.all().delete()
    assert kinds()[8:] == ["group.deleted"] * 4


def test_a_query_sets_update_and_raw_sql_are_seen() -> None:
    User.objects.bulk_create([User(username=str(number)) for number in range(4)])
    collected()
    User.objects.update(is_staff=True)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE auth_user SET is_active = (1 = 0)")
    assert kinds()[4:] == ["user.updated"] * 8
    last = Event.objects.first()
    assert last.changes == [{"path": "is_active", "kind": "changed", "old": True, "new": False}]


def test_a_write_of_another_program_is_seen_with_its_database_user(settings: Any) -> None:
    Group.objects.create(name="a")
    collected()
    database = connection.settings_dict
    if connection.vendor == "postgresql":
        with psycopg.connect(
            dbname=database["NAME"], host=database["HOST"], port=database["PORT"], user=database["USER"]
        ) as other:
            other.execute("UPDATE auth_group SET name = 'b'")
        user = database["USER"]
    else:
        raw: sqlite3.Connection = connection.connection
        raw.execute("UPDATE auth_group SET name = 'b'")
        user = "sqlite"
    assert kinds()[1:] == ["group.updated"]
    assert Event.objects.first().actor == f"database:{user}"


def test_a_write_through_django_names_its_caller() -> None:
    with acting_as(actor="dana", correlation_id="req-1"), transaction.atomic():
        Group.objects.create(name="a")
    collected()
    event = Event.objects.get()
    assert (event.actor, event.correlation_id, event.context) == ("dana", "req-1", {"captured": True})
    assert not CaptureBy.objects.exists()


def test_a_change_that_is_rolled_back_leaves_nothing() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        Group.objects.create(name="a")
        raise RuntimeError
    assert collected() == []


def test_a_password_and_a_login_never_reach_the_trail() -> None:
    user = User.objects.create_user("dana", password="hunter2")
    assert Client().login(username="dana", password="hunter2")
    user.set_password("hunter3")
    user.save(update_fields=["password"])
    assert collected() == [("user.inserted", str(user.pk))]
    state = Event.objects.get().new_value
    assert "password" not in state
    assert (state["is_superuser"], state["date_joined"][:2]) == (False, "20")


def test_permissions_and_groups_of_a_user_are_seen_when_the_admin_changes_them(admin_client: Client) -> None:
    group = Group.objects.create(name="deployers")
    permission = Permission.objects.first()
    collected()
    Event.objects.filter().count()
    before = Event.objects.count()
    data = {"name": "deployers", "permissions": [permission.pk]}
    admin_client.post(f"/admin/auth/group/{group.pk}/change/", data)
    capture.collect()
    event = Event.objects.filter(entity_type="auth.group_permissions").get()
    assert (event.event_type, event.new_value["permission_id"], event.actor) == (
        "group_permissions.inserted",
        permission.pk,
        "admin",
    )
    assert Event.objects.count() > before
