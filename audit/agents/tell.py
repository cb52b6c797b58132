#!/usr/bin/env python3
"""The client of the hooks that ask nothing: tells the team's Handrail what an agent's models took, and its prompts.

    python3 -I -S tell.py claude < payload.json

As the agent stops it reads the transcripts that it has written, and sends numbers of tokens and names of models, never
a word of them. A prompt is sent as it is, where somebody has installed the hook of that moment (agent_install
--prompts). It lies beside hook.py, whose configuration and way to the server it uses, and transcripts.py. It refuses
nothing: whatever happens it ends with 0 and tells the agent nothing, since one whose hook fails as it stops goes on
instead.
"""

from __future__ import annotations

import glob
import json
import os
import re
import signal
import stat
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

if TYPE_CHECKING or __package__:
    from audit.agents import hook, transcripts
else:
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import hook
    import transcripts

DEADLINE_SECONDS = 10
AT_ONCE = 500
MOST_FILES = 200
"""Of one session: its own and those of its sub-agents, the newest."""
FOLDERS = {
    "claude": ("CLAUDE_CONFIG_DIR", "~/.claude", ("projects",)),
    "codex": ("CODEX_HOME", "~/.codex", ("sessions", "archived_sessions")),
    "gemini": ("", "~/.gemini", ("tmp",)),
    "qwen": ("", "~/.qwen", ("projects", "tmp")),
    "copilot": ("COPILOT_HOME", "~/.copilot", ("session-state",)),
    "kimi": ("", "~/.kimi-code", ("sessions",)),
}
"""Where each agent keeps transcripts: the variable that moves its folder, the folder, and what below it."""
PROMPTED = ("UserPromptSubmit", "BeforeAgent", "userPromptSubmitted")
"""Events by which agents tell what their person asks."""
DERIVED = {"copilot": "{session}/events.jsonl", "kimi": "**/{session}/agents/*/wire.jsonl"}
"""Of agents that name no transcript in what they say."""


class Untold(Exception):
    """There is nothing to tell, or nobody who takes it."""


def main(arguments: list[str]) -> None:
    why = ""
    try:
        if hasattr(signal, "setitimer"):
            signal.signal(signal.SIGALRM, lambda number, frame: hook.end(0, "Handrail was not told: too slow", b""))
            signal.setitimer(signal.ITIMER_REAL, DEADLINE_SECONDS)
        tell(arguments[0] if arguments else "", time.monotonic() + DEADLINE_SECONDS)
    except BaseException as error:  # an agent that stops is not kept from it
        known = isinstance(error, (Untold, hook.Refused))
        why = "Handrail was not told: %s" % (error if known else "%s: %s" % (type(error).__name__, error))
    hook.end(0, why, b"")


def tell(agent: str, deadline: float) -> None:
    """Raises Untold, hook.Refused, OSError."""
    raw = sys.stdin.buffer.read(hook.MAX_BYTES)
    payload, known = json.loads(raw.decode()), hook.configuration()

    def post(path: str, body: bytes) -> bytes:
        status, _, answer = hook.post(known, path, body, deadline)
        if status != 200:
            raise Untold("%s answered %d%s" % (known["url"], status, hook.hint(status)))
        return answer

    if is_prompt(payload):
        post("audit/hooks/%s" % agent, raw)
        return
    session, responses = account(agent, payload)

    def take(batch: list[dict[str, Any]]) -> int:
        from urllib.parse import quote

        body = json.dumps({"agent": agent, "responses": batch}).encode()
        path = "audit/sessions/%s/usage" % quote(session, safe="")
        return int(json.loads(post(path, body).decode())["total"])

    send(responses, take)


def is_prompt(payload: Any) -> bool:
    """Copilot names no event."""
    if not isinstance(payload, dict) or not isinstance(payload.get("prompt"), str):
        return False
    event = payload.get("hook_event_name") or payload.get("hookEventName")
    return event in PROMPTED or (not event and "sessionId" in payload)


def send(responses: list[dict[str, Any]], take: Callable[[list[dict[str, Any]]], int]) -> None:
    """The newest first, until whoever takes them has all there are: most were told when the agent stopped before."""
    for end in range(len(responses), 0, -AT_ONCE):
        if take(responses[max(end - AT_ONCE, 0) : end]) >= len(responses):
            return


def account(agent: str, payload: Any) -> tuple[str, list[dict[str, Any]]]:
    """The session, and what each response in its transcripts took. Raises Untold, OSError."""
    if agent not in FOLDERS:
        raise Untold("usage: tell.py %s" % "|".join(FOLDERS))
    session = payload.get("session_id") or payload.get("sessionId") if isinstance(payload, dict) else None
    if not isinstance(session, str) or not session:
        raise Untold("%s did not say which session it is in" % agent)
    found: dict[str, dict[str, Any]] = {}
    for path, sub_agent in files_of(agent, payload, session):
        for response in transcripts.responses_of(agent, lines_of(path), sub_agent):
            found.setdefault(response["id"], response)
    if not found:
        raise Untold("the transcripts of %s say nothing of tokens" % session)
    return session, list(found.values())


def files_of(agent: str, payload: dict[str, Any], session: str) -> list[tuple[str, str]]:
    """The transcripts of a session, each with the sub-agent whose it is. Raises Untold."""
    named = payload.get("transcript_path")
    if agent in DERIVED:
        if not re.match(r"[A-Za-z0-9_][A-Za-z0-9._-]*\Z", session):
            raise Untold("%s is no name of a session that a path could hold" % session[:100])
        pattern = DERIVED[agent].format(session=session)
        paths = [path for root in roots(agent) for path in glob.glob(os.path.join(root, pattern), recursive=True)]
    elif isinstance(named, str) and named:
        paths = [named]
    else:
        raise Untold("%s did not say where its transcript is" % agent)
    if not any(map(os.path.exists, paths)):
        raise Untold("there is no transcript of %s%s" % (session[:100], " at %s" % named if named else ""))
    found = [(inside(agent, path), "") for path in paths]
    if agent == "claude":
        below = glob.glob(os.path.join(glob.escape(os.path.splitext(found[0][0])[0]), "subagents", "*.jsonl"))
        newest = sorted(below, key=os.path.getmtime)[-MOST_FILES:]
        found += [(inside(agent, path), os.path.basename(path)[: -len(".jsonl")]) for path in newest]
    return found


def roots(agent: str) -> list[str]:
    variable, place, below = FOLDERS[agent]
    folder = (os.environ.get(variable) if variable else None) or os.path.expanduser(place)
    return [os.path.realpath(os.path.join(folder, name)) for name in below]


def inside(agent: str, path: str) -> str:
    """The file, where the agent keeps such: its project may have made the payload up. Raises Untold."""
    real = os.path.realpath(os.path.expanduser(path))
    if not any(real.startswith(root + os.sep) for root in roots(agent)):
        raise Untold("%s is not where %s keeps its transcripts" % (path[:300], agent))
    if not stat.S_ISREG(os.stat(real).st_mode):
        raise Untold("%s is no file" % path[:300])
    return real


def lines_of(path: str) -> Iterator[bytes]:
    """A line beyond all measure comes in pieces, which nobody can read."""
    with open(path, "rb") as file:
        while True:
            line = file.readline(transcripts.LONGEST_LINE + 1)
            if not line:
                return
            yield line


if __name__ == "__main__":
    main(sys.argv[1:])
