"""What a new installation is asked to do first: it ticks itself off, and goes when all is done or when it was seen."""

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from audit.permissions import decisions, store
from config.keys import create_key
from config.pages import first_steps
from config.pages.manual.rendering import place_of
from escalation.reports import report_bug
from prompts.versions import save_version
from schemacheck import checks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inline_health")]


def done() -> dict[str, bool]:
    return {step.title: step.is_done for step in first_steps.open_steps()}


def ask() -> None:
    decisions.decide(tool_name="Bash", tool_input={"command": "git status"}, agent="claude", cwd="/srv/app")


def write_rule() -> None:
    store.create_rule(tool="Bash", specifier="git push *", decision="confirm", reason="Pushing is for people.")


def use(way: str) -> None:
    match way:
        case "a check":
            checks.check_schema(sql="SELECT 1", dialect="postgresql", proof="parse")
        case "a bug":
            report_bug(error_type="KeyError", error_message="no price", user_impact="low")
        case "a prompt":
            save_version(prompt_id="greeting", prompt_text="Hello", purpose="greeting")


def test_a_new_installation_has_everything_before_it() -> None:
    assert done() == dict.fromkeys(first_steps.GOALS.values(), False)


@pytest.mark.parametrize("way", ["a check", "a bug", "a prompt"])
def test_each_step_ticks_itself_off_and_the_last_takes_the_panel_along(way: str, admin_user: Any) -> None:
    ask()
    assert done()["Connect an agent"]
    create_key(name="agent", scope="write", user=admin_user)
    assert done()["Make an API key"]
    store.load_defaults()
    assert not done()["Write a rule of your own"], "those that are shipped are nobody's own"
    write_rule()
    assert done()["Write a rule of your own"]
    assert not done()["Let a project use it"]
    use(way)
    assert done() == {}


def test_the_page_shows_the_steps_until_somebody_wants_them_no_more(admin_client: Client) -> None:
    assert "First steps" in admin_client.get("/").content.decode()
    answer = admin_client.post("/dashboard/first-steps")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    cookie = answer.cookies[first_steps.COOKIE]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert "First steps" not in admin_client.get("/").content.decode()
    cache.clear()
    assert "First steps" in admin_client.get("/dashboard/figures").json()["steps"], "others still have them"


def test_dismissing_needs_a_login_and_a_token(client: Client, admin_user: Any) -> None:
    assert client.post("/dashboard/first-steps").headers["Location"].startswith("/admin/login/")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin_user)
    assert strict.post("/dashboard/first-steps").status_code == 403
    assert client.get("/dashboard/first-steps").status_code == 405


def test_every_way_leads_to_a_page(admin_client: Client) -> None:
    ways = [way for step in first_steps.open_steps() for way in step.ways]
    assert len(ways) >= 8
    for way in ways:
        assert admin_client.get(way.link.partition("#")[0]).status_code == 200


def test_the_way_to_connect_an_agent_leads_to_the_lines_of_its_settings() -> None:
    [way] = [way for step in first_steps.open_steps() for way in step.ways if way.goal == "agent"]
    assert way.link == place_of("docs/agents.md", "install")
    assert way.link.endswith("#install")


def test_what_is_done_leads_to_where_to_do_it_once_more(admin_client: Client, admin_user: Any) -> None:
    create_key(name="agent", scope="write", user=admin_user)
    steps = admin_client.get("/dashboard/figures").json()["steps"]
    assert '<a href="/admin/config/apikey/">Make an API key</a>' in steps.partition("Done:")[2]
