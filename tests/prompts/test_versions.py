"""Versions: numbered from 1, never changed nor taken away, compared."""

import json
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from audit import rollback
from audit.models import Event
from config.errors import Conflict
from prompts import prompts, versions
from prompts.cases import (
    TestCaseExists,
    TestCaseNotFound,
    create_test_case,
    delete_test_case,
    get_test_case,
    keep_test_case,
    update_test_case,
)
from prompts.comparison import compare_versions
from prompts.content import VersionInvalid
from prompts.lookup import VersionNotFound, get_version
from prompts.models import Prompt, TestCase, Version
from prompts.prompts import (
    PromptBusy,
    PromptExists,
    PromptNotFound,
    create_prompt,
    delete_prompt,
    get_prompt,
    update_prompt,
)
from prompts.regression import regression_report
from prompts.templates import TemplateInvalid
from prompts.versions import activate_version, save_version

pytestmark = pytest.mark.django_db


def save(text: str = "Say {{ input }}", prompt_id: str = "echo", **more: Any) -> Version:
    return save_version(prompt_id=prompt_id, prompt_text=text, **more).version


def test_versions_are_numbered_from_one_for_each_prompt() -> None:
    assert [save("a").number, save("b").number, save("a", "other").number] == [1, 2, 1]


def test_the_same_version_is_not_saved_twice() -> None:
    first = save_version(prompt_id="echo", prompt_text="a", settings={"seed": 1, "temperature": 0})
    save("b")
    again = save_version(prompt_id="echo", prompt_text="a", settings={"temperature": 0, "seed": 1})
    assert (again.created, again.version) == (False, first.version)
    assert Event.objects.filter(event_type="prompt.version_saved").count() == 2


def test_another_purpose_note_or_setting_is_another_version_with_a_hash_that_says_so() -> None:
    first, noted, set_up = save("a"), save("a", notes="why"), save("a", settings={"temperature": 1})
    assert [first.number, noted.number, set_up.number] == [1, 2, 3]
    assert first.content_hash == noted.content_hash != set_up.content_hash


@pytest.mark.parametrize("column", ["prompt_text", "purpose", "notes", "content_hash", "created_by"])
def test_the_database_refuses_to_change_a_saved_version(column: str) -> None:
    version = save()
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        Version.objects.filter(pk=version.pk).update(**{column: "changed"})
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE prompts_version SET {column} = 'raw' WHERE id = %s", [version.pk])
    setattr(version, column, "saved")
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        version.save()


def test_the_database_refuses_to_delete_a_version_and_lets_it_go_with_its_prompt() -> None:
    for text in ("a", "b"):
        save(text, activate=True)
    save("a", "other")
    with pytest.raises(DatabaseError, match="goes with its prompt"), transaction.atomic():
        Version.objects.filter(prompt__prompt_id="echo", number=1).delete()
    for raw in ("DELETE FROM prompts_version WHERE number = 1", "DELETE FROM prompts_version"):
        with pytest.raises(DatabaseError, match="goes with its prompt"), transaction.atomic():
            execute(raw)
    with pytest.raises(IntegrityError), transaction.atomic():
        execute("DELETE FROM prompts_prompt WHERE prompt_id = 'echo'")
        connection.check_constraints()
    Prompt.objects.filter(prompt_id="echo").delete()
    assert [str(version) for version in Version.objects.all()] == ["other@1"]
    connection.check_constraints()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has no INSERT OR REPLACE")
@pytest.mark.parametrize("taken", ["id", "number"])
def test_the_database_refuses_to_write_over_a_version(taken: str) -> None:
    version = save()
    columns = [column.column for column in Version._meta.concrete_fields]
    other = "id" if taken == "number" else "number"
    chosen = ", ".join("999" if name == other else "'raw'" if name == "prompt_text" else name for name in columns)
    raw = f"INSERT OR REPLACE INTO prompts_version ({', '.join(columns)}) SELECT {chosen} FROM prompts_version"
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        execute(raw)
    assert Version.objects.get().prompt_text == version.prompt_text


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_activating_leaves_one_active_and_an_event() -> None:
    save("a", activate=True)
    save("b")
    activate_version(prompt_id="echo", number=2)
    activate_version(prompt_id="echo", number=2)
    assert [version.number for version in Version.objects.active()] == [2]
    events = Event.objects.filter(event_type="prompt.version_activated").order_by("id")
    assert [(event.old_value["active_version"], event.new_value["active_version"]) for event in events] == [
        (None, 1),
        (1, 2),
    ]


def test_there_is_no_falling_back_from_the_active_version() -> None:
    save("a")
    with pytest.raises(VersionNotFound, match=r"no active version \(it has version 1\)"):
        get_version(prompt=get_prompt(prompt_id="echo"))
    for number in (0, 2, 10**12):
        with pytest.raises(VersionNotFound):
            get_version(prompt=get_prompt(prompt_id="echo"), number=number)


def test_rolling_back_in_the_trail_activates_the_version_that_was() -> None:
    save("a", activate=True)
    save("b", activate=True)
    rollback.apply(entity_type="prompt", entity_id="echo", reason="b is worse")
    assert get_version(prompt=get_prompt(prompt_id="echo")).number == 1
    rollback.apply(entity_type="prompt", entity_id="echo")
    assert get_version(prompt=get_prompt(prompt_id="echo")).number == 2
    first = Event.objects.filter(entity_type="prompt", entity_id="echo").order_by("id").first()
    assert first is not None
    rollback.apply(entity_type="prompt", entity_id="echo", to=str(first.uid))
    assert not Version.objects.active().exists()


def test_a_prompt_is_not_removed_by_rolling_back() -> None:
    create_prompt(prompt_id="echo")
    with pytest.raises(Conflict, match="not removed by rolling back"):
        rollback.apply(entity_type="prompt", entity_id="echo")
    assert Prompt.objects.exists()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "prompt_text"),
        ({"prompt_text": "a", "messages": [{"role": "user", "content": "a"}]}, "prompt_text"),
        ({"prompt_text": "  "}, "prompt_text"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user"}]}, "messages[0]"),
        ({"messages": [{"role": "robot", "content": "a"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0]"),
        ({"prompt_text": "a\x00b"}, "content"),
        ({"prompt_text": "a", "notes": "\x00"}, "notes"),
        ({"prompt_text": "a", "settings": {"temprature": 1}}, "settings.temprature"),
        ({"prompt_text": "a", "settings": {"temperature": 3}}, "settings.temperature"),
        ({"prompt_text": "a", "settings": {"temperature": "0"}}, "settings.temperature"),
        ({"prompt_text": "a", "settings": {"max_tokens": 0}}, "settings.max_tokens"),
        ({"prompt_text": "a", "settings": {"seed": True}}, "settings.seed"),
        ({"prompt_text": "a", "settings": {"stop": [1]}}, "settings.stop"),
        ({"prompt_text": "a", "settings": {"model": 4}}, "settings.model"),
        ({"prompt_text": "{{ a }}", "variables": ["a", "b"]}, "variables"),
        ({"prompt_text": "{{ a }}", "variables": []}, "variables"),
    ],
)
def test_a_wrong_version_is_an_error_that_names_the_field(given: dict[str, Any], field: str) -> None:
    with pytest.raises(VersionInvalid) as refused:
        save_version(prompt_id="echo", **given)
    assert refused.value.errors[0].field == field
    assert not Prompt.objects.exists()


def test_a_template_that_does_not_parse_is_not_saved() -> None:
    with pytest.raises(TemplateInvalid):
        save("Say {{ input")
    assert not Prompt.objects.exists()


def test_chat_turns_are_kept_with_variables_and_tokens() -> None:
    turns = [{"role": "system", "content": "You know {{ field }}."}, {"role": "user", "content": "{{ input }}"}]
    version = save_version(prompt_id="chat", messages=turns, variables=["field", "input"]).version
    assert (version.messages, version.prompt_text, version.variables.names) == (turns, None, ["field", "input"])
    assert version.tokens > 10


@pytest.mark.parametrize("prompt_id", ["", "a b", "a/b", "-a", "x" * 129, "ключ", "a\n"])
def test_a_prompt_id_is_a_plain_name(prompt_id: str) -> None:
    with pytest.raises(VersionInvalid) as refused:
        create_prompt(prompt_id=prompt_id)
    assert refused.value.errors[0].field == "prompt_id"


def test_a_prompt_is_made_once_changed_and_deleted() -> None:
    create_prompt(prompt_id="echo", description="d")
    with pytest.raises(PromptExists):
        create_prompt(prompt_id="echo")
    assert update_prompt(prompt_id="echo", description="new").description == "new"
    save()
    delete_prompt(prompt_id="echo")
    assert not Version.objects.exists()
    with pytest.raises(PromptNotFound):
        delete_prompt(prompt_id="echo")
    event = Event.objects.get(event_type="prompt.deleted")
    assert event.context["versions"][0]["prompt_text"] == "Say {{ input }}"
    assert save().number == 1


def test_a_prompt_under_test_is_not_deleted() -> None:
    from prompts.testing import test_prompt_version

    save()
    given = [{"input": "x", "expected_output": "x"}]
    test_prompt_version(prompt_id="echo", number=1, cases=given, queued=False)
    with pytest.raises(PromptBusy):
        delete_prompt(prompt_id="echo")


def test_cases_have_unique_names_and_leave_events() -> None:
    save()
    case = create_test_case(prompt_id="echo", name="a", input="x", expected_output="x")
    with pytest.raises(TestCaseExists):
        create_test_case(prompt_id="echo", name="a", input="x", expected_output="x")
    update_test_case(prompt_id="echo", uid=str(case.uid), expected_output="y")
    update_test_case(prompt_id="echo", uid=str(case.uid), expected_output="y")
    assert keep_test_case(prompt_id="echo", name="a", input="z", expected_output="y").pk == case.pk
    delete_test_case(prompt_id="echo", uid=str(case.uid))
    assert not TestCase.objects.exists()
    with pytest.raises(TestCaseNotFound):
        get_test_case(prompt_id="echo", uid=str(case.uid))
    kinds = Event.objects.filter(entity_type="prompt_test_case").order_by("id").values_list("event_type", flat=True)
    assert [kind.removeprefix("prompt.test_case_") for kind in kinds] == ["created", "changed", "changed", "deleted"]


def test_comparing_shows_text_settings_and_purposes() -> None:
    save("Say {{ input }}\nnow", purpose="first", settings={"temperature": 0})
    save("Tell {{ input }}\nnow", purpose="second", settings={"temperature": 1})
    found = compare_versions(prompt_id="echo", before=1, after=2)
    assert found.text_diff.splitlines() == [
        "--- version 1",
        "+++ version 2",
        "@@ -1,2 +1,2 @@",
        "-Say {{ input }}",
        "+Tell {{ input }}",
        " now",
    ]
    assert [(change.path, change.old, change.new) for change in found.settings_changes] == [("temperature", 0, 1)]
    assert (found.before.purpose, found.after.purpose) == ("first", "second")
    assert (found.verdict.call, found.results_before) == ("not run", None)


def test_a_report_over_untested_versions() -> None:
    save("a")
    save("b")
    report = regression_report(prompt_id="echo")
    assert [row.version.number for row in report.rows] == [1, 2]
    assert (report.verdict.call, report.newest) == ("not run", None)


def test_two_who_save_the_first_version_at_once_both_save_one(monkeypatch: pytest.MonkeyPatch) -> None:
    create = prompts.create_prompt

    def too_late(*, prompt_id: str) -> Prompt:
        create(prompt_id=prompt_id)  # the other one
        return create(prompt_id=prompt_id)

    monkeypatch.setattr(versions, "create_prompt", too_late)
    assert save_version(prompt_id="echo", prompt_text="a").version.number == 1


@pytest.mark.parametrize(
    "text", [{"prompt_text": "Say {{ input }}"}, {"messages": [{"role": "user", "content": "Hi"}]}]
)
def test_the_trail_keeps_no_secret_of_a_version(text: dict[str, Any]) -> None:
    key = "sk-" + "a1" * 12
    spoilt = json.loads(json.dumps(text).replace("Say", f"Say {key}").replace("Hi", f"Hi {key}"))
    save_version(prompt_id="echo", **spoilt, purpose=f"with password=hunter2 and {key}", notes=f"key {key}")
    kept = json.dumps([event.new_value for event in Event.objects.filter(entity_id__startswith="echo")])
    assert "[secret]" in kept
    assert not any(secret in kept for secret in (key, "hunter2"))
    assert key in get_version(prompt=get_prompt(prompt_id="echo"), number=1).text
