"""1 MiB of any text is counted and compressed while others go on; more is refused alike at every door."""

import random
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Self

import pytest

from prompts.compression import compress
from prompts.models import Version
from prompts.tokens import MAX_BYTES, MAX_COUNTED, CountInvalid, TextTooLarge, count, count_tokens, encode
from prompts.versions import save_version
from tests.prompts.test_doors import API

BOUND_SECONDS = 10
"""Ten times what a thread waits at worst on a machine that does other things: 0.1 s on an idle one. Held by one
expression of the lexers used before, the interpreter was gone for minutes."""


def letters(seed: int = 1) -> str:
    chosen = random.Random(seed).choices("abcdefghijklmnopqrstuvwxyz", k=MAX_BYTES)
    return "".join(chosen)


WORST: dict[str, tuple[str, Callable[[], str]]] = {
    "one word": ("", letters),
    "one character": ("javascript", lambda: "a" * MAX_BYTES),
    "blanks": ("sql", lambda: " " * MAX_BYTES),
    "blank lines": ("c", lambda: "\n" * MAX_BYTES),
    "digits": ("python", lambda: "1234567890" * (MAX_BYTES // 10)),
    "chinese": ("", lambda: "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(MAX_BYTES // 3))),
    "bytes": ("sql", lambda: random.Random(2).randbytes(MAX_BYTES // 2).decode("latin-1")),
    "quotes": ("csharp", lambda: '"' * MAX_BYTES),
    "parentheses": ("javascript", lambda: "(" * MAX_BYTES),
    "minified": ("javascript", lambda: "x;" * (MAX_BYTES // 2)),
    "short lines": ("python", lambda: "a\n" * (MAX_BYTES // 2)),
    "signatures": ("typescript", lambda: "a(b)=>{" * (MAX_BYTES // 7)),
    "definitions": ("python", lambda: "def f(a): return 1\n" * (MAX_BYTES // 19)),
    "templates": ("tsx", lambda: "`${" * (MAX_BYTES // 3)),
}


class Probe:
    """A thread that wants to run every two milliseconds, and how long it could not."""

    def __enter__(self) -> Self:
        self.worst, self.over = 0.0, False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def run(self) -> None:
        last = time.perf_counter()
        while not self.over:
            time.sleep(0.002)
            now = time.perf_counter()
            self.worst, last = max(self.worst, now - last), now

    def __exit__(self, *args: object) -> None:
        self.over = True
        self.thread.join()


@pytest.mark.parametrize("name", WORST)
def test_others_run_while_a_mebibyte_is_worked_on(name: str) -> None:
    language, make = WORST[name]
    text = make()
    encode("load the ranks first")
    with Probe() as probe:
        tokens = count(text=text).tokens
        found = compress(text, max_tokens=500, language=language)
    assert found.tokens <= 500 < tokens == found.original_tokens
    assert probe.worst < BOUND_SECONDS


def test_counts_of_long_runs_are_exact() -> None:
    text = "ab " + "a" * 50_000 + letters()[:50_000]
    assert count(text=text).exact
    assert count(text=text).tokens == len(encode(text))


@pytest.mark.parametrize("character", ["a", "\u00e9", "\u4e2d", "\U0001f600"])
def test_the_bound_is_on_bytes(character: str) -> None:
    most = MAX_BYTES // len(character.encode())
    assert count(text=character * most).tokens
    with pytest.raises(TextTooLarge, match=r"1,?048,?576"):
        count(text=character * (most + 1))
    with pytest.raises(TextTooLarge):
        compress(character * (most + 1), max_tokens=5)


def test_a_conversation_is_bounded_as_a_whole() -> None:
    from prompts.templates import Message

    half = Message(role="user", content="a" * (MAX_BYTES // 2))
    assert count(messages=[half, half]).tokens
    with pytest.raises(TextTooLarge):
        count(messages=[half, half, Message(role="user", content="a")])
    with pytest.raises(CountInvalid, match="in parts"):
        count(messages=[Message(role="user", content="a")] * (MAX_COUNTED + 1))
    with pytest.raises(CountInvalid):
        count()


def test_deep_python_does_not_exhaust_the_stack() -> None:
    for text in (
        "".join(f"{' ' * depth}if x:\n" for depth in range(500)) + " " * 500 + "y\n",
        "x = " + "(" * 9_000 + ")" * 9_000 + "\n" * 2_000,
        "if a: b\n" + "elif a: b\n" * 20_000,
    ):
        limit = sys.getrecursionlimit()
        found = compress(text, max_tokens=100, language="python")
        assert found.tokens <= 100
        assert sys.getrecursionlimit() == limit


@pytest.mark.django_db(transaction=True)
def test_too_large_a_text_is_refused_alike_by_rest_command_and_mcp(
    reader: Any, run_command: Any, tmp_path: Any, call_tool: Any
) -> None:
    text = "a" * (MAX_BYTES + 1)
    said = set()
    more: dict[str, Any]
    for path, more in (("tokens/count", {}), ("compress", {"max_tokens": 5})):
        answer = reader.post(f"{API}/{path}", {"text": text, **more})
        assert (answer.status_code, answer.json()["code"]) == (413, "text-too-large")
        said.add(answer.json()["detail"])
    large = tmp_path / "large.txt"
    large.write_text(text)
    for command in (("tokens", str(large)), ("compress", str(large), "--max-tokens", "5")):
        code, _, err = run_command(*command)
        assert code == 2
        said.add(err.strip())
    assert len(said) == 1
    assert "send the parts" in said.pop()
    for tool, more in (("count_tokens", {}), ("compress_context", {"max_tokens": 5})):
        with pytest.raises(Exception, match=r"1,?048,?576"):
            call_tool(tool, scope="read", text=text, **more)


def test_the_schema_states_the_bound() -> None:
    from drf_spectacular.generators import SchemaGenerator

    schemas = SchemaGenerator().get_schema(request=None, public=True)["components"]["schemas"]
    for name in ("PromptsCountRequest", "PromptsCompressRequest"):
        assert schemas[name]["properties"]["text"]["maxLength"] == MAX_BYTES


@pytest.mark.django_db
def test_a_version_is_bounded_as_a_whole() -> None:
    turns = [{"role": "user", "content": "a" * 400_000}] * 3
    with pytest.raises(TextTooLarge):
        save_version(prompt_id="p", messages=turns)
    assert not Version.objects.exists()
    assert count_tokens("a").tokens == 1
