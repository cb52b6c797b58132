"""A model for coding agents under test: whatever it is asked, it asks for one shell command and then is done.

Where a person says "Run `this`" it asks for that, once each time it is said, also later in the same session. It speaks
what four agents speak to their models: Anthropic's messages (Claude Code), OpenAI's responses (Codex) and chat
completions (Copilot), and Gemini's generateContent. Shapes are those of the vendors' documentation of their APIs.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Event = tuple[str, Mapping[str, Any]]
"""The name and the data of one server-sent event."""
DONE = "done"
_RUN = re.compile(r"Run `([^`]+)`")


class AgentModel:
    """What it asks for, and what agents told it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.command = "true"
        self.told: list[str] = []
        """The body of every request."""

    def answer(self, path: str, body: dict[str, Any]) -> list[Event]:
        if "/responses" in path:
            return _responses(body, self.command)
        if "enerateContent" in path:
            return _gemini(body, self.command)
        if "/chat/completions" in path:
            return _chat(body, self.command)
        return _messages(body, self.command) if path.partition("?")[0].endswith("/v1/messages") else []


@contextmanager
def serving() -> Iterator[AgentModel]:
    """The model on a free port of this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Door) as server:
        model = AgentModel(f"http://127.0.0.1:{server.server_port}")
        server.model = model  # type: ignore[attr-defined]
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield model
        finally:
            server.shutdown()
            thread.join()


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *told: object) -> None:
        """Of agents' requests nothing goes to the output of tests."""

    def do_HEAD(self) -> None:
        self._send("application/json", b"")

    def do_GET(self) -> None:
        self._send("application/json", b'{"data": [], "models": []}')

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        model: AgentModel = self.server.model  # type: ignore[attr-defined]
        model.told.append(raw.decode(errors="replace"))
        body = json.loads(raw) if raw.startswith(b"{") else {}
        events = model.answer(self.path, body)
        if not events:  # counting tokens, telemetry
            self._send("application/json", b'{"input_tokens": 10}')
        elif body.get("stream") or "stream" in self.path:
            lines = [f"event: {name}\n" * bool(name) + f"data: {json.dumps(data)}\n\n" for name, data in events]
            last = "data: [DONE]\n\n" * ("/chat/" in self.path)
            self._send("text/event-stream", ("".join(lines) + last).encode())
        else:
            self._send("application/json", json.dumps(events[-1][1]).encode())

    def _send(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _next(told: Iterable[Any], results: int, command: str) -> str | None:
    """What is asked for now: the first that a person named and that has no result yet; None when each has one."""
    wanted = _RUN.findall(" ".join(_texts(told))) or [command]
    return wanted[results] if results < len(wanted) else None


def _texts(told: Any) -> Iterator[str]:
    """The texts of messages, in whatever shape."""
    if isinstance(told, str):
        yield told
    elif isinstance(told, Mapping):
        yield from _texts(told.get("text") or told.get("content") or told.get("parts") or "")
    else:
        for part in told:
            yield from _texts(part)


def _of_people(messages: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [message for message in messages if message.get("role") == "user"]


def _parts(messages: Iterable[Mapping[str, Any]], name: str) -> list[Mapping[str, Any]]:
    """The parts of messages that consist of parts."""
    return [part for message in messages for part in message.get(name) or () if isinstance(part, Mapping)]


def _messages(body: dict[str, Any], command: str) -> list[Event]:
    tools = [tool.get("name") for tool in body.get("tools", ())]
    messages = body.get("messages", ())
    results = sum(part.get("type") == "tool_result" for part in _parts(messages, "content"))
    wanted = _next(_of_people(messages), results, command)
    uses = "Bash" in tools and wanted is not None
    arguments = json.dumps({"command": wanted, "description": "as it was told"})
    usage = {"input_tokens": 10, "output_tokens": 5}
    block: dict[str, Any] = {"type": "text", "text": DONE}
    begun: dict[str, Any] = {"type": "text", "text": ""}
    delta: dict[str, Any] = {"type": "text_delta", "text": DONE}
    if uses:
        block = {"type": "tool_use", "id": f"toolu_{results + 1}", "name": "Bash", "input": json.loads(arguments)}
        begun = {**block, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": arguments}
    message = {"id": f"msg_{len(body.get('messages', ()))}", "type": "message", "role": "assistant", "usage": usage}
    message |= {"model": body.get("model", "model"), "stop_sequence": None}
    why = "tool_use" if uses else "end_turn"
    if not body.get("stream"):
        return [("message", {**message, "content": [block], "stop_reason": why})]
    ended = {"delta": {"stop_reason": why, "stop_sequence": None}, "usage": {"output_tokens": 5}}
    parts: list[tuple[str, dict[str, Any]]] = [
        ("message_start", {"message": {**message, "content": [], "stop_reason": None}}),
        ("content_block_start", {"index": 0, "content_block": begun}),
        ("content_block_delta", {"index": 0, "delta": delta}),
        ("content_block_stop", {"index": 0}),
        ("message_delta", ended),
        ("message_stop", {}),
    ]
    return [(name, {"type": name, **data}) for name, data in parts]


def _responses(body: dict[str, Any], command: str) -> list[Event]:
    tools = [tool.get("name") for tool in body.get("tools", ())]
    item: dict[str, Any] = {"type": "message", "id": "m_1", "role": "assistant"}
    item["content"] = [{"type": "output_text", "text": DONE}]
    known = body.get("input") or ()
    results = sum(str(part.get("type")).endswith("call_output") for part in known)
    if (wanted := _next(_of_people(known), results, command)) is not None:
        shells = {"exec_command": {"cmd": wanted}, "shell_command": {"command": wanted}}
        name = next((shell for shell in shells if shell in tools), "exec_command")
        item = {
            "type": "function_call",
            "id": f"fc_{results + 1}",
            "call_id": f"call_{results + 1}",
            "name": name,
            "arguments": json.dumps(shells[name]),
        }
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    parts: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": {"id": f"resp_{len(known)}"}}),
        ("response.output_item.done", {"output_index": 0, "item": item}),
        ("response.completed", {"response": {"id": f"resp_{len(known)}", "usage": usage}}),
    ]
    return [(name, {"type": name, **data}) for name, data in parts]


def _gemini(body: dict[str, Any], command: str) -> list[Event]:
    tools = [known.get("name") for tool in body.get("tools", ()) for known in tool.get("functionDeclarations", ())]
    part: dict[str, Any] = {"text": DONE}
    contents = body.get("contents", ())
    results = sum("functionResponse" in known for known in _parts(contents, "parts"))
    wanted = _next(_of_people(contents), results, command)
    if "run_shell_command" in tools and wanted is not None:
        part = {"functionCall": {"name": "run_shell_command", "args": {"command": wanted}}}
    told = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}
    return [("", {"candidates": [told], "usageMetadata": usage, "modelVersion": "model"})]


def _chat(body: dict[str, Any], command: str) -> list[Event]:
    tools = [tool.get("function", {}).get("name") for tool in body.get("tools", ())]
    shell = next((name for name in ("bash", "Bash", "run_shell_command", "Shell") if name in tools), None)
    messages = body.get("messages", ())
    results = sum(message.get("role") == "tool" for message in messages)
    wanted = _next(_of_people(messages), results, command)
    told: dict[str, Any] = {"role": "assistant", "content": DONE}
    if shell and wanted is not None:
        given = {"command": wanted, "description": "as it was told", "is_background": False}
        function = {"name": shell, "arguments": json.dumps(given)}
        told = {"role": "assistant", "content": None}
        told["tool_calls"] = [{"index": 0, "id": f"call_{results + 1}", "type": "function", "function": function}]
    why = "tool_calls" if "tool_calls" in told else "stop"
    known = {"id": "chatcmpl-1", "created": 1, "model": body.get("model", "model")}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    if not body.get("stream"):
        choice = {"index": 0, "message": told, "finish_reason": why}
        return [("", {**known, "object": "chat.completion", "choices": [choice], "usage": usage})]
    chunk = {**known, "object": "chat.completion.chunk"}
    return [
        ("", {**chunk, "choices": [{"index": 0, "delta": told, "finish_reason": None}]}),
        ("", {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": why}]}),
        ("", {**chunk, "choices": [], "usage": usage}),
    ]
