"""Sending one request: the name is resolved once, its addresses are checked, and the connection goes to one of those.

A name that resolves to another address the next time (rebinding) gains nothing, a redirect is an answer and is not
followed, the environment's proxies are not asked, and the whole takes no longer than its time.
"""

import ipaddress
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.conf import settings

from config.errors import DomainError
from config.outbound.addresses import Address, refusal

if TYPE_CHECKING:
    import httpx2  # loaded by who sends

TIMEOUT_SECONDS = 10.0
CONNECT_SECONDS = 5.0
MOST_READ = 64 * 1024
"""Bytes of an answer; who answers more is not read further."""


class OutboundRefused(DomainError):
    code = "outbound-refused"
    remedy = "use an address that is anybody's, or have the operator add it to `OUTBOUND_ALLOW`"


class OutboundFailed(Exception):
    """No answer came; says why in words that hold nothing of the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request to be made. It may hold secrets, so it shows itself to nobody."""

    url: str = field(repr=False)
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[self.scheme]
        return name if self.port == usual else f"{name}:{self.port}"


def check(url: str) -> None:
    """Raises OutboundRefused for an address that no request would go to now, before it is kept."""
    target = _target(url)
    try:
        _checked(target)
    except OutboundFailed:
        return  # no such name yet, or no network: sending it tells


def address_for(url: str) -> Address:
    """The address that a request to a URL may go to, for who sends by another client.

    Raises OutboundRefused, OutboundFailed.
    """
    return _checked(_target(url))


def send(call: Call, *, timeout_seconds: float = TIMEOUT_SECONDS) -> Answer:
    """Raises OutboundRefused, OutboundFailed."""
    import httpx2

    target = _target(call.url)
    address = _checked(target)
    where = f"[{address}]" if address.version == 6 else str(address)
    url = f"{target.scheme}://{where}:{target.port}{target.path}"
    headers = {"User-Agent": "handrail", **call.headers, "Host": target.authority}
    limit = httpx2.Timeout(timeout_seconds, connect=min(CONNECT_SECONDS, timeout_seconds))
    with httpx2.Client(timeout=limit, trust_env=False, follow_redirects=False) as client:
        # Each byte that drips in begins the read's timeout anew; this ends it whatever comes.
        watch = threading.Timer(timeout_seconds, client.close)
        watch.daemon = True
        watch.start()
        try:
            request = client.build_request(call.method, url, headers=headers, content=call.body)
            request.extensions["sni_hostname"] = target.host
            return _answer(client, request, time.monotonic() + timeout_seconds)
        except (httpx2.HTTPError, httpx2.InvalidURL, RuntimeError, OSError, ValueError) as error:
            raise OutboundFailed(_told(target, error)) from None
        finally:
            watch.cancel()


def _answer(client: "httpx2.Client", request: "httpx2.Request", until: float) -> Answer:
    response = client.send(request, stream=True)
    try:
        body = bytearray()
        for chunk in response.iter_raw():
            body += chunk
            if len(body) >= MOST_READ or time.monotonic() > until:
                break
        return Answer(status=response.status_code, headers=dict(response.headers), body=bytes(body[:MOST_READ]))
    finally:
        response.close()


def _target(url: str) -> _Target:
    """Raises OutboundRefused for what is no address of the web."""
    import httpx2

    try:
        parsed = httpx2.URL(url)
        host, port = parsed.raw_host.decode("ascii").strip("[]").lower().rstrip("."), parsed.port
    except (httpx2.InvalidURL, UnicodeError, ValueError, TypeError):
        raise OutboundRefused("This is no URL. Write it like https://example.org/hook.") from None
    if parsed.scheme not in {"http", "https"} or not host:
        raise OutboundRefused("The URL must begin with http:// or https:// and name a host.")
    if parsed.userinfo:
        raise OutboundRefused("The URL must not hold a user or password; give them apart.")
    usual = 443 if parsed.scheme == "https" else 80
    return _Target(scheme=parsed.scheme, host=host, port=port or usual, path=parsed.raw_path.decode("ascii"))


def _checked(target: _Target) -> Address:
    """The address to connect to. Raises OutboundRefused, OutboundFailed."""
    found = _resolved(target)
    if why := refusal(target.host, target.port, found, settings.OUTBOUND_ALLOW):
        advice = "Use an address that is anybody's, or have the operator add it to OUTBOUND_ALLOW."
        raise OutboundRefused(f"No request goes there: {why}. {advice}")
    return found[0]


def _resolved(target: _Target) -> Sequence[Address]:
    try:
        known = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise OutboundFailed(f"{target.host} is not known to the name service.") from None
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in known]


def _told(target: _Target, error: Exception) -> str:
    import httpx2

    if isinstance(error, httpx2.TimeoutException | RuntimeError):
        return f"{target.authority} gave no answer in time."
    return f"{target.authority} could not be reached ({type(error).__name__})."
