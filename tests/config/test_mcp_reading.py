"""What agents read by MCP besides tools: active prompts as commands, things by their address, values to complete."""

import json

import pytest
from mcp import MCPError
from mcp_types import PromptReference, ResourceTemplateReference

from config.mcp import prompts as offered
from escalation.reports import report_bug
from prompts.cases import create_test_case
from prompts.lookup import get_version
from prompts.models import Evaluation, Run
from prompts.versions import save_version
from tests.mcp_client import ask

pytestmark = pytest.mark.django_db
ERAS = pytest.mark.parametrize("mode", ["auto", "legacy"])


@pytest.fixture
def key(key_for):
    return key_for("read")


@pytest.fixture
def kept(db):
    """Three active prompts, one with variables and cases, and one that has no active version."""
    for name in ("b-plain", "c-plain"):
        save_version(prompt_id=name, prompt_text=f"Do {name}.", activate=True)
    save_version(prompt_id="draft", prompt_text="Not yet.")
    messages = [
        {"role": "system", "content": "You write about {{ subject }}."},
        {"role": "user", "content": "In {{ language }}."},
        {"role": "assistant", "content": "Gladly."},
    ]
    saved = save_version(prompt_id="a-chat", messages=messages, purpose="Writes.", activate=True)
    for subject in ("birds", "boats", "cars"):
        create_test_case(
            prompt_id="a-chat", name=subject, input={"subject": subject, "language": "French"}, expected_output="x"
        )
    return saved.version


@ERAS
def test_active_prompts_are_commands_with_their_variables_as_arguments(kept, key, mode):
    listed = ask("list_prompts", key=key, mode=mode).prompts
    assert [item.name for item in listed] == ["a-chat", "b-plain", "c-plain"]
    assert listed[0].description == "Writes."
    assert {item.name for item in listed[0].arguments} == {"subject", "language"}


def test_a_list_of_prompts_goes_on_where_its_cursor_says(kept, key, monkeypatch):
    monkeypatch.setattr(offered, "PAGE", 2)
    first = ask("list_prompts", key=key)
    rest = ask("list_prompts", key=key, cursor=first.next_cursor)
    assert [item.name for item in [*first.prompts, *rest.prompts]] == ["a-chat", "b-plain", "c-plain"]
    assert rest.next_cursor is None
    with pytest.raises(MCPError, match="no cursor of this list"):
        ask("list_prompts", key=key, cursor="nonsense")


@ERAS
def test_a_prompt_is_rendered_with_its_arguments_and_speaks_in_the_protocols_two_roles(kept, key, mode):
    said = ask("get_prompt", "a-chat", {"subject": "birds", "language": "French"}, key=key, mode=mode).messages
    assert [(item.role, item.content.text) for item in said] == [
        ("user", "You write about birds."),
        ("user", "In French."),
        ("assistant", "Gladly."),
    ]


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("nothing", {}, "There is no prompt nothing"),
        ("draft", {}, "has no active version"),
        ("a-chat", {"subject": "birds"}, "language"),
    ],
)
def test_a_prompt_that_cannot_be_made_says_why(kept, key, name, arguments, words):
    with pytest.raises(MCPError, match=words) as refused:
        ask("get_prompt", name, arguments, key=key)
    assert refused.value.error.code == -32602


def test_arguments_are_completed_from_what_test_cases_give_them(kept, key):
    reference = PromptReference(type="ref/prompt", name="a-chat")
    known = ask("complete", reference, {"name": "subject", "value": "b"}, key=key).completion
    assert (sorted(known.values), known.has_more) == (["birds", "boats"], False)
    assert ask("complete", reference, {"name": "other", "value": ""}, key=key).completion.values == []


@ERAS
def test_every_kind_of_thing_is_listed_by_address_and_read_by_it(kept, key, mode):
    bug = report_bug(bug_id="db:7", error_type="DatabaseError", error_message="lost", user_impact="high")
    run = Run.objects.create(
        evaluation=Evaluation.objects.create(prompt=kept.prompt), version=get_version(prompt=kept.prompt), total=1
    )
    templates = [item.uri_template for item in ask("list_resource_templates", key=key, mode=mode).resource_templates]
    assert templates == [
        "bug://{bug_id}",
        "compression://{hash}/{lines}",
        "diagnosis://{id}",
        "memory://{id}",
        "oncall://{schedule}",
        "run://{id}",
        "version://{prompt_id}/{number}",
    ]
    listed = {str(item.uri): item for item in ask("list_resources", key=key, mode=mode).resources}
    assert {"bug://db%3A7", f"run://{run.uid}", "version://a-chat/1"} <= listed.keys()
    for address, expected in [
        ("bug://db%3A7", {"bug_id": bug.bug_id, "error_message": "lost"}),
        (f"run://{run.uid}", {"job": str(run.uid), "prompt": "a-chat@1"}),
        ("version://a-chat/1", {"purpose": "Writes.", "is_active": True}),
    ]:
        [content] = ask("read_resource", address, key=key, mode=mode).contents
        assert content.mime_type == "application/json"
        assert expected.items() <= json.loads(content.text).items()


@pytest.mark.parametrize(
    "address", ["bug://nothing", "version://a-chat/9", "version://a-chat", "other://x", "run://7", "diagnosis://7", "x"]
)
def test_an_address_of_nothing_is_a_wrong_parameter(kept, key, address):
    with pytest.raises(MCPError) as refused:
        ask("read_resource", address, key=key)
    assert refused.value.error.code == -32602


def test_addresses_are_completed_part_by_part(kept, key):
    report_bug(bug_id="db-1", error_type="DatabaseError", error_message="lost", user_impact="low")
    version = ResourceTemplateReference(type="ref/resource", uri="version://{prompt_id}/{number}")
    bug = ResourceTemplateReference(type="ref/resource", uri="bug://{bug_id}")
    given = {"context_arguments": {"prompt_id": "a-chat"}}
    assert ask("complete", version, {"name": "prompt_id", "value": "a"}, key=key).completion.values == ["a-chat"]
    assert ask("complete", version, {"name": "number", "value": ""}, key=key, **given).completion.values == ["1"]
    assert ask("complete", bug, {"name": "bug_id", "value": "db"}, key=key).completion.values == ["db-1"]
    other = ResourceTemplateReference(type="ref/resource", uri="other://{x}")
    assert ask("complete", other, {"name": "x", "value": ""}, key=key).completion.values == []
