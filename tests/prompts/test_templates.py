import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.templates import (
    Message,
    TemplateInvalid,
    VariablesInvalid,
    conversation,
    inspect,
    inspect_messages,
    render,
)


@pytest.mark.parametrize(
    ("template", "required", "optional"),
    [
        ("no variable", set(), set()),
        ("{{ a }} and {{- b -}}", {"a", "b"}, set()),
        ("{{ user.name }} {{ rows[0].id }} {{ text[0:3] }}", {"user", "rows", "text"}, set()),
        ("{{ a|default('x') }} {% if b is defined %}{{ b }}{% endif %}", set(), {"a", "b"}),
        (
            "{% for row in rows %}{{ loop.index }} {{ row }}{% else %}{{ none_left }}{% endfor %}",
            {"rows", "none_left"},
            set(),
        ),
        ("{% for k, v in d|items %}{{ k }}={{ v }}{% endfor %}", {"d"}, set()),
        ("{% for i in range(3) %}{{ i }}{% endfor %}", set(), set()),
        ("{% raw %}{{ a ~ b }}{% endraw %}{# {{ c }} ~ #}", set(), set()),
        ('{"json": {"stays": 1}} {{ a }}', {"a"}, set()),
        ("{{ a if b else c }}", {"a", "b", "c"}, set()),
        ("{{ 'x ~ y' }} {{ a|join(', ') }}", {"a"}, set()),
    ],
)
def test_the_variables_of_a_template_are_known(template: str, required: set[str], optional: set[str]) -> None:
    found = inspect(template)
    assert (found.required, found.optional) == (required, optional)


@pytest.mark.parametrize(
    "template",
    [
        "{{ a",
        "{{ }}",
        "{% for %}",
        "{% if a %}",
        "{{ a ~ a }}",
        "{{ a + a }}",
        "{{ a * 1000000000 }}",
        "{{ '%1000000000d' % 1 }}",
        "{% set x = a %}",
        "{% macro m() %}{% endmacro %}",
        "{% include 'etc' %}",
        "{% import 'x' as x %}",
        "{{ a.clear() }}",
        "{{ a.format(1) }}",
        "{{ namespace() }}",
        "{{ debug() }}",
        "{{ a|replace('a', 'b') }}",
        "{{ a|indent(1000000000) }}",
        "{{ self }}",
        "{{ loop }}",
        "{{ {'a': 1} }}",
        "{{ ''.__class__.__mro__() }}",
        "{{ " + "(" * 5000 + "a" + ")" * 5000 + " }}",
        "x" * 500_001,
    ],
)
def test_what_could_run_for_ever_or_reach_code_is_refused_with_a_reason(template: str) -> None:
    with pytest.raises(TemplateInvalid) as refused:
        inspect(template)
    assert len(refused.value.detail) < 500


def test_values_render_as_text_or_json() -> None:
    values = {"a": "<b>", "n": None, "t": True, "d": {"k": ["é"]}, "f": 1.5}
    assert render("{{ a }} {{ n }} {{ t }} {{ d }} {{ f }}\n", values) == '<b> null true {"k": ["é"]} 1.5\n'


def test_missing_and_unknown_variables_are_errors_that_name_them() -> None:
    with pytest.raises(VariablesInvalid) as refused:
        render("{{ city }} {{ day }}", {"city": "Rome", "dya": 1})
    assert {(error.field, error.code) for error in refused.value.errors} == {
        ("input.day", "missing"),
        ("input.dya", "unknown"),
    }
    assert "takes city, day" in refused.value.detail


def test_a_variable_of_an_untaken_branch_is_still_missing() -> None:
    with pytest.raises(VariablesInvalid):
        render("{% if flag %}{{ text }}{% endif %}", {"flag": False})


def test_a_missing_part_of_a_value_is_an_error() -> None:
    with pytest.raises(VariablesInvalid, match="lacks a part"):
        render("{{ user.name }}", {"user": {}})


@pytest.mark.parametrize(
    ("template", "values"),
    [
        ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", {}),
        ("{% for i in range(9999) %}{{ a }}{% endfor %}", {"a": "x" * 1_000_000}),
        ("{% for i in range(9999) %}" + "x" * 400_000 + "{% endfor %}", {}),
        ("{{ (a|list)|join(a) }}", {"a": "x" * 100_000}),
    ],
)
def test_loops_and_outputs_are_bounded(template: str, values: dict[str, str]) -> None:
    started = time.monotonic()
    with pytest.raises(TemplateInvalid):
        render(template, values)
    assert time.monotonic() - started < 2


def test_a_string_is_the_variable_input() -> None:
    sent = conversation([Message(role="user", content="Say {{ input }}")], "hello", plain=True)
    assert sent == [Message(role="user", content="Say hello")]


def test_without_variables_a_plain_prompt_instructs_and_the_input_is_the_user_message() -> None:
    sent = conversation([Message(role="user", content="Extract keywords.")], "Some text", plain=True)
    assert [(m.role, m.content) for m in sent] == [("system", "Extract keywords."), ("user", "Some text")]


def test_without_variables_chat_turns_get_the_input_at_their_end() -> None:
    turns = [
        Message(role="system", content="s"),
        Message(role="user", content="u"),
        Message(role="assistant", content="a"),
    ]
    assert conversation(turns, "q")[-1] == Message(role="user", content="q")
    assert len(conversation(turns, None)) == 3


def test_a_string_does_not_fill_a_variable_of_another_name() -> None:
    with pytest.raises(VariablesInvalid, match="missing: text; unknown: input"):
        conversation([Message(role="user", content="{{ text }}")], "hello", plain=True)


def test_a_fault_in_one_message_names_it() -> None:
    with pytest.raises(TemplateInvalid) as refused:
        inspect_messages([Message(role="system", content="fine"), Message(role="user", content="{{ a")])
    assert refused.value.errors[0].field == "messages[1].content"


@pytest.mark.parametrize(("template", "value"), [("\ud800", "x"), ("{{ input }}", "\udfff")])
def test_a_lone_surrogate_is_a_named_error(template: str, value: str) -> None:
    with pytest.raises((TemplateInvalid, VariablesInvalid), match="lone surrogate"):
        conversation([Message(role="user", content=template)], value)


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_a_value_is_never_read_as_a_template(text: str) -> None:
    assert render("{{ input }}", {"input": text}) == text


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="{"), max_size=200))
def test_text_without_braces_is_left_as_it_is(text: str) -> None:
    assert render(text, {}) == text


@given(st.text(alphabet="{}%#ab |.\"'()[]\n-~+defaultiransw", max_size=80))
def test_any_text_is_a_template_or_a_named_error(text: str) -> None:
    with suppress(TemplateInvalid, VariablesInvalid):
        render(text, dict.fromkeys(inspect(text).names, "v"))
