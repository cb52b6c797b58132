import gzip
import hashlib
import inspect
import re
import socket
import threading

import pytest
import tiktoken_ext.openai_public
from hypothesis import given
from hypothesis import strategies as st

from prompts import tokens
from prompts.templates import Message
from prompts.tokens import RanksDamaged, count_messages, count_tokens
from tests.patience import costs_little


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize(
    ("text", "cl100k", "o200k"),
    [
        ("", 0, 0),
        ("hello world", 2, 2),
        ("tiktoken is great!", 6, 6),
        ("antidisestablishmentarianism", 6, 6),
        ("2 + 2 = 4", 7, 7),
        ("お誕生日おめでとう", 9, 8),
    ],
)
def test_the_published_counts_without_a_network(no_sockets: None, text: str, cl100k: int, o200k: int) -> None:
    assert count_tokens(text, "cl100k_base") == tokens.TokenCount(tokens=cl100k, encoding="cl100k_base", exact=True)
    assert count_tokens(text, "gpt-4o").tokens == o200k
    assert count_tokens(text).tokens == cl100k


def test_the_ids_are_the_ones_of_the_cookbook(no_sockets: None) -> None:
    assert tokens.encode("tiktoken is great!") == [83, 1609, 5963, 374, 2294, 0]
    assert tokens.encode("tiktoken is great!", "o200k_base") == [83, 8251, 2488, 382, 2212, 0]


def test_loading_leaves_the_environment_as_it_was(monkeypatch: pytest.MonkeyPatch, no_sockets: None) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "/nowhere")
    monkeypatch.setattr(tokens, "_encodings", {})
    assert tokens.encode("hello world") == [15339, 1917]
    import os

    assert os.environ["TIKTOKEN_CACHE_DIR"] == "/nowhere"


@pytest.mark.parametrize(
    ("model", "encoding", "exact"),
    [
        ("", "cl100k_base", True),
        ("gpt-4", "cl100k_base", True),
        ("gpt-3.5-turbo", "cl100k_base", True),
        ("gpt-4o-2024-08-06", "o200k_base", True),
        ("openai/gpt-5.1", "o200k_base", True),
        ("o3", "o200k_base", True),
        ("gpt-oss-20b", "o200k_harmony", True),
        ("o200k_base", "o200k_base", True),
        ("claude-sonnet-4-5", "cl100k_base", False),
        ("SmolLM2-135M", "cl100k_base", False),
        ("text-davinci-003", "cl100k_base", False),
    ],
)
def test_a_model_has_an_encoding(model: str, encoding: str, exact: bool) -> None:
    found = count_tokens("some text", model)
    assert (found.encoding, found.exact) == (encoding, exact)


@pytest.mark.parametrize(
    ("model", "factor"),
    [
        ("claude-3-5-sonnet-20241022", 1.3),
        ("claude-sonnet-4-20250514", 1.3),
        ("anthropic/claude-opus-4-1", 1.3),
        ("claude-sonnet-4.6", 1.3),
        ("claude-opus-4-7", 1.7),
        ("claude-sonnet-5", 1.7),
        ("claude-next", 1.7),
    ],
)
def test_claude_is_estimated_above_cl100k(model: str, factor: float) -> None:
    text = "word " * 100
    assert count_tokens(text, model).tokens == pytest.approx(count_tokens(text).tokens * factor, abs=1)


@pytest.mark.parametrize("text", ["<|endoftext|>", "\ud800 alone", "\x00", "a" * 1_000_000])
def test_odd_texts_are_counted(text: str) -> None:
    assert count_tokens(text).tokens > 0


def test_messages_cost_what_the_format_adds() -> None:
    said = [Message(role="system", content="hello world"), Message(role="user", content="hello world")]
    assert count_messages(said).tokens == 3 + 2 * (3 + 1 + 2)


@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_counts_are_tiktokens_own(text: str) -> None:
    for name in tokens.FILES:
        assert count_tokens(text, name).tokens == len(tokens.load(name).encode_ordinary(text))


def test_ten_kilobytes_take_far_less_than_100_ms() -> None:
    tokens.load("cl100k_base")
    text = "def f(x):\n    return x + 1\n" * 400
    with costs_little():
        count_tokens(text)


def test_a_second_count_comes_from_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    first = count_tokens("counted once only")
    monkeypatch.setattr(tokens, "encode", None)
    assert count_tokens("counted once only") == first


def test_many_threads_count_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_encodings", {})
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda number=number: found.append(count_tokens(f"text {number} here").tokens))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [4] * 8


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_damaged_rank_file_is_a_named_error_and_is_not_fetched(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, no_sockets: None, damage: str
) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    if damage == "changed":
        (folder / "cl100k_base.tiktoken.gz").write_bytes(gzip.compress(b"IQ== 0\n"))
    monkeypatch.setattr(tokens, "RANKS", folder)
    monkeypatch.setattr(tokens, "_encodings", {})
    monkeypatch.setattr(tokens, "_cache", type(tokens._cache)())
    with pytest.raises(RanksDamaged, match="Install the service again"):
        count_tokens("anything")
    assert damage == "missing" or list(folder.iterdir())


def test_the_rank_files_are_those_that_tiktoken_pins() -> None:
    for name, file in tokens.FILES.items():
        pinned = inspect.getsource(getattr(tiktoken_ext.openai_public, name))
        held = gzip.decompress(tokens.verify(name))
        [address, expected] = re.findall(r'"(https://[^"]+|[0-9a-f]{64})"', pinned)
        assert hashlib.sha256(held).hexdigest() == expected
        assert hashlib.sha1(address.encode()).hexdigest() == file.sought_as
