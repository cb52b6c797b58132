"""Token counts by tiktoken, without a network: the rank files are shipped in `ranks/`, packed to less than half.

tiktoken looks for a rank file under the SHA-1 of its address in TIKTOKEN_CACHE_DIR. A file with a wrong hash it
deletes and fetches anew, so the hash is checked here first.
"""

import gzip
import hashlib
import math
import os
import re
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from config.errors import DomainError, PayloadTooLarge, Unavailable
from prompts.templates import Message

if TYPE_CHECKING:
    import tiktoken  # loaded by who counts; every process has this module, for versions of prompts

RANKS = Path(__file__).parent / "ranks"


class RankFile(NamedTuple):
    packed_sha256: str
    """Of the file here; what it holds is the file whose hash tiktoken pins."""
    sought_as: str
    """The name under which tiktoken looks for it."""


FILES = {
    "cl100k_base": RankFile(
        packed_sha256="75d741412e741c034a4096a314e4d9dcd65ae3567db82a97ceecc4fe2cbadd78",
        sought_as="9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
    ),
    "o200k_base": RankFile(
        packed_sha256="a487b278b404d9652a066d42ddd5fe3389cc5bf241aa0dece608a51433a7c1e2",
        sought_as="fb374d419588a4632f3f557e76b4b70aebbca790",
    ),
}
"""By encoding."""
DEFAULT_ENCODING = "cl100k_base"
CACHE_SIZE = 4096
MAX_BYTES = 1024 * 1024
"""Of text that is counted or compressed while somebody waits, as UTF-8: some 0.6 s of CPU at worst."""
MAX_COUNTED = 2_000
"""Of one conversation that is counted."""

# What OpenAI's cookbook measured: three tokens a message, three that open the reply.
MESSAGE_OVERHEAD, REPLY_OVERHEAD = 3, 3
# Claude's tokenizer is not published. Factors over cl100k from a sample of code, markdown, JSON and logs: 1.12 to
# 1.26 up to Claude 4.6, 1.38 to 1.66 since; rounded up, because an under-count is what breaks a budget.
CLAUDE_FACTOR, CLAUDE_FACTOR_SINCE_47 = 1.3, 1.7


class RanksDamaged(Unavailable):
    """A rank file is missing or is not the one tiktoken pins."""

    code = "token-ranks-damaged"
    remedy = "install the release again; its rank files are pinned"


class TextTooLarge(PayloadTooLarge):
    code = "text-too-large"
    remedy = "send at most 1 MiB of text"


class CountInvalid(DomainError):
    code = "count-invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCount:
    tokens: int
    encoding: str
    exact: bool
    """False when the model's own tokenizer is not known here; then the count is an estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokenizer:
    """How one model's tokens are counted."""

    ranks: str
    """The shipped rank file that is used."""
    encoding: str
    """The encoding to name; o200k_harmony shares its ranks with o200k_base."""
    factor: float = 1.0
    exact: bool = True


_lock = threading.Lock()
_encodings: "dict[str, tiktoken.Encoding]" = {}
_cache: OrderedDict[tuple[str, bytes], int] = OrderedDict()


def tokenizer_for(model: str = "") -> Tokenizer:
    """The tokenizer of a model, of an encoding by name, or, for no model, of cl100k_base."""
    from tiktoken.model import encoding_name_for_model

    name = model.strip().rsplit("/", 1)[-1]
    if not name:
        return Tokenizer(ranks=DEFAULT_ENCODING, encoding=DEFAULT_ENCODING)
    if name in FILES:
        return Tokenizer(ranks=name, encoding=name)
    if "claude" in name.lower():
        return Tokenizer(ranks=DEFAULT_ENCODING, encoding=DEFAULT_ENCODING, factor=_claude_factor(name), exact=False)
    try:
        encoding = "o200k_harmony" if name == "o200k_harmony" else encoding_name_for_model(name)
    except KeyError:
        encoding = ""
    if encoding == "o200k_harmony":
        return Tokenizer(ranks="o200k_base", encoding=encoding)
    if encoding in FILES:
        return Tokenizer(ranks=encoding, encoding=encoding)
    return Tokenizer(ranks=DEFAULT_ENCODING, encoding=DEFAULT_ENCODING, exact=False)


def count(*, text: str | None = None, messages: Sequence[Message] | None = None, model: str = "") -> TokenCount:
    """The tokens of what a caller sent: a text or a conversation.

    Raises CountInvalid unless it is one of the two, TextTooLarge above MAX_BYTES, RanksDamaged.
    """
    if (text is None) == (messages is None):
        raise CountInvalid("Give either text or messages.")
    if text is not None:
        check_size(text)
        return count_tokens(text, model)
    assert messages is not None
    if len(messages) > MAX_COUNTED:
        raise CountInvalid(f"A conversation may have {MAX_COUNTED} messages. Count it in parts and add them up.")
    check_size(*(message.content for message in messages))
    return count_messages(messages, model)


def check_size(*texts: str) -> None:
    """Raises TextTooLarge when they have more than MAX_BYTES together."""
    size = sum(map(len, texts))
    if (
        size * 4 > MAX_BYTES
    ):  # a character is at most four bytes; beyond the limit by characters there is no need to look
        size = size if size > MAX_BYTES else sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    if size > MAX_BYTES:
        raise TextTooLarge(
            f"The text has {size:,} bytes; at most {MAX_BYTES:,} (1 MiB) are taken at once. Cut it at a line's end and "
            "send the parts one after the other."
        )


def count_tokens(text: str, model: str = "") -> TokenCount:
    """The tokens of a text of any size. Raises RanksDamaged."""
    tokenizer = tokenizer_for(model)
    counted = math.ceil(_count(text, tokenizer.ranks) * tokenizer.factor)
    return TokenCount(tokens=counted, encoding=tokenizer.encoding, exact=tokenizer.exact)


def count_messages(messages: Sequence[Message], model: str = "") -> TokenCount:
    """The tokens of a conversation with what the chat format adds. Raises RanksDamaged."""
    tokenizer = tokenizer_for(model)
    total = REPLY_OVERHEAD
    for message in messages:
        total += MESSAGE_OVERHEAD + _count(message.role, tokenizer.ranks) + _count(message.content, tokenizer.ranks)
    return TokenCount(tokens=math.ceil(total * tokenizer.factor), encoding=tokenizer.encoding, exact=tokenizer.exact)


def encode(text: str, ranks: str = DEFAULT_ENCODING) -> list[int]:
    # encode() refuses text that looks like a special token; ordinary text is what people send.
    return load(ranks).encode_ordinary(text)


def load(name: str) -> "tiktoken.Encoding":
    """The encoding, loaded at first use (0.2 to 0.3 s, some 60 MB). Raises RanksDamaged."""
    if (found := _encodings.get(name)) is not None:
        return found
    with _lock:
        if name not in _encodings:
            _encodings[name] = _loaded(name, verify(name))
        return _encodings[name]


def _loaded(name: str, packed: bytes) -> "tiktoken.Encoding":
    import tiktoken

    before = os.environ.get("TIKTOKEN_CACHE_DIR")
    with tempfile.TemporaryDirectory(prefix="handrail-ranks-") as folder:
        Path(folder, FILES[name].sought_as).write_bytes(gzip.decompress(packed))
        os.environ["TIKTOKEN_CACHE_DIR"] = folder
        try:
            return tiktoken.get_encoding(name)
        finally:
            if before is None:
                del os.environ["TIKTOKEN_CACHE_DIR"]
            else:
                os.environ["TIKTOKEN_CACHE_DIR"] = before


def verify(name: str) -> bytes:
    """One rank file as it is shipped, held against its pinned hash. Raises RanksDamaged."""
    try:
        packed = (RANKS / f"{name}.tiktoken.gz").read_bytes()
    except OSError as error:
        raise RanksDamaged(f"The rank file of {name} cannot be read: {error}. Install the service again.") from error
    if hashlib.sha256(packed).hexdigest() != FILES[name].packed_sha256:
        raise RanksDamaged(f"The rank file of {name} has another hash than is pinned. Install the service again.")
    return packed


def _count(text: str, ranks: str) -> int:
    key = (ranks, hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest())
    with _lock:
        if (known := _cache.get(key)) is not None:
            _cache.move_to_end(key)
            return known
    counted = len(encode(text, ranks))
    with _lock:
        _cache[key] = counted
        while len(_cache) > CACHE_SIZE:
            _cache.popitem(last=False)
    return counted


def _claude_factor(name: str) -> float:
    """Models are named claude-3-5-sonnet-20241022, claude-sonnet-4-20250514 or claude-opus-4-7."""
    found = re.search(r"(?<!\d)(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?", name)
    if found is None:
        return CLAUDE_FACTOR_SINCE_47
    version = int(found[1]), int(found[2] or 0)
    return CLAUDE_FACTOR_SINCE_47 if version >= (4, 7) else CLAUDE_FACTOR
