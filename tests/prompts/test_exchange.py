"""Prompts in the files of others: read, written, read again, and what is lost is named."""

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from prompts import exchange, templates
from prompts.exchange import Carried, File, Unreadable, case_files, yaml_text
from prompts.exchange.literals import beyond, literal
from prompts.exchange.names import placed, tags
from prompts.templates.blocks import FILTERS

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), max_size=80)
SKILL = """---
name: review
description: 'Review a change: what breaks, what is missing.'
argument-hint: <change>
disable-model-invocation: true
---
# Review

Of $ARGUMENTS, in {{ braces }} and {% tags %}, for {$ARGUMENTS and {
"""
CASES = (
    {"name": "a", "input": "x", "expected_output": "y"},
    {"name": "b", "input": {"input": "two\nlines"}, "assertions": [{"type": "icontains", "value": "z"}]},
)
FULL = Carried(
    prompt_id="full",
    prompt_text="Say {{ input }}: {% raw %}{{ no }}{% endraw %}\n\n---\nend",
    purpose="Say it",
    notes="First: a try",
    settings={"model": "gpt-4o", "temperature": 0.5, "stop": ["a", "b"]},
    description="What it is",
    folder="one/two",
    tags=("x", "y-z"),
    cases=({**CASES[0], "must_pass": True, "type": "smoke"}, {**CASES[1], "threshold": 0.5}),
)
CHAT = Carried(
    prompt_id="chat",
    messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "{{ input }}"}],
    cases=CASES,
)


def read(form: Any, **files: str) -> exchange.Read:
    return exchange.read([File(path=path.replace("__", "/"), text=text) for path, text in files.items()], form)


def again(carried: Carried, form: Any) -> tuple[Carried, list[str]]:
    """What becomes of a prompt that goes out and comes back, and what was said of what is lost."""
    written = exchange.write([carried], form)
    came = exchange.read(written.files, form)
    return came.prompts[0], written.left + came.left


@given(text=TEXT)
def test_any_text_is_a_template_that_renders_as_it(text: str) -> None:
    assert templates.render(literal(text), {}) == text
    assert templates.render(literal(text) + "{{ x }}", {"x": "!"}) == f"{text}!"


@pytest.mark.parametrize("form", ["jsonl", "markdown"])
@pytest.mark.parametrize("carried", [FULL, CHAT, Carried(prompt_id="p", prompt_text='{% include "a@2" %}')])
def test_our_own_formats_lose_nothing(form: Any, carried: Carried) -> None:
    came, left = again(carried, form)
    assert came == carried
    assert left == []


@given(text=TEXT.filter(str.strip), purpose=TEXT.map(str.strip))
def test_a_text_comes_back_from_our_own_formats_as_it_was(text: str, purpose: str) -> None:
    carried = Carried(prompt_id="p", prompt_text=literal(text), purpose=purpose)
    for form in ("jsonl", "markdown"):
        assert again(carried, form)[0] == carried


def test_promptfoo_carries_text_settings_and_cases_and_names_the_rest() -> None:
    came, left = again(replace(FULL, notes="", description="", tags=()), "promptfoo")
    assert came == replace(
        FULL,
        notes="",
        description="",
        tags=(),
        cases=(
            {"name": "a", "input": "x", "assertions": [{"type": "equals", "value": "y"}]},
            {**CASES[1], "input": "two\nlines", "threshold": 0.5},
        ),
    )
    assert left == ["full: type of a, must_pass of a cannot be said in this format."]
    assert again(CHAT, "promptfoo")[0].messages == CHAT.messages
    assert "notes, description, tags" in exchange.write([FULL], "promptfoo").left[0]


def test_a_configuration_of_promptfoo_is_read_with_the_files_it_names() -> None:
    config = """
description: Translator
prompts:
  - file://prompts/one.txt
  - "Translate {{word}} into German"
  - {label: team/third, raw: '[{"role": "user", "content": "{{word}}"}]'}
providers: [{id: "openai:chat:gpt-4o", config: {temperature: 0, apiKey: sk-1}}]
defaultTest: {assert: [{type: latency, threshold: 500}]}
sharing: false
tests:
  - {description: sun, vars: {word: sun}, assert: [{type: equals, value: Sonne}, {type: llm-rubric, value: is German}]}
  - vars: {word: moon}
    assert:
      - {type: cost, threshold: 0.001}
      - {type: contains-any, value: "Mond, Luna", metric: m, provider: x}
  - file://more.csv
  - file://lost.yaml
"""
    found = read(
        "promptfoo",
        **{"foo__promptfooconfig.yaml": config, "foo__prompts__one.txt": "One {{ word }}"},
        **{"foo__more.csv": "word,__expected\nstar,icontains: stern\n"},
    )
    assert [carried.prompt_id for carried in found.prompts] == ["one", "prompt-2", "third"]
    assert (found.prompts[0].prompt_text, found.prompts[2].folder) == ("One {{ word }}", "team")
    assert found.prompts[1].settings == {"model": "gpt-4o", "temperature": 0}
    latency = {"type": "latency", "threshold": 500}
    assert found.prompts[0].cases == (
        {"name": "sun", "input": {"word": "sun"}, "assertions": [latency, {"type": "equals", "value": "Sonne"}]},
        {
            "name": "case 2",
            "input": {"word": "moon"},
            "assertions": [
                latency,
                {"type": "cost", "threshold": 1000},
                {"type": "contains-any", "value": ["Mond", "Luna"], "metric": "m"},
            ],
        },
        {"name": "case 1", "input": {"word": "star"}, "assertions": [{"type": "icontains", "value": "stern"}]},
    )
    told = " ".join(found.left)
    assert all(
        word in told for word in ("sharing", "apiKey", "llm-rubric", "contains-any.provider", "file://lost.yaml")
    )


def test_a_prompt_of_langfuse_comes_and_goes() -> None:
    system = {"role": "system", "content": "Sort {{ ticket }}, not {% this %}"}
    named = {"name": "support/triage", "labels": ["production"], "tags": ["Help Desk"], "commitMessage": "better"}
    chat = [system, {"type": "placeholder", "name": "past"}]
    listed = [
        {**named, "version": 2, "type": "chat", "config": {"temperature": 0, "color": "red"}, "prompt": chat},
        {**named, "version": 1, "prompt": "@@@langfusePrompt:name=tone|label=production@@@ {{x}}"},
    ]
    found = read("langfuse", **{"all.json": json.dumps({"data": listed, "meta": {}})})
    first, second = found.prompts
    assert first.prompt_text == '{% include "tone@production" %} {{ x }}'
    assert (second.prompt_id, second.folder, second.notes, second.tags) == (
        "triage",
        "support",
        "better",
        ("help-desk",),
    )
    assert templates.render(second.messages[0]["content"], {"ticket": "T"}) == "Sort T, not {% this %}"  # type: ignore[index]
    assert len(second.messages or ()) == 1
    told = " ".join(found.left)
    assert all(word in told for word in ("config.color", "placeholder past", "production"))
    assert again(second, "langfuse")[0] == second


@pytest.mark.parametrize(
    "text", ["{% if x %}a{% endif %}", "{{ x|upper }}", "{{ x.y }}", "{% raw %}{{ x }}{% endraw %}"]
)
def test_what_only_a_template_can_say_stays_behind_by_name(text: str) -> None:
    written = exchange.write([Carried(prompt_id="p", prompt_text=text, purpose="x")], "langfuse")
    assert json.loads(written.files[0].text) == []
    assert any("templates alone" in line for line in written.left)


def test_samples_of_an_eval_are_one_prompt_and_a_case_each() -> None:
    system = {"role": "system", "content": "Capital of the {country}?"}
    lines = [
        {"input": [system, {"role": "user", "content": "France"}], "ideal": "Paris"},
        {"input": [system, {"role": "user", "content": "Spain"}], "ideal": ["Madrid", "Madrid | city."]},
        {"input": [{"role": "user", "content": "else"}], "ideal": "?"},
    ]
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    found = read("openai-evals", **{"capitals.jsonl": text})
    [carried] = found.prompts
    assert carried.messages == [system, {"role": "user", "content": "{{ input }}"}]
    assert carried.cases[0] == {"name": "sample 1", "input": "France", "expected_output": "Paris"}
    assert "line 3" in found.left[0]
    [file] = exchange.write([carried], "openai-evals").files
    assert [json.loads(line) for line in file.text.splitlines()] == lines[:2]
    items = read("openai-evals", **{"i.jsonl": json.dumps({"item": {"q": "2+2", "ground_truth": "4"}})})
    assert items.prompts[0].cases == ({"name": "sample 1", "input": {"q": "2+2"}, "expected_output": "4"},)


def test_a_skill_comes_back_to_the_byte() -> None:
    found = read("claude-skills", **{"skills__review__SKILL.md": SKILL})
    [carried] = found.prompts
    assert (carried.prompt_id, carried.tags, found.left) == ("review", ("by-hand",), [])
    assert templates.inspect(carried.prompt_text or "").required == {"change"}
    [file] = exchange.write([carried], "claude-skills").files
    assert (file.path, file.text) == ("review/SKILL.md", SKILL)


def test_a_command_with_named_and_numbered_words_keeps_them() -> None:
    front = "description: Fix\nargument-hint: <issue> [branch]\narguments: [issue, branch]\n"
    text = f"---\n{front}---\nFix $issue on $branch, $1.\n"
    [carried] = read("claude-commands", **{"fix.md": text}).prompts
    variables = templates.inspect(carried.prompt_text or "")
    assert (variables.required, variables.optional) == ({"issue"}, {"branch", "argument_1"})
    [file] = exchange.write([carried], "claude-commands").files
    assert (file.path, yaml.safe_load(file.text.split("---")[1])["arguments"]) == ("fix.md", ["branch", "issue"])
    assert file.text.endswith("Fix $issue on $branch, $1.\n")


def test_other_agents_are_told_in_words_what_an_argument_is() -> None:
    [carried] = read("claude-skills", **{"review__SKILL.md": SKILL}).prompts
    for form in ("codex", "cursor"):
        [file] = exchange.write([carried], form).files  # type: ignore[arg-type]
        assert file.path == "review/SKILL.md"
        assert "Of <change>, in {{ braces }}" in file.text
        assert "$ARGUMENTS" not in file.text
    [file] = exchange.write([carried], "gemini").files
    import tomllib

    said = tomllib.loads(file.text)
    assert (file.path, said["description"]) == ("review.toml", carried.purpose)
    assert "Of {{args}}, in {{ braces }}" in said["prompt"]


def test_what_a_skill_cannot_hold_is_named() -> None:
    written = exchange.write([FULL, CHAT], "claude-skills")
    assert [file.path for file in written.files] == ["full/SKILL.md"]
    told = " ".join(written.left)
    assert all(
        word in told for word in ("notes, settings, folder, description", "x, y-z", "2 test cases", "conversation")
    )
    dollar = exchange.write([Carried(prompt_id="p", prompt_text="It costs $1.", purpose="x")], "claude-skills")
    assert any("place for arguments" in line for line in dollar.left)
    front = read("claude-commands", **{"c.md": "---\nallowed-tools: Bash\nmodel: opus\n---\n!`git diff`\n"})
    assert front.left == [
        "c.md: allowed-tools, model has no place here.",
        "c.md: !`git diff` is run by Claude Code alone; here it is text.",
    ]


@pytest.mark.parametrize(
    ("path", "text", "form"),
    [
        ("a/SKILL.md", "x", "claude-skills"),
        ("promptfooconfig.yaml", "prompts: []", "promptfoo"),
        ("commands/fix.md", "x", "claude-commands"),
        ("fix.md", "---\nargument-hint: '[x]'\n---\n", "claude-commands"),
        ("fix.md", "Say {{ x }}", "markdown"),
        ("a.jsonl", '{"prompt_id": "p"}', "jsonl"),
        ("a.jsonl", '{"input": "x", "ideal": "y"}', "openai-evals"),
        ("a.json", '{"name": "x", "prompt": "y"}', "langfuse"),
    ],
)
def test_files_tell_their_format(path: str, text: str, form: str) -> None:
    assert exchange.guess([File(path=path, text=text)]) == form


@pytest.mark.parametrize(
    ("form", "path", "text"),
    [
        ("jsonl", "a.jsonl", '{"prompt_id": "a"}\n{"prompt_id":'),
        ("jsonl", "a.jsonl", '["x"]'),
        ("jsonl", "a.jsonl", '{"prompt_text": "x"}'),
        ("jsonl", "a.jsonl", '{"prompt_id": "a", "cases": [1]}'),
        ("jsonl", "a.jsonl", '{"prompt_id": "a", "settings": []}'),
        ("jsonl", "a.jsonl", ""),
        ("markdown", "a.md", "---\n- list\n---\nx"),
        ("markdown", "a.md", "---\nmessages: [{role: user, content: x}]\n---\ntext"),
        ("markdown", "a.txt", "x"),
        ("promptfoo", "a.yaml", "prompts: *x"),
        ("promptfoo", "a.yaml", "a: &x [1]\nprompts: [*x]"),
        ("promptfoo", "a.yaml", "tests: []"),
        ("promptfoo", "a.yaml", "[" * 5000),
        ("langfuse", "a.json", '{"name": "x"}'),
        ("langfuse", "a.json", '{"name": "x", "type": "chat", "prompt": [{"role": "user"}]}'),
        ("openai-evals", "a.jsonl", '{"input": 1, "ideal": "x"}'),
        ("openai-evals", "a.jsonl", '{"input": "x", "ideal": 4}'),
        ("claude-skills", "a.md", "x"),
        ("claude-commands", "a.txt", "x"),
        ("claude-commands", "!.md", "x"),
    ],
)
def test_what_is_no_file_of_the_format_is_refused(form: Any, path: str, text: str) -> None:
    with pytest.raises(Unreadable):
        exchange.read([File(path=path, text=text)], form)


def test_nothing_tells_the_format_of_anything() -> None:
    with pytest.raises(Unreadable, match="Name one"):
        exchange.guess([File(path="a.txt", text="x")])


def test_more_than_the_bounds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MAX_CHARACTERS", 10)
    with pytest.raises(Unreadable, match="in parts"):
        read("markdown", **{"a.md": "x" * 11})
    monkeypatch.setattr(yaml_text, "MAX_YAML", 5)
    with pytest.raises(Unreadable, match="characters of YAML"):
        yaml_text.load("prompts: []", "a.yaml")


def test_a_date_in_yaml_is_the_text_it_was() -> None:
    assert yaml_text.load("a: 2026-11-30\nb: 1\nc: true", "a.yaml") == {"a": "2026-11-30", "b": 1, "c": True}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("support/Triage a ticket!", ("Triage-a-ticket", "support")),
        ("/a b/c/d/", ("d", "a-b/c")),
        ("-x-", ("x", "")),
        ("a" * 300, ("a" * 128, "")),
    ],
)
def test_a_name_of_others_becomes_one_of_ours(name: str, found: tuple[str, str]) -> None:
    assert placed(name) == found


def test_tags_of_others_become_ours() -> None:
    assert tags(["Help Desk", "x", "x", "--", 3, None]) == ("help-desk", "x", "3")
    assert tags("no list") == ()


CSV = """input,__expected,__expected2,__description,__threshold,__type,__must_pass,__odd
sun,Sonne,,first,,,true,
"a, ""b\"\"","contains: x","not-contains-any: y, z",,0.5,smoke,,
"two
lines",levenshtein(3): abc,is-json,,,,,
"""


def test_cases_in_csv_say_what_promptfoo_says() -> None:
    cases, left = case_files.read(File(path="cases.csv", text="\ufeff" + CSV))
    assert cases == [
        {"name": "first", "input": "sun", "expected_output": "Sonne", "must_pass": True},
        {
            "name": "case 2",
            "input": 'a, "b"',
            "assertions": [{"type": "contains", "value": "x"}, {"type": "not-contains-any", "value": ["y", "z"]}],
            "threshold": 0.5,
            "type": "smoke",
        },
        {
            "name": "case 3",
            "input": "two\nlines",
            "assertions": [{"type": "levenshtein", "value": "abc", "threshold": 3.0}, {"type": "is-json"}],
        },
    ]
    assert left == ["cases.csv: the column __odd has no place here."]
    text, lost = case_files.write(cases, as_csv=True)
    assert (case_files.read(File(path="a.csv", text=text))[0], lost) == (cases, [])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("input,expected\nx,y\n", "no column __expected"),
        ("input,input,__expected\nx,y,z\n", "name of its own"),
        ("input,__expected\nx\n", "line 2 has 1 cells"),
        ("input,__expected\nx,\n", "could not fail"),
        ('input,__expected\n"x,y\n', "no CSV"),
        ("input,__expected,__threshold\nx,y,much\n", "no threshold"),
        ("", "no column __expected"),
    ],
)
def test_a_wrong_csv_is_refused_with_its_line(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        case_files.read(File(path="cases.csv", text=text))


def test_cases_in_json_lines_come_back_and_csv_names_what_it_loses() -> None:
    cases = [
        {"name": "a", "input": {"n": 3, "t": "x"}, "assertions": [{"type": "contains", "value": "x", "weight": 2}]},
        {"name": "b", "input": "x", "assertions": [{"type": "word-count", "value": {"max": 3}}], "must_pass": True},
    ]
    text, left = case_files.write(cases, as_csv=False)
    assert (case_files.read(File(path="a.jsonl", text=text))[0], left) == (cases, [])
    _, lost = case_files.write(cases, as_csv=True)
    assert lost == [
        "a: the variable n cannot be said in CSV.",
        "a: contains cannot be said in CSV.",
        "b: word-count cannot be said in CSV.",
    ]


def test_a_filter_is_what_no_other_format_knows() -> None:
    assert "default" in FILTERS
    assert beyond('{{ a }} {{ b|default("") }} {{ c|default(1) }} {{ d|upper }}', guards=True) == [
        "{{ c | default ( 1 ) }}",
        "{{ d | upper }}",
    ]
    assert beyond('{{ b|default("") }}', guards=False) == ['{{ b | default ( "" ) }}']
