"""People, teams, schedules and who is on call, by REST, command, admin and MCP."""

import json
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from escalation import mcp
from escalation.models import Override, Person, Policy, Schedule, Team
from escalation.oncall.schedules import add_schedule
from tests.escalation.paging.makers import mailbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("people")]
BASE = "/api/v1/escalation"
TURNS = {"people": ["kim", "dana"], "starts_on": "2026-11-30"}
FAR = "2199-01-01T00:00:00Z"


def test_people_and_teams_by_rest(api: APIClient) -> None:
    mailbox("lee-mail")
    User.objects.create_user("lee@shop")
    made = api.post(f"{BASE}/people", {"name": "lee@shop", "channels": ["lee-mail"]})
    assert (made.status_code, made.json()["is_active"], made.json()["teams"]) == (201, True, [])
    assert api.post(f"{BASE}/people", {"name": "lee@shop", "channels": ["lee-mail"]}).json()["code"] == "person-exists"
    assert api.post(f"{BASE}/people", {"name": "zoe", "channels": ["lee-mail"]}).json()["code"] == "invalid-person"
    team = api.post(f"{BASE}/teams", {"name": "shop", "members": ["lee@shop", "kim"]})
    assert (team.status_code, team.json()["members"]) == (201, ["kim", "lee@shop"])
    assert api.get(f"{BASE}/people/lee@shop").json()["teams"] == ["shop"]
    assert api.patch(f"{BASE}/people/lee@shop", {"channels": ["kim-mail"]}).json()["channels"] == ["kim-mail"]
    assert api.patch(f"{BASE}/teams/shop", {"members": ["kim"]}).json()["members"] == ["kim"]
    assert [row["name"] for row in api.get(f"{BASE}/teams").json()["results"]] == ["shop"]
    assert {row["name"] for row in api.get(f"{BASE}/people").json()["results"]} == {"lee@shop", "kim", "dana", "sam"}
    for path, code in (("teams/shop", "team-not-found"), ("people/lee@shop", "person-not-found")):
        assert api.delete(f"{BASE}/{path}").status_code == 204
        assert api.get(f"{BASE}/{path}").json()["code"] == code


def test_a_schedule_by_rest(api: APIClient) -> None:
    made = api.post(f"{BASE}/schedules", {"name": "primary", "rotations": [TURNS]})
    assert (made.status_code, made.json()["timezone"]) == (201, "UTC")
    refused = api.patch(f"{BASE}/schedules/primary", {"rotations": [{"people": ["zoe"], "starts_on": "2026-11-30"}]})
    assert (refused.json()["code"], refused.json()["errors"][0]["field"]) == (
        "invalid-schedule",
        "rotations[0].people[0]",
    )
    stands_in = api.post(f"{BASE}/schedules/primary/overrides", {"person": "sam", "ends_at": FAR})
    assert stands_in.json()["code"] == "invalid-schedule", "At most a year."
    soon = api.post(f"{BASE}/schedules/primary/overrides", {"person": "sam", "starts_at": "2198-12-24", "ends_at": FAR})
    assert (soon.status_code, soon.json()["person"]) == (201, "sam")
    assert [row["person"] for row in api.get(f"{BASE}/schedules/primary").json()["overrides"]] == ["sam"]
    shifts = api.get(f"{BASE}/schedules/primary/shifts?since=2198-12-23&until=2198-12-30").json()["shifts"]
    assert "sam" in {shift["person"] for shift in shifts}
    assert api.get(f"{BASE}/on-call?at=2198-12-25").json()["on_call"][0]["person"] == "sam"
    assert api.delete(f"{BASE}/schedules/primary/overrides/{soon.json()['id']}").status_code == 204
    assert api.delete(f"{BASE}/schedules/primary/overrides/latest").json()["code"] == "override-not-found"
    assert api.get(f"{BASE}/on-call").json()["on_call"][0]["person"] in {"kim", "dana", ""}
    assert api.delete(f"{BASE}/schedules/primary").status_code == 204
    assert api.get(f"{BASE}/schedules/primary").json()["code"] == "schedule-not-found"


def test_the_commands_say_and_do_the_same(run_command: Callable[..., tuple[int, str, str]]) -> None:
    def run(*args: str) -> str:
        status, said, wrong = run_command(*args)
        assert status == 0, wrong
        return said

    mailbox("lee-mail")
    User.objects.create_user("lee")
    run("people", "add", "lee", "--channel", "lee-mail")
    run("people", "change", "lee", "--channel", "lee-mail", "--channel", "kim-mail")
    assert "lee-mail, kim-mail" in run("people", "list")
    assert json.loads(run("people", "show", "lee"))["channels"] == ["lee-mail", "kim-mail"]
    run("teams", "add", "shop", "--member", "lee")
    run("teams", "change", "shop", "--member", "lee", "--member", "kim")
    assert "kim, lee" in run("teams", "list")
    assert json.loads(run("teams", "show", "shop"))["members"] == ["kim", "lee"]
    run("schedules", "add", "primary", "--rotation", json.dumps(TURNS), "--timezone", "Europe/Berlin")
    assert "kim, dana" in run("schedules", "list")
    run("schedules", "override", "primary", "lee", "--starts-at", "2198-12-24", "--ends-at", FAR)
    assert "lee" in run("schedules", "on-call", "--at", "2198-12-25")
    assert "lee" in run("schedules", "shifts", "primary", "--since", "2198-12-20", "--until", "2198-12-30")
    run("schedules", "end-override", "primary", str(Override.objects.get().pk))
    run("schedules", "change", "primary", "--timezone", "UTC")
    assert json.loads(run("schedules", "show", "primary"))["timezone"] == "UTC"
    run("schedules", "remove", "primary"), run("teams", "remove", "shop"), run("people", "remove", "lee")
    assert not [*Schedule.objects.all(), *Team.objects.all(), *Person.objects.named("lee")]


def test_an_agent_reads_who_is_on_call() -> None:
    add_schedule(name="primary", rotations=[{"people": ["kim"], "starts_on": "2026-01-01"}])
    assert mcp.read_on_call("primary")["person"] == "kim"


def test_a_schedules_turns_are_edited_in_rows(admin_client: Client) -> None:
    base = "/admin/escalation/schedule"
    row = {"people": "kim, dana", "starts_on": "2026-11-30", "days": "7", "at": "09:00"}
    form = {"name": "primary", "timezone": "UTC", "rotations-TOTAL_FORMS": "2", "rotations-INITIAL_FORMS": "0"}
    form |= {f"rotations-0-{name}": value for name, value in row.items()}
    form |= {"rotations-1-days": "7", "rotations-1-at": "09:00"}  # as the empty row is shown
    admin_client.post(f"{base}/add/", form)
    made = Schedule.objects.get()
    assert made.rotations == [{"people": ["kim", "dana"], "starts_on": "2026-11-30", "at": "09:00", "days": 7}]
    page = admin_client.get(f"{base}/{made.pk}/change/").content.decode()
    assert 'value="kim, dana"' in page
    assert "The next two weeks" in page
    nights = {"people": "sam", "starts_on": "2026-11-30", "from_clock": "20:00", "until_clock": "08:00"}
    form |= {f"rotations-1-{name}": value for name, value in nights.items()}
    admin_client.post(f"{base}/{made.pk}/change/", form)
    made.refresh_from_db()
    assert made.rotations[1]["hours"] == {"from": "20:00", "until": "08:00"}
    refused = admin_client.post(f"{base}/{made.pk}/change/", form | {"rotations-1-people": "zoe"})
    assert b"There is no person zoe" in refused.content
    refused = admin_client.post(f"{base}/{made.pk}/change/", form | {"rotations-1-starts_on": ""})
    assert b"Say who take turns" in refused.content
    assert "kim" in admin_client.get(f"{base}/").content.decode()
    admin_client.post(f"{base}/{made.pk}/delete/", {"post": "yes"})
    assert not Schedule.objects.exists()


def test_a_policys_steps_are_edited_in_rows(admin_client: Client) -> None:
    add_schedule(name="primary", rotations=[TURNS])
    form = {"name": "night", "priorities": ["high"], "repeat": "0", "position": "100"}
    form |= {"steps-TOTAL_FORMS": "3", "steps-INITIAL_FORMS": "0"}
    rows = {"steps-0-targets": ["schedule:primary"], "steps-1-delay_minutes": "15"}
    rows |= {"steps-1-targets": ["channel:kim-mail", "person:sam"]}
    admin_client.post("/admin/escalation/policy/add/", form | rows)
    made = Policy.objects.get()
    assert made.steps == [
        {"delay_minutes": 0, "targets": [{"schedule": "primary"}]},
        {"delay_minutes": 15, "targets": [{"channel": "kim-mail"}, {"person": "sam"}]},
    ]
    address = f"/admin/escalation/policy/{made.pk}/change/"
    page = admin_client.get(address).content.decode()
    assert page.count("<legend>Step") == 4, "Two more are there to fill in."
    refused = admin_client.post(address, form | rows | {"steps-2-delay_minutes": "30"})
    assert b"Choose whom it calls" in refused.content
    assert b"Fill in a row" in admin_client.post(address, form).content


def test_the_admin_adds_and_removes_people_teams_and_stand_ins(admin_client: Client) -> None:
    lee = User.objects.create_user("lee")
    admin_client.post("/admin/escalation/person/add/", {"user": lee.pk, "channel_names": ["kim-mail"]})
    made = Person.objects.named("lee").get()
    admin_client.post(f"/admin/escalation/person/{made.pk}/change/", {"channel_names": ["kim-mail", "sam-mail"]})
    made.refresh_from_db()
    assert made.channels == ["kim-mail", "sam-mail"]
    both = [made.pk, Person.objects.named("kim").get().pk]
    admin_client.post("/admin/escalation/team/add/", {"name": "shop", "member_names": both})
    team = Team.objects.get()
    assert b"kim, lee" in admin_client.get("/admin/escalation/team/").content
    admin_client.post(f"/admin/escalation/team/{team.pk}/change/", {"member_names": [made.pk]})
    assert team.member_names == ["lee"]
    schedule = add_schedule(name="primary", rotations=[TURNS])
    times = {"starts_at_0": "2198-12-24", "starts_at_1": "09:00", "ends_at_0": "2198-12-25", "ends_at_1": "09:00"}
    admin_client.post("/admin/escalation/override/add/", {"schedule": schedule.pk, "person": made.pk, **times})
    stands_in = Override.objects.get()
    for page in (f"override/{stands_in.pk}", f"team/{team.pk}", f"person/{made.pk}"):
        admin_client.post(f"/admin/escalation/{page}/delete/", {"post": "yes"})
    assert not [*Override.objects.all(), *Team.objects.all(), *Person.objects.named("lee")]
