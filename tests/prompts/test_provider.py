"""The provider against a server that behaves as servers do."""

import json
import time
from decimal import Decimal
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.utils import timezone

from audit.cost import Price, PriceList
from config.errors import DomainError
from config.secrets import MARK
from prompts.provider import (
    Answer,
    ModelAnswerInvalid,
    ModelMisconfigured,
    ModelRefused,
    ModelSilent,
    ModelUnavailable,
    connect,
    cost_micros,
    http,
    redact,
)
from prompts.provider.http import HTTPProvider
from prompts.templates import Message
from tests.patience import comes_back
from tests.prompts.stub_model import Stub, completion, send

KEY = "sk-test-0123456789abcdefghij"
SAID = [Message(role="system", content="Be brief."), Message(role="user", content="héllo")]


class Asked:
    """A provider that sleeps in a list instead of in time."""

    def __init__(self, url: str, **options: Any) -> None:
        self.waits: list[float] = []
        self.provider = HTTPProvider(base_url=url, sleep=self.waits.append, **{"api_key": KEY, **options})

    def ask(self, **settings: Any) -> Answer:
        with self.provider as provider:
            return provider.complete(SAID, settings, model="m")


def always(status: int, body: Any, kind: str = "application/json", **headers: str) -> Any:
    def reply(stub: Stub, request: dict[str, Any], handler: BaseHTTPRequestHandler) -> None:
        send(handler, status, body, kind, **headers)

    return reply


def then_right(failures: int, status: int, **headers: str) -> Any:
    def reply(stub: Stub, request: dict[str, Any], handler: BaseHTTPRequestHandler) -> None:
        if len(stub.requests) <= failures:
            send(handler, status, {"error": {"message": "not now"}}, **headers)
        else:
            send(handler, 200, completion("right"))

    return reply


def test_a_chat_completion(stub: Stub) -> None:
    answer = Asked(stub.url).ask(temperature=0, seed=42, stop=["\n"], extra={"min_p": 0.1}, model="ignored")
    assert answer.text == "héllo"
    assert (answer.model, answer.finish_reason, answer.input_tokens, answer.output_tokens) == ("stub", "stop", 12, 3)
    assert stub.requests == [
        {
            "min_p": 0.1,
            "temperature": 0,
            "seed": 42,
            "stop": ["\n"],
            "model": "m",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "héllo"}],
            "stream": False,
        }
    ]
    assert stub.headers[0]["authorization"] == f"Bearer {KEY}"


def test_anthropic_messages(stub: Stub) -> None:
    body = {
        "model": "claude",
        "content": [
            {"type": "thinking", "thinking": "..."},
            {"type": "text", "text": "Hi"},
            {"type": "text", "text": "!"},
        ],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 7, "output_tokens": 2},
    }
    stub.reply = always(200, body)
    answer = Asked(stub.url, api="anthropic").ask(temperature=0, seed=1, stop="END", response_format={})
    assert (answer.text, answer.finish_reason, answer.input_tokens, answer.output_tokens) == ("Hi!", "stop", 7, 2)
    assert stub.requests == [
        {
            "max_tokens": 1024,
            "temperature": 0,
            "stop_sequences": ["END"],
            "system": "Be brief.",
            "model": "m",
            "messages": [{"role": "user", "content": "héllo"}],
        }
    ]
    assert stub.headers[0]["x-api-key"] == KEY
    assert stub.headers[0]["anthropic-version"]


def test_anthropic_instructions_alone_become_the_user_turn(stub: Stub) -> None:
    part = {"type": "text", "text": "Hi"}
    stub.reply = always(200, {"content": [part], "usage": None, "stop_reason": "max_tokens"})
    with HTTPProvider(base_url=stub.url, api="anthropic") as provider:
        answer = provider.complete(SAID[:1], {"max_completion_tokens": 5}, model="m")
    assert (answer.text, answer.finish_reason) == ("Hi", "length")
    assert stub.requests[0]["messages"] == [{"role": "user", "content": "Be brief."}]
    assert stub.requests[0]["max_tokens"] == 5


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_what_may_pass_is_tried_three_times_in_all(stub: Stub, status: int) -> None:
    stub.reply = then_right(2, status)
    asked = Asked(stub.url)
    assert asked.ask().text == "right"
    assert len(stub.requests) == 3
    assert 0.375 <= asked.waits[0] <= 0.5
    assert 0.75 <= asked.waits[1] <= 1.0


@pytest.mark.parametrize("status", [429, 500])
def test_after_the_third_try_it_is_unavailable(stub: Stub, status: int) -> None:
    stub.reply = always(status, {"error": {"message": "overloaded"}})
    with pytest.raises(ModelUnavailable, match=str(status)):
        Asked(stub.url).ask()
    assert len(stub.requests) == 3


@pytest.mark.parametrize(("headers", "wait"), [({"Retry_After": "7"}, 7.0), ({"retry_after_ms": "250"}, 0.25)])
def test_retry_after_is_obeyed(stub: Stub, headers: dict[str, str], wait: float) -> None:
    stub.reply = then_right(1, 429, **headers)
    asked = Asked(stub.url)
    asked.ask()
    assert asked.waits == [wait]


def test_retry_after_as_a_date_and_as_nonsense(stub: Stub) -> None:
    stub.reply = then_right(1, 429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT")
    asked = Asked(stub.url)
    asked.ask()
    assert asked.waits == [0.0]
    stub.requests.clear()
    stub.reply = then_right(1, 429, Retry_After="soon")
    asked = Asked(stub.url)
    asked.ask()
    assert 0.3 < asked.waits[0] <= 0.5


def test_a_wait_of_hours_is_not_waited(stub: Stub) -> None:
    stub.reply = always(429, {}, Retry_After="7200")
    asked = Asked(stub.url)
    with pytest.raises(ModelUnavailable, match="limiting requests"):
        asked.ask()
    assert (asked.waits, len(stub.requests)) == ([], 1)


def test_the_server_may_forbid_and_force_retries(stub: Stub) -> None:
    stub.reply = always(500, {}, x_should_retry="false")
    with pytest.raises(ModelRefused):
        Asked(stub.url).ask()
    assert len(stub.requests) == 1
    stub.reply = then_right(2, 400, x_should_retry="true")
    assert Asked(stub.url).ask().text == "right"


@pytest.mark.parametrize(
    ("status", "message", "advice"),
    [
        (401, f"Incorrect API key provided: {KEY}.", "MODEL_API_KEY"),
        (403, "no", "MODEL_API_KEY"),
        (404, "model m not found", "MODEL_NAME"),
        (400, f"bad temperature for {KEY} sk-tes***ghij", "settings"),
        (301, "moved", "MODEL_BASE_URL"),
    ],
)
def test_a_refusal_is_not_retried_says_what_to_do_and_keeps_the_key(
    stub: Stub, status: int, message: str, advice: str, caplog: pytest.LogCaptureFixture
) -> None:
    stub.reply = always(status, {"error": {"message": message}})
    with caplog.at_level("DEBUG"), pytest.raises(ModelRefused) as refused:
        Asked(stub.url).ask()
    assert len(stub.requests) == 1
    assert advice in refused.value.detail
    everything = refused.value.detail + repr(refused.value) + caplog.text
    assert KEY not in everything
    assert "ghij" not in everything


RUBBISH = [
    (b"<!doctype html><html><body>Welcome</body></html>", "text/html", "a web page"),
    (b'{"choices": [{"message": {"cont', "application/json", "no complete JSON"),
    (b"", "application/json", "no complete JSON"),
    (b"\xff\xfe\x00", "application/json", "no complete JSON"),
    (b"[" * 200_000, "application/json", "no complete JSON"),
    (b"null", "application/json", "chat completions"),
    (b"[]", "application/json", "chat completions"),
    (b"{}", "application/json", "chat completions"),
    (b'{"choices": []}', "application/json", "chat completions"),
    (b'{"choices": {}}', "application/json", "chat completions"),
    (b'{"choices": [null]}', "application/json", "chat completions"),
    (b'{"choices": [{"message": "hi"}]}', "application/json", "chat completions"),
    (b'{"choices": [{"message": {"content": 7}}]}', "application/json", "chat completions"),
    (b'{"choices": [{"message": {"content": [{"type": "text"}]}}]}', "application/json", "chat completions"),
    (b'{"choices": [{"message": {"content": "x"}}], "usage": [1]}', "application/json", "chat completions"),
]


@pytest.mark.parametrize(("body", "kind", "said"), RUBBISH)
def test_rubbish_is_a_named_error_with_a_next_step(stub: Stub, body: bytes, kind: str, said: str) -> None:
    stub.reply = always(200, body, kind)
    with pytest.raises(ModelAnswerInvalid, match=said) as invalid:
        Asked(stub.url).ask()
    assert "MODEL_" in invalid.value.detail
    assert len(stub.requests) == 1


def test_odd_but_right_answers_are_taken(stub: Stub) -> None:
    body = completion(
        [{"type": "text", "text": "x"}], usage={"prompt_tokens": "12", "completion_tokens": -1}, model=None
    )
    body["choices"][0] |= {"finish_reason": None}
    stub.reply = always(200, body)
    answer = Asked(stub.url).ask()
    assert (answer.text, answer.model, answer.finish_reason) == ("x", "m", "")
    assert (answer.input_tokens, answer.output_tokens) == (None, None)
    stub.reply = always(200, json.dumps(completion("a\x00b\ud800c \U0001f600")).encode())
    assert Asked(stub.url).ask().text == "a\ufffdb\ufffdc \U0001f600"


def openai(reason: str | None = "stop", **message: Any) -> dict[str, Any]:
    body = completion(None)
    body["choices"][0] = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}
    return body


def anthropic(reason: str, *content: dict[str, Any]) -> dict[str, Any]:
    return {"type": "message", "model": "claude", "content": list(content), "stop_reason": reason}


@pytest.mark.parametrize(
    ("api", "body", "advice"),
    [
        ("openai", openai("content_filter", content=None), "content filter"),
        ("openai", openai("content_filter"), "content filter"),
        ("openai", openai("length", content=""), "Raise max_tokens"),
        ("openai", openai("length", content="", reasoning_content="I think..."), "Raise max_tokens"),
        ("openai", openai("stop", content=""), "model's log"),
        ("openai", openai("stop", content=" \n\t"), "model's log"),
        ("openai", openai("stop", content="\u200b\ufeff\x00"), "model's log"),
        ("openai", openai(None, content=None), "model's log"),
        ("openai", openai("stop", content=[]), "model's log"),
        ("openai", openai("stop", content=[{"type": "image_url", "image_url": {}}]), "model's log"),
        ("openai", openai("tool_calls", content=None, tool_calls=[]), "model's log"),
        ("openai", openai("stop", content="", refusal=""), "model's log"),
        ("anthropic", anthropic("refusal"), "content filter"),
        ("anthropic", anthropic("max_tokens", {"type": "thinking", "thinking": "Hm"}), "Raise max_tokens"),
        ("anthropic", anthropic("end_turn", {"type": "text", "text": ""}), "model's log"),
    ],
)
def test_no_answer_is_an_error_that_says_why(stub: Stub, api: str, body: Any, advice: str) -> None:
    stub.reply = always(200, body)
    with pytest.raises(ModelSilent, match="gave no answer") as silent:
        Asked(stub.url, api=api).ask()
    assert advice in silent.value.detail


CALL = {"name": "delete", "arguments": {"id": 7}}
FUNCTION = {"name": "delete", "arguments": '{"id": 7}'}


@pytest.mark.parametrize(
    ("api", "body", "calls"),
    [
        ("openai", openai("tool_calls", content=None, tool_calls=[{"id": "c", "function": FUNCTION}] * 2), [CALL] * 2),
        ("openai", openai("function_call", content="", function_call=FUNCTION), [CALL]),
        (
            "openai",
            openai("tool_calls", tool_calls=[{"function": {"name": "f", "arguments": '{"cut'}}]),
            [{"name": "f", "arguments": '{"cut'}],
        ),
        (
            "anthropic",
            anthropic("tool_use", {"type": "tool_use", "id": "c", "name": "delete", "input": {"id": 7}}),
            [CALL],
        ),
    ],
)
def test_tool_calls_alone_are_the_answer_as_json(stub: Stub, api: str, body: Any, calls: list[Any]) -> None:
    stub.reply = always(200, body)
    assert json.loads(Asked(stub.url, api=api).ask().text) == calls


def test_words_beside_tool_calls_are_the_answer(stub: Stub) -> None:
    stub.reply = always(200, openai("tool_calls", content="I look.", tool_calls=[{"function": FUNCTION}]))
    assert Asked(stub.url).ask().text == "I look."


def test_a_refusal_in_words_is_told_from_an_answer(stub: Stub) -> None:
    stub.reply = always(200, openai("stop", content=None, refusal="I cannot help with that."))
    answer = Asked(stub.url).ask()
    assert (answer.text, answer.finish_reason) == ("I cannot help with that.", "refusal")


WORDS = f"Provider exploded, key {KEY}"


@pytest.mark.parametrize(
    "body",
    [
        {"error": WORDS},
        {"error": {"message": WORDS, "code": "server_error"}},
        {"error": {"message": WORDS}, "choices": []},
        {"type": "error", "error": {"type": "overloaded", "message": WORDS}},
        {"object": "error", "message": WORDS},
        {"detail": WORDS},
        [{"error": {"message": WORDS}}],
        {"choices": [{"error": {"message": WORDS}, "message": {"content": ""}, "finish_reason": "error"}]},
        {"choices": [{"error": {"message": WORDS}, "message": {"content": "half"}, "finish_reason": "error"}]},
    ],
)
def test_an_error_behind_a_200_is_told_in_the_providers_words_without_the_key(stub: Stub, body: Any) -> None:
    stub.reply = always(200, body)
    with pytest.raises(ModelRefused, match="Provider exploded") as refused:
        Asked(stub.url).ask()
    assert KEY not in refused.value.detail


def test_an_error_behind_a_200_that_names_a_status_is_that_status(stub: Stub) -> None:
    stub.reply = always(200, {"error": {"message": "Upstream is overloaded", "code": 503}})
    with pytest.raises(ModelUnavailable, match=r"503.*Upstream is overloaded"):
        Asked(stub.url).ask()
    assert len(stub.requests) == 3


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, {"message": "You exceeded your current quota", "code": "insufficient_quota"}),
        (429, {"message": "You exceeded your current quota", "type": "insufficient_quota", "code": None}),
        (402, {"message": "You exceeded your current quota"}),
    ],
)
def test_a_used_up_quota_is_named_and_not_tried_again(stub: Stub, status: int, error: dict[str, Any]) -> None:
    stub.reply = always(status, {"error": error})
    with pytest.raises(ModelRefused, match=r"exceeded your current quota.*account"):
        Asked(stub.url).ask()
    assert len(stub.requests) == 1


def test_a_limit_on_requests_is_told_in_the_providers_words(stub: Stub) -> None:
    message = f"Limit 3 per minute for {KEY}. Quota resets in 20 s"
    stub.reply = always(429, {"error": {"message": message, "code": "rate_limit_exceeded"}})
    with pytest.raises(ModelUnavailable, match=r"Limit 3 per minute.*resets in 20 s") as limited:
        Asked(stub.url).ask()
    assert KEY not in limited.value.detail
    assert len(stub.requests) == 3


@pytest.mark.parametrize("code", [10**400, -1, True, 429.5, [], {"a": 1}, "x" * 10_000])
def test_no_code_of_an_error_makes_reading_it_fall_over(stub: Stub, code: Any) -> None:
    stub.reply = always(400, {"error": {"message": "no", "code": code, "type": code, "status": code}})
    with pytest.raises(ModelRefused, match="no"):
        Asked(stub.url).ask()


def test_an_answer_without_end_is_not_read(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 100_000)
    stub.reply = always(200, completion("x" * 300_000))
    with pytest.raises(ModelAnswerInvalid, match="was not read"):
        Asked(stub.url).ask()


def test_a_silent_server_is_a_timeout_tried_again(stub: Stub) -> None:
    def late(stub: Stub, request: dict[str, Any], handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.3)

    stub.reply = late
    with pytest.raises(ModelUnavailable, match=r"within 0\.1 s.*MODEL_TIMEOUT_SECONDS"):
        Asked(stub.url, timeout_seconds=0.1).ask()
    assert len(stub.requests) == 3


def test_a_server_that_drips_bytes_meets_the_same_time_limit(stub: Stub) -> None:
    def drip(stub: Stub, request: dict[str, Any], handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        while True:
            try:
                handler.wfile.write(b" ")
                handler.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    stub.reply = drip
    with comes_back(), pytest.raises(ModelUnavailable):
        Asked(stub.url, timeout_seconds=0.2).ask()


def test_a_connection_lost_in_the_answer_is_tried_again(stub: Stub) -> None:
    def cut(stub: Stub, request: dict[str, Any], handler: BaseHTTPRequestHandler) -> None:
        if len(stub.requests) == 3:
            send(handler, 200, completion("third"))
            return
        handler.send_response(200)
        handler.send_header("Content-Length", "5000")
        handler.end_headers()
        handler.wfile.write(b'{"choices"')
        handler.close_connection = True

    stub.reply = cut
    assert Asked(stub.url).ask().text == "third"


def test_nobody_there_says_what_to_do() -> None:
    with pytest.raises(ModelUnavailable, match=r"cannot be reached.*MODEL_BASE_URL") as away:
        Asked("http://user:secret-word@127.0.0.1:9/v1").ask()
    assert "secret-word" not in str(away.value)
    assert "127.0.0.1:9" in str(away.value)


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "not a url"},
        {"base_url": "ftp://host/v1"},
        {"base_url": ""},
        {"base_url": "http://"},
        {"base_url": "http://127.0.0.1:8089/v1", "api": "gemini"},
        {"base_url": "http://127.0.0.1:8089/v1", "api_key": "sk-with\nnewline"},
        {"base_url": "http://127.0.0.1:8089/v1", "api_key": "sk-ключ"},
    ],
)
def test_wrong_settings_are_named_errors_without_the_key(options: dict[str, str]) -> None:
    with pytest.raises(ModelMisconfigured) as wrong:
        HTTPProvider(**options)
    assert "MODEL_" in wrong.value.detail
    assert "sk-" not in wrong.value.detail


def test_another_provider_is_plugged_in_by_its_path(settings: Any) -> None:
    settings.MODEL_API = "prompts.demo.Scripted"
    assert connect().complete([Message(role="user", content="I was charged twice in October.")], {}, model="m").text
    settings.MODEL_API = "prompts.demo.Missing"
    with pytest.raises(ModelMisconfigured, match=r"prompts\.demo\.Missing"):
        connect()


def test_cost_is_micro_dollars_by_the_price_list() -> None:
    prices = PriceList([("big", timezone.now(), Price(Decimal("2.5"), Decimal(10)))])
    answer = Answer(text="", model="big-2026", finish_reason="", input_tokens=1000, output_tokens=7, latency_ms=1)
    assert cost_micros(answer, "big", prices) == 2570
    assert cost_micros(answer, "other", prices) is None


@pytest.mark.parametrize("text", [f"key {KEY}!", "sk-proj-abc***wxyz", "pk_live_abcdef", "****abcd"])
def test_whatever_looks_like_a_key_is_blanked(text: str) -> None:
    assert MARK in redact(text, KEY)
    assert "abc" not in redact(text, KEY)


def test_every_error_of_the_provider_is_a_domain_error() -> None:
    for error in (ModelUnavailable, ModelRefused, ModelAnswerInvalid, ModelMisconfigured):
        assert issubclass(error, DomainError)
        assert error.code.startswith("model-")
        assert 500 < error.status < 600
