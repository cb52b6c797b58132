"""Tries beside the line, and where prompts are found: folders and tags."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit import rollback
from prompts.content import VersionInvalid
from prompts.lookup import VersionNotFound, get_version
from prompts.models import Prompt, Version
from prompts.prompts import check_place, create_prompt, get_prompt, update_prompt
from prompts.regression import regression_report
from prompts.versions import activate_version, adopt_version, save_version
from tests.prompts.test_comparison import SUITE, change_suite, run

pytestmark = pytest.mark.django_db


def save(text: str, branch: str = "", **more: Any) -> Version:
    return save_version(prompt_id="p", prompt_text=f"{text} {{{{ input }}}}", branch=branch, **more).version


def latest() -> int:
    return get_version(prompt=get_prompt(prompt_id="p"), label="latest").number


def test_a_branch_is_numbered_with_the_line_and_is_never_latest() -> None:
    numbers = [save("a").number, save("b", "short").number, save("c", "short").number, save("d").number]
    assert (numbers, latest()) == ([1, 2, 3, 4], 4)
    save("e", "long")
    assert latest() == 4
    assert [version.number for version in Version.objects.on_the_line()] == [4, 1]


def test_there_is_no_latest_where_nothing_is_on_the_line() -> None:
    save("a", "short")
    with pytest.raises(VersionNotFound):
        latest()


def test_the_same_text_on_the_line_and_on_a_branch_are_two_versions() -> None:
    first, tried = save("a"), save("a", "short")
    assert first.content_hash == tried.content_hash
    assert (first.number, tried.number, save("a", "short").number, save("a").number) == (1, 2, 2, 1)


def test_what_was_adopted_is_the_next_version_of_the_line_once() -> None:
    save("a")
    tried = save("b", "short", purpose="shorter", settings={"temperature": 0})
    adopted = adopt_version(prompt_id="p", number=2)
    version = adopted.version
    assert (adopted.created, version.number, version.branch, version.prompt_text) == (True, 3, "", tried.prompt_text)
    assert (version.purpose, version.settings) == ("shorter", {"temperature": 0})
    assert version.notes == "Version 2, of the branch short."
    for number in (2, 3):
        again = adopt_version(prompt_id="p", number=number)
        assert (again.created, again.version.number) == (False, 3)
    assert Version.objects.get(number=2).branch == "short", "losers and winners are kept"


@pytest.mark.parametrize("branch", ["A", "1", "a b", "x" * 65])
def test_a_branch_has_a_plain_name(branch: str) -> None:
    with pytest.raises(VersionInvalid) as refused:
        save("a", branch)
    assert refused.value.errors[0].field == "branch"


def test_the_report_compares_a_branch_with_itself_and_calls_the_line() -> None:
    for text, branch in (("a", ""), ("b", "short"), ("c", "short"), ("d", "")):
        save(text, branch)
    change_suite()
    for number in (1, 2, 3, 4):
        run(number, SUITE)
    report = regression_report(prompt_id="p")
    assert [row.against for row in report.rows] == [None, 1, 2, 1]
    assert (report.newest, report.against) == (4, 1)
    activate_version(prompt_id="p", number=3)
    save("e", "short")
    run(5, SUITE)
    report = regression_report(prompt_id="p")
    assert (report.newest, report.against) == (4, 3)


def test_folders_and_tags_are_found_and_come_back_with_a_rollback(api: Any, reader: Any, admin_client: Client) -> None:
    made = api.post("/api/v1/prompts/prompts", {"prompt_id": "p", "folder": "support/triage", "tags": ["b", "a", "b"]})
    assert (made.status_code, made.json()["folder"], made.json()["tags"]) == (201, "support/triage", ["a", "b"])
    create_prompt(prompt_id="other", folder="supporters")

    def found(**asked: str) -> list[str]:
        return [row["prompt_id"] for row in reader.get("/api/v1/prompts/prompts", asked).json()["results"]]

    assert found(folder="support") == found(folder="support/triage") == found(tag="a") == ["p"]
    assert found(folder="support/tri") == found(tag="c") == []
    changed = api.patch("/api/v1/prompts/prompts/p", {"tags": ["c"]}).json()
    assert (changed["folder"], changed["tags"]) == ("support/triage", ["c"])
    prompt = Prompt.objects.get(prompt_id="p")
    page = reverse("admin:prompts_prompt_move", args=[prompt.pk, "describe"])
    assert admin_client.post(page, {"description": "d", "folder": "archive", "tags": "x, y"}).status_code == 302
    state = get_prompt(prompt_id="p").state()
    assert state == {"description": "d", "active_version": None, "folder": "archive", "tags": ["x", "y"]}
    rollback.apply(entity_type="prompt", entity_id="p")
    prompt.refresh_from_db()
    assert (prompt.description, prompt.folder, prompt.tags) == ("", "support/triage", ["c"])


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"folder": "/a"}, "folder"),
        ({"folder": "a//b"}, "folder"),
        ({"folder": "a/"}, "folder"),
        ({"folder": "x" * 201}, "folder"),
        ({"tags": ["A"]}, "tags"),
        ({"tags": ["a,b"]}, "tags"),
        ({"tags": [f"t{number}" for number in range(21)]}, "tags"),
    ],
)
def test_a_folder_or_tag_that_is_none_is_refused(given: dict[str, Any], field: str) -> None:
    create_prompt(prompt_id="p")
    with pytest.raises(VersionInvalid):
        check_place(**{"folder": "", "tags": [], **given})
    with pytest.raises(VersionInvalid) as refused:
        update_prompt(prompt_id="p", **given)
    assert refused.value.errors[0].field == field
    with pytest.raises(VersionInvalid):
        create_prompt(prompt_id="q", **given)


def test_branches_at_the_doors(api: Any, admin_client: Client, run_command: Any) -> None:
    save("a")
    body = {"prompt_text": "b {{ input }}", "branch": "short"}
    assert api.post("/api/v1/prompts/prompts/p/versions", body).json()["branch"] == "short"
    assert run_command("prompt", "save", "p", "c {{ input }}", "--branch", "short")[0] == 0
    adopted = api.post("/api/v1/prompts/prompts/p/versions/2/adopt")
    assert (adopted.status_code, adopted.json()["version"], adopted.json()["branch"]) == (201, 4, "")
    assert run_command("prompt", "adopt", "p", "3")[1].startswith("[OK] p@5 saved")
    prompt = Prompt.objects.get()
    form = {"prompt": prompt.pk, "prompt_text": "d {{ input }}", "branch": "long"}
    assert admin_client.post(reverse("admin:prompts_version_add"), form).status_code == 302
    page = reverse("admin:prompts_version_move", args=[Version.objects.get(branch="long").pk, "adopt"])
    assert admin_client.post(page).status_code == 302
    assert latest() == 7
    listed = api.get("/api/v1/prompts/prompts/p/versions?branch=short").json()["results"]
    assert [row["version"] for row in listed] == [3, 2]
