import json
import subprocess
import sys
from contextlib import suppress

import minijinja
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prompts.templates import (
    MAX_TEMPLATE,
    Message,
    TemplateInvalid,
    VariablesInvalid,
    conversation,
    inspect,
    inspect_messages,
    render,
)
from tests.patience import costs_little


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
    with costs_little(), pytest.raises(TemplateInvalid):
        render(template, values)


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


@pytest.mark.parametrize(
    "template",
    [
        "Say {{ lang please",
        "Say {{ lang. Don't guess.\nThen {{ input }}",
        "Say {{ lang ` {% if x %}y{% endif %}",
        "Say {% if lang, don't\n{{ input }}",
    ],
)
def test_a_block_that_is_not_closed_is_what_is_wrong_and_not_the_text_after_it(template: str) -> None:
    with pytest.raises(TemplateInvalid, match=r"the block that begins with \{[{%] in line 1 is not closed: its"):
        inspect(template)


def test_braces_within_a_text_of_a_block_close_nothing_and_open_nothing() -> None:
    assert inspect("{{ input | default('{{ x') }}").names == ["input"]
    with pytest.raises(TemplateInvalid, match="is not part of prompt templates"):
        inspect("{{ a ~ b }}")


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


# No template ends the process

APART = """
import json, sys, threading
from contextlib import suppress
from config.errors import DomainError
from prompts.templates import inspect, render

def look():
    for template in json.load(sys.stdin):
        with suppress(DomainError):
            render(template, dict.fromkeys(inspect(template).names, "v"))
    print("alive")

threading.stack_size(512 * 1024)  # a sixteenth of a thread's usual stack
thread = threading.Thread(target=look)
thread.start()
thread.join()
"""


def survives(templates: list[str]) -> bool:
    done = subprocess.run(
        [sys.executable, "-c", APART], input=json.dumps(templates), capture_output=True, text=True, check=False
    )
    return done.returncode == 0 and done.stdout == "alive\n"


def test_the_process_of_the_test_would_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without our count the engine overflows its stack; so what follows can fail."""
    code = "import minijinja; minijinja.Environment().undeclared_variables_in_str('{{ ' + '-' * 60000 + '1 }}')"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode < 0


PARTS = [
    "-", "not ", "|upper", "|default('x')", ".b", "[0]", "[:1]", "[", "(", "1 if 0 else ", "1 and ", "1 or ", "1+",
    "1~", "1*", "1**", "1//", "1%", "1<", "1==", "1 in ", "1 not in ", " is defined", " is not none", "'a' ", "{",
    "{'a':", "f(", "f(a=", "[1,", "(1,", "9", "0x", "1_", "1.", "\\", "'\\", '"', "'", " ", "\n", "\x0b", "{{", "}}",
    "{%", "%}", "{#", "#}", "-%}", "{%-", "{%+", "{% raw %}", "{% endraw %}", "{% if 1 %}", "{% elif 0 %}",
    "{% else %}", "{% endif %}", "# for", "{% for i in [1] %}", "{% for i in [1] recursive %}", "{% endfor %}",
    "{% set a = 1 %}", "{% set a %}", "{% endset %}", "{% macro f() %}", "{% call f() %}", "{% with %}",
    "{% block b %}", "{% filter upper %}", "{% do f() %}", "{{ loop(1) }}", "{% include 'a' %}", "{% include ['a',",
    "{% extends 'a' %}", "{% import 'a' as b %}", "{% autoescape true %}", "é", "{{ 'x' }}", "{% if x %}{% endif %}",
]  # fmt: skip


@pytest.mark.parametrize(
    "around", [("{{ ", "1 }}"), ("{% if ", "1 %}x{% endif %}"), ("", ""), ("{% for i in ", "1 %}")]
)
def test_no_part_repeated_to_the_size_limit_ends_the_process(around: tuple[str, str]) -> None:
    before, after = around
    long = [before + part * ((MAX_TEMPLATE - 100) // len(part)) + after for part in PARTS]
    assert survives(
        [*long, *(before + part * 7600 + after for part in PARTS), *(before + part * 150 + after for part in PARTS)]
    )


@st.composite
def hostile(draw: st.DrawFn) -> str:
    """Runs of parts that nest, closed again or not, in blocks or text."""
    runs = draw(st.lists(st.tuples(st.sampled_from(PARTS), st.integers(1, 400)), min_size=1, max_size=6))
    inner = "".join(part * times for part, times in runs)
    whole = draw(st.sampled_from(["{0}", "{{{{ {0}1 }}}}", "{{% if {0}1 %}}{{% endif %}}", "{0}{1}"]))
    closing = "".join({"(": ")", "[": "]", "{": "}"}.get(part, "") * times for part, times in reversed(runs))
    text = whole.format(inner, closing)
    return (text * draw(st.sampled_from([1, 1, 3, 40])))[:MAX_TEMPLATE]


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(hostile(), min_size=30, max_size=60))
def test_no_template_ends_the_process(templates: list[str]) -> None:
    assert survives(templates)


@pytest.mark.parametrize(
    "template",
    [
        "{{ " + "-" * 19_500 + "1 }}",
        "{% if 0 %}" + "{% elif 0 %}" * 7_600 + "{% endif %}",
        "{{ 1" + "|upper" * 33_000 + " }}",
        "{{ " + "1 if 0 else " * 37_500 + "1 }}",
        *("{{ " + part * 60_000 + "1 }}" for part in ("not ", "1 and ", "1+", "1~")),
        *("{{ a" + part * 60_000 + " }}" for part in (".b", "[0]", "[:1]")),
        "{% for a in b %}" * 61 + "{% endfor %}" * 61,
        "{% if a %}" * 61 + "{% endif %}" * 61,
        ("{% if a %}" + "{% elif b %}" * 5) * 11 + "{% endif %}" * 11,
        "{{ a }}" * 5_001,
        "{# no end",
        "{% raw %}{{ a }}",
        "{{ 'a }}",
        "{% if a }}{% endif %}",
    ],
)
def test_what_nests_too_deep_or_does_not_end_is_refused_with_its_line(template: str) -> None:
    with pytest.raises(TemplateInvalid, match=r"[Ll]ine 1"):
        inspect(template)


def test_what_prompts_are_made_of_stays_far_below_the_limits() -> None:
    branches = "{% if kind == 'k0' %}" + "".join(f"{{% elif kind == 'k{n}' %}}{n}" for n in range(50)) + "{% endif %}"
    listed = "{% if word in [" + ", ".join(f"'w{n}'" for n in range(2_000)) + "] %}yes{% endif %}"
    rows = "{{ row.a }} {{ row['b']|default('none')|trim|upper }}\n" * 1_000
    assert inspect(branches + listed + rows).names == ["kind", "row", "word"]


LEXEMES = [
    "{{", "}}", "{%", "%}", "{#", "#}", "{%-", "-%}", "{%+", "+%}", "-}}", "raw", "endraw", "if", "endif", "a", "b",
    "'", '"', "\\", " ", "\n", "\x0b", "\x1c", "\xa0", "{", "}", "c.d", "(", ")", "|upper", "é",
]  # fmt: skip


@settings(max_examples=400)
@given(st.lists(st.sampled_from(LEXEMES), max_size=24))
def test_what_the_engine_reads_we_have_read(parts: list[str]) -> None:
    """Else a block could hide behind a comment or a raw block that the engine does not see, counted by nobody."""
    template = "".join(parts)
    try:
        read = minijinja.Environment().undeclared_variables_in_str(template)
    except minijinja.TemplateError:
        return
    with suppress(TemplateInvalid):
        assert set(inspect(template).names) >= set(read)


def test_messages_together_have_the_size_of_one_text() -> None:
    many = [Message(role="user", content="{{ a }}")] * 5
    with pytest.raises(TemplateInvalid, match="passes"):
        conversation(many, {"a": "x" * 1_000_000})
