"""Logs and JSON to a budget: what is odd stays, whatever else goes."""

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompts.compression import compress
from prompts.compression.alarms import is_alarm
from prompts.compression.language import detect
from prompts.tokens import count_tokens

ALARMS = [
    "ERROR payment declined for order 4711: card expired",
    "FATAL could not open /var/lib/x: No space left on device",
    "panic: runtime error: index out of range [3]",
    "Connection refused by the database",
    "kernel: Out of memory: Killed process 4242 (postgres)",
    "java.lang.NullPointerException: x is null",
]


def log_of(lines: int, chance: random.Random) -> list[str]:
    usual = [
        lambda: f"INFO  request GET /items/{chance.randrange(9999)} 200 {chance.randrange(300)}ms",
        lambda: f"DEBUG pool: {chance.randrange(20)} connections in use",
        lambda: f"WARN  slow query took {chance.randrange(3000)}ms",
        lambda: f"INFO  worker-{chance.randrange(8)} heartbeat ok errors=0",
    ]
    return [f"2026-11-29 12:{n // 60 % 60:02}:{n % 60:02} {chance.choice(usual)()}" for n in range(lines)]


def records_of(number: int, chance: random.Random) -> list[dict[str, Any]]:
    return [
        {
            "id": n,
            "name": f"user {chance.randrange(1000)}",
            "score": chance.random() * 10,
            "status": 200,
            "nested": {"latency_ms": chance.randrange(50, 90), "region": chance.choice(["eu", "us"])},
        }
        for n in range(number)
    ]


@pytest.mark.parametrize("percent", [25, 10])
def test_the_one_error_of_a_log_is_kept(percent: int) -> None:
    chance = random.Random(percent)
    for case, alarm in enumerate(ALARMS * 4):
        lines = log_of(chance.choice([60, 300]), chance)
        lines.insert(chance.randrange(len(lines)), f"2026-11-29 12:00:00 {alarm}")
        text = "\n".join(lines) + "\n"
        budget = count_tokens(text).tokens * percent // 100
        found = compress(text, max_tokens=budget)
        assert found.language == "log", case
        assert alarm in found.text
        assert found.tokens <= budget
        assert found.dropped


def test_a_trace_and_the_lines_around_an_error_stay_with_it() -> None:
    before = [f"2026-11-29 12:00:{n:02} INFO step {n} of many" for n in range(50)]
    trace = [
        "2026-11-29 12:01:00 ERROR job failed",
        "Traceback (most recent call last):",
        '  File "a.py", line 3',
        "KeyError: 'x'",
    ]
    after = [f"2026-11-29 12:02:{n:02} INFO step {n} of many" for n in range(50)]
    text = "\n".join([*before, *trace, *after])
    found = compress(text, max_tokens=200)
    for line in [before[0], *before[-2:], *trace, *after[:2], after[-1]]:
        assert line in found.text
    assert "... lines" in found.text or "more like it" in found.text
    assert any("INFO step # of many" in gone for gone in found.dropped)


def test_repeated_lines_become_one_and_a_count() -> None:
    lines = [f"2026-11-29 12:00:{n:02} INFO tick {n}" for n in range(40)]
    found = compress("\n".join(lines), max_tokens=100, language="log")
    assert found.text == f"{lines[0]}\n... 38 more like it\n{lines[-1]}\n"
    assert [step.name for step in found.steps] == ["folding"]


@pytest.mark.parametrize("percent", [25, 10])
def test_the_odd_item_of_a_json_list_is_kept_and_the_rest_is_counted(percent: int) -> None:
    chance = random.Random(percent)
    odd: list[dict[str, Any]] = [
        {"error": "token expired"},
        {"status": 503},
        {"score": None},
        {"nested": {"latency_ms": 98_765, "region": "eu"}},
        {"nested": {"latency_ms": 60, "region": "eu", "message": "connection refused"}},
        {"nested": {"latency_ms": 60, "region": "xx"}},
    ]
    for case, strange in enumerate(odd * 3):
        items = records_of(chance.choice([60, 300]), chance)
        items[chance.randrange(len(items))] |= {"id": 777_777, **strange}
        text = json.dumps({"page": 1, "items": items}, indent=2 if case % 2 else None)
        budget = count_tokens(text).tokens * percent // 100
        found = compress(text, max_tokens=budget)
        assert found.language == "json"
        assert found.tokens <= budget
        kept = json.loads(found.text)["items"]
        assert any(isinstance(item, dict) and item["id"] == 777_777 for item in kept), strange
        assert any(isinstance(item, str) and item.startswith("... ") and " more with id" in item for item in kept)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(max_size=8), inner, max_size=12),
    max_leaves=60,
)


@settings(max_examples=120, deadline=None)
@given(st.lists(JSON, max_size=8) | st.dictionaries(st.text(max_size=8), JSON, max_size=8), st.integers(1, 120))
def test_json_stays_json_within_every_budget(document: Any, budget: int) -> None:
    text = json.dumps(document)
    found = compress(text, max_tokens=budget, language="json")
    assert found.tokens <= budget
    kept = json.loads(found.text)
    assert kept == document if found.tokens == found.original_tokens else isinstance(kept, type(document))


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=400), st.integers(0, 60))
def test_no_log_breaks_the_budget(text: str, budget: int) -> None:
    found = compress(text, max_tokens=budget, language="log")
    assert found.tokens == count_tokens(found.text).tokens <= budget


def test_numbers_and_escapes_of_json_stay_as_they_were_written() -> None:
    text = '{ "a" : 1.0, "b" : 12345678901234567890.10,\n "c" : "\\u00e9 \\ud800 x  y" }'
    found = compress(text, max_tokens=count_tokens(text).tokens - 1, language="json")
    assert found.text == '{"a":1.0,"b":12345678901234567890.10,"c":"\\u00e9 \\ud800 x  y"}'
    assert [step.name for step in found.steps] == ["whitespace"]
    assert not found.dropped


@pytest.mark.parametrize("text", ["{not json", '{"a": NaN}', "[" * 5_000, "[" * 300 + "]" * 300])
def test_what_is_no_json_or_too_deep_is_cut_as_text(text: str) -> None:
    found = compress(text, max_tokens=5, language="json")
    assert (found.language, found.tokens <= 5) == ("text", True)


@pytest.mark.parametrize(
    ("text", "alarms"),
    [
        ("0 errors", False),
        ("no error", False),
        ("error=null", False),
        ("errors: 0", False),
        ("terrors of the deep", False),
        ("error=7", True),
        ("ValueError: x", True),
        ("request timed out", True),
    ],
)
def test_what_speaks_of_trouble(text: str, alarms: bool) -> None:
    assert is_alarm(text) is alarms


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ('{"a": [1, 2]}', "json"),
        ("[1, 2", "text"),
        ('127.0.0.1 - - [29/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 3\n' * 5, "log"),
        ('{"level": "info", "message": "x"}\n' * 6, "log"),
        ("INFO: begins\nERROR: ends\n" * 3, "log"),
        ("Notes of the day\n\nWe met at 12:00:00 and info was given.\n", "text"),
    ],
)
def test_logs_and_json_are_recognised(text: str, language: str) -> None:
    assert detect(text) == language
