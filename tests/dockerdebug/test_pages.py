"""The pages of dockerdebug: pick a container, read what is wrong and how to mend it, keep what was learnt."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from config.pages import admin_lists
from dockerdebug import diagnoses, infrastructure, insights
from dockerdebug.admin import picker
from dockerdebug.facts import Problem
from dockerdebug.models import Diagnosis, Infrastructure, Insight
from dockerdebug.refusals import EngineUnavailable
from tests.dockerdebug.makers import healthy, stopped, traceback

pytestmark = pytest.mark.django_db
ADD = "/admin/dockerdebug/diagnosis/add/"
LIST = "/admin/dockerdebug/diagnosis/"
FAULTY = stopped(logs=traceback("ModuleNotFoundError: No module named 'flask'"))
ROWS = [
    {"id": "a1", "name": "api", "image": "shop/api:1", "state": "running", "status": "Up 3 hours"},
    {"id": "b2", "name": "<b>old</b>", "image": "", "state": "exited", "status": "Exited (1)"},
]
AWAY = Problem(key="engine_unreachable", evidence="refused", cause="No engine answers at /x.", fix="Start the engine.")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picker, "list_containers", lambda: ROWS)


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise EngineUnavailable(AWAY)

    monkeypatch.setattr(picker, "list_containers", refuse)


def diagnosed(monkeypatch: pytest.MonkeyPatch, facts: Any = FAULTY, name: str = "api") -> Diagnosis:
    monkeypatch.setattr(diagnoses, "collect", lambda container: facts)
    return diagnoses.diagnose(container=name)


def page(client: Client, diagnosis: Diagnosis) -> str:
    return client.get(f"{LIST}{diagnosis.pk}/change/").content.decode()


# Start one


def test_a_container_is_picked_from_those_of_the_engine(admin_client: Client, engine: None) -> None:
    html = admin_client.get(ADD).content.decode()
    assert html.index("this machine") < html.index('<optgroup label="Running">')
    assert "api (shop/api:1, Up 3 hours)" in html
    assert html.index('<optgroup label="Not running">') < html.index("&lt;b&gt;old&lt;/b&gt; (Exited (1))")
    assert "cannot be listed" not in html
    answer = admin_client.post(ADD, {"container": "api", "only_check": ""})
    made = Diagnosis.objects.get()
    assert made.container == "api"
    assert answer.headers["Location"] == f"{LIST}{made.pk}/change/"


def test_with_the_engine_away_a_name_is_typed_and_what_is_wrong_is_said(admin_client: Client, no_engine: None) -> None:
    html = admin_client.get(ADD).content.decode()
    assert "No engine answers at /x. Start the engine." in html
    admin_client.post(ADD, {"container": "", "typed": "shop-api", "only_check": "pip_config"})
    assert Diagnosis.objects.values_list("container", "only_check").get() == ("shop-api", "pip_config")


def test_what_no_container_is_called_is_refused_beside_the_field(admin_client: Client, engine: None) -> None:
    answer = admin_client.post(ADD, {"container": "", "typed": "a b", "only_check": ""})
    assert answer.context["adminform"].form.errors["typed"][0].startswith("A container's name or id starts with")
    assert not Diagnosis.objects.exists()


def test_a_name_in_the_address_is_chosen_already(admin_client: Client, engine: None) -> None:
    for name in ("api", "not-there"):
        html = admin_client.get(ADD, {"container": name}).content.decode()
        assert re.search(rf'<option value="{name}" selected', html), name


def test_the_engine_is_not_asked_for_a_form_that_is_right(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picker, "list_containers", lambda: pytest.fail("asked"))
    assert admin_client.post(ADD, {"container": "api", "only_check": ""}).status_code == 302


# Read it


def test_a_finding_has_its_cause_evidence_and_commands_to_copy(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = diagnosed(monkeypatch)
    html = page(admin_client, made)
    for finding in made.findings:
        assert finding["key"] in html
    first = made.findings[0]["fix"]
    assert re.search(rf"kit-copy[^<]*</?[^>]*>.*?<code>{re.escape(first[:30])}", html, re.DOTALL)
    assert 'href="/docs/dockerdebug#every-finding"' in html


def test_what_passed_is_folded_and_what_did_not_is_open(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    html = page(admin_client, diagnosed(monkeypatch))
    before, folded = html.split('<details class="passed"><summary>5 passed</summary>')
    assert "installed_packages" in before
    assert "sys_path" in before
    assert "venv_status" in folded.split("</details>\n</div>")[0]


def test_a_diagnosis_that_waits_is_called_pending_until_it_is_over(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = diagnoses.request_diagnosis(container="api")
    assert "pending" in page(admin_client, waiting)
    monkeypatch.setattr(diagnoses, "collect", lambda container: healthy())
    diagnoses.run_diagnosis(diagnosis_id=waiting.pk)
    assert "nothing found" in page(admin_client, waiting)


def test_a_diagnosis_that_failed_itself_is_never_called_healthy(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnoses, "collect", lambda container: 1 / 0)
    made = diagnoses.diagnose(container="api")
    for html in (page(admin_client, made), admin_client.get(LIST).content.decode()):
        assert "The diagnosis itself failed" in html
        assert "nothing found" not in html


def test_a_row_says_the_worst_in_words(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    made = diagnosed(monkeypatch)
    html = admin_client.get(LIST).content.decode()
    assert made.findings[0]["cause"] in html.replace("&#x27;", "'")
    assert "5 of 7" in html


def test_diagnoses_are_found_by_name_and_by_words_of_the_newest(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = diagnosed(monkeypatch, name="old")
    diagnosed(monkeypatch, healthy(), name="new")

    def found(term: str) -> list[str]:
        return [row.container for row in admin_client.get(LIST, {"q": term}).context["cl"].result_list]

    assert found("flask") == found("old") == found(str(old.pk)) == ["old"]
    monkeypatch.setattr(admin_lists, "MOST_SEARCHED", 1)
    assert (found("flask"), found("old"), found("checks passed")) == ([], ["old"], ["new"])


def test_diagnose_again_leads_to_the_new_one(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    made = diagnosed(monkeypatch)
    answer = admin_client.post(reverse("admin:dockerdebug_diagnosis_move", args=[made.pk, "diagnose_again"]))
    again = Diagnosis.objects.exclude(pk=made.pk).get()
    assert answer.headers["Location"] == f"{LIST}{again.pk}/change/"


def test_an_empty_list_says_how_to_begin(admin_client: Client) -> None:
    for table, command in [
        ("diagnosis", "</span> dockerdebug</code>"),
        ("insight", "insights add network"),
        ("infrastructure", "infrastructure add shop-api"),
        ("tag", "--tag ci"),
    ]:
        assert command in admin_client.get(f"/admin/dockerdebug/{table}/").content.decode()


# Keep what was learnt


def test_an_insight_is_kept_from_a_finding_and_shown_beside_the_next(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = diagnosed(monkeypatch)
    link = re.findall(r'class="keep" href="([^"]+)"', page(admin_client, made))[0].replace("&amp;", "&")
    known = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    assert known["finding_key"] == made.findings[0]["key"]
    assert made.findings[0]["cause"] in admin_client.get(link).content.decode().replace("&#x27;", "'")
    body = {"confidence": "likely", "priority": 7, **known, "text": "flask left the image with 1.4"}
    admin_client.post(urlsplit(link).path, body)
    assert "flask left the image with 1.4" in page(admin_client, diagnosed(monkeypatch))


def test_an_insight_is_confirmed_by_a_button_and_for_many(admin_client: Client) -> None:
    made = [insights.add_insight(category="network", text=f"proxy {number}") for number in range(2)]
    admin_client.post(reverse("admin:dockerdebug_insight_move", args=[made[0].pk, "confirm"]))
    chosen = [str(item.pk) for item in made]
    admin_client.post("/admin/dockerdebug/insight/", {"action": "confirm", "_selected_action": chosen})
    assert set(Insight.objects.values_list("confidence", flat=True)) == {"confirmed"}


# Infrastructure


def test_infrastructure_shows_its_diagnoses_and_what_is_known_of_it(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = infrastructure.add_infrastructure(name="api", tags=["production", "python"])
    infrastructure.add_infrastructure(name="other")
    insights.add_insight(category="network", text="no IPv6 there", about="API")
    insights.add_insight(category="network", text="true of all", about="")
    made = diagnosed(monkeypatch)
    html = admin_client.get(f"/admin/dockerdebug/infrastructure/{api.pk}/change/").content.decode()
    assert f"{LIST}{made.pk}/change/" in html
    assert "no IPv6 there" in html
    assert "true of all" not in html
    rows = admin_client.get("/admin/dockerdebug/infrastructure/").content.decode()
    assert f'href="{LIST}{made.pk}/change/"><span class="kit-badge kit-bad">error</span>' in rows
    assert '<span class="kit-badge kit-quiet">production</span>' in rows


def test_a_listed_container_is_diagnosed_by_a_button(admin_client: Client) -> None:
    api = infrastructure.add_infrastructure(name="api")
    host = infrastructure.add_infrastructure(name="build-host", kind="host")
    answer = admin_client.post(reverse("admin:dockerdebug_infrastructure_move", args=[api.pk, "diagnose"]))
    made = Diagnosis.objects.get()
    assert (made.container, answer.headers["Location"]) == ("api", f"{LIST}{made.pk}/change/")
    admin_client.post(reverse("admin:dockerdebug_infrastructure_move", args=[host.pk, "diagnose"]))
    assert Diagnosis.objects.count() == 1, "A host is no container."


def test_who_may_not_diagnose_is_offered_no_button(client: Client) -> None:
    user = User.objects.create_user("looker", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_infrastructure"))
    client.force_login(user)
    api = infrastructure.add_infrastructure(name="api")
    address = f"/admin/dockerdebug/infrastructure/{api.pk}/"
    assert "moves/diagnose" not in client.get(f"{address}change/").content.decode()
    assert client.post(f"{address}moves/diagnose/").status_code == 403
    assert not Diagnosis.objects.exists()


def test_a_tag_says_on_how_much_it_is(admin_client: Client) -> None:
    for name in ("api", "worker"):
        infrastructure.add_infrastructure(name=name, tags=["production"])
    html = admin_client.get("/admin/dockerdebug/tag/").content.decode()
    [link] = re.findall(r'href="(/admin/dockerdebug/infrastructure/\?tags__id__exact=\d+)">2<', html)
    assert len(admin_client.get(link).context["cl"].result_list) == Infrastructure.objects.count() == 2
