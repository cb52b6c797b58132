"""Labels: which version is for what; they move, are taken away, come back by a rollback."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from audit import rollback
from audit.models import Event
from audit.trail import record
from config.context import acting_as
from config.errors import Conflict
from prompts import tasks, triggers
from prompts.content import VersionInvalid
from prompts.labels import LabelProtected, ProtectionKept, move_label, remove_label
from prompts.lookup import LabelNotFound, VersionNotFound, get_label, get_version
from prompts.models import Label, Version
from prompts.prompts import get_prompt
from prompts.versions import activate_version, save_version

pytestmark = pytest.mark.django_db
ECHO = "/api/v1/prompts/prompts/echo"


@pytest.fixture(autouse=True)
def three_versions() -> None:
    for text in ("a {{ input }}", "b {{ input }}", "c {{ input }}"):
        save_version(prompt_id="echo", prompt_text=text)


def move(label: str, version: int, **more: Any) -> Label:
    return move_label(prompt_id="echo", label=label, version=version, **more)


def held() -> dict[str, int]:
    return dict(Label.objects.order_by("name").values_list("name", "version__number"))


def holder(label: str) -> int:
    return get_version(prompt=get_prompt(prompt_id="echo"), label=label).number


def told(state: dict[str, Any], before: dict[str, Any] | None = None) -> Event:
    """An event of the prompt as it was recorded before there were labels."""
    kind = {"event_type": "prompt.version_activated", "entity_type": "prompt", "entity_id": "echo"}
    return record(**kind, old_value=before, new_value=state)


def test_a_label_is_held_by_one_version_and_a_version_by_several_labels() -> None:
    move("staging", 2)
    move("canary", 2)
    move("staging", 3)
    assert held() == {"canary": 2, "staging": 3}
    assert [version.label_names for version in Version.objects.order_by("number")] == [[], ["canary"], ["staging"]]
    prompt = get_prompt(prompt_id="echo")
    with pytest.raises(IntegrityError), transaction.atomic():
        Label.objects.create(prompt=prompt, name="staging", version=prompt.versions.get(number=1))


def test_latest_is_whichever_version_was_saved_last_and_no_label_that_is_kept() -> None:
    assert holder("latest") == 3
    save_version(prompt_id="echo", prompt_text="d")
    assert holder("latest") == 4
    with pytest.raises(VersionInvalid, match="always the version that was saved last"):
        move("latest", 1)


def test_active_is_whichever_version_holds_production() -> None:
    move("production", 1)
    assert get_prompt(prompt_id="echo").active == Version.objects.active().get() == Version.objects.get(number=1)
    assert activate_version(prompt_id="echo", number=2).is_active
    assert [version.number for version in Version.objects.active()] == [2]
    assert [version.is_active for version in Version.objects.order_by("number")] == [False, True, False]


def test_every_move_leaves_an_event_with_the_state_before_and_after() -> None:
    move("production", 1)
    move("staging", 2)
    move("staging", 2)
    remove_label(prompt_id="echo", label="staging")
    events = Event.objects.filter(entity_type="prompt", entity_id="echo").order_by("id")[1:]
    empty: dict[str, Any] = {"description": "", "active_version": None}
    first = {**empty, "active_version": 1}
    assert [(event.event_type, event.old_value, event.new_value) for event in events] == [
        ("prompt.version_activated", empty, first),
        ("prompt.label_moved", first, {**first, "labels": {"staging": 2}}),
        ("prompt.label_removed", {**first, "labels": {"staging": 2}}, first),
    ]


def test_a_label_that_is_gone_is_found_no_more() -> None:
    move("staging", 2)
    remove_label(prompt_id="echo", label="staging")
    with pytest.raises(LabelNotFound, match="has no label staging"):
        holder("staging")
    with pytest.raises(LabelNotFound):
        get_label(prompt=get_prompt(prompt_id="echo"), name="staging")
    with pytest.raises(LabelNotFound):
        remove_label(prompt_id="echo", label="staging")
    with pytest.raises(VersionNotFound, match="no active version"):
        holder("production")


@pytest.mark.parametrize("name", ["", "Staging", "1", "-a", "a b", "a/b", "x" * 65, "staging\n"])
def test_a_label_is_a_plain_name(name: str) -> None:
    with pytest.raises(VersionInvalid) as refused:
        move(name, 1)
    assert refused.value.errors[0].field == "label"
    with pytest.raises(VersionNotFound):
        move("staging", 9)
    assert held() == {}


class TestProtection:
    @pytest.fixture(autouse=True)
    def protected(self) -> Iterator[None]:
        move("production", 1, protected=True)
        with acting_as(actor="writer", scope="write"):
            yield

    def test_a_protected_label_is_not_taken_away(self) -> None:
        with pytest.raises(LabelProtected, match="Take its protection off"):
            remove_label(prompt_id="echo", label="production")
        assert held() == {"production": 1}

    def test_only_an_administrator_takes_the_protection_off(self) -> None:
        with pytest.raises(ProtectionKept):
            move("production", 1, protected=False)
        with acting_as(scope="admin"):
            assert not move("production", 1, protected=False).protected
        remove_label(prompt_id="echo", label="production")

    @pytest.mark.parametrize(("active", "refusal"), [(1, ProtectionKept), (None, LabelProtected)])
    def test_a_rollback_neither_lifts_it_nor_takes_the_label_away(
        self, active: int | None, refusal: type[Exception]
    ) -> None:
        before = told({"description": "", "active_version": active})
        with pytest.raises(refusal):
            rollback.apply(entity_type="prompt", entity_id="echo", to=str(before.uid), force=True)
        assert Label.objects.get().protected


def test_a_rollback_gives_each_label_back() -> None:
    for label, version in (("production", 1), ("staging", 1), ("production", 2), ("staging", 3)):
        move(label, version)
    rollback.apply(entity_type="prompt", entity_id="echo")
    assert held() == {"production": 2, "staging": 1}
    before_staging = Event.objects.filter(event_type="prompt.version_activated").order_by("id").first()
    assert before_staging is not None
    rollback.apply(entity_type="prompt", entity_id="echo", to=str(before_staging.uid))
    assert held() == {"production": 1}


def test_events_of_before_there_were_labels_still_roll_back() -> None:
    move("production", 2)
    first = {"description": "", "active_version": 1}
    told(first)
    told({**first, "active_version": 2}, before=first)
    assert rollback.plan(entity_type="prompt", entity_id="echo").conflicts == []
    rollback.apply(entity_type="prompt", entity_id="echo")
    assert held() == {"production": 1}


@pytest.mark.parametrize("labels", ["staging", {"staging": "x"}, {"staging": 9}, [1]])
def test_a_state_that_no_prompt_can_have_is_refused(labels: Any) -> None:
    strange = told({"description": "", "active_version": None, "labels": labels})
    told({"description": "", "active_version": None})
    with pytest.raises((Conflict, VersionNotFound)):
        rollback.apply(entity_type="prompt", entity_id="echo", to=str(strange.uid))
    assert held() == {}


@pytest.mark.django_db(transaction=True)
def test_the_migration_labels_each_active_version_unprotected_and_can_be_taken_back() -> None:
    save_version(prompt_id="other", prompt_text="z", activate=True)
    save_version(prompt_id="idle", prompt_text="z")
    activate_version(prompt_id="echo", number=2)
    kept = ("prompt__prompt_id", "version__number", "name", "protected")
    expected = set(Label.objects.values_list(*kept))
    migrate("0003_run_conditions")
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT number FROM prompts_version WHERE is_active ORDER BY number")
            assert [number for (number,) in cursor.fetchall()] == [1, 2]
    finally:
        migrate()
    assert set(Label.objects.values_list(*kept)) == expected
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        Version.objects.update(notes="changed")


@pytest.mark.django_db(transaction=True)
def test_with_nothing_to_migrate_the_guards_stay_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    removed: list[str] = []
    monkeypatch.setattr(triggers, "remove", removed.append)
    migrate()
    assert removed == []


def migrate(*to: str) -> None:
    call_command("migrate", "prompts", *to, verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_of_two_moves_at_once_one_holds_and_both_are_in_the_trail() -> None:
    together = threading.Barrier(2)

    def go(version: int) -> None:
        try:
            together.wait(60)
            move("staging", version)
        finally:
            connection.close()

    both = [threading.Thread(target=go, args=[version]) for version in (1, 2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    first, second = Event.objects.filter(event_type="prompt.label_moved").order_by("id")
    assert second.old_value == first.new_value
    assert held() == second.new_value["labels"]
    assert {first.new_value["labels"]["staging"], held()["staging"]} == {1, 2}


def test_labels_are_the_same_by_rest_command_job_and_admin(
    api: Any, reader: Any, admin_client: Client, run_command: Any
) -> None:
    one = f"{ECHO}/labels/staging"
    answer = api.put(one, {"version": 1})
    assert (answer.status_code, answer.json()["version"], answer.json()["protected"]) == (200, 1, False)
    assert run_command("prompt_label", "echo", "staging", "2")[:2] == (0, "[OK] echo@2 holds staging\n")
    assert reader.get(one).json()["version"] == 2
    tasks.move_label.delay(prompt_id="echo", label="staging", version=3)
    assert [row["version"] for row in reader.get(f"{ECHO}/labels").json()["results"]] == [3]
    page = reverse("admin:prompts_version_move", args=[Version.objects.get(number=1).pk, "give_label"])
    assert admin_client.post(page, {"label": "staging", "protected": "unknown"}).status_code == 302
    assert reader.get(f"{ECHO}/versions?label=staging").json()["results"][0]["labels"] == ["staging"]
    assert reader.get(f"{ECHO}/versions/1").json()["is_active"] is False
    assert "staging" in run_command("prompt_label", "echo")[1]
    rendered = reader.post(f"{ECHO}/render", {"label": "staging", "input": "x"}).json()
    assert (rendered["version"], rendered["messages"][0]["content"]) == (1, "a x")
    assert run_command("prompt", "show", "echo", "--label", "staging")[1].strip() == "a {{ input }}"
    assert reader.put(one, {"version": 2}).status_code == 403
    assert api.put(one, {"version": 9}).json()["code"] == "version-not-found"
    assert api.put(f"{ECHO}/labels/latest", {"version": 1}).status_code == 400
    assert api.delete(one).status_code == 204
    gone = reader.get(one)
    assert (gone.status_code, gone.json()["code"]) == (404, "label-not-found")


def test_protection_at_the_doors(api: Any, admin_api: Any, admin_client: Client, run_command: Any) -> None:
    one = f"{ECHO}/labels/production"
    assert api.put(one, {"version": 1, "protected": True}).json()["protected"] is True
    assert api.delete(one).json()["code"] == "label-protected"
    refused = api.put(one, {"version": 1, "protected": False})
    assert (refused.status_code, refused.json()["code"]) == (403, "protection-kept")
    assert admin_api.put(one, {"version": 1, "protected": False}).json()["protected"] is False
    label = Label.objects.get()
    for name, expected in (("protect", True), ("unprotect", False)):
        assert admin_client.post(reverse("admin:prompts_label_move", args=[label.pk, name])).status_code == 302
        assert Label.objects.get().protected is expected
    assert run_command("prompt_label", "echo", "production", "1", "--protected")[1].endswith("(protected)\n")
    assert run_command("prompt_label", "echo", "production", "--remove")[0] == 2
    assert run_command("prompt_label", "echo", "production", "1", "--no-protected")[0] == 0
    assert run_command("prompt_label", "echo", "production")[0] == 2
    assert run_command("prompt_label", "echo", "production", "--remove")[:2] == (0, "[OK] production is gone\n")
    assert not Label.objects.exists()
