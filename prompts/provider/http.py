"""The provider over HTTP."""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import httpx2

from config.errors import DomainError
from config.outbound.addresses import Address
from prompts.provider.apis import APIS
from prompts.provider.bodies import NO_JSON, Failure, clean, failure_in, is_blank, read_json, redact
from prompts.provider.retries import LONGEST_RETRY_AFTER_SECONDS, RETRIED, RETRIES, retry_after, wait_before
from prompts.provider.terms import (
    Answer,
    ModelAnswerInvalid,
    ModelMisconfigured,
    ModelRefused,
    ModelSilent,
    ModelUnavailable,
)
from prompts.templates import Message

MAX_ANSWER_BYTES = 8 * 1024 * 1024
MOST_SAID = 300
"""Characters of the endpoint's own message that are shown."""


class HTTPProvider:
    """Speaks one of the two APIs with one shared connection pool."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str = "",
        api: str = "openai",
        timeout_seconds: float = 60.0,
        pinned: Address | None = None,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        if api not in APIS:
            raise ModelMisconfigured(f"MODEL_API is {api!r}; use openai, anthropic, or a dotted path to a provider.")
        self._api = APIS[api]
        self._key = api_key
        self._timeout = timeout_seconds
        self._closed = threading.Event()
        self._sleep = sleep or self._closed.wait  # closing ends a wait between two tries
        url, self.address = _address(base_url)
        self._url, self._extensions, named = _pinned(f"{url}/{self._api.path}", pinned)
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
            headers={"User-Agent": "handrail", **headers, **named},
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
        """Raises ModelUnavailable, ModelRefused, ModelAnswerInvalid, ModelSilent."""
        body = self._api.request(messages, settings, model)
        try:
            content = json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, TypeError) as error:
            raise ModelRefused(f"The conversation cannot be sent as JSON: {error}.") from error
        for attempt in range(RETRIES + 1):
            try:
                return self._try(content, model)
            except _Again as again:
                wait = wait_before(attempt) if again.after is None else again.after
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
                "POST",
                self._url,
                content=content,
                headers={"Content-Type": "application/json"},
                extensions=self._extensions,
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
            raise self._failure(response.status_code, response.headers, failure_in(read_json(raw)))
        return self._parse(raw, response.headers, model, latency_ms)

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

    def _failure(self, status: int, headers: Mapping[str, str], error: "Failure | None") -> Exception:
        said = f': "{redact(clean(error.message), self._key)[:MOST_SAID]}"' if error and error.message else ""
        if status == 402 or (error and error.is_about_money):
            return ModelRefused(
                f"The model at {self.address} wants paying ({status}{said}). Look at the key's account."
            )
        forced = headers.get("x-should-retry")
        if forced == "true" or (forced != "false" and (status in RETRIED or status >= 500)):
            what = f"is limiting requests (429{said}). Wait, or lower the concurrency" if status == 429 else (
                f"answered {status}{said}. Look at its log"
            )  # fmt: skip
            return self._again(what, retry_after(headers))
        if status in {401, 403}:
            return ModelRefused(f"The model at {self.address} refused the key ({status}{said}). Check MODEL_API_KEY.")
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

    def _parse(self, raw: bytes, headers: Mapping[str, str], model: str, latency_ms: int) -> Answer:
        body = read_json(raw)
        if body is NO_JSON:
            html = b"<html" in raw[:2000].lower() or "html" in headers.get("content-type", "")
            raise ModelAnswerInvalid(
                f"The model at {self.address} answered {'a web page' if html else 'no complete JSON'}. "
                "Check that MODEL_BASE_URL ends in the API's /v1."
            )
        if error := failure_in(body):
            raise self._failure(error.status, headers, error)
        try:
            answer: Answer = self._api.answer(body, model, latency_ms)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            raise ModelAnswerInvalid(
                f"The model at {self.address} answered JSON that is no {self._api.name} answer. "
                "Check MODEL_API (openai or anthropic) and MODEL_BASE_URL."
            ) from None
        if is_blank(answer.text):
            raise self._silence(answer)
        return answer

    def _silence(self, answer: Answer) -> ModelSilent:
        """An empty text is no answer: an assertion about what it must not say would pass."""
        advice = {
            "length": "Raise max_tokens: all of them went before the first word.",
            "content_filter": "Its content filter kept the answer back; change the prompt or the filter.",
        }.get(answer.finish_reason, "Look at the prompt and at the model's log.")
        reason = f" ({answer.finish_reason})" if answer.finish_reason else ""
        return ModelSilent(f"The model at {self.address} gave no answer{reason}: neither text nor calls. {advice}")


@dataclass
class _Again(Exception):
    """Worth another try; `error` if there is none left."""

    error: DomainError
    after: float | None = None


def _pinned(url: str, address: Address | None) -> tuple[str, dict[str, Any], dict[str, str]]:
    """The URL with the address that was checked in place of its host, and what still names the host."""
    if address is None:
        return url, {}, {}
    asked = httpx2.URL(url)
    return str(asked.copy_with(host=str(address))), {"sni_hostname": asked.host}, {"Host": asked.netloc.decode("ascii")}


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
