"""A rule that could never be about a call, since a name in it is almost one that there is: no door takes it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import assume, given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from audit.models import PermissionRule
from audit.permissions import decisions, store
from audit.permissions.calls import canonical_tool
from audit.permissions.defaults import RULES
from audit.permissions.names import TOOLS, check_names, is_slip
from audit.permissions.rules import InvalidRule, Rule, parse_rule

Run = Callable[..., tuple[int, str, str]]
RULES_URL = "/api/v1/audit/rules"
ADD = "/admin/audit/permissionrule/add/"


def refused(text: str) -> InvalidRule:
    tool, specifier = parse_rule(text)
    with pytest.raises(InvalidRule) as raised:
        check_names(Rule(tool=tool, specifier=specifier, decision="deny"))
    return raised.value


@pytest.mark.parametrize(
    ("text", "field", "meant"),
    [
        ("bash(rm x)", "tool", "write Bash"),
        ("Bahs(rm x)", "tool", "write Bash"),
        ("Bsh(rm x)", "tool", "write Bash"),
        ("Bashh(rm x)", "tool", "write Bash"),
        ("run_shell_command(rm x)", "tool", "write Bash"),
        ("webfetch(domain:example.com)", "tool", "write WebFetch"),
        ("sql(drop table *)", "tool", "write SQL"),
        ("Bash(Bash(kubectl delete *))", "specifier", "Write kubectl delete * alone"),
        ("Read(read(.env))", "specifier", "Write .env alone"),
        ("SQL(drop tabel *)", "specifier", "write table"),
        ("SQL(delte *)", "specifier", "write delete"),
    ],
)
def test_what_was_meant_is_said_where_a_rule_is_refused(text: str, field: str, meant: str) -> None:
    error = refused(text)
    assert error.field == field
    assert meant in error.detail


@pytest.mark.parametrize(
    "text",
    [
        *("Bash(bash *)", "Bash(echo (a))", "LS", "LSP", "Task(reviewer)", "Skill", "mcp__bash__run", "Bahs*", "*"),
        *(
            "Deploy",
            "ReadTheDocs",
            "SQL(drop table *)",
            "SQL(delete * without where)",
            "SQL(* orders *)",
            "SQL(truncate *)",
        ),
    ],
)
def test_what_may_be_right_is_kept(text: str) -> None:
    tool, specifier = parse_rule(text)
    check_names(Rule(tool=tool, specifier=specifier, decision="deny"))


def test_every_tool_that_calls_are_told_by_is_known() -> None:
    for name in ("bash", "view", "apply_patch", "rg", "ls", "fetch", "web_search", "glob", "multiedit", "task"):
        assert canonical_tool(name) in TOOLS
    for rule in RULES:
        check_names(rule)


@given(st.sampled_from(sorted(tool for tool in TOOLS if len(tool) >= 4)), st.data())
def test_no_slip_of_a_tools_name_is_taken(tool: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(tool) - 1))
    letter = data.draw(st.sampled_from("abcxyz"))
    slip = data.draw(
        st.sampled_from(
            [
                f"{tool[:at]}{letter}{tool[at:]}",
                f"{tool[:at]}{tool[at + 1 :]}",
                f"{tool[:at]}{letter}{tool[at + 1 :]}",
                f"{tool[: at - 1]}{tool[at]}{tool[at - 1]}{tool[at + 1 :]}",
            ]
        )
    )
    assume(slip not in TOOLS)
    refused(slip)


@given(st.text("ab", max_size=6), st.text("ab", max_size=6))
def test_a_slip_is_the_same_in_both_directions_and_never_the_name_itself(word: str, other: str) -> None:
    assert is_slip(word, other) == is_slip(other, word)
    assert not is_slip(word, word)


# The doors


@pytest.mark.django_db
def test_rest_refuses_it_at_its_field(admin_api: APIClient) -> None:
    answer = admin_api.post(RULES_URL, {"tool": "Bahs", "specifier": "rm *", "decision": "deny"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-rule")
    assert answer.json()["errors"][0]["field"] == "tool"


def test_the_command_and_an_import_refuse_it(run_command: Run, tmp_path: Path) -> None:
    code, _, told = run_command("rules", "add", "deny", "bash(rm x)")
    assert (code, "write Bash" in told) == (2, True)
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"permissions": {"deny": ["Bash(rm x)", "Bash(Bash(rm y))"]}}))
    code, _, told = run_command("rules", "import", str(file))
    assert (code, "rules[1].specifier" in told) == (2, True)
    assert not PermissionRule.objects.exists(), "all or none"
    assert "[FAIL] deny Bash(Bash(rm y))" in run_command("rules", "check", str(file))[1]


@pytest.mark.django_db
def test_the_form_says_it_beside_the_tool_and_keeps_nothing(admin_client: Client) -> None:
    page = admin_client.post(ADD, {"decision": "deny", "tool": "bash", "specifier": "rm x", "is_enabled": "on"})
    assert page.context["adminform"].form.errors.keys() == {"tool"}
    assert not PermissionRule.objects.exists()


@pytest.mark.django_db
def test_one_that_was_kept_before_can_be_switched_off_and_not_on() -> None:
    row = PermissionRule.objects.create(tool="bash", specifier="rm *", decision="deny")
    assert not store.change_rule(uid=str(row.uid), is_enabled=False).is_enabled
    with pytest.raises(store.RuleRefused):
        store.change_rule(uid=str(row.uid), is_enabled=True)


# Whether this rule fits


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("decision", "specifier", "example", "fits"),
    [
        ("deny", "git push *", "git push --force origin main", "yes"),
        ("deny", "git push *", "git status", "no"),
        ("deny", "git push origin main", "git push origin $BRANCH", "maybe"),
        ("allow", "git status", "git status", "yes"),
        ("allow", "git status", "git status && frobnicate", "no"),
    ],
)
def test_a_trial_says_whether_this_rule_fits_whatever_others_decide(
    decision: Any, specifier: str, example: str, fits: str
) -> None:
    store.create_rule(tool="Bash", specifier="git push --force *", decision="deny")
    rule = Rule(tool="Bash", specifier=specifier, decision=decision)
    assert decisions.try_rule(rule=rule, example=example).fits == fits


@pytest.mark.django_db
def test_the_page_shows_whether_it_fits(admin_client: Client) -> None:
    form = {"decision": "deny", "tool": "Bash", "specifier": "git push *", "is_enabled": "on", "_try": "1"}
    assert "does not fit" in admin_client.post(ADD, {**form, "example": "git status"}).content.decode()
    assert ">fits<" in admin_client.post(ADD, {**form, "example": "git push origin"}).content.decode()
