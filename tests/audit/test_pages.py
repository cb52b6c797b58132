"""The trail's pages: what a person sees of events, decisions, rules, checkpoints and backups, and does with them."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from audit import trail
from audit.ledger import sealing
from audit.models import BackupRun, Decision, Event, PermissionRule
from audit.permissions import decisions, store
from audit.permissions.rules import Rule
from config.context import acting_as

pytestmark = pytest.mark.django_db
EVENTS, DECISIONS = "/admin/audit/event/", "/admin/audit/decision/"
RULE_FORM = {
    "tool": "Bash",
    "specifier": "rm *",
    "decision": "deny",
    "match": "rm x",
    "not_match": "",
    "is_enabled": "on",
}


def record(**more: Any) -> Event:
    said = {"event_type": "role.changed", "entity_type": "role", "entity_id": "deployer", **more}
    return trail.record(**said)


def decide(command: str, **more: Any) -> Event:
    said = {"agent": "claude", "session_id": "session-1", "tool_use_id": f"use {command}", **more}
    return decisions.decide(tool_name="Bash", tool_input={"command": command}, **said).event


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def listed(client: Client, address: str) -> set[int]:
    answer = client.get(address)
    assert answer.status_code == 200, answer
    return {row.pk for row in answer.context["cl"].result_list}


# Events


def test_events_are_listed_with_who_what_outcome_and_entity(admin_client: Client) -> None:
    record(user="dana", old_value={"approval": True}, new_value={"approval": False})
    record(event_type="backup.failed", entity_type="backup", entity_id="01a22abb-445e-7793-9c51")
    text = page(admin_client, EVENTS)
    for told in ("dana", "role changed", "approval: true -&gt; false", "backup failed", "01a22abb-445e...", "kit-bad"):
        assert told in text
    assert "?entity_type=role&amp;entity_id=deployer" in text


@pytest.mark.parametrize("term", ["session-1", "use git status", "claude", "req-7", "dana", "deployer", "ann"])
def test_events_are_found_by_session_call_agent_request_user_entity_and_actor(admin_client: Client, term: str) -> None:
    with acting_as(actor="ann", correlation_id="req-7"):
        wanted = record(user="dana", agent="claude", session_id="session-1", tool_use_id="use git status")
    record(entity_id="other", user="lee")
    assert listed(admin_client, f"{EVENTS}?q={term}") == {wanted.pk}


def test_events_are_narrowed_by_agent_and_decision(admin_client: Client) -> None:
    store.create_rule(tool="Bash", specifier="rm *", decision="deny")
    denied, asked = decide("rm x"), decide("frob x", agent="codex")
    other = record()
    assert listed(admin_client, f"{EVENTS}?decision=deny") == {denied.pk}
    assert listed(admin_client, f"{DECISIONS}?agent=codex") == {asked.pk}
    assert other.pk in listed(admin_client, EVENTS)
    text = page(admin_client, EVENTS)
    assert "?agent=claude" in text
    assert "?decision=confirm" in text


def test_an_event_is_shown_as_a_difference_with_its_links_and_proof(admin_client: Client, settings: Any) -> None:
    with acting_as(actor="ann", correlation_id="req-7"):
        event = record(
            old_value={"can": ["read"], "n": 1}, new_value={"can": ["read", "<deploy>"], "n": 1}, agent="claude"
        )
    address = reverse("admin:audit_event_change", args=[event.pk])
    text = page(admin_client, address)
    for told in ("can[1]", "&lt;deploy&gt;", "fields are the same", "?q=req-7", "?agent=claude", "not sealed yet"):
        assert told in text
    assert "way_back" not in text, "nothing happened since"
    later = record(old_value={"n": 1}, new_value={"n": 2})
    assert "Going back" in page(admin_client, address)
    assert "Going back" not in page(admin_client, reverse("admin:audit_event_change", args=[later.pk]))


@pytest.mark.django_db(transaction=True)
def test_a_sealed_event_names_the_checkpoint_that_holds_it(admin_client: Client, settings: Any, tmp_path: Any) -> None:
    settings.AUDIT_CHECKPOINT_DIR = tmp_path / "checkpoints"
    event = record()
    checkpoint = sealing.seal().checkpoint
    assert checkpoint is not None
    text = page(admin_client, reverse("admin:audit_event_change", args=[event.pk]))
    assert reverse("admin:audit_checkpoint_change", args=[checkpoint.pk]) in text
    assert f"/api/v1/audit/events/{event.uid}/proof" in text
    assert f"audit prove {event.uid}" in text
    note = page(admin_client, reverse("admin:audit_checkpoint_change", args=[checkpoint.pk]))
    assert checkpoint.root in note


def test_an_events_entity_leads_to_its_own_page_while_there_is_one(admin_client: Client) -> None:
    rule = store.create_rule(tool="Bash", specifier="ls *", decision="allow")
    event = Event.objects.get(event_type="rule.created")
    address = reverse("admin:audit_event_change", args=[event.pk])
    assert reverse("admin:audit_permissionrule_change", args=[rule.pk]) in page(admin_client, address)
    store.delete_rule(uid=str(rule.uid))
    assert "as it is now" not in page(admin_client, address)
    odd = record(entity_type="rule", entity_id="no uid")
    assert "as it is now" not in page(admin_client, reverse("admin:audit_event_change", args=[odd.pk]))


def test_an_erased_event_says_so(admin_client: Client) -> None:
    from audit import retention

    event = record(new_value={"secret": "gone"})
    retention.erase(uid=str(event.uid), reason="asked for")
    text = page(admin_client, reverse("admin:audit_event_change", args=[event.pk]))
    assert "The values were erased" in text
    assert "gone" not in text
    assert page(admin_client, EVENTS)


def test_everything_of_a_request_is_undone_at_once(admin_client: Client) -> None:
    with acting_as(actor="ann", correlation_id="req-7"):
        first = record(old_value=1, new_value=2)
        record(entity_id="reader", old_value="a", new_value="b")
    move = reverse("admin:audit_event_move", args=[first.pk, "undo_request"])
    text = admin_client.post(move, {"reason": "a mistake"}, follow=True).content.decode()
    assert "Rolled back: role deployer, role reader." in text or "Rolled back: role reader, role deployer." in text
    undone = Event.objects.filter(event_type="entity.rolled_back")
    assert {(event.entity_id, event.new_value) for event in undone} == {("deployer", 1), ("reader", "a")}


def test_a_decision_has_no_state_to_go_back_to(admin_client: Client) -> None:
    made = decide("ls")
    for name in ("roll_back", "undo_request"):
        move = reverse("admin:audit_event_move", args=[made.pk, name])
        assert "is past that already" in admin_client.post(move, {}, follow=True).content.decode()
    assert not Event.objects.filter(event_type="entity.rolled_back").exists()


def test_who_may_only_look_rolls_nothing_back(client: Client) -> None:
    event = record(old_value=1, new_value=2)
    viewer = User.objects.create_user("viewer", password="viewer-password", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_event"))
    client.force_login(viewer)
    address = reverse("admin:audit_event_change", args=[event.pk])
    assert "Roll back" not in page(client, address)
    for name in ("roll_back", "undo_request"):
        assert client.post(reverse("admin:audit_event_move", args=[event.pk, name]), {}).status_code == 403


# Decisions


def test_decisions_are_listed_with_agent_call_verdict_and_rule(admin_client: Client) -> None:
    store.create_rule(tool="Bash", specifier="rm *", decision="deny", reason="gone is gone")
    denied, asked = decide("rm -r <b>x</b>"), decide("frob " + "y" * 300)
    record()
    assert listed(admin_client, DECISIONS) == {denied.pk, asked.pk}
    assert listed(admin_client, f"{DECISIONS}?decision=deny") == {denied.pk}
    assert listed(admin_client, f"{DECISIONS}?q=session-1") == {denied.pk, asked.pk}
    text = page(admin_client, DECISIONS)
    for told in ("denied", "to confirm", "rm -r &lt;b&gt;x&lt;/b&gt;", "Bash(rm *)", "no rule speaks of it", "claude"):
        assert told in text
    assert "y" * 200 not in text, "a long call is cut"
    assert f"?{'tool=Bash&amp;specifier=rm+%2A'}" in text


def test_decisions_are_narrowed_to_one_of_the_last_sessions(admin_client: Client) -> None:
    wanted = decide("ls", session_id="0123456789abcdef")
    decide("ls", session_id="", tool_use_id="none")
    decide("ls", session_id="other", agent="codex", tool_use_id="another")
    text = page(admin_client, DECISIONS)
    assert "0123456789ab claude" in text
    assert "other codex" in text
    assert listed(admin_client, f"{DECISIONS}?session=0123456789abcdef") == {wanted.pk}
    assert listed(admin_client, f"{DECISIONS}?session=nobody") == set()


def test_decisions_are_narrowed_to_those_of_a_rule(admin_client: Client) -> None:
    store.create_rule(tool="Bash", specifier="rm *", decision="deny")
    denied, _ = decide("rm x"), decide("ls")
    assert listed(admin_client, f"{DECISIONS}?new_value__rule=Bash(rm *)") == {denied.pk}


@pytest.mark.parametrize("listing", ["event", "decision"])
def test_selected_rows_are_exported(admin_client: Client, listing: str) -> None:
    made, _ = decide("rm x"), decide("ls")
    data = {"action": "export_csv", "_selected_action": [made.pk]}
    answer = admin_client.post(reverse(f"admin:audit_{listing}_changelist"), data)
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 2
    assert str(made.uid) in lines[1]


def test_a_list_of_decisions_asks_no_more_for_more_of_them(
    admin_client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        decide(f"frob {number}")
    with django_assert_max_num_queries(10):
        page(admin_client, DECISIONS)


def test_a_decision_shows_its_parts_and_what_became_of_it(admin_client: Client) -> None:
    store.create_rule(tool="Bash", specifier="rm *", decision="deny", reason="gone is gone")
    made = decide("cd a && rm x")
    decisions.record_run(decisions.Decided(decision=None, event=made), {"failed": True})  # type: ignore[arg-type]
    text = page(admin_client, reverse("admin:audit_decision_change", args=[made.pk]))
    for told in ("cd a &amp;&amp; rm x", "gone is gone", "execution recorded", "session-1", "kit-bad"):
        assert told in text


@pytest.mark.parametrize("value", [None, 7, "deny", {}, {"decision": "deny", "commands": ["x", {}], "rule": "(("}])
def test_a_decision_somebody_made_up_is_shown_all_the_same(admin_client: Client, value: Any) -> None:
    made = record(event_type="decision.made", entity_type="decision", entity_id="1", new_value=value)
    assert listed(admin_client, DECISIONS) == {made.pk}
    assert page(admin_client, reverse("admin:audit_decision_change", args=[made.pk]))
    move = reverse("admin:audit_decision_move", args=[made.pk, "make_rule"])
    assert admin_client.post(move, follow=True).status_code == 200


def test_a_rule_begins_with_what_was_asked(admin_client: Client) -> None:
    made = decide("git push origin main")
    answer = admin_client.post(reverse("admin:audit_decision_move", args=[made.pk, "make_rule"]), follow=True)
    form = answer.context["adminform"].form
    begun = {
        name: form.get_initial_for_field(form.fields[name], name) for name in ("tool", "specifier", "match", "agent")
    }
    assert begun == {
        "tool": "Bash",
        "specifier": "git push origin main",
        "match": "git push origin main",
        "agent": "claude",
    }
    assert not PermissionRule.objects.exists()
    viewer = User.objects.create_user("viewer", password="viewer-password", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_decision"))
    looking = Client()
    looking.force_login(viewer)
    assert looking.post(reverse("admin:audit_decision_move", args=[made.pk, "make_rule"])).status_code == 403


# Rules


def test_trying_a_rule_says_what_would_change_and_keeps_nothing(admin_client: Client) -> None:
    store.create_rule(tool="Bash", specifier="rm *", decision="allow")
    decide("rm x")
    decide("ls")
    events = Event.objects.count()
    form = {**RULE_FORM, "example": "rm -f y", "_try": "1"}
    text = admin_client.post(reverse("admin:audit_permissionrule_add"), form).content.decode()
    assert "Of the last 2 decisions 1 would have been others." in text
    for told in ("Today", "With this rule", "allowed", "denied"):
        assert told in text
    assert (PermissionRule.objects.count(), Event.objects.count()) == (1, events)


def test_a_change_of_a_rule_is_tried_in_its_own_place(admin_client: Client) -> None:
    rule = store.create_rule(tool="Bash", specifier="rm *", decision="deny", match=["rm x"])
    decide("rm x")
    address = reverse("admin:audit_permissionrule_change", args=[rule.pk])
    same = admin_client.post(address, {**RULE_FORM, "_try": "1"}).content.decode()
    assert "Of the last 1 decisions 0 would have been others." in same
    off = {name: value for name, value in RULE_FORM.items() if name != "is_enabled"}
    text = admin_client.post(address, {**off, "_try": "1"}).content.decode()
    assert "Of the last 1 decisions 1 would have been others." in text
    assert "Switch off" in text, "the rule that holds is still on"
    assert PermissionRule.objects.get().is_enabled


def test_a_rule_that_cannot_be_kept_is_not_tried(admin_client: Client) -> None:
    form = {**RULE_FORM, "match": "ls", "_try": "1"}
    answer = admin_client.post(reverse("admin:audit_permissionrule_add"), form)
    assert "does not fit the example" in answer.context["adminform"].form.errors["match"][0]
    assert "would have been others" not in answer.content.decode()


def test_a_trial_takes_the_rules_place_and_judges_what_the_tool_takes() -> None:
    kept = store.create_rule(tool="Read", specifier="./.env", decision="deny")
    tried = Rule(tool="Read", specifier="./.env", decision="allow", uid=str(kept.uid))
    found = decisions.try_rule(rule=tried, example="/project/.env")
    assert (found.now and found.now.decision, found.then and found.then.decision) == ("deny", "allow")
    beside = decisions.try_rule(rule=tried._replace(uid=""), example="/project/.env")
    assert beside.then is not None
    assert beside.then.decision == "deny", "the stricter of the two decides"
    without = decisions.try_rule(rule=tried)
    assert (without.now, without.then, without.replay.total) == (None, None, 0)
    with pytest.raises(store.RuleRefused):
        decisions.try_rule(rule=tried._replace(match=("/project/other",)))


def test_a_rules_page_says_what_it_decided_lately(admin_client: Client) -> None:
    rule = store.create_rule(tool="Bash", specifier="rm *", decision="deny")
    address = reverse("admin:audit_permissionrule_change", args=[rule.pk])
    assert "None of them." in page(admin_client, address)
    mine, others = decide("rm x"), decide("ls")
    assert decisions.made_by(rule=store.as_rule(rule)) == [mine]
    assert decisions.made_by(rule=store.as_rule(rule), among=1) == [], f"{others} is newer"
    text = page(admin_client, address)
    assert "This rule decided 1 of them." in text
    assert "call denied" in text


def test_a_rule_is_switched_by_a_button(admin_client: Client) -> None:
    rule = store.create_rule(tool="Bash", specifier="rm *", decision="deny")
    admin_client.post(reverse("admin:audit_permissionrule_move", args=[rule.pk, "disable"]))
    assert not PermissionRule.objects.get().is_enabled
    again = admin_client.post(reverse("admin:audit_permissionrule_move", args=[rule.pk, "disable"]), follow=True)
    assert "is past that already" in again.content.decode()
    admin_client.post(reverse("admin:audit_permissionrule_move", args=[rule.pk, "enable"]))
    assert PermissionRule.objects.get().is_enabled


# Backups


def test_a_backup_says_whether_it_restores_and_how_to_go_back(admin_client: Client) -> None:
    made = BackupRun.objects.create(
        file="handrail-x.sqlite3.gz", status="completed", verification="passed", size_bytes=1_500_000
    )
    failed = BackupRun.objects.create(status="failed", detail="The disk is full.")
    text = page(admin_client, reverse("admin:audit_backuprun_changelist"))
    for told in ("restores", "1.5 MB", "failed", "Back up now"):
        assert told in text
    own = page(admin_client, reverse("admin:audit_backuprun_change", args=[made.pk]))
    assert "backup restore handrail-x.sqlite3.gz" in own
    broken = page(admin_client, reverse("admin:audit_backuprun_change", args=[failed.pk]))
    assert "There is no file to go back to." in broken
    assert "The disk is full." in broken
    assert "Try to restore it" not in broken


def test_an_empty_list_says_how_to_begin(admin_client: Client) -> None:
    for name, command in [
        ("decision", "rules decide"),
        ("permissionrule", "rules defaults"),
        ("backuprun", "backup create --verify"),
        ("checkpoint", "audit seal"),
    ]:
        assert f" {command}" in page(admin_client, reverse(f"admin:audit_{name}_changelist"))
    assert not Decision.objects.exists()
