"""What became of one try, as the log keeps it: without secrets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from config.outbound import Answer, Call, OutboundFailed, OutboundRefused
from config.outbound import send as send_out
from config.secrets import MARK, blank
from escalation.channels.notice import Given, Notice

LONGEST_SHOWN = 4096
"""Characters of a request's or answer's body in the log."""
GONE = 410
_SHOWN_HEADERS = frozenset({"content-type", "webhook-id", "webhook-timestamp", "retry-after", "date", "server"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`error` is empty when the other side took it. `is_gone`: it wants no more, ever."""

    request: Mapping[str, Any]
    error: str = ""
    status: int | None = None
    response: Mapping[str, Any] | None = None
    retry_after_seconds: float | None = None
    is_gone: bool = False


def by_http(call: Call, notice: Notice, given: Given) -> Outcome:
    """Send a request whose answer is its status: any of 2xx has taken it."""
    hidden = hidden_of(notice, given)
    request = shown_call(call, hidden)
    try:
        answer = send_out(call)
    except OutboundRefused as error:
        return Outcome(request=request, error=error.detail)
    except OutboundFailed as error:
        return Outcome(request=request, error=str(error))
    return _judged(answer, request, hidden)


def hidden_of(notice: Notice, given: Given) -> list[str]:
    """What the log must not hold: the channel's secrets, and the link that lets anybody act."""
    token = notice.act_url.rpartition("/")[2]
    return [value for value in (*given.secrets.values(), notice.act_url, token) if value]


def shown_call(call: Call, hidden: Iterable[str]) -> dict[str, Any]:
    hidden = list(hidden)
    url = call.url
    if any(secret in url or url in secret for secret in hidden):
        scheme, _, rest = url.partition("://")
        url = f"{scheme}://{rest.partition('/')[0]}/{MARK}"
    return {
        "method": call.method,
        "url": shown_text(url, hidden),
        "headers": _shown_headers(call.headers),
        "body": shown_text(call.body.decode("utf-8", "replace"), hidden),
    }


def shown_text(text: str, hidden: Iterable[str]) -> str:
    for secret in hidden:
        text = text.replace(secret, MARK)
    return blank(text[: 4 * LONGEST_SHOWN].replace("\x00", " "))[:LONGEST_SHOWN]


def _judged(answer: Answer, request: Mapping[str, Any], hidden: Iterable[str]) -> Outcome:
    said = {
        "status": answer.status,
        "headers": _shown_headers(answer.headers),
        "body": shown_text(answer.body.decode("utf-8", "replace"), hidden),
    }
    return Outcome(
        request=request,
        response=said,
        status=answer.status,
        error=_error(answer.status),
        retry_after_seconds=_retry_after(answer.headers),
        is_gone=answer.status == GONE,
    )


def _error(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"It answered {status}, a redirect, which is not followed. Correct the channel's address."
    return f"It answered {status}."


def _shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value if name.lower() in _SHOWN_HEADERS else MARK for name, value in headers.items()}


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, of a number or a date (RFC 9110, 10.2.3); what is neither says nothing."""
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())
