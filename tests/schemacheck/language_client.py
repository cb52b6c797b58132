"""An editor as the language server knows it: frames of JSON-RPC over the server's stdin and stdout, by hand."""

import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Self

from tests.patience import NEVER_SECONDS
from tests.project.sources import ROOT

Message = dict[str, Any]


class Client:
    """Starts `handrail language-server` and talks with it; every wait ends with a failure that shows what was said."""

    def __init__(self, *words: str, cwd: Path, encodings: tuple[str, ...] = (), **environment: str) -> None:
        program = [sys.executable, str(ROOT / "config" / "entry" / "__main__.py"), "language-server", *words]
        self.process = subprocess.Popen(
            program,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env={"PATH": os.environ["PATH"], "HOME": str(cwd)} | environment,
        )
        self._messages: queue.Queue[Message | None] = queue.Queue()
        self._number = 0
        self._published: dict[str, Message] = {}
        self._errors: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._read_errors, daemon=True).start()
        general = {"positionEncodings": list(encodings)} if encodings else {}
        self.capabilities = self.ask(
            "initialize",
            {"processId": os.getpid(), "rootUri": cwd.as_uri(), "capabilities": {"general": general}},
        )["capabilities"]
        self.tell("initialized", {})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(NEVER_SECONDS)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe
            pipe.close()

    def leave(self) -> int:
        """As an editor that closes; the exit code."""
        self.ask("shutdown", None)
        self.tell("exit", None)
        return self.process.wait(NEVER_SECONDS)

    def open(self, path: Path, text: str, language: str = "sql") -> str:
        uri = path.as_uri()
        document = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        return uri

    def change(self, uri: str, version: int, text: str) -> None:
        """The whole text anew."""
        document = {"uri": uri, "version": version}
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def findings(self, uri: str, version: int = 1) -> list[Message]:
        """What is published of a version of a document, however long that takes."""
        while (told := self._published.get(uri)) is None or told.get("version") != version:
            self._take(self._next())
        return list(told["diagnostics"])

    def closed(self, uri: str) -> list[Message]:
        """What is published of a document that is not open any more."""
        self._published.pop(uri, None)
        self.tell("textDocument/didClose", {"textDocument": {"uri": uri}})
        while uri not in self._published:
            self._take(self._next())
        return list(self._published[uri]["diagnostics"])

    def actions(self, uri: str, span: Message) -> list[Message]:
        params = {"textDocument": {"uri": uri}, "range": span, "context": {"diagnostics": []}}
        return list(self.ask("textDocument/codeAction", params) or [])

    def ask(self, method: str, params: Any) -> Any:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        while (message := self._next()).get("id") != self._number:
            self._take(message)
        assert "error" not in message, message
        return message["result"]

    def tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _take(self, message: Message) -> None:
        if message.get("method") == "textDocument/publishDiagnostics":
            self._published[message["params"]["uri"]] = message["params"]

    def _next(self) -> Message:
        message = self._messages.get(timeout=NEVER_SECONDS)
        assert message is not None, f"the server ended: {''.join(self._errors)}"
        return message

    def _send(self, message: Message) -> None:
        assert self.process.stdin
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def _read(self) -> None:
        assert self.process.stdout
        while header := self.process.stdout.readline():
            length = int(header.partition(b":")[2]) if header.lower().startswith(b"content-length") else 0
            while self.process.stdout.readline().strip():
                pass
            self._messages.put(json.loads(self.process.stdout.read(length)))
        self._messages.put(None)

    def _read_errors(self) -> None:
        assert self.process.stderr
        self._errors.extend(line.decode(errors="replace") for line in self.process.stderr)


def applied(text: str, action: Message, uri: str) -> str:
    """A text of ASCII with an action's edits done."""
    [edit] = action["edit"]["changes"][uri]
    lines = text.split("\n")
    starts = [sum(len(line) + 1 for line in lines[:number]) for number in range(len(lines))]
    start, end = (starts[edit["range"][side]["line"]] + edit["range"][side]["character"] for side in ("start", "end"))
    return text[:start] + edit["newText"] + text[end:]
