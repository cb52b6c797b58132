"""What is no answer is not kept, and what is one is not refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visioncache.answers import why_no_answer
from visioncache.terms import EmptyResult, read_data

USAGE = {"prompt_tokens": 9, "completion_tokens": 0, "total_tokens": 9}


def openai(message: Any, stop: str = "stop") -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": stop, "logprobs": None}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o",
        "choices": [choice],
        "usage": USAGE,
        "system_fingerprint": "fp_1",
    }


def responses(output: list[Any], status: str = "completed", **more: Any) -> dict[str, Any]:
    known = {"id": "resp_1", "object": "response", "created_at": 1, "model": "gpt-5", "temperature": 1.0}
    return {**known, "status": status, "error": None, "incomplete_details": None, "output": output, **more}


def anthropic(content: list[Any], stop: str = "end_turn") -> dict[str, Any]:
    known = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "stop_sequence": None}
    return {**known, "content": content, "stop_reason": stop, "usage": {"input_tokens": 9, "output_tokens": 0}}


def gemini(*parts: Any, stop: str = "STOP") -> dict[str, Any]:
    content = {"role": "model", **({"parts": list(parts)} if parts else {})}
    candidate = {"content": content, "finishReason": stop, "index": 0, "avgLogprobs": -0.1}
    return {"candidates": [candidate], "usageMetadata": {"promptTokenCount": 9}, "modelVersion": "gemini-2"}


def converse(*content: Any, stop: str = "end_turn") -> dict[str, Any]:
    message = {"role": "assistant", "content": list(content)}
    return {
        "output": {"message": message},
        "stopReason": stop,
        "usage": {"inputTokens": 9},
        "metrics": {"latencyMs": 5},
    }


def ollama(message: Any, reason: str = "stop") -> dict[str, Any]:
    known = {"model": "llava", "created_at": "2026-11-29T10:00:00Z", "done": True, "total_duration": 5}
    return {**known, "message": {"role": "assistant", **message}, "done_reason": reason}


def generated(text: str, reason: str = "stop") -> dict[str, Any]:
    return {"model": "llava", "created_at": "x", "response": text, "done": True, "done_reason": reason, "eval_count": 0}


CALL = {"id": "call_1", "type": "function", "function": {"name": "read", "arguments": '{"total": 7}'}}

EMPTY_REPLIES = [
    openai({"content": None}, "content_filter"),
    openai({"content": ""}),
    openai({"content": " \n"}, "length"),
    openai({"content": None, "refusal": "I cannot help with that."}),
    openai({"content": [{"type": "refusal", "refusal": "I cannot."}]}),
    openai({"content": "The tot"}, "content_filter"),
    openai({"content": None, "reasoning_content": "Let me look at the picture."}, "length"),
    openai({"content": None, "tool_calls": []}),
    {**openai({}), "choices": []},
    {"choices": [], "usage": USAGE},
    {"choices": None, "model": "m"},
    openai({"content": None}, "content_filter")["choices"][0],
    {"role": "assistant", "content": None, "refusal": "I cannot."},
    {"role": "assistant", "content": ""},
    {"response": openai({"content": None}, "content_filter")},
    {"body": responses([])},
    [openai({"content": "The to"}), openai({"content": None}, "content_filter")],
    {"id": "cmpl-1", "object": "text_completion", "choices": [{"index": 0, "text": "", "finish_reason": "length"}]},
    {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    responses([]),
    responses(
        [{"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]}], "incomplete"
    ),
    responses([{"type": "message", "id": "m", "role": "assistant", "content": [{"type": "output_text", "text": ""}]}]),
    responses([{"type": "message", "id": "m", "content": [{"type": "refusal", "refusal": "I cannot."}]}]),
    responses([], "failed", error={"code": "server_error", "message": "The model failed."}),
    responses(
        [{"type": "message", "id": "m", "content": [{"type": "output_text", "text": "The"}]}],
        "incomplete",
        incomplete_details={"reason": "content_filter"},
    ),
    anthropic([]),
    {**anthropic([]), "content": ""},
    {"role": "model", "parts": [{"text": ""}]},
    anthropic([{"type": "text", "text": ""}], "max_tokens"),
    anthropic([{"type": "thinking", "thinking": "Let me look.", "signature": "c2ln"}], "max_tokens"),
    anthropic([{"type": "text", "text": "I "}], "refusal"),
    gemini(stop="SAFETY"),
    gemini(stop="MAX_TOKENS"),
    gemini({"text": ""}),
    gemini({"text": "Let me look.", "thought": True}, stop="MAX_TOKENS"),
    {"promptFeedback": {"blockReason": "SAFETY", "safetyRatings": []}, "usageMetadata": {"promptTokenCount": 9}},
    {"usageMetadata": {"promptTokenCount": 9}, "modelVersion": "gemini-2"},
    converse(),
    converse({"text": ""}, stop="max_tokens"),
    converse({"reasoningContent": {"reasoningText": {"text": "Hm."}}}, stop="max_tokens"),
    converse({"text": "Sorry, blocked by policy."}, stop="guardrail_intervened"),
    {
        "inputTextTokenCount": 9,
        "results": [{"tokenCount": 0, "outputText": "", "completionReason": "CONTENT_FILTERED"}],
    },
    {"generation": "", "prompt_token_count": 9, "generation_token_count": 0, "stop_reason": "length"},
    {"outputs": [{"text": "", "stop_reason": "stop"}]},
    ollama({"content": ""}),
    ollama({"content": "", "thinking": "Let me look."}, "length"),
    generated("", "load"),
    {
        "id": "c",
        "finish_reason": "COMPLETE",
        "message": {"role": "assistant", "content": [{"type": "text", "text": ""}]},
    },
    {"text": "", "generation_id": "g", "finish_reason": "COMPLETE"},
    {"promptFeedback": {"blockReason": "OTHER"}},
    gemini({"text": "Das"}, stop="LANGUAGE"),
    responses([{"type": "message", "id": "m", "content": [{"type": "output_text", "text": "The"}]}], "in_progress"),
    {"id": "p", "version": "v", "input": {"image": "x"}, "output": None, "error": None, "status": "processing"},
    {"id": "p", "version": "v", "input": {"image": "x"}, "output": None, "error": "no memory", "status": "failed"},
]

ERRORS = [
    {"error": {"type": "rate_limit", "message": "429"}},
    {"error": {"message": "No such model", "type": "invalid_request_error", "param": "model", "code": 404}, "id": "x"},
    {"error": {"message": "Provider returned error", "code": 502}, "user_id": "user_1"},
    {"error": {"message": "quota"}, "choices": [], "usage": USAGE, "model": "gpt-4o"},
    {"error": "model 'llava' not found"},
    {"error": True, "message": "Rate limited"},
    {"Error": {"Message": "x", "Code": "Throttled"}},
    {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_1"},
    [{"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}],
    {"errors": [{"message": "Field is missing"}], "data": None},
    {"object": "error", "message": "max_tokens is too large", "type": "BadRequestError", "param": None, "code": 400},
    {"__type": "ThrottlingException", "message": "Too many requests"},
    {"message": "Endpoint request timed out"},
    {"message": "Internal server error"},
    {"detail": "Not Found"},
    {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "No entry"},
    {"timestamp": "2026-11-29", "status": 500, "error": "Internal Server Error", "path": "/v1/read"},
    {"status_code": 503, "body": "busy", "headers": {"retry-after": "1"}},
    {"status": "error", "message": "no credits left"},
    {"success": False, "error": "bad key"},
    {"error": "Model llava is currently loading", "estimated_time": 20.0},
    {"detail": "Not authenticated"},
    {"detail": [{"loc": ["body"], "msg": "field required", "type": "value_error.missing"}]},
    {"Message": "Internal failure"},
    {"message": "Too many requests, please wait before trying again."},
    {"response": {"error": {"message": "overloaded", "code": 503}}},
    {"responses": [{"error": {"code": 3, "message": "Bad image data."}}]},
    {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": "x"}, "result": None},
    {"content": [{"type": "text", "text": "No such file"}], "isError": True},
    {"IsErroredOnProcessing": True, "ErrorMessage": ["Timed out"], "ParsedResults": None, "OCRExitCode": 3},
    {"fault": {"faultstring": "Rate limit quota violation", "detail": {"errorcode": "x"}}},
    {"result": {"error": "timeout"}},
    {"result": {"error": "TIMEOUT"}},
    {"error": "TIMEOUT"},
    "Forbidden",
    "timeout",
    "BAD_REQUEST",
    "ETIMEDOUT",
    {"id": "a1", "model": "m", "status": "failed", "error": "NSFW content", "urls": {"get": "https://example.org/a1"}},
    "503 Service Temporarily Unavailable",
    "upstream request timeout",
    "ECONNRESET",
    "Error: socket hang up",
    "[Errno 111] Connection refused",
    "HTTPSConnectionPool(host='h', port=443): Read timed out. (read timeout=60)",
    'Traceback (most recent call last):\n  File "a.py", line 1\nopenai.APIConnectionError: Connection error.',
    "The engine is currently overloaded, please try again later",
    "RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB",
    "stream error: stream ID 1; INTERNAL_ERROR",
    '```json\n{"error": {"message": "x", "code": 500}}\n```',
    "Error: 503 Service Unavailable",
    "error 503",
    "503 Service Unavailable",
    "HTTP 429: Too Many Requests",
    "HTTP/1.1 502 Bad Gateway",
    "Error code: 429 - {'error': {'message': 'Rate limit reached'}}",
    "Error: rate limit exceeded",
    "Error: Request timed out.",
    "Internal Server Error",
    "Bad gateway\n",
    "openai.RateLimitError: Error code: 429",
    "APIConnectionError('Connection error.')",
    "requests.exceptions.ReadTimeout",
    "Request timed out.",
    "Connection error.",
    "upstream connect error or disconnect/reset before headers. reset reason: overflow",
    "504 Server Error: Gateway Timeout for url: https://example.org",
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center>nginx</center></body></html>",
    "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>example.org | 522: Connection timed out</title>",
    "<!doctype html><html><head><title>Just a moment...</title></head></html>",
    "<h1>Service Unavailable</h1>",
    "<html><head><title>Access denied | example.org used Cloudflare</title>",
]  # fmt: skip

NOTHINGS = [
    None,
    {},
    [],
    "",
    " \n",
    "null",
    "None",
    "{}",
    "[]",
    '""',
    "[null]",
    '{"text": ""}',
    "NaN",
    "\ufeff",
    "\u200b\n",
    "```json\n```",
    "```\n{}\n```",
    [[], {"a": [None]}],
]

RESULTS = [
    {"error": "none", "total": "12.00"},
    {"error": {"message": "Filter blocked", "code": "E-18"}, "total": 7},
    {"error": "E-18", "model": "X200"},
    {"errors": 3, "tests": 211},
    {"error": None, "text": "x"},
    {"error": False, "message": "Total 12"},
    {"status": "FAILED", "tests": 211, "failed": ["test_login"]},
    {"status": "FAILED", "reason": "test_login"},
    {"status": "FAILED"},
    {"code": 404},
    {"code": "503", "label": "Room"},
    {"message": "Meet me at noon"},
    {"detail": "Signed by both"},
    {"title": "Not found", "pages": 3},
    {"type": "error", "dialog": "Disk full"},
    {"status": 404, "seats": 12, "title": "Arena"},
    {"text": "503 Service Unavailable"},
    {"text": "", "lines": 0},
    {"choices": [{"label": "A", "is_checked": False}, {"label": "B", "is_checked": True}]},
    {"candidates": [{"name": "Smith", "votes": 12}]},
    {"output": [{"type": "message", "text": "Hello"}]},
    {"output": {"message": "Hello"}},
    {"message": {"role": "sender", "content": ""}, "date": "2026-11-02"},
    {"role": "assistant", "name": "Ann"},
    {"invoice": {"error": "E-18"}},
    {"display": {"error": "timeout"}},
    {"result": {"error": "E-18"}},
    {"id": "a1", "status": "failed", "error": "E-18"},
    {"choices": [], "question": "Which?"},
    {"role": "assistant", "content": "PASSED"},
    {"response": openai({"content": "PASSED"})},
    {"results": [{"text": "", "row": 1}]},
    {"content": ["a"], "stop": 1},
    {"response": "", "done": 1},
    {"title": "Forbidden"},
    {"reason": "Conflict"},
    {"code": "450", "message": "weight in kg"},
    {"type": "invoice", "code": "450", "title": "Invoice"},
    {"responses": [{"error": "none"}]},
    {"responses": [{"error": [], "total": 1}]},
    {"page": {"error": [], "total": 1}},
    "Error 404 sign on a T-shirt",
    "status: 404 units in stock",
    '```json\n{"total": 7}\n```',
    "Traceback (most recent call last):\n  File \"a.py\", line 1\nKeyError: 'total'",
    0,
    False,
    "503",
    "404 units",
    "TIMEOUT",
    "FORBIDDEN",
    "UNAUTHORIZED!",
    "Not found",
    "Locked",
    "Gone",
    "KeyError: 'total'",
    "error: expected ';' before '}' token",
    "Error rate of the API: 3 %",
    "Terror",
    "Status: open",
    "The terminal shows: Error: 503 Service Unavailable",
    "Connection refused is what the terminal shows",
    "<html><head><title>Invoice 17</title></head><body><h1>Invoice 17</h1></body></html>",
    "<div class='card'>503 Service Unavailable</div>",
    "[1] first footnote",
    '"quoted" words',
    "{not json}",
    [{"error": "none", "total": 1}, {}],
    openai({"content": "PASSED"}),
    openai({"content": "The total is 1"}, "length"),
    openai({"content": "Error 18 is what the display shows"}),
    openai({"content": None, "tool_calls": [CALL]}, "tool_calls"),
    openai({"content": None, "function_call": {"name": "read", "arguments": '{"total": 7}'}}, "function_call"),
    openai({"content": [{"type": "text", "text": "PASSED"}]}),
    openai({"content": None, "audio": {"id": "a", "data": "UklGRg=="}}),
    responses([{"type": "message", "id": "m", "content": [{"type": "output_text", "text": "PASSED"}]}]),
    responses([{"type": "function_call", "id": "f", "call_id": "c", "name": "read", "arguments": '{"total": 7}'}]),
    responses(
        [{"type": "message", "id": "m", "content": [{"type": "output_text", "text": "1, 2, 3"}]}],
        "incomplete",
        incomplete_details={"reason": "max_output_tokens"},
    ),
    anthropic([{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "PASSED"}]),
    anthropic([{"type": "tool_use", "id": "t", "name": "read", "input": {"total": 7}}], "tool_use"),
    gemini({"text": "PASSED"}),
    gemini({"functionCall": {"name": "read", "args": {"total": 7}}}),
    {**gemini({"text": "PASSED"}), "promptFeedback": {"safetyRatings": []}},
    converse({"text": "PASSED"}),
    converse({"toolUse": {"toolUseId": "t", "name": "read", "input": {"total": 7}}}, stop="tool_use"),
    {"inputTextTokenCount": 9, "results": [{"tokenCount": 1, "outputText": "PASSED", "completionReason": "FINISH"}]},
    {"generation": "PASSED", "stop_reason": "stop"},
    ollama({"content": "PASSED"}),
    ollama({"content": "", "tool_calls": [{"function": {"name": "read", "arguments": {"total": 7}}}]}),
    generated("PASSED"),
    [openai({"content": ""}), openai({"content": "PASSED"})],
]  # fmt: skip


def name(value: Any) -> str:
    return json.dumps(value)[:100]


@pytest.mark.parametrize("body", EMPTY_REPLIES, ids=name)
def test_a_reply_in_which_the_model_says_nothing_is_no_answer(body: Any) -> None:
    with pytest.raises(EmptyResult, match="not cached"):
        read_data(body)
    with pytest.raises(EmptyResult):
        read_data(json.dumps(body))


@pytest.mark.parametrize("body", ERRORS, ids=name)
def test_an_error_is_no_answer(body: Any) -> None:
    with pytest.raises(EmptyResult, match=r"an error|was stopped"):
        read_data(body)
    with pytest.raises(EmptyResult):
        read_data(json.dumps(body))


@pytest.mark.parametrize("data", NOTHINGS, ids=name)
def test_nothing_is_no_answer(data: Any) -> None:
    with pytest.raises(EmptyResult, match="says nothing"):
        read_data(data)


@pytest.mark.parametrize("data", RESULTS, ids=name)
def test_a_result_is_kept_whatever_its_fields_are_called(data: Any) -> None:
    assert why_no_answer(data) is None
    assert read_data(data) > 0


def test_a_stream_kept_as_text_is_judged_by_what_its_chunks_say() -> None:
    chunks = [
        {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": text}}]}
        for text in ("", "PASSED", "")
    ]
    whole, empty = ("\n\n".join(f"data: {json.dumps(it)}" for it in some) for some in (chunks, [chunks[0], chunks[2]]))
    assert why_no_answer(f"{whole}\n\ndata: [DONE]\n") is None
    assert why_no_answer(f"event: chunk\n{empty}\n\ndata: [DONE]\n") is not None
    lines = "\n".join(json.dumps(ollama({"content": text})) for text in ("", ""))
    assert why_no_answer(lines) is not None
    assert why_no_answer("data: 12, 13\nmore: 7") is None


def test_the_refusal_says_why_and_what_to_do() -> None:
    with pytest.raises(EmptyResult, match=r"stopped \(content_filter\).*under a name of yours"):
        read_data(openai({"content": None}, "content_filter"))
    with pytest.raises(EmptyResult, match=r"neither text nor a tool call \(length\)"):
        read_data(openai({"content": ""}, "length"))
    with pytest.raises(EmptyResult, match="it is an error"):
        read_data("Error: 503 Service Unavailable")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["error", "choices", "message", "content", "output", "candidates", "parts", "type", "x", "done"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(json_values)
def test_any_json_is_judged(data: Any) -> None:
    assert why_no_answer(data) is None or isinstance(why_no_answer(data), str)


@given(st.text(min_size=1).filter(str.strip))
def test_what_stands_under_a_name_of_the_callers_is_always_kept(text: str) -> None:
    assert why_no_answer({"text_of_the_sign": text}) is None


def test_what_is_as_deep_as_a_stack_is_judged_too() -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = {"a": [deep]}
    assert why_no_answer(deep) is None
