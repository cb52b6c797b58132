"""A receiver of webhooks and a mail server on loopback, that keep what they get."""

import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Receiver:
    """What came; `answers` are given in their order, then 200 to all that follow."""

    url: str = ""
    got: list[Received] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)


class _Hooks(BaseHTTPRequestHandler):
    server: "_HookServer"

    def do_POST(self) -> None:
        kept = self.server.kept
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kept.got.append(Received(self.path, dict(self.headers), body))
        status, headers = kept.answers.pop(0) if kept.answers else (200, {})
        self.send_response(status)
        for name, value in {"Content-Length": "2", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args: Any) -> None:
        """Tests look at what came, not at a log."""


class _HookServer(ThreadingHTTPServer):
    kept: Receiver


@contextmanager
def receiver() -> Iterator[Receiver]:
    server = _HookServer(("127.0.0.1", 0), _Hooks)
    server.kept = Receiver(url=f"http://127.0.0.1:{server.server_port}")
    with _serving(server):
        yield server.kept


@dataclass
class MailServer:
    """Mails that came, as they were sent; what `refuses` has is said to the next one's text instead."""

    address: str = ""
    mails: list[str] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refuses: list[str] = field(default_factory=list)
    is_silent: bool = False


class _Mails(socketserver.StreamRequestHandler):
    server: "_MailServer"

    def handle(self) -> None:
        if self.server.kept.is_silent:
            self.rfile.readline()
            return
        self._say("220 sink ESMTP")
        while line := self.rfile.readline().decode():
            verb = line[:4].upper()
            if verb == "RCPT":
                self.server.kept.recipients.append(line.partition("<")[2].partition(">")[0])
            if verb == "DATA":
                self._say("354 go on")
                self._take()
            else:
                self._say("250 sink")

    def _take(self) -> None:
        kept, lines = self.server.kept, []
        while (line := self.rfile.readline().decode()) not in (".\r\n", ""):
            lines.append(line)
        if kept.refuses:
            self._say(kept.refuses.pop(0))
        else:
            kept.mails.append("".join(lines))
            self._say("250 queued as 17")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class _MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    kept: MailServer


@contextmanager
def mail_server() -> Iterator[MailServer]:
    server = _MailServer(("127.0.0.1", 0), _Mails)
    server.kept = MailServer(address=f"smtp://127.0.0.1:{server.server_address[1]}")
    with _serving(server):
        yield server.kept


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
