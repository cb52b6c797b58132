"""Versions made of other prompts' versions, held fast when they are saved."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import RestrictedError
from hypothesis import given
from hypothesis import strategies as st

from audit.models import Event
from prompts.composition import MAX_LEVELS, MAX_PARTS, ReferenceInvalid
from prompts.labels import move_label
from prompts.models import Prompt, Version, VersionPart
from prompts.prompts import PromptUsed, delete_prompt
from prompts.templates import Message, TemplateInvalid
from prompts.templates.composing import compose, included
from prompts.versions import save_version

pytestmark = pytest.mark.django_db


def save(prompt_id: str, text: str, **more: Any) -> Version:
    return save_version(prompt_id=prompt_id, prompt_text=text, **more).version


def including(name: str) -> str:
    return f'{{% include "{name}" %}}'


@pytest.fixture
def style() -> Version:
    """Version 1 is active, 2 holds staging, 3 is the latest."""
    for text in ("Be brief, {{ name }}.", "Be kind.", "Be bold."):
        save("style", text)
    move_label(prompt_id="style", label="staging", version=2)
    move_label(prompt_id="style", label="production", version=1)
    return Version.objects.get(number=1)


@pytest.mark.usefixtures("style")
class TestReferences:
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("style", "Be brief, {{ name }}."),
            ("style@production", "Be brief, {{ name }}."),
            ("style@staging", "Be kind."),
            ("style@latest", "Be bold."),
            ("style@2", "Be kind."),
        ],
    )
    def test_an_include_stands_for_the_text_of_a_version(self, name: str, text: str) -> None:
        version = save("greeting", f"{including(name)}\nGreet {{{{ input }}}}.")
        assert version.conversation[0].content == f"{text}\nGreet {{{{ input }}}}."
        assert version.text == f"{including(name)}\nGreet {{{{ input }}}}."
        assert version.variables.names == (["input", "name"] if "name" in text else ["input"])

    def test_it_follows_no_label_later_on(self) -> None:
        before = save("greeting", including("style"))
        move_label(prompt_id="style", label="production", version=3)
        assert Version.objects.get(pk=before.pk).conversation[0].content == "Be brief, {{ name }}."
        after = save("greeting", including("style"))
        assert (after.number, after.conversation[0].content) == (2, "Be bold.")
        assert before.content_hash != after.content_hash
        assert save("greeting", including("style")).number == 2

    def test_messages_include_too_and_the_trail_says_what(self) -> None:
        turns = [{"role": "system", "content": including("style@2")}, {"role": "user", "content": "{{ input }}"}]
        version = save_version(prompt_id="chat", messages=turns, variables=["input"]).version
        assert [message.content for message in version.conversation] == ["Be kind.", "{{ input }}"]
        assert version.messages == turns
        event = Event.objects.get(event_type="prompt.version_saved", entity_id="chat@1")
        assert event.new_value["parts"] == {"style@2": "style@2"}

    def test_what_is_included_includes_others(self) -> None:
        save("middle", f"[{including('style@2')}]", activate=True)
        assert save("outer", f"({including('middle')})").conversation[0].content == "([Be kind.])"

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("nothing", "There is no prompt nothing"),
            ("style@9", "has no version 9"),
            ("style@canary", "has no label canary"),
            ("", "There is no prompt"),
            ("chat", "is a conversation, not a text"),
        ],
    )
    def test_what_cannot_be_included_is_said(self, name: str, said: str) -> None:
        save_version(prompt_id="chat", messages=[{"role": "user", "content": "x"}], activate=True)
        with pytest.raises(ReferenceInvalid, match=said):
            save("greeting", including(name))
        assert not Prompt.objects.filter(prompt_id="greeting").exists()

    def test_no_prompt_contains_itself(self) -> None:
        save("inner", "x", activate=True)
        save("outer", including("inner"), activate=True)
        for prompt_id, name in (("inner", "outer"), ("inner", "inner")):
            with pytest.raises(ReferenceInvalid, match=f"contains {prompt_id}, or is it"):
                save(prompt_id, including(name))

    def test_depth_number_and_size_are_bounded(self) -> None:
        save("p0", "x", activate=True)
        for level in range(1, MAX_LEVELS):
            save(f"p{level}", including(f"p{level - 1}"), activate=True)
        save("deepest", including(f"p{MAX_LEVELS - 1}"), activate=True)
        with pytest.raises(ReferenceInvalid, match="at most 10 deep"):
            save("deeper", including("deepest"))
        with pytest.raises(ReferenceInvalid, match="at most 50"):
            save("wide", "".join(including(f"n{number}") for number in range(MAX_PARTS + 1)))
        save("large", "x" * 300_000, activate=True)
        with pytest.raises(TemplateInvalid, match="With what it includes"):
            save("larger", including("large") * 2)

    def test_a_prompt_that_another_includes_is_not_deleted(self) -> None:
        save("greeting", including("style"))
        with pytest.raises(PromptUsed, match="included by greeting@1"):
            delete_prompt(prompt_id="style")
        with pytest.raises(RestrictedError), transaction.atomic():
            Prompt.objects.filter(prompt_id="style").delete()
        delete_prompt(prompt_id="greeting")
        delete_prompt(prompt_id="style")
        connection.check_constraints()

    def test_the_database_holds_references_fast(self) -> None:
        save("greeting", including("style"))
        statements = [
            "UPDATE prompts_versionpart SET part_id = part_id + 1",
            "UPDATE prompts_versionpart SET name = 'other'",
            "DELETE FROM prompts_versionpart",
        ]
        if connection.vendor == "sqlite":
            statements.append("INSERT OR REPLACE INTO prompts_versionpart SELECT * FROM prompts_versionpart")
        for statement in statements:
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
        assert VersionPart.objects.get().part.number == 1

    def test_it_is_told_and_rendered_by_rest(self, api: Any, reader: Any) -> None:
        body = {"prompt_text": f"{including('style')} {{{{ input }}}}", "activate": True}
        saved = api.post("/api/v1/prompts/prompts/greeting/versions", body)
        assert (saved.status_code, saved.json()["parts"]) == (201, {"style": "style@1"})
        given = {"input": {"name": "Mona", "input": "x"}}
        rendered = reader.post("/api/v1/prompts/prompts/greeting/render", given).json()
        assert rendered["messages"][0]["content"] == "Be brief, Mona. x"
        refused = api.post("/api/v1/prompts/prompts/greeting/versions", {"prompt_text": including("none")})
        assert (refused.status_code, refused.json()["code"]) == (400, "reference-invalid")


@pytest.mark.parametrize(
    "text",
    [
        '{% raw %}{% include "a" %}{% endraw %}',
        '{# {% include "a" %} #}',
        "{{ \"{% include 'a' %}\" }}",
        "include",
    ],
)
def test_what_only_looks_like_an_include_is_none(text: str) -> None:
    assert included([Message(role="user", content=text)]) == []


@pytest.mark.parametrize("text", ["{% include %}", "{% include a %}", '{% include "a" b %}', '{% include "a"'])
def test_an_include_names_one_text(text: str) -> None:
    with pytest.raises(TemplateInvalid):
        included([Message(role="user", content=text)])


@given(st.lists(st.sampled_from(["a", "b", '{% include "p" %}', "{%- include 'q' -%}", "{{ x }}", "\n"]), max_size=12))
def test_everything_but_the_includes_stays_as_it_is(pieces: list[str]) -> None:
    [message] = compose([Message(role="user", content="".join(pieces))], {"p": "P", "q": "Q"})
    replaced = {'{% include "p" %}': "P", "{%- include 'q' -%}": "Q"}
    assert message.content == "".join(replaced.get(piece, piece) for piece in pieces)
