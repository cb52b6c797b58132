"""Whether Codex runs the hooks of ours: it runs none that nobody has trusted, and says nothing about it."""

import json
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from threading import Timer
from typing import IO, Any, cast

from audit.agents.merging import commands_of

SECONDS = 30.0
_NAME = {"name": "handrail", "title": "Handrail", "version": "1"}


def codex_hooks(folder: Path, environment: Mapping[str, str]) -> list[dict[str, Any]] | None:
    """The hooks of ours as Codex itself lists them for a folder; None where it is not here or does not tell."""
    program = shutil.which("codex", path=environment.get("PATH"))
    if program is None:
        return None
    asked: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": {"clientInfo": _NAME}},
        {"method": "initialized"},
        {"id": 2, "method": "hooks/list", "params": {"cwds": [str(folder)]}},
    ]
    listed = _ask([program, "app-server"], asked, environment)
    places = listed.get("data") if isinstance(listed, Mapping) else None
    if not isinstance(places, list):
        return None
    hooks = [hook for place in places for hook in place.get("hooks", ())]
    return [hook for hook in hooks if commands_of({"command": hook.get("command")})]


def untrusted(folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Why Codex would run its tools without asking ours: the events whose hook it leaves out. None if all is well."""
    hooks = codex_hooks(folder, environment)
    if hooks is None:
        return []
    if not hooks:
        return ["it lists none of them: is the project trusted?"]
    return [
        f"{hook.get('eventName')} is {'disabled' if hook.get('enabled') is False else hook.get('trustStatus')}"
        for hook in hooks
        if hook.get("enabled") is False or not (hook.get("isManaged") or hook.get("trustStatus") == "trusted")
    ]


def _ask(command: list[str], messages: list[dict[str, Any]], environment: Mapping[str, str]) -> Any:
    """The result of the last message; None where there is none in time. Its input stays open, or it would leave."""
    server = subprocess.Popen(  # noqa: S603  -- the codex in PATH, as a person would start it
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=dict(environment)
    )
    late = Timer(SECONDS, server.kill)
    late.start()
    with server, cast("IO[bytes]", server.stdin) as said, cast("IO[bytes]", server.stdout) as heard:
        try:
            said.write(b"".join(json.dumps(message).encode() + b"\n" for message in messages))
            said.flush()
            result = next(_results(heard, messages[-1]["id"]), None)
            said.close()  # at which it ends; killed, npm's wrapper would leave it behind
            server.wait()
        except (OSError, ValueError):
            return None
        finally:
            late.cancel()
            server.kill()
    return result


def _results(lines: Iterable[bytes], number: int) -> Iterator[Any]:
    for line in lines:
        told = json.loads(line)
        if isinstance(told, dict) and told.get("id") == number:
            yield told.get("result")
