# ruff: noqa: W291, E501  -- blanks at line ends and whole programs are what is tested
"""The contract of compression: never over the budget, the same program after two rungs, definitions first."""

import argparse
import ast
import asyncio.base_events
import dataclasses
import inspect as inspecting
import json.decoder
import textwrap
from types import ModuleType

import django.db.models.query
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompts.compression import CompressionInvalid, compress, strip_comments, strip_whitespace
from prompts.compression.language import detect
from prompts.tokens import count_tokens
from tests.patience import costs_little

MODULES: list[ModuleType] = [argparse, asyncio.base_events, dataclasses, json.decoder, textwrap, django.db.models.query]
TRICKY = '''#!/usr/bin/env python
# -*- coding: utf-8 -*-
"""Docstring with # no comment.   

And a blank line above.
"""
import os  # gone


x = "# not a comment"   
y = f"{x!r} # neither {'#'}"
z = """trailing blanks   


  # inside a string
"""


def f(a, b):  # type: (int, int) -> int
    # gone
    """Adds."""   
    return a + \\
        b  # gone


class Empty:  # gone
    pass


if x:
    # only a comment before

    pass
'''


def source_of(module: ModuleType) -> str:
    return inspecting.getsource(module)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_two_rungs_leave_the_syntax_tree_of_python_as_it_is(module: ModuleType) -> None:
    source = source_of(module)
    tree = ast.dump(ast.parse(source))
    once = strip_whitespace(source, "python")
    twice, _ = strip_comments(once, "python")
    assert ast.dump(ast.parse(once)) == ast.dump(ast.parse(twice)) == tree
    assert len(twice) <= len(once) <= len(source)


def test_comments_go_and_strings_docstrings_and_marks_stay() -> None:
    lean, _ = strip_comments(strip_whitespace(TRICKY, "python"), "python")
    assert ast.dump(ast.parse(lean), include_attributes=False) == ast.dump(ast.parse(TRICKY))
    assert "gone" not in lean
    for kept in (
        "#!/usr/bin/env",
        "coding: utf-8",
        "# not a comment",
        "# type: (int",
        "  # inside a string",
        '"""Adds."""',
    ):
        assert kept in lean


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
def test_line_ends_are_kept(ending: str) -> None:
    source = TRICKY.replace("\n", ending)
    lean, _ = strip_comments(strip_whitespace(source, "python"), "python")
    assert ast.dump(ast.parse(lean)) == ast.dump(ast.parse(source))
    assert ("\r" in lean) == ("\r" in ending)


@pytest.mark.parametrize(
    ("language", "source", "lean"),
    [
        ("javascript", "#!/usr/bin/env node\nlet a = 1; // gone\n/* gone\n gone */\nlet u = 'http://x'; // gone\n", "#!/usr/bin/env node\nlet a = 1;\nlet u = 'http://x';\n"),
        ("javascript", "const t = `// kept\n/* kept */`;\nlet r = /\\/\\*/;\n", "const t = `// kept\n/* kept */`;\nlet r = /\\/\\*/;\n"),
        ("typescript", "type A = string /* gone */ | number;\n", "type A = string  | number;\n"),
        ("c", "#include <a.h>\n#define B 1 // gone\nint x; /* gone */ int y;\n", None),
        ("sql", "SELECT '--kept' -- gone\nFROM t; /* gone */\n", "SELECT '--kept'\nFROM t;\n"),
        ("yaml", "a: 1 # gone\nb: '# kept'\n", "a: 1\nb: '# kept'\n"),
        ("bash", "#!/bin/sh\necho '# kept' # gone\n# gone\n", "#!/bin/sh\necho '# kept'\n"),
        ("c", "a/**/b;\n", "a b;\n"),
        ("markdown", "# Heading\n\nText <!-- kept -->\n", "# Heading\n\nText <!-- kept -->\n"),
        ("no-such-language", "x # y\n", "x # y\n"),
    ],
)  # fmt: skip
def test_comments_of_other_languages(language: str, source: str, lean: str | None) -> None:
    found, _ = strip_comments(source, language)
    assert "gone" not in found or lean is None
    if lean is not None:
        assert found == lean


@pytest.mark.parametrize("percent", [25, 10])
@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_a_summary_parses_keeps_definitions_and_uses_its_budget(module: ModuleType, percent: int) -> None:
    source = source_of(module)
    budget = count_tokens(source).tokens * percent // 100
    found = compress(source, max_tokens=budget, language="python")
    assert 0.8 * budget <= found.tokens <= budget
    ast.parse(found.text)
    outer = [
        node.name
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    kept = [name for name in outer if f"def {name}(" in found.text or f"class {name}" in found.text]
    assert len(kept) >= 0.9 * len(outer)
    assert [step.name for step in found.steps][-1] == "summary"
    assert found.dropped


@pytest.mark.parametrize("budget", [0, 1, 10, 100])
@pytest.mark.parametrize(
    ("text", "language"),
    [
        (TRICKY, "python"),
        (TRICKY, ""),
        ("def broken(:\n  # a\n" * 50, "python"),
        ("word " * 3000, "text"),
        ("お誕生日おめでとう\U0001f600" * 200, ""),
        ("x" * 20_000, ""),
        ("function f() { // c\n return 1; }\n" * 60, "javascript"),
        ("# Title\n\nFirst sentence. Second one.\n\n" * 60, "markdown"),
        ("", ""),
        ("\n\n\n", "python"),
        ("\r\r\r\x0c\t", "yaml"),
    ],
)
def test_never_over_the_budget(text: str, language: str, budget: int) -> None:
    for model in ("", "gpt-4o", "claude-sonnet-5"):
        found = compress(text, max_tokens=budget, language=language, model=model)
        assert found.tokens == count_tokens(found.text, model).tokens <= budget or found.text == text
        assert found.tokens <= budget
        assert "\ufffd" not in found.text


@settings(max_examples=150, deadline=None)
@given(
    st.text(st.characters(codec="utf-8"), max_size=400),
    st.integers(0, 60),
    st.sampled_from(["", "python", "javascript", "markdown", "sql", "yaml", "html"]),
)
def test_no_text_breaks_the_budget(text: str, budget: int, language: str) -> None:
    found = compress(text, max_tokens=budget, language=language)
    assert found.tokens == count_tokens(found.text).tokens <= budget


def test_within_the_budget_nothing_changes() -> None:
    found = compress(TRICKY, max_tokens=10_000)
    assert (found.text, found.steps, found.dropped) == (TRICKY, (), ())


def test_the_ladder_stops_at_the_first_rung_that_is_enough() -> None:
    budget = count_tokens(strip_whitespace(TRICKY, "python")).tokens
    found = compress(TRICKY, max_tokens=budget, language="python")
    assert [step.name for step in found.steps] == ["whitespace"]
    fewer = count_tokens(strip_comments(strip_whitespace(TRICKY, "python"), "python")[0]).tokens
    found = compress(TRICKY, max_tokens=fewer, language="python")
    assert [step.name for step in found.steps] == ["whitespace", "comments"]
    assert found.steps[-1].tokens == found.tokens


def test_prose_keeps_headings_and_first_sentences() -> None:
    text = "# One\n\nThe first is here. A second follows it closely.\n\n# Two\n\nAnother first. And more of it there.\n"
    found = compress(text, max_tokens=22, language="markdown")
    assert "# One" in found.text
    assert "# Two" in found.text
    assert "The first is here." in found.text
    assert found.tokens <= 22


def test_truncation_says_how_much_is_gone() -> None:
    found = compress("x" * 8000, max_tokens=10)
    assert [step.name for step in found.steps] == ["truncation"]
    assert found.dropped == (f"the last {found.original_tokens - 10} tokens",)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("def f():\n    pass\n", "python"),
        ("import os\n", "python"),
        ("export function f() {\n}\n", "javascript"),
        ("SELECT 1", "sql"),
        ("#!/bin/bash\necho", "bash"),
        ("Dear Sir, I write to you.", "text"),
        ("", "text"),
    ],
)
def test_the_language_is_guessed(text: str, language: str) -> None:
    assert detect(text) == language


def test_a_negative_budget_is_an_error() -> None:
    with pytest.raises(CompressionInvalid):
        compress("x", max_tokens=-1)


def test_25_kilobytes_of_code_take_under_a_second() -> None:
    source = source_of(argparse)[:25_000]
    count_tokens("warm")
    with costs_little():
        compress(source, max_tokens=1500, language="python")


FIELD_PROSE = """Create a summary from the notes below.
Owner -- must sign before Friday
Budget -- at most 4000 EUR
Some further sentence of the notes.
Some further sentence of the notes.
"""
FIELD_MARKDOWN = "## Steps to reproduce\n1. run this\n\nimport requests\n\n# Expected\nno crash\n# Actual\nit crashes\n"


@pytest.mark.parametrize(
    "text",
    [
        FIELD_PROSE,
        FIELD_MARKDOWN,
        "# Notes\n\nimport requests\n\n# Expected\n\n# Actual\n",
        "Select the best offer from the list;\nUpdate the register -- twice;\nDelete the draft from the table;\n",
        "function of the board {draft}\nThe board meets // twice a year.\nIt decides alone.\n",
        "package delivery\n\nThe parcel // blue\nwas late.\nIt was wet.\n",
        "Dear all,\nimport duties\nrise # again\nin May.\n",
        "Steps:\n\n```python\nimport os\nx = os.name  # why\n```\n\n# Result\n\n- it fails\n- always\n",
    ],
)
def test_prose_with_a_line_of_code_is_prose(text: str) -> None:
    assert detect(text) == "text"
    for budget in range(count_tokens(text).tokens):
        found = compress(text, max_tokens=budget)
        assert not any(step.name == "comments" for step in found.steps)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_code_is_found_to_be_code(module: ModuleType) -> None:
    assert detect(source_of(module)) == "python"


CODE_MARKS = """//go:build linux
//go:embed page.html
//export Answer
// +build linux
//nolint:errcheck
// Copyright 2026 Somebody
// @ts-ignore
// eslint-disable-next-line
/** Documented. */
/// Documented as well.
// prettier-ignore
// SPDX-License-Identifier: MIT
"""


@pytest.mark.parametrize(
    ("language", "kept"),
    [
        ("c", '#define BASE_URL "http://example.com/api"\n'),
        ("c", "#include <a//b.h>\nint a = '//'[0];\n"),
        ("cpp", 'auto s = R"x(// kept)" /* kept */)x"; long n = 1\'000\'000;\n'),
        ("sql", "SELECT $$ -- kept $$ AS a, $x$ /* kept */ $$ -- kept $x$, E'kept \\' -- kept';\n"),
        ("sql", "COPY t FROM stdin;\nkept -- kept\n\\.\n"),
        ("sql", "SELECT [it's], 'a -- kept', [that's];\n"),
        ("sql", "SELECT q'[it's -- kept]';\n"),
        ("sql", "SELECT 1 # don't\n, 'a -- kept';\n"),
        ("sql", "/*! SET NAMES utf8 */; SELECT /*+ hint */ 1; -- migrate:up\n"),
        ("tsx", "const a = <p>\n  // kept\n  http://x /* kept */\n</p>;\n"),
        ("jsx", "return (<a href='x'>it's // kept</a>);\n"),
        ("javascript", "let r = /[/]\\/\\/kept/; let s = x ? /'/ : /\"\\//;\n"),
        ("javascript", "let t = `${`// kept ${'/* kept */'}`} // kept`;\n"),
        ("javascript", "if (a) /'\\/\\/ kept'/.test(b);\n"),
        ("javascript", "/** @type {number} */\nlet a; /* @__PURE__ */ b(); // @ts-expect-error kept\n"),
        ("go", '/*\n#include <stdio.h>\n*/\nimport "C"\n'),
        ("go", "s := `// kept`; r := '\\''; t := \"/* kept */\"\n"),
        ("go", CODE_MARKS),
        ("java", CODE_MARKS + 'String s = """\n  // kept " /* kept\n""";\n'),
        ("kotlin", 'val s = "${m["http://kept"]}"\n'),
        ("csharp", 'var a = @"c:\\"; var b = @"// kept"; var c = $"{d["//kept"]}";\n'),
        ("rust", "let s = r#\"// kept \" /* kept */\"#; fn f<'a>(x: &'a str) {}\n/* a /* kept */ kept */\n"),
        ("bash", '#!/bin/bash\ncat <<EOF\n# kept\nEOF\necho "$(echo "# kept")" ${x# kept} a#kept\n'),
        ("yaml", "a: |\n  # kept\nb: 'x # kept'\nc: \"y\n  # kept\"\nd: http://a#kept\n"),
        ("yaml", "a: rock 'n roll\nb: 'x # kept'\n"),
        ("toml", 'a = """\n# kept\n"""\nb = "# kept"\nc = \'\'\'\n# kept\'\'\'\n'),
        ("css", "a { background: url(http://x/*kept*/y); content: '/* kept */' }\n"),
        ("python", "#!/usr/bin/python\n# -*- coding: latin-1 -*-\n# Copyright 2026\n# type: ignore\nx = 1  # noqa: F401\n"),
        ("python", "# /// script\n# dependencies = ['x']\n# ///\nimport x\n"),
        ("python", "def broken(:\n    '''# kept\n"),
        ("ruby", "s = %q(# kept)\n"),
        ("php", "<p>It's // kept</p>\n"),
        ("c", '#define A(x) \\\n  /* kept */ \\\n  x\nchar *s = "unclosed // kept\n'),
        ("c", "int a; // kept \\\nint b;\n"),
    ],
)  # fmt: skip
def test_what_is_no_comment_or_means_something_stays(language: str, kept: str) -> None:
    assert strip_comments(kept, language)[0] == kept


@pytest.mark.parametrize(
    ("language", "source", "lean"),
    [
        ("tsx", "const a = 1; // gone\nreturn <p>// kept</p>; // kept\n", "const a = 1;\nreturn <p>// kept</p>; // kept\n"),
        ("go", 'package a // gone\n\n// gone\nvar x = "//" /* gone */\n', 'package a\n\nvar x = "//"\n'),
        ("javascript", "let a = (b + c) / 2; // gone: a / b\n", "let a = (b + c) / 2;\n"),
        ("java", "int a; // gone\n/* gone */ int b; /* gone */\n", "int a;\n int b;\n"),
        ("rust", "fn f<'a>(x: &'a u8) {} // gone\n", "fn f<'a>(x: &'a u8) {}\n"),
        ("sql", "SELECT a->>'b' -- gone\nFROM t -- gone\n;", "SELECT a->>'b'\nFROM t\n;"),
        ("css", "/* gone */\na { b: c /* gone */ }\n", "a { b: c  }\n"),
        ("c", "x = 1; // gone\r\ny = 2;\r\n", "x = 1;\r\ny = 2;\r\n"),
    ],
)  # fmt: skip
def test_comments_that_mean_nothing_go(language: str, source: str, lean: str) -> None:
    assert strip_comments(source, language)[0] == lean


def test_what_every_rung_takes_away_is_listed() -> None:
    code = "int a; // one\nint b; /* two */\n"
    assert compress(code, max_tokens=8, language="c").dropped == ("2 comments",)
    prose = "# Terms\n\nThe first is here. A second follows it closely.\n\nAnother clause. And more of it.\n"
    found = compress(prose, max_tokens=14, language="markdown")
    sentences = ["The first is here.", "A second follows it closely.", "Another clause.", "And more of it."]
    assert [sentence for sentence in sentences if sentence not in found.text] == list(found.dropped)
    long = "".join(f"Sentence number {number} says nothing.\n" for number in range(500))
    found = compress(long, max_tokens=40)
    left_out = 500 - found.text.count("Sentence")
    assert found.dropped[-2] == f"and {left_out - 200} more"


@pytest.mark.parametrize("percent", [25, 10])
def test_definitions_below_if_and_try_are_kept_one_by_one(percent: int) -> None:
    body = "".join(
        f"    def find_{i}(name):\n        '''Find number {i}.'''\n"
        + "".join(f"        value_{i}_{j} = lookup(name, {j})\n" for j in range(12))
        + f"        return value_{i}_0\n\n"
        for i in range(8)
    )
    text = f"import os\n\nif os.name == 'nt':\n{body}elif os.name == 'x':\n    pass\nelse:\n{body}"
    text += f"\ntry:\n    import fast\nexcept ImportError:\n{body}else:\n    class Quick:\n        x = 1\nfinally:\n    pass\n"
    found = compress(text, max_tokens=count_tokens(text).tokens * percent // 100, language="python")
    ast.parse(found.text)
    assert found.text.count("def find_") >= 0.9 * text.count("def find_")
    assert "body of find_0" in found.dropped


@pytest.mark.parametrize("language", ["html", "markdown", "text", "vue", "xml", "tsx"])
def test_blank_lines_in_preformatted_text_stay(language: str) -> None:
    kept = "<pre>\na\n\n\n\nb  \n</pre>\n"
    assert kept in strip_whitespace(f"<div>\n\n\n\n{kept}\n\n\n</div>\n", language)


def test_a_tag_of_preformatted_text_that_is_never_closed_keeps_nothing() -> None:
    assert strip_whitespace("Say <pre> first.\n\n\n\nThen go.\n", "markdown") == "Say <pre> first.\n\nThen go.\n"
    assert (
        strip_whitespace("<textarea>\n\n\n</pre>\n\n\n</textarea>", "text") == "<textarea>\n\n\n</pre>\n\n\n</textarea>"
    )
