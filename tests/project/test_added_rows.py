"""Whatever is added on a page, the answer says what it is called and leads to its page."""

import re
from html import unescape

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse

import config.urls  # noqa: F401 -- which loads every table's page
from audit.models import Budget, ModelPrice, PermissionException, PermissionOnce, PermissionPosture, PermissionRule
from audit.permissions import decisions
from config.models import ApiKey
from dockerdebug.models import Diagnosis, Infrastructure, Insight
from escalation.delivery.channels import add_channel
from escalation.models import (
    Alert,
    Bug,
    Channel,
    Heartbeat,
    Maintenance,
    Override,
    Person,
    Policy,
    Project,
    Schedule,
    Team,
)
from escalation.oncall.people import add_person
from escalation.oncall.schedules import add_schedule
from prompts.models import Endpoint, Memory, Prompt, TestCase, Version
from prompts.prompts import create_prompt
from prompts.versions import save_version
from schemacheck.models import Check

pytestmark = pytest.mark.django_db

FORMS: dict[type[Model], dict[str, str]] = {
    Alert: {
        "name": "backups-gone",
        "event_type": "backup.removed",
        "message": "gone",
        "count": "1",
        "window_minutes": "10",
        "bug_impact": "low",
        "again_after_minutes": "60",
    },
    ApiKey: {"name": "ci", "scope": "write", "days": "30", "user": "USER"},
    Bug: {"error_type": "TimeoutError", "error_message": "slow", "user_impact": "medium", "metadata": "{}"},
    Channel: {"name": "ops-mail", "kind": "email", "details": '{"to": ["kim@example.org"]}'},
    Budget: {"period": "day", "person": "ci", "most_tokens": "1000000"},
    Check: {"subject": "script", "sql": "CREATE TABLE t (id integer PRIMARY KEY)", "database": "default"},
    Diagnosis: {"container": "", "typed": "", "only_check": ""},
    Endpoint: {
        "name": "openai",
        "api": "openai",
        "base_url": "https://93.184.215.14/v1",
        "model": "gpt-4o",
        "timeout_seconds": "60",
    },
    Group: {"name": "reviewers"},
    Heartbeat: {"name": "nightly", "period_minutes": "60", "grace_minutes": "5", "bug_impact": "high"},
    Infrastructure: {"name": "shop-api", "kind": "container", "tag_names": ""},
    Insight: {"text": "no IPv6 there", "category": "network", "confidence": "likely", "priority": "3"},
    Maintenance: {
        "name": "new-disks",
        "reason": "new disks",
        "starts_at_0": "2199-01-01",
        "starts_at_1": "09:00",
        "ends_at_0": "2199-01-02",
        "ends_at_1": "09:00",
    },
    Override: {
        "schedule": "SCHEDULE",
        "person": "PERSON",
        "starts_at_0": "2199-01-01",
        "starts_at_1": "09:00",
        "ends_at_0": "2199-01-02",
        "ends_at_1": "09:00",
    },
    Memory: {"text": "Deploys need the VPN.", "project": "shop", "tier": "long", "is_explicit": "on"},
    ModelPrice: {"model": "sonnet", "input_price": "3", "output_price": "15"},
    PermissionException: {"rule_id": "git.reset", "agent": "claude", "project": "/srv/shop", "reason": "a worktree"},
    PermissionOnce: {"code": "CODE", "hours": "24"},
    PermissionPosture: {"posture": "strict", "agent": "claude", "project": "/srv/shop"},
    PermissionRule: {"decision": "deny", "tool": "Bash", "specifier": "git push *", "reason": "ask first"},
    Person: {"user": "USER", "channel_names": "duty"},
    Policy: {
        "name": "night",
        "steps-TOTAL_FORMS": "2",
        "steps-INITIAL_FORMS": "0",
        "steps-0-delay_minutes": "0",
        "steps-0-targets": "channel:duty",
        "priorities": "high",
        "repeat": "0",
        "position": "100",
    },
    Schedule: {
        "name": "secondary",
        "timezone": "Europe/Berlin",
        "rotations-TOTAL_FORMS": "1",
        "rotations-INITIAL_FORMS": "0",
        "rotations-0-people": "kim",
        "rotations-0-starts_on": "2026-11-30",
        "rotations-0-days": "7",
        "rotations-0-at": "09:00",
    },
    Team: {"name": "shop", "member_names": "PERSON"},
    Project: {"name": "Web shop", "slug": ""},
    Prompt: {"prompt_id": "keywords", "description": "Keywords of a text"},
    TestCase: {"prompt": "PROMPT", "name": "sunset", "type": "general", "input": "sun", "expected_output": "sun"},
    User: {"username": "dana", "usable_password": "true", "password1": "a-long-one-7", "password2": "a-long-one-7"},
    Version: {"prompt": "PROMPT", "prompt_text": "Other words of: {{ input }}"},
}


@pytest.fixture
def prompt() -> Prompt:
    made = create_prompt(prompt_id="extract-keywords")
    save_version(prompt_id=made.prompt_id, prompt_text="Keywords of: {{ input }}", activate=True)
    return made


@pytest.fixture
def duty() -> Channel:
    return add_channel(name="duty", kind="email", details={"to": ["kim@example.org"]})


@pytest.fixture
def primary(duty: Channel) -> Schedule:
    User.objects.create_user("kim")
    add_person(name="kim", channels=["duty"])
    return add_schedule(name="primary", rotations=[{"people": ["kim"], "starts_on": "2026-11-30"}])


@pytest.mark.parametrize("model", FORMS, ids=lambda model: model.__name__)
def test_what_was_added_is_named_and_led_to(
    admin_client: Client, admin_user: User, prompt: Prompt, primary: Schedule, model: type[Model]
) -> None:
    known = set(model._default_manager.values_list("pk", flat=True))
    refused = decisions.decide(tool_name="Bash", tool_input={"command": "frobnicate"}).event.context or {}
    filled = {"USER": str(admin_user.pk), "PROMPT": str(prompt.pk), "CODE": refused["call"][:8]}
    filled |= {"SCHEDULE": str(primary.pk), "PERSON": str(Person.objects.get().pk)}
    kind = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    form = {name: filled.get(value, value) for name, value in FORMS[model].items()}
    answer = admin_client.post(reverse(f"{kind}_add"), form, follow=True)
    row = model._default_manager.exclude(pk__in=known).get()
    page = reverse(f"{kind}_change", args=[quote(row.pk)])
    shown = re.sub(r"\s+", " ", unescape(answer.content.decode()))
    assert str(row).strip(), "a name that says something"
    assert str(row) in shown
    is_there = bool(answer.redirect_chain) and answer.redirect_chain[-1][0] == page
    assert is_there or re.search(f'<a href="{page}">[^<]+</a>', shown), "no way to it"


def test_every_table_to_which_a_person_adds_is_tried(rf: RequestFactory, admin_user: User) -> None:
    request = rf.get("/")
    request.user = admin_user
    adds = {model for model, shown in admin.site._registry.items() if shown.has_add_permission(request)}
    assert adds == set(FORMS)


def test_a_name_that_looks_like_a_tag_is_a_name(admin_client: Client) -> None:
    form = {"text": "<b>no</b> IPv6", "category": "network", "confidence": "likely", "priority": "3"}
    shown = admin_client.post("/admin/dockerdebug/insight/add/", form, follow=True).content.decode()
    assert "&lt;b&gt;no&lt;/b&gt; IPv6</a>." in shown


def test_a_version_that_is_there_already_is_not_called_added(admin_client: Client, prompt: Prompt) -> None:
    form = {"prompt": str(prompt.pk), "prompt_text": "Keywords of: {{ input }}"}
    shown = admin_client.post("/admin/prompts/version/add/", form, follow=True).content.decode()
    assert "extract-keywords@1</a> says exactly this already" in shown
    assert Version.objects.count() == 1
