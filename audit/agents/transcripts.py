"""What the models of a session took, by the transcripts that agents write: numbers, and never a word of the texts.

Their formats are nobody's promise, so what cannot be read is passed over. Pure, of the standard library and for Python
3.8, since it is read where the agent runs: whoever gives it lines has opened the files. Sources: docs/agents.md.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

MOST_TOKENS = 100_000_000
"""Of one response and kind; more is no count of tokens."""
LONGEST_LINE = 32 * 1024 * 1024
LONGEST_NAME = 200
KINDS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_hour_tokens")


def responses_of(agent: str, lines: Iterable[bytes], agent_id: str = "") -> list[dict[str, Any]]:
    """Each response once, with what it took, in the order of its first line; of several accounts of it the largest."""
    reader = READERS[agent]
    found: dict[str, dict[str, Any]] = {}
    for told in reader(records(lines, MARKS[agent])):
        response = _checked({"agent_id": agent_id, **told})
        if response is None:
            continue
        known = found.get(response["id"])
        if known is None or _size(response) > _size(known):
            found[response["id"]] = response
    return list(found.values())


def records(lines: Iterable[bytes], marks: tuple[bytes, ...]) -> Iterator[dict[str, Any]]:
    """The objects of those lines that hold one of the marks: most lines are text, and need not be read at all."""
    for line in lines:
        if len(line) > LONGEST_LINE or not any(mark in line for mark in marks):
            continue
        try:
            record = json.loads(line.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record


def _checked(told: dict[str, Any]) -> dict[str, Any] | None:
    """As the service takes it; None unless it has a name and counts of tokens."""
    counts = [told.get(kind, 0) for kind in KINDS]
    if not all(type(count) is int and count <= MOST_TOKENS for count in counts) or not any(counts):
        return None
    names = {name: _name(told.get(name)) for name in ("id", "model", "agent_id")}
    if not names["id"]:
        return None
    return {**names, "at": _moment(told.get("at")), **dict(zip(KINDS, counts))}


def _name(told: Any) -> str:
    text = "" if told is None else str(told)[:LONGEST_NAME].strip()
    return text if text.isprintable() else "".join(filter(str.isprintable, text))


def _moment(told: Any) -> str | None:
    """The time, which agents write as text or in milliseconds; None where it is none."""
    try:
        if isinstance(told, str):
            found = datetime.fromisoformat(told.replace("Z", "+00:00"))
        else:
            found = datetime.fromtimestamp(told / 1000, timezone.utc)
        return found.astimezone(timezone.utc).isoformat()
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _size(response: dict[str, Any]) -> int:
    return sum(response[kind] for kind in KINDS)


def _object(record: Any, *path: str) -> dict[str, Any]:
    """The object there; an empty one where there is none."""
    for name in path:
        record = record.get(name) if isinstance(record, dict) else None
    return record if isinstance(record, dict) else {}


def _count(told: dict[str, Any], name: str) -> Any:
    """0 where it is left out; what is no count is none in any sum either."""
    count = told.get(name, 0)
    return count if type(count) is int and count >= 0 else 0 if count is None else float("nan")


def _less(whole: Any, *parts: Any) -> Any:
    """A count without the counts that are among it; no count where they are more."""
    left = whole - sum(parts)
    return left if left >= 0 else float("nan")


def _claude(found: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A line a block of a response, with the response's usage as it grows. Side chains are responses of their own."""
    for record in found:
        message, usage = _object(record, "message"), _object(record, "message", "usage")
        if not usage or message.get("model") == "<synthetic>":
            continue
        written = _count(usage, "cache_creation_input_tokens")
        hour = _count(_object(usage, "cache_creation"), "ephemeral_1h_input_tokens")
        yield {
            "id": message.get("id"),
            "model": message.get("model"),
            "at": record.get("timestamp"),
            "input_tokens": _count(usage, "input_tokens"),
            "output_tokens": _count(usage, "output_tokens"),
            "cache_read_tokens": _count(usage, "cache_read_input_tokens"),
            "cache_write_tokens": _less(written, hour),
            "cache_write_hour_tokens": hour,
            **({"agent_id": record["agentId"]} if record.get("agentId") else {}),
        }


def _codex(found: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A record a response. A fork begins with what its parent did, under the parent's id: that is the parent's."""
    own, model = "", ""
    for record in found:
        kind, told = record.get("type"), _object(record, "payload")
        if kind == "session_meta":
            own = own or str(told.get("id") or "")
        elif kind == "turn_context":
            model = str(told.get("model") or model)
        elif kind == "token_usage_record" and told.get("thread_id") in (own, None):
            usage = _object(told, "usage")
            cached, written = _count(usage, "cached_input_tokens"), _count(usage, "cache_write_input_tokens")
            yield {
                "id": told.get("response_id"),
                "model": model,
                "at": record.get("timestamp"),
                "input_tokens": _less(_count(usage, "input_tokens"), cached, written),
                "output_tokens": _count(usage, "output_tokens"),
                "cache_read_tokens": cached,
                "cache_write_tokens": written,
            }


def _gemini(found: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A message is written again as it grows, at times within an amendment of the whole."""
    for record in found:
        amended = _object(record, "$set").get("messages")
        for message in [record, *(amended if isinstance(amended, list) else [])]:
            tokens = _object(message, "tokens")
            if not tokens:
                continue
            cached = _count(tokens, "cached")
            yield {
                "id": message.get("id"),
                "model": message.get("model"),
                "at": message.get("timestamp"),
                "input_tokens": _less(_count(tokens, "input"), cached) + _count(tokens, "tool"),
                "output_tokens": _count(tokens, "output") + _count(tokens, "thoughts"),
                "cache_read_tokens": cached,
            }


def _qwen(found: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What it thought in is part of what it wrote with some vendors and not with others; the total tells."""
    for record in found:
        usage = _object(record, "usageMetadata")
        read, wrote = _count(usage, "promptTokenCount"), _count(usage, "candidatesTokenCount")
        cached, total = _count(usage, "cachedContentTokenCount"), _count(usage, "totalTokenCount")
        yield {
            "id": record.get("uuid"),
            "model": record.get("model"),
            "at": record.get("timestamp"),
            "input_tokens": _less(read, cached),
            "output_tokens": max(wrote, total - read) if total else wrote,
            "cache_read_tokens": cached,
        }


def _copilot(found: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A record a call. Vendors' ids of calls may repeat; the record's own does not."""
    for record in found:
        usage = _object(record, "data", "usage")
        if record.get("type") != "session.usage_record":
            continue
        cached, written = _count(usage, "cacheReadTokens"), _count(usage, "cacheWriteTokens")
        yield {
            "id": record.get("id"),
            "model": usage.get("model"),
            "at": record.get("timestamp"),
            "input_tokens": _less(_count(usage, "inputTokens"), cached, written),
            "output_tokens": _count(usage, "outputTokens"),
            "cache_read_tokens": cached,
            "cache_write_tokens": written,
        }


def _kimi(found: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A record a step, without an id: who took it and when, and the how manieth of that moment, is its name."""
    seen: dict[str, int] = {}
    for record in found:
        usage, moment = _object(record, "usage"), record.get("time")
        if record.get("type") != "usage.record":
            continue
        name = "%s-%s" % (record.get("agentId"), moment)
        seen[name] = seen.get(name, 0) + 1
        yield {
            "id": "%s-%d" % (name, seen[name]),
            "model": record.get("model"),
            "at": moment,
            "agent_id": "" if record.get("agentId") == "main" else record.get("agentId"),
            "input_tokens": _count(usage, "inputOther"),
            "output_tokens": _count(usage, "output"),
            "cache_read_tokens": _count(usage, "inputCacheRead"),
            "cache_write_tokens": _count(usage, "inputCacheCreation"),
        }


READERS: dict[str, Callable[[Iterator[dict[str, Any]]], Iterator[dict[str, Any]]]] = {
    "claude": _claude,
    "codex": _codex,
    "gemini": _gemini,
    "qwen": _qwen,
    "copilot": _copilot,
    "kimi": _kimi,
}
MARKS = {
    "claude": (b'"usage"',),
    "codex": (b'"token_usage_record"', b'"turn_context"', b'"session_meta"'),
    "gemini": (b'"tokens"',),
    "qwen": (b'"usageMetadata"',),
    "copilot": (b'"session.usage_record"',),
    "kimi": (b'"usage.record"',),
}
