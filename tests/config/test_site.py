"""The admin as one product: its groups, the start page, the header, and the page of the kit."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.template.loader import render_to_string
from django.test import Client

import config.urls  # noqa: F401 -- which loads every table's page
from audit import trail
from config.keys import create_key
from config.models import BrokerMessage
from config.pages import admin_lists
from config.pages.site import PEOPLE, SERVICE

pytestmark = pytest.mark.django_db


def groups(client: Client) -> dict[str, list[str]]:
    listed = client.get("/admin/").context["app_list"]
    return {group["name"]: [table["object_name"] for table in group["models"]] for group in listed}


def test_the_start_page_has_each_tool_then_people_then_the_services_own(admin_client: Client) -> None:
    found = groups(admin_client)
    assert list(found)[-2:] == [PEOPLE, SERVICE]
    assert len(found) == len(settings.TOOLS) + 3
    assert "Event" in found["Audit"]
    assert {"ApiKey", "User"} <= set(found[PEOPLE])
    assert {"BrokerMessage", "Heartbeat", "PeriodicRun"} <= set(found[SERVICE])


def test_every_table_stands_in_one_group(admin_client: Client) -> None:
    listed = [name for names in groups(admin_client).values() for name in names]
    assert sorted(listed) == sorted(model.__name__ for model in admin.site._registry)


def test_every_group_says_what_it_is_for(admin_client: Client) -> None:
    assert all(group["about"] for group in admin_client.get("/admin/").context["app_list"])


def test_tables_are_counted_to_a_bound_and_the_services_own_are_not(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_lists, "MOST_COUNTED", 2)
    for number in range(3):
        trail.record(event_type="a.changed", entity_type="a", entity_id=str(number))
    BrokerMessage.objects.create(queue="celery", payload="{}")
    counts = {
        table["object_name"]: table.get("count")
        for group in admin_client.get("/admin/").context["app_list"]
        for table in group["models"]
    }
    assert (str(counts["Event"]), counts["BrokerMessage"]) == ("2 or more", None)


def test_what_happened_last_leads_to_it(admin_client: Client) -> None:
    assert "manage.py</span> demo</code>" in admin_client.get("/admin/").text
    trail.record(event_type="<b>.changed", entity_type="a", entity_id="<i>")
    shown = admin_client.get("/admin/").text
    assert "&lt;b&gt;" in shown
    assert "<b>.changed" not in shown
    assert "<i>" not in shown


def test_what_django_says_of_passwords_is_a_list(admin_client: Client) -> None:
    shown = admin_client.get("/admin/auth/user/add/").text
    assert "<li>Your password" in shown
    assert "&lt;li&gt;" not in shown


def test_who_may_see_little_is_shown_little() -> None:
    user = User.objects.create_user("looker", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_apikey"))
    client = Client()
    client.force_login(user)
    assert groups(client) == {PEOPLE: ["ApiKey"]}
    nobody = Client()
    nobody.force_login(User.objects.create_user("none", is_staff=True))
    assert "Ask whoever runs this service for a permission" in nobody.get("/admin/").text


def test_a_tools_own_page_has_all_its_tables(admin_client: Client) -> None:
    answer = admin_client.get("/admin/config/")
    assert "/admin/config/heartbeat/" in answer.text
    assert "/admin/config/apikey/" in answer.text
    assert "What happened last" not in answer.text
    assert {table["object_name"]: table.get("count") for table in answer.context["app_list"][0]["models"]} == {
        "ApiKey": 0,
        "BrokerMessage": None,
        "Heartbeat": None,
        "PeriodicRun": None,
    }


@pytest.mark.parametrize(
    ("path", "here"), [("/", "Dashboard"), ("/admin/", "Tools"), ("/api/docs", "API"), ("/docs/", "Manual")]
)
def test_every_page_has_the_same_header_and_says_where_it_is(
    admin_client: Client, path: str, here: str, inline_health: Any
) -> None:
    shown = admin_client.get(path).text
    header = shown[shown.index('<header id="header"') : shown.index("</header>")]
    assert re.findall(r'aria-current="\w+">(\w+)<', header) == [here]
    assert re.sub(r' aria-current="\w+"|name="csrfmiddlewaretoken" value="\w+"', "", header).split() == _plain(
        admin_client
    )


def _plain(client: Client) -> list[str]:
    shown = client.get("/admin/password_change/").text
    header = shown[shown.index('<header id="header"') : shown.index("</header>")]
    return re.sub(r' aria-current="\w+"|name="csrfmiddlewaretoken" value="\w+"', "", header).split()


def test_strangers_see_no_way_in_but_the_login() -> None:
    shown = Client().get("/admin/login/").text
    assert "Sign out" not in shown
    assert "Dashboard" not in shown[shown.index("<header") : shown.index("</header>")]
    assert 'class="theme-toggle"' in shown


def test_a_list_and_a_page_carry_their_labels(admin_client: Client, admin_user: User) -> None:
    key, _ = create_key(name="ci", scope="write", user=admin_user)
    listing = admin_client.get("/admin/config/apikey/").text
    assert 'data-label="State" role="cell"' in listing
    assert 'data-label="Name" role="rowheader"' in listing
    assert '<time class="kit-relative"' in listing
    assert '<time class="kit-exact"' in admin_client.get(f"/admin/config/apikey/{key.pk}/change/").text


def test_the_kit_has_a_page_for_developers_alone(admin_client: Client, settings: Any) -> None:
    assert admin_client.get("/kit/").status_code == 404
    settings.DEBUG = True
    shown = admin_client.get("/kit/")
    assert shown.status_code == 200
    for part in ("badge", "moment", "tree", "changes", "words", "timeline", "empty", "chart"):
        assert f"{part}(" in shown.text
    assert Client().get("/kit/").status_code == 302
    assert admin_client.post("/kit/").status_code == 405


# Where nothing is, or nothing may be done


@pytest.mark.parametrize("path", ["/nosuch", "/docs/nosuch", "/admin/nosuch/", "/admin/nosuch/x/"])
def test_who_is_lost_keeps_the_way_on(admin_client: Client, path: str) -> None:
    answer = admin_client.get(path, headers={"accept": "text/html"})
    page = answer.content.decode()
    assert answer.status_code == 404
    for told in ("Nothing is here", 'href="/admin/"', 'href="/docs/"', 'action="/docs/"', "config/look.css"):
        assert told in page
    assert "nosuch" not in page.partition("<body")[2], "what somebody wrote into an address is not repeated"


def test_the_pages_of_failures_need_neither_a_session_nor_a_database(client: Client) -> None:
    """A page that fails because the database is away cannot ask it who is there."""
    for code in (400, 403, 404, 500):
        page = render_to_string(f"{code}.html")
        assert 'href="/"' in page
        assert "Sign out" not in page
