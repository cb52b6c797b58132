"""Buttons on an object's page: who sees them, what they call, and how they refuse."""

from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.http import HttpResponse
from django.test import Client
from django.urls import clear_url_caches, path

import config.urls
from config.admin import ReadOnlyAdmin
from config.errors import Conflict, DomainError, FieldError
from config.models import PeriodicRun
from config.pages.moves import move

pytestmark = pytest.mark.django_db
CALLS: list[tuple[str, str, Any]] = []


class WhyForm(forms.Form):
    why = forms.CharField(max_length=20, help_text="What happened.")


class RunAdmin(ReadOnlyAdmin):
    """Periodic runs with every kind of move."""

    moves = ["start", "close", "leave", "fail", "hide", "drop", "visit"]
    sections = [("What", ["name", "shout"]), ("When", ["last_run_at"], {"classes": ["collapse"]})]
    empty_text, empty_command = "No job has run.", "manage.py up"
    about = "When <each> job ran."

    def shout(self, run: PeriodicRun) -> str:
        return run.name.upper()

    @move(permissions=["operate"], when=lambda run: run.total_runs == 0, bulk=True)
    def start(self, request: Any, run: PeriodicRun) -> str:
        CALLS.append(("start", run.name, None))
        PeriodicRun.objects.filter(pk=run.pk).update(total_runs=1)
        return f"{run} runs."

    @move(label="Close it", permissions=["operate"], form=WhyForm, weight="first")
    def close(self, request: Any, run: PeriodicRun, given: dict[str, Any]) -> None:
        if given["why"] == "field":
            raise DomainError("No.", errors=[FieldError(field="why", code="bad", detail="That is no reason.")])
        if given["why"] == "conflict":
            raise Conflict("It is closed already.")
        CALLS.append(("close", run.name, given))

    def leave(self, request: Any, run: PeriodicRun) -> None:
        """By default only for who may change, whom a read-only table has none of."""
        CALLS.append(("leave", run.name, None))

    @move(permissions=["operate"], bulk=True)
    def fail(self, request: Any, run: PeriodicRun) -> None:
        raise Conflict(f"{run} <refuses>.")

    @move(permissions=["view", "nobody"])
    def hide(self, request: Any, run: PeriodicRun) -> None:
        CALLS.append(("hide", run.name, None))

    @move(label="Drop it", many="Drop", permissions=["operate"], confirm="It is gone.", weight="danger", bulk=True)
    def drop(self, request: Any, run: PeriodicRun) -> str:
        run.delete()
        return "Gone."

    @move(permissions=["operate"])
    def visit(self, request: Any, run: PeriodicRun) -> HttpResponse:
        return HttpResponse("elsewhere")

    def has_operate_permission(self, request: Any) -> bool:
        return bool(request.user.is_superuser)

    def has_nobody_permission(self, request: Any) -> bool:
        return False


@pytest.fixture(autouse=True)
def _site(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The admin with that page for periodic runs."""
    CALLS.clear()
    monkeypatch.setitem(admin.site._registry, PeriodicRun, RunAdmin(PeriodicRun, admin.site))
    patterns = [item for item in config.urls.urlpatterns if getattr(item, "namespace", None) != "admin"]
    monkeypatch.setattr(config.urls, "urlpatterns", [*patterns, path("admin/", admin.site.urls)])
    clear_url_caches()
    yield
    monkeypatch.undo()
    clear_url_caches()


@pytest.fixture
def run() -> PeriodicRun:
    return PeriodicRun.objects.create(name="seal")


def page(run: PeriodicRun, name: str = "") -> str:
    return f"/admin/config/periodicrun/{run.pk}/" + (f"moves/{name}/" if name else "change/")


def said(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def looker() -> Client:
    """Somebody who may look at it, and no more."""
    user, _ = User.objects.get_or_create(username="looker", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_periodicrun"))
    client = Client()
    client.force_login(user)
    return client


def test_a_page_offers_the_moves_that_are_possible_and_permitted(admin_client: Client, run: PeriodicRun) -> None:
    shown = admin_client.get(page(run)).content.decode()
    for name in ("start", "close", "fail", "drop", "visit"):
        assert page(run, name) in shown
    for name in ("leave", "hide"):
        assert page(run, name) not in shown
    assert page(run, "start") not in looker().get(page(run)).content.decode()


def test_a_move_is_made_by_its_operation_and_told(admin_client: Client, run: PeriodicRun) -> None:
    answer = admin_client.post(page(run, "start"), follow=True)
    assert CALLS == [("start", "seal", None)]
    assert said(answer) == ["seal runs."]
    assert answer.redirect_chain[-1][0] == page(run)
    assert page(run, "start") not in answer.content.decode()


def test_a_move_that_is_past_says_so_and_does_nothing(admin_client: Client, run: PeriodicRun) -> None:
    PeriodicRun.objects.update(total_runs=1)
    assert said(admin_client.post(page(run, "start"), follow=True)) == ["Start: seal is past that already."]
    assert CALLS == []


@pytest.mark.parametrize("name", ["leave", "hide"])
def test_a_move_nobody_may_make_is_refused_whoever_asks(admin_client: Client, run: PeriodicRun, name: str) -> None:
    assert admin_client.post(page(run, name)).status_code == 403
    assert CALLS == []


def test_who_may_only_look_makes_no_move(run: PeriodicRun) -> None:
    assert looker().post(page(run, "start")).status_code == 403
    assert Client().post(page(run, "start")).status_code == 302
    nobody = Client()
    nobody.force_login(User.objects.create_user("none", is_staff=True))
    assert nobody.get(page(run, "close")).status_code == 403
    assert CALLS == []


def test_a_move_needs_the_token_of_its_page(run: PeriodicRun) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.create_superuser("root"))
    assert strict.post(page(run, "start")).status_code == 403
    assert CALLS == []
    token = strict.get(page(run)).context["csrf_token"]
    assert strict.post(page(run, "start"), {"csrfmiddlewaretoken": str(token)}).status_code == 302
    assert CALLS == [("start", "seal", None)]


@pytest.mark.parametrize("name", ["nothing", "shout", "delete_model"])
def test_no_other_method_is_called(admin_client: Client, run: PeriodicRun, name: str) -> None:
    assert admin_client.post(page(run, name)).status_code == 404


def test_a_move_of_no_row_leads_back(admin_client: Client) -> None:
    answer = admin_client.post("/admin/config/periodicrun/99/moves/start/", follow=True)
    assert said(answer) == ["There is no periodic run 99 any more."]
    assert CALLS == []


def test_a_move_with_a_form_takes_what_the_form_has(admin_client: Client, run: PeriodicRun) -> None:
    assert said(admin_client.post(page(run, "close"), {"why": "done"}, follow=True)) == ["Close it: done."]
    assert CALLS == [("close", "seal", {"why": "done"})]


@pytest.mark.parametrize(
    ("why", "told"),
    [
        ("", "This field is required."),
        ("x" * 30, "at most 20 characters"),
        ("field", "That is no reason."),
        ("conflict", "It is closed already."),
    ],
)
def test_what_a_form_or_its_operation_refuses_is_said_on_the_form(
    admin_client: Client, run: PeriodicRun, why: str, told: str
) -> None:
    answer = admin_client.post(page(run, "close"), {"why": why})
    assert answer.status_code == 200
    assert told in answer.content.decode()
    assert CALLS == []


def test_asked_by_address_a_move_shows_its_form_and_does_nothing(admin_client: Client, run: PeriodicRun) -> None:
    for name in ("close", "start", "drop"):
        assert f'action="{page(run, name)}"' in admin_client.get(page(run, name)).content.decode()
    assert "It is gone." in admin_client.get(page(run, "drop")).content.decode()
    assert CALLS == []
    assert PeriodicRun.objects.count() == 1


def test_a_refusal_is_told_on_the_page(admin_client: Client, run: PeriodicRun) -> None:
    answer = admin_client.post(page(run, "fail"), follow=True)
    assert said(answer) == ["seal <refuses>."]
    assert '<li class="error">seal &lt;refuses&gt;.</li>' in answer.content.decode(), "an id keeps its letters"


def test_after_the_last_move_of_a_row_its_list_is_shown(admin_client: Client, run: PeriodicRun) -> None:
    answer = admin_client.post(page(run, "drop"), follow=True)
    assert answer.redirect_chain[-1][0] == "/admin/config/periodicrun/"
    assert said(answer) == ["Gone."]


def test_a_move_may_lead_elsewhere(admin_client: Client, run: PeriodicRun) -> None:
    assert admin_client.post(page(run, "visit")).content == b"elsewhere"


def chosen(client: Client, action: str, *rows: PeriodicRun) -> Any:
    body = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post("/admin/config/periodicrun/", body, follow=True)


def test_many_are_moved_each_by_itself(admin_client: Client, run: PeriodicRun) -> None:
    past = PeriodicRun.objects.create(name="past", total_runs=2)
    other = PeriodicRun.objects.create(name="other")
    assert said(chosen(admin_client, "start", run, past, other)) == ["Start: 2 periodic runs. Past that already: 1."]
    assert sorted(CALLS) == [("start", "other", None), ("start", "seal", None)]
    assert said(chosen(admin_client, "fail", run)) == ["seal: seal <refuses>."]


def test_what_is_asked_of_many_says_how_many_and_which(admin_client: Client) -> None:
    rows = [PeriodicRun.objects.create(name=f"job <{number}>") for number in range(22)]
    assert "Drop selected periodic runs" in admin_client.get("/admin/config/periodicrun/").content.decode()
    asked = chosen(admin_client, "drop", *rows)
    shown = asked.content.decode()
    assert asked.context["title"] == "Drop 22 periodic runs"
    assert f'<a href="{page(rows[21])}">job &lt;21&gt;</a>' in shown
    assert "and 2 more" in shown
    assert chosen(admin_client, "drop", rows[0]).context["title"] == "Drop 1 periodic run"
    assert PeriodicRun.objects.count() == 22
    body = {"action": "drop", "_selected_action": [row.pk for row in rows], "_answered": "1"}
    assert said(admin_client.post("/admin/config/periodicrun/", body, follow=True)) == ["Drop: 22 periodic runs."]
    assert not PeriodicRun.objects.exists()


def test_who_may_not_is_offered_no_bulk_move(run: PeriodicRun) -> None:
    assert 'value="start"' not in looker().get("/admin/config/periodicrun/").content.decode()
    chosen(looker(), "start", run)
    assert CALLS == []


def test_a_page_has_its_sections(admin_client: Client, run: PeriodicRun) -> None:
    shown = admin_client.get(page(run)).content.decode()
    assert shown.index("What</h2>") < shown.index("SEAL") < shown.index("When</h2>") < shown.index('class="kit-exact"')
    assert "<details><summary>" in shown
    assert "Total runs" not in shown


def test_a_list_says_what_it_is_and_what_to_do_while_it_is_empty(admin_client: Client, run: PeriodicRun) -> None:
    listing = "/admin/config/periodicrun/"
    shown = admin_client.get(listing).content.decode()
    assert "When &lt;each&gt; job ran." in shown
    assert "No job has run." not in shown
    run.delete()
    shown = admin_client.get(listing).content.decode()
    assert "No job has run." in shown
    assert "manage.py up" in shown


def test_a_list_emptied_by_a_search_offers_the_way_back(admin_client: Client, run: PeriodicRun) -> None:
    shown = admin_client.get("/admin/config/brokermessage/?q=nothing-like-that").content.decode()
    assert "Nothing here is as you ask." in shown
    assert "Show all queued jobs" in shown
