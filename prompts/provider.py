"""The model behind the prompts: chat completions or Anthropic messages, over HTTP.

A provider is anything with `complete`; `MODEL_API` may name another class by its dotted path. Retries follow what
both vendors' clients do: two more tries on 408, 409, 429, 5xx, timeouts and lost connections, 0.5 s doubling to
8 s with jitter, `Retry-After` obeyed. The key is in no message and no log line.
"""

import json
import math
import random
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, Self

import httpx2
from django.conf import settings
from django.utils.module_loading import import_string

from config.errors import DomainError, Unavailable
from config.secrets import MARK, blank
from prompts.templates import Message

RETRIES = 2
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 8.0
LONGEST_RETRY_AFTER_SECONDS = 60.0
MAX_ANSWER_BYTES = 8 * 1024 * 1024
RETRIED = {408, 409, 429}
ANTHROPIC_VERSION = "2023-06-01"
ANTHROPIC_MAX_TOKENS = 1024
"""The messages API asks for a limit; used when a version's settings name none."""


class ModelUnavailable(Unavailable):
    """No answer came: refused, timed out, overloaded or failing, also after the retries."""

    code = "model-unavailable"


class ModelRefused(DomainError):
    """The endpoint answered that it will not: a wrong key, model name or parameter."""

    status = 502
    code = "model-refused"


class ModelAnswerInvalid(DomainError):
    """What came back is not an answer of the API."""

    status = 502
    code = "model-answer-invalid"


class ModelMisconfigured(DomainError):
    """The MODEL_… settings cannot be used."""

    status = 503
    code = "model-misconfigured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    text: str
    model: str
    finish_reason: str
    """stop, length, tool_calls, content_filter, or the vendor's own word."""
    input_tokens: int | None
    output_tokens: int | None
    latency_ms: int
    """Of the try that succeeded."""


class Provider(Protocol):
    """Answers a conversation. Called from several threads at once. Raises DomainError with a next step."""

    def complete(self, messages: Sequence[Message], settings: Mapping[str, Any], *, model: str) -> Answer: ...

    def close(self) -> None: ...


def connect() -> Provider:
    """The provider the settings name. Raises ModelMisconfigured."""
    if "." in settings.MODEL_API:
        try:
            provider: Provider = import_string(settings.MODEL_API)()
        except (ImportError, TypeError) as error:
            raise ModelMisconfigured(f"MODEL_API names {settings.MODEL_API}, which cannot be used: {error}.") from error
        return provider
    return HTTPProvider(
        base_url=settings.MODEL_BASE_URL,
        api_key=settings.MODEL_API_KEY,
        api=settings.MODEL_API,
        timeout_seconds=settings.MODEL_TIMEOUT_SECONDS,
    )


def default_model() -> str:
    return str(settings.MODEL_NAME)


def cost_micros(answer: Answer, asked: str) -> int | None:
    """Micro-dollars by MODEL_PRICES, dollars per million tokens in and out; None without a price or a count."""
    # An endpoint may answer with a dated name of the model that was asked for.
    price = settings.MODEL_PRICES.get(answer.model) or settings.MODEL_PRICES.get(asked)
    if price is None or answer.input_tokens is None or answer.output_tokens is None:
        return None
    into, out = price
    # Dollars per million tokens are micro-dollars per token.
    return math.ceil(answer.input_tokens * into + answer.output_tokens * out)


class HTTPProvider:
    """Speaks one of the two APIs with one shared connection pool."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str = "",
        api: str = "openai",
        timeout_seconds: float = 60.0,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        if api not in _APIS:
            raise ModelMisconfigured(f"MODEL_API is {api!r}; use openai, anthropic, or a dotted path to a provider.")
        self._api = _APIS[api]
        self._key = api_key
        self._timeout = timeout_seconds
        self._closed = threading.Event()
        self._sleep = sleep or self._closed.wait  # closing ends a wait between two tries
        url, self.address = _address(base_url)
        self._url = f"{url}/{self._api.path}"
        try:
            headers = self._api.headers(api_key)
            for value in headers.values():
                value.encode("ascii")
        except UnicodeEncodeError:
            raise ModelMisconfigured("MODEL_API_KEY holds characters no HTTP header can. Copy it again.") from None
        if any(ord(character) < 32 for character in api_key):
            raise ModelMisconfigured("MODEL_API_KEY holds a control character such as a line end. Copy it again.")
        local = httpx2.URL(url).host in {"127.0.0.1", "localhost", "::1"}
        self._client = httpx2.Client(
            headers={"User-Agent": "handrail", **headers},
            timeout=httpx2.Timeout(timeout_seconds, connect=min(5.0, timeout_seconds)),
            limits=httpx2.Limits(max_connections=64),
            trust_env=not local,  # a proxy of the environment must not catch calls to this machine
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._closed.set()
        self._client.close()

    def complete(self, messages: Sequence[Message], settings: Mapping[str, Any], *, model: str) -> Answer:
        """Raises ModelUnavailable, ModelRefused, ModelAnswerInvalid."""
        body = self._api.request(messages, settings, model)
        try:
            content = json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, TypeError) as error:
            raise ModelRefused(f"The conversation cannot be sent as JSON: {error}.") from error
        for attempt in range(RETRIES + 1):
            try:
                return self._try(content, model)
            except _Again as again:
                wait = _wait(attempt) if again.after is None else again.after
                if attempt == RETRIES or wait > LONGEST_RETRY_AFTER_SECONDS or self._closed.is_set():
                    raise again.error from None
            self._sleep(wait)
        raise AssertionError("unreachable")

    def probe(self) -> int:
        """The status of a cheap request, to see whether anybody is there. Raises httpx2.HTTPError."""
        with self._client.stream("GET", f"{self._url.removesuffix(self._api.path)}models") as response:
            return int(response.status_code)

    def _try(self, content: bytes, model: str) -> Answer:
        started = time.monotonic()
        try:
            with self._client.stream(
                "POST", self._url, content=content, headers={"Content-Type": "application/json"}
            ) as response:
                raw = self._read(response, started)
        except httpx2.TimeoutException:
            raise self._again(f"gave no answer within {self._timeout:g} s. Raise MODEL_TIMEOUT_SECONDS") from None
        except RuntimeError:
            if not self._closed.is_set():
                raise
            raise ModelUnavailable("The run ended while the model was asked.") from None
        except httpx2.HTTPError as error:
            raise self._again(f"cannot be reached ({type(error).__name__}). Start it or set MODEL_BASE_URL") from None
        latency_ms = round((time.monotonic() - started) * 1000)
        if response.status_code != 200:
            raise self._failure(response, raw)
        return self._parse(raw, response.headers.get("content-type", ""), model, latency_ms)

    def _read(self, response: httpx2.Response, started: float) -> bytes:
        """The body, bounded in size and in time: a server that drips bytes meets no read timeout."""
        raw = bytearray()
        for chunk in response.iter_bytes():
            raw += chunk
            if len(raw) > MAX_ANSWER_BYTES:
                limit = MAX_ANSWER_BYTES // 1024 // 1024
                raise ModelAnswerInvalid(f"The model at {self.address} answered more than {limit} MB; it was not read.")
            if time.monotonic() - started > self._timeout:
                raise httpx2.ReadTimeout("too slow")
        return bytes(raw)

    def _again(self, what: str, after: float | None = None) -> "_Again":
        return _Again(ModelUnavailable(f"The model at {self.address} {what}, and run the test again."), after)

    def _failure(self, response: httpx2.Response, raw: bytes) -> Exception:
        status, said = response.status_code, self._said(raw)
        forced = response.headers.get("x-should-retry")
        if forced == "true" or (forced != "false" and (status in RETRIED or status >= 500)):
            what = "is limiting requests (429). Wait, or lower the concurrency" if status == 429 else (
                f"answered {status}{said}. Look at its log"
            )  # fmt: skip
            return self._again(what, _retry_after(response.headers))
        if status in {401, 403}:
            return ModelRefused(f"The model at {self.address} refused the key ({status}). Check MODEL_API_KEY.")
        if 300 <= status < 400:
            return ModelRefused(f"The model at {self.address} answered {status}, a redirect. Correct MODEL_BASE_URL.")
        if status == 404:
            return ModelRefused(
                f"The model at {self.address} knows no such path or model (404{said}). "
                "Check MODEL_BASE_URL (it ends in /v1), MODEL_API and MODEL_NAME."
            )
        return ModelRefused(
            f"The model at {self.address} refused the request ({status}{said}). Check the version's settings."
        )

    def _said(self, raw: bytes) -> str:
        """The endpoint's own message, shortened, without anything that could be the key."""
        try:
            error = json.loads(raw)["error"]
            message = error["message"] if isinstance(error, dict) else error
        except (ValueError, KeyError, TypeError, RecursionError):
            return ""
        if not isinstance(message, str):
            return ""
        return f': "{redact(clean(message), self._key)[:200]}"'

    def _parse(self, raw: bytes, content_type: str, model: str, latency_ms: int) -> Answer:
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError):
            what = "a web page" if b"<html" in raw[:2000].lower() or "html" in content_type else "no complete JSON"
            raise ModelAnswerInvalid(
                f"The model at {self.address} answered {what}. Check that MODEL_BASE_URL ends in the API's /v1."
            ) from None
        try:
            answer: Answer = self._api.answer(body, model, latency_ms)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            raise ModelAnswerInvalid(
                f"The model at {self.address} answered JSON that is no {self._api.name} answer. "
                "Check MODEL_API (openai or anthropic) and MODEL_BASE_URL."
            ) from None
        return answer


@dataclass
class _Again(Exception):
    """Worth another try; `error` if there is none left."""

    error: DomainError
    after: float | None = None


def _wait(attempt: int) -> float:
    wait: float = min(FIRST_WAIT_SECONDS * 2**attempt, LONGEST_WAIT_SECONDS)
    return wait * random.uniform(0.75, 1)  # noqa: S311  -- spreads retries, guards nothing


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the endpoint asks to wait; None when it does not say or says nonsense."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        text = headers.get("retry-after", "")
        if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
            return float(text)
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _address(base_url: str) -> tuple[str, str]:
    """The URL to call and how to name it: without user, password or query."""
    try:
        url = httpx2.URL(base_url.strip())
    except httpx2.InvalidURL:
        raise ModelMisconfigured("MODEL_BASE_URL is not a URL. Write it like http://127.0.0.1:8089/v1.") from None
    if url.scheme not in {"http", "https"} or not url.host:
        raise ModelMisconfigured("MODEL_BASE_URL must start with http:// or https:// and name a host.")
    shown = url.copy_with(username=None, password=None, query=None, fragment=None)
    return str(url.copy_with(query=None, fragment=None)).rstrip("/"), str(shown).rstrip("/")


def redact(text: str, key: str = "") -> str:
    """`text` without the key or any other secret, also where a vendor prints it shortened (`sk-...abcd`)."""
    if key:
        text = text.replace(key, MARK)
    return re.sub(r"\b(sk|key|pk)[-_][\w*.…-]{4,}|\*{4,}[\w-]*", MARK, blank(text))


def clean(text: str) -> str:
    """`text` as a database can hold it: NUL and lone surrogates become the replacement character."""
    return text.replace("\x00", "\ufffd").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


def _joined(content: Any) -> str:
    """The text of a content field, which is a string, a list of parts, or null."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise TypeError
    return "".join(part["text"] for part in content if part["type"] == "text")


@dataclass(frozen=True)
class _OpenAI:
    name = "chat completions"
    path = "chat/completions"

    def headers(self, key: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {key}"} if key else {}

    def request(self, messages: Sequence[Message], settings: Mapping[str, Any], model: str) -> dict[str, Any]:
        known = {name: value for name, value in settings.items() if name not in {"extra", "model"}}
        said = [{"role": message.role, "content": message.content} for message in messages]
        return {**settings.get("extra", {}), **known, "model": model, "messages": said, "stream": False}

    def answer(self, body: Any, model: str, latency_ms: int) -> Answer:
        choice = body["choices"][0]
        message = choice["message"]
        text = _joined(message.get("content")) or _joined(message.get("refusal"))
        usage = body.get("usage") or {}
        return Answer(
            text=clean(text),
            model=clean(str(body.get("model") or model))[:255],
            finish_reason=clean(str(choice.get("finish_reason") or ""))[:50],
            input_tokens=_count(usage.get("prompt_tokens")),
            output_tokens=_count(usage.get("completion_tokens")),
            latency_ms=latency_ms,
        )


@dataclass(frozen=True)
class _Anthropic:
    name = "messages"
    path = "messages"
    # What the API calls otherwise; what it does not know (seed, penalties, response_format) is not sent.
    known: Mapping[str, str] = field(
        default_factory=lambda: {
            "temperature": "temperature",
            "top_p": "top_p",
            "top_k": "top_k",
            "max_tokens": "max_tokens",
            "max_completion_tokens": "max_tokens",
            "stop": "stop_sequences",
        }
    )

    def headers(self, key: str) -> dict[str, str]:
        return {"anthropic-version": ANTHROPIC_VERSION, **({"x-api-key": key} if key else {})}

    def request(self, messages: Sequence[Message], settings: Mapping[str, Any], model: str) -> dict[str, Any]:
        body: dict[str, Any] = {"max_tokens": ANTHROPIC_MAX_TOKENS, **settings.get("extra", {})}
        for name, value in settings.items():
            if name in self.known:
                body[self.known[name]] = [value] if name == "stop" and isinstance(value, str) else value
        instructions = [message.content for message in messages if message.role in {"system", "developer"}]
        if instructions:
            body["system"] = "\n\n".join(instructions)
        said = [{"role": m.role, "content": m.content} for m in messages if m.role in {"user", "assistant"}]
        if not said:
            # The API wants a user turn; instructions alone are then what the user says.
            said = [{"role": "user", "content": body.pop("system", "")}]
        return {**body, "model": model, "messages": said}

    def answer(self, body: Any, model: str, latency_ms: int) -> Answer:
        if not isinstance(body["content"], list):
            raise TypeError
        usage = body.get("usage") or {}
        words = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls"}
        words["refusal"] = "content_filter"
        reason = str(body.get("stop_reason") or "")
        return Answer(
            text=clean(_joined(body["content"])),
            model=clean(str(body.get("model") or model))[:255],
            finish_reason=clean(words.get(reason, reason))[:50],
            input_tokens=_count(usage.get("input_tokens")),
            output_tokens=_count(usage.get("output_tokens")),
            latency_ms=latency_ms,
        )


_APIS: dict[str, Any] = {"openai": _OpenAI(), "anthropic": _Anthropic()}
