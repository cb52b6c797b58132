#!/usr/bin/env python3
"""The client of an agent's hook: asks the team's Handrail whether a tool call may run, and refuses unless it says so.

One file of the standard library for Python 3.8 and later; the server hands it out at /agents/hook.py.

    python3 -I hook.py claude < payload.json

It reads {"url": ..., "key": ...} from ~/.config/handrail/agent.json, which only its owner may read, or where there is
none from HANDRAIL_URL and HANDRAIL_API_KEY. Whatever fails, it ends with exit code 2, a sentence on stderr and the
agent's own deny on stdout: agents run the tool of a hook that fails in any other way. Imports little, since an agent
waits for it.

While the server cannot be reached, calls that none of its rules can be about are left to the agent, if the server said
so before: what it said lies beside the configuration, signed with the secret that the installation has put there.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # the module that has it takes two milliseconds
    import signal
    import socket
    from collections.abc import Iterable
    from typing import Any, NoReturn
else:
    try:  # what the others are made of: without `enum`, `re` and what those bring, this program takes half the time
        import _signal as signal
        import _socket as socket
    except ImportError:  # another interpreter
        import signal
        import socket

CONFIGURATION = "~/.config/handrail/agent.json"
DEADLINE_SECONDS = 10.0
PATIENCE_SECONDS = 5.0
"""With a server whose rules are kept here."""
FRESH_SECONDS = 300.0
"""What is kept is asked for anew when it is older."""
PORTS = (0, 80, 443)  # not said to a server: that of a socket, and those that each scheme has
MAX_BYTES = 4 * 1024 * 1024
MAX_ANSWER = 1024 * 1024
BLOCK = 2
WHY = "Handrail could not judge this call, so it is refused"
_CLAUDE = {
    "hookSpecificOutput": {
        "hookEventName": "PreToolUse",
        "permissionDecision": "deny",
        "permissionDecisionReason": WHY,
    }
}
_PLAIN = {"decision": "deny", "reason": WHY}
DENIALS: dict[str, dict[str, Any]] = {
    "claude": _CLAUDE,
    "codex": _CLAUDE,
    "cursor": {"permission": "deny", "user_message": WHY, "agent_message": WHY},
    "gemini": _PLAIN,
    "qwen": _CLAUDE,
    "copilot": {"permissionDecision": "deny", "permissionDecisionReason": WHY},
    "kimi": _CLAUDE,
    "kiro": _PLAIN,
    "devin": _CLAUDE,
    "cline": {"cancel": True, "errorMessage": WHY},
    "opencode": _PLAIN,
    "amp": _PLAIN,
}
"""As the server's dialects have them; a test compares."""


class Refused(Exception):
    """There is no answer that could be trusted."""


class Silent(Refused):
    """There is no answer."""


class Plain:
    """What the scanner within `json` wants to know of a decoder."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_int, parse_float, parse_constant = int, float, float


def read_json(text: str) -> Any:
    """`json.loads`, which is asked itself about what its scanner does not read at once. Raises ValueError."""
    value, end = None, -1
    try:
        import _json

        value, end = _json.make_scanner(Plain)(text, 0)  # type: ignore[arg-type]
    except Exception:  # whatever it stumbles over, `json` says what it is
        end = -1
    if end == len(text):
        return value
    import json

    return json.loads(text)


def written(value: Any) -> str:
    """`json.dumps`."""
    import json

    return json.dumps(value)


def quoted(text: str) -> str:
    """`json.dumps` of a text."""
    try:
        from _json import encode_basestring_ascii
    except ImportError:
        return written(text)
    return encode_basestring_ascii(text)


def main(arguments: list[str]) -> None:
    agent = arguments[0] if arguments else ""
    try:
        for name in ("SIGTERM", "SIGHUP", "SIGALRM"):  # not all are on Windows
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda number, frame: refuse(agent, "ended by signal %d" % number))
        if hasattr(signal, "setitimer"):  # holds for reading what the agent says too
            signal.setitimer(signal.ITIMER_REAL, DEADLINE_SECONDS)
        if agent not in DENIALS or len(arguments) != 1:
            raise Refused("usage: hook.py %s" % "|".join(DENIALS))
        code, sentence, answer = ask(agent, time.monotonic() + DEADLINE_SECONDS)
    except BaseException as error:  # nothing at all may let the tool run
        refuse(agent, str(error) if isinstance(error, Refused) else "%s: %s" % (type(error).__name__, error))
    end(code, sentence, answer)


def ask(agent: str, deadline: float) -> tuple[int, str, bytes]:
    """The server's answer: exit code, sentence and what to write. Raises Refused, OSError."""
    told = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(told) > MAX_BYTES:
        raise Refused("the input is longer than %d bytes" % MAX_BYTES)
    if agent == "amp" and os.environ.get("AGENT_TOOL_NAME"):
        told = wrapped_for_amp(told)
    known = configuration()
    age = age_of(agent) if known.get("secret") else None
    try:
        patience = deadline if age is None or age < 0 else deadline - PATIENCE_SECONDS
        status, headers, body = post(known, "audit/hooks/%s" % agent, told, patience, circumstances(age))
        if status in (502, 503, 504):
            raise Silent("%s answered %d" % (known["url"], status))
    except (OSError, Silent) as error:
        if age is None:
            raise
        return offline(agent, told, known["secret"], str(error))
    if status != 200:
        raise Refused("%s answered %d%s" % (known["url"], status, hint(status)))
    try:
        answer, code = read_json(body.decode()), int(headers["handrail-exit"])
        sentence = read_json(headers["handrail-sentence"])
        if asks_anew(age):
            answer, body = kept_for_later(agent, known["secret"], headers, answer, body)
    except (ValueError, KeyError):
        raise Refused("%s is not Handrail: what it answered cannot be read" % known["url"]) from None
    if not isinstance(answer, dict) or not isinstance(sentence, str) or code not in (0, 1, BLOCK):
        raise Refused("%s is not Handrail: what it answered cannot be read" % known["url"])
    return code, sentence, body


def hint(status: int) -> str:
    if status in (401, 403):
        return ": the key is unknown, revoked or may not write. A new one: manage.py apikey create NAME --scope write"
    return ": it has moved, name the new address in the configuration" if 300 <= status < 400 else ""


def wrapped_for_amp(told: bytes) -> bytes:
    """Amp names the tool in the environment alone."""
    thread = os.environ.get("AMP_THREAD_ID") or os.environ.get("AGENT_THREAD_ID", "")
    call = {"tool_name": os.environ["AGENT_TOOL_NAME"], "session_id": thread, "cwd": os.environ.get("PWD", "")}
    call["tool_input"] = read_json(told.decode())
    return written(call).encode()


def configuration() -> dict[str, Any]:
    """Address and key; where there are, the file of certificate authorities and the secret. Raises Refused.

    What the owner wrote counts first: an agent's project may set the variables of its hooks.
    """
    path = os.path.expanduser(CONFIGURATION)
    try:
        with open(path, "rb") as file:
            known = os.fstat(file.fileno())
            if hasattr(os, "geteuid") and (known.st_mode & 0o077 or known.st_uid not in (0, os.geteuid())):
                raise Refused("%s holds a key and can be read by others: chmod 600 it" % path)
            told = read_json(file.read(65536).decode())
        return {"url": told["url"], "key": told["key"], **told}
    except FileNotFoundError:
        url, key = os.environ.get("HANDRAIL_URL"), os.environ.get("HANDRAIL_API_KEY")
        if url and key:
            return {"url": url, "key": key, "authorities": os.environ.get("HANDRAIL_CA")}
        raise Refused("there is no %s: run agent_install, or set HANDRAIL_URL and HANDRAIL_API_KEY" % path) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused('%s must hold {"url": "https://...", "key": "..."}' % path) from None


def circumstances(age: float | None) -> list[str]:
    """Whether calls without the server are asked about, and the places that rules may be about."""
    places = (("Handrail-Root", os.environ.get("CLAUDE_PROJECT_DIR", "")), ("Handrail-Home", os.path.expanduser("~")))
    lines = ["Handrail-Offline: 1"] if asks_anew(age) else []
    return lines + ["%s: %s" % (name, quoted(value)) for name, value in places if value]


def post(
    known: dict[str, Any], path: str, body: bytes, deadline: float, more: Iterable[str] = ()
) -> tuple[int, dict[str, str], bytes]:
    """One request, with no redirect followed. Raises Refused, OSError."""
    url = known["url"]
    scheme, host, port, prefix = parts_of(url)
    lines = ["POST %s/api/v1/%s HTTP/1.0" % (prefix, path)]
    lines += ["Host: " + (host if port in PORTS else "%s:%d" % (host, port)), "Authorization: Bearer " + known["key"]]
    lines += ["Content-Type: application/json", "Content-Length: %d" % len(body)]
    lines += more
    if any("\r" in line or "\n" in line for line in lines):
        raise Refused("the configuration holds a line break")
    stream = local(url[5:], deadline) if scheme == "unix" else distant(host.strip("[]"), port, deadline)
    try:
        if scheme == "https":
            stream = secured(stream, host.strip("[]"), known.get("authorities"), deadline)
        stream.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        return parsed(received(stream, deadline))
    finally:
        stream.close()


def distant(host: str, port: int, deadline: float) -> socket.socket:
    """A connection to the first of its addresses that takes one. Raises Silent, OSError."""
    name = host.encode() if host.isascii() else host  # as bytes it needs no module for names of other letters
    error = OSError("%s has no address" % host)
    for family, kind, _, _, address in socket.getaddrinfo(name, port, 0, socket.SOCK_STREAM):
        stream = socket.socket(family, kind)
        try:
            stream.settimeout(left(deadline))
            stream.connect(address)
        except OSError as failed:
            stream.close()
            error = failed
        else:
            return stream
    raise error


def local(path: str, deadline: float) -> socket.socket:
    """The socket of a server on this machine, where nobody else could have put theirs. Raises Refused, OSError."""
    place = os.path.dirname(path)
    if os.stat(place).st_mode & 0o002:
        raise Refused("anybody may write into %s, so anybody may listen at %s: name a socket elsewhere" % (place, path))
    stream = socket.socket(socket.AF_UNIX)
    stream.settimeout(left(deadline))
    stream.connect(path)
    return stream


def parts_of(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and the path in front. Raises Refused."""
    if url.startswith("unix:/"):
        return "unix", "localhost", 0, ""
    scheme, _, rest = url.partition("://")
    place, slash, prefix = rest.rstrip("/").partition("/")
    bracket = place.rfind("]")
    host, colon, number = place[bracket + 1 :].rpartition(":")
    host = place[: bracket + 1] + (host if colon else number)
    if scheme not in ("http", "https") or not host or "@" in place or (colon and not number.isdigit()):
        raise Refused("the address %s is none: https://host[:port], or unix:/path of a socket" % url)
    if scheme == "http" and host not in ("localhost", "127.0.0.1", "[::1]") and not os.environ.get("HANDRAIL_INSECURE"):
        raise Refused("the key would travel in clear text to %s: name an https:// address" % host)
    return scheme, host, int(number) if colon else {"http": 80, "https": 443}[scheme], slash + prefix


def secured(plain: socket.socket, host: str, authorities: str | None, deadline: float) -> socket.socket:
    import socket as whole
    import ssl  # half of this program's time, and spared on the server's own machine

    stream = whole.socket(fileno=plain.detach())
    stream.settimeout(left(deadline))
    return ssl.create_default_context(cafile=authorities).wrap_socket(stream, server_hostname=host)


def received(stream: socket.socket, deadline: float) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        stream.settimeout(left(deadline))
        chunk = stream.recv(65536)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_ANSWER:
            raise Refused("the answer is too long")


def left(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise Silent("no answer within %g s" % DEADLINE_SECONDS)
    return seconds


def parsed(response: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers in lower case, and a body that is whole. Raises Refused."""
    head, blank, body = response.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if not blank or len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
        raise Refused("what answered does not speak HTTP")
    pairs = [line.split(":", 1) for line in lines if ":" in line]
    headers = {name.strip().lower(): value.strip() for name, value in pairs}
    if int(words[1]) == 200 and headers.get("content-length") != str(len(body)):
        raise Refused("the answer was cut")
    return int(words[1]), headers, body


def kept_at(agent: str) -> str:
    return os.path.join(os.path.dirname(os.path.expanduser(CONFIGURATION)), "offline-%s.json" % agent)


def age_of(agent: str) -> float:
    """Seconds since the server said what is kept; -1 where nothing is."""
    try:
        return max(time.time() - os.stat(kept_at(agent)).st_mtime, 0.0)
    except OSError:
        return -1.0


def asks_anew(age: float | None) -> bool:
    return age is not None and not 0 <= age < FRESH_SECONDS


def signature(secret: str, body: bytes) -> bytes:
    import hashlib  # together a fifth of this program's time, and seldom needed
    import hmac

    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode()


def kept_for_later(
    agent: str, secret: str, headers: dict[str, str], answer: Any, body: bytes
) -> tuple[dict[str, Any], bytes]:
    """The answer alone, once what came with it is kept; what was kept goes where the server says nothing of it."""
    path = kept_at(agent)
    try:
        if "handrail-offline" not in headers:
            if os.path.exists(path):
                os.unlink(path)
            return answer, body
        kept = written({"agent": agent, "at": time.time(), "told": answer["offline"]}).encode()
        draft = "%s.%d" % (path, os.getpid())
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(signature(secret, kept) + b"\n" + kept)
        os.replace(draft, path)
    except OSError:  # a folder that cannot be written keeps nothing
        pass
    alone = answer["answer"] if "handrail-offline" in headers else answer
    return alone, written(alone).encode()


def kept(agent: str, secret: str, why: str) -> dict[str, Any]:
    """What the server said before of calls without it. Raises Refused: nothing, forged, too old."""
    import hmac

    try:
        with open(kept_at(agent), "rb") as file:
            signed, _, body = file.read(MAX_ANSWER).partition(b"\n")
    except OSError:
        raise Refused(why) from None
    if not hmac.compare_digest(signed, signature(secret, body)):
        raise Refused("%s, and %s was not written by this client: remove it" % (why, kept_at(agent)))
    known = read_json(body.decode())
    told: dict[str, Any] = known["told"]
    if known["agent"] != agent or not 0 <= time.time() - known["at"] <= told["hours"] * 3600:
        raise Refused("%s, and the rules kept here are older than %g h" % (why, told["hours"]))
    return told


def offline(agent: str, raw: bytes, secret: str, why: str) -> tuple[int, str, bytes]:
    """Leave a call to the agent if no rule of the server can be about it. Raises Refused."""
    leave(kept(agent, secret, why), read_json(raw.decode()), why)
    return 0, "", b"{}"


def leave(known: dict[str, Any], payload: dict[str, Any], why: str) -> None:
    """Raises Refused unless what is kept says that the call may be left to the agent."""
    event = payload.get("hook_event_name") or payload.get("hookEventName")
    if event in known["after"]:
        return
    tool = str(payload.get("tool_name") or payload.get("toolName")).lower()
    given = next((payload[name] for name in ("tool_input", "toolArgs", "toolInput") if name in payload), None)
    asks_nobody = any(str(payload.get(name)).lower() in known["asks_nobody"] for name in known["modes"])
    if event not in known["before"] or asks_nobody or not isinstance(given, dict):
        raise Refused("%s, and without it no such call may run" % why)
    is_command, folder = tool in known["shells"], payload.get("cwd")
    words = plain_words(given, known) if is_command else paths_in(given, known) if tool in known["files"] else []
    places = [("/%s/%s/" % (folder, word)).replace("\\", "/").casefold() for word in words]
    # In a command a name of a file may follow an option at once.
    pieces = [[piece.strip("/") if is_command else piece for piece in rule] for rule in known["pieces"]]
    if not folder or not words or any(all(piece in place for piece in rule) for place in places for rule in pieces):
        raise Refused("%s, and this call may be one that the rules are about" % why)


def paths_in(given: dict[str, Any], known: dict[str, Any]) -> list[str]:
    """The files that a tool is to read or edit; none where it names them in another way."""
    if not set(given) <= set(known["paths"]) | set(known["contents"]):
        return []
    return [value for name in known["paths"] for value in [given.get(name)] if isinstance(value, str) and value]


def plain_words(given: dict[str, Any], known: dict[str, Any]) -> list[str]:
    """The words of one command that says plainly what it is; none of another."""
    command = given.get("command")
    if not isinstance(command, str) or not set(given) <= {"command"} | set(known["asides"]):
        return []
    words = command.split(" ")
    signs = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+,-")
    return words if words[0] in known["programs"] and set(command) <= signs | {" "} else []


def refuse(agent: str, why: str) -> NoReturn:
    denial = written(DENIALS[agent]).encode() if agent in DENIALS else b""
    end(BLOCK, "%s: %s" % (WHY, why[:500]), denial)


def end(code: int, sentence: str, answer: bytes) -> NoReturn:
    """Write each once and whole, and leave past the interpreter's own end, which could still fail."""
    try:
        if sentence:
            os.write(2, (sentence + "\n").encode("utf-8", "replace"))
        view = memoryview(answer)
        while view:
            view = view[os.write(1, view) :]
    except OSError:
        code = BLOCK
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
