"""Sends a mail by SMTP; the log has the mail without its link, and what the server said."""

import smtplib
import ssl
import threading
from dataclasses import dataclass, field
from email.policy import SMTP
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings

from escalation.channels.email.message import compose
from escalation.channels.notice import Given, Notice
from escalation.channels.outcome import Outcome, hidden_of, shown_text

TIMEOUT_SECONDS = 10.0
"""For each answer of the server; the whole has twice as long."""
_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    host: str
    port: int
    is_tls: bool
    user: str = ""
    password: str = field(default="", repr=False)


class _Unfit(Exception):
    """The settings do not lead to a server."""


def send(notice: Notice, given: Given) -> Outcome:
    mail = compose(notice, sender=settings.MAIL_FROM, to=list(given.details["to"]))
    body = shown_text(str(mail.get_content()), hidden_of(notice, given))
    request = {"to": given.details["to"], "from": settings.MAIL_FROM, "subject": mail["Subject"], "body": body}
    try:
        server = read_server(settings.MAIL_URL)
        status, said = _sent(server, mail)
    except _Unfit as error:
        return Outcome(request=request, error=str(error))
    except smtplib.SMTPResponseException as error:
        return _refused(request, error.smtp_code, error.smtp_error)
    except (smtplib.SMTPException, OSError, ValueError) as error:
        return Outcome(request=request, error=f"The mail server could not be used ({type(error).__name__}).")
    return Outcome(request=request, status=status, response={"status": status, "body": _text(said)})


def read_server(address: str) -> Server:
    """Of MAIL_URL. Raises _Unfit."""
    if not address:
        raise _Unfit("No mail server is set. Set MAIL_URL, such as smtp://user:password@mail.example.org:587.")
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or parts.scheme not in {"smtp", "smtps"}:
        raise _Unfit("MAIL_URL must be like smtp://user:password@mail.example.org:587, or smtps://.")
    is_tls = parts.scheme == "smtps"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Server(host=host, port=port or (465 if is_tls else 25), is_tls=is_tls, user=user, password=password)


def _sent(server: Server, mail: Any) -> tuple[int, Any]:
    """What the server said to the mail. A server that answers byte by byte is cut off as well."""
    context = ssl.create_default_context()
    made = (
        smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=context)
        if server.is_tls
        else smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
    )
    watch = threading.Timer(2 * TIMEOUT_SECONDS, made.close)
    watch.daemon = True
    watch.start()
    try:
        _prepare(made, server, context)
        return _handed_over(made, mail)
    finally:
        watch.cancel()
        made.close()


def _handed_over(connection: smtplib.SMTP, mail: Any) -> tuple[int, Any]:
    """The server's own words, which name the mail in its queue; `send_message` keeps them to itself."""
    _require(*connection.mail(settings.MAIL_FROM))
    for recipient in mail["To"].split(", "):
        _require(*connection.rcpt(recipient))
    return _require(*connection.data(mail.as_bytes(policy=SMTP)))


def _require(status: int, said: bytes) -> tuple[int, bytes]:
    if not 200 <= status < 300:
        raise smtplib.SMTPResponseException(status, said)
    return status, said


def _prepare(connection: smtplib.SMTP, server: Server, context: ssl.SSLContext) -> None:
    connection.ehlo()
    is_private = server.is_tls or server.host in _LOCAL
    if not server.is_tls and connection.has_extn("starttls"):
        connection.starttls(context=context)
        connection.ehlo()
        is_private = True
    if server.user:
        if not is_private:
            raise _Unfit(
                "The mail server offers no STARTTLS, so the password is not sent. Use smtps:// if it has that."
            )
        connection.login(server.user, server.password)


def _refused(request: dict[str, Any], status: int, said: Any) -> Outcome:
    response = {"status": status, "body": _text(said)}
    return Outcome(request=request, status=status, response=response, error=f"The mail server answered {status}.")


def _text(said: Any) -> str:
    return shown_text(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said), ())
