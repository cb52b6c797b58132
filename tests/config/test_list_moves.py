"""Buttons above a list: who sees them, what they call, and how they refuse."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import clear_url_caches, path

import config.urls
from config.admin import ReadOnlyAdmin
from config.errors import Conflict
from config.models import PeriodicRun
from config.pages.moves import move

pytestmark = pytest.mark.django_db
CALLS: list[str] = []


class RunAdmin(ReadOnlyAdmin):
    list_moves = ["begin", "refuse", "secretly"]

    @move(label="Begin now", permissions=["operate"])
    def begin(self, request: Any) -> str:
        CALLS.append("begin")
        return "It <b>has</b> begun."

    @move(permissions=["operate"])
    def refuse(self, request: Any) -> str:
        raise Conflict("Another one runs.")

    @move(permissions=["nobody"])
    def secretly(self, request: Any) -> None:
        CALLS.append("secretly")

    def has_operate_permission(self, request: Any) -> bool:
        return bool(request.user.is_superuser)

    def has_nobody_permission(self, request: Any) -> bool:
        return False


@pytest.fixture
def listing() -> Iterator[str]:
    site = admin.AdminSite(name="admin")
    site.register(PeriodicRun, RunAdmin)
    CALLS.clear()
    ours = path("trial/", site.urls)
    config.urls.urlpatterns.insert(0, ours)
    clear_url_caches()
    yield "/trial/config/periodicrun/"
    config.urls.urlpatterns.remove(ours)
    clear_url_caches()


def test_a_list_offers_what_this_person_may_do_with_it(admin_client: Client, listing: str) -> None:
    page = admin_client.get(listing).content.decode()
    assert "Begin now" in page
    assert "Refuse" in page
    assert "Secretly" not in page


def test_a_move_of_a_list_calls_its_method_and_says_what_came_of_it(admin_client: Client, listing: str) -> None:
    page = admin_client.post(f"{listing}moves/begin/", follow=True).content.decode()
    assert CALLS == ["begin"]
    assert "It &lt;b&gt;has&lt;/b&gt; begun." in page
    assert "Another one runs." in admin_client.post(f"{listing}moves/refuse/", follow=True).content.decode()


def test_only_a_post_moves_anything(admin_client: Client, listing: str) -> None:
    assert admin_client.get(f"{listing}moves/begin/").status_code == 302
    assert CALLS == []


def test_who_may_not_is_refused(admin_client: Client, client: Client, listing: str) -> None:
    assert admin_client.post(f"{listing}moves/secretly/").status_code == 403
    assert admin_client.post(f"{listing}moves/get_urls/").status_code == 404
    viewer = User.objects.create_user("viewer", password="viewer-password", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_periodicrun"))
    client.force_login(viewer)
    assert "Begin now" not in client.get(listing).content.decode()
    assert client.post(f"{listing}moves/begin/").status_code == 403
    assert CALLS == []


def test_a_move_from_another_site_is_refused(admin_user: User, listing: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin_user)
    assert strict.post(f"{listing}moves/begin/").status_code == 403
    assert CALLS == []
