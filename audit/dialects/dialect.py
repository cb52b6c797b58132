"""What agents' hooks have in common; a module of its own says where an agent differs.

Sources: docs/agents.md. Imports no Django, so that a hook can answer without starting it.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Moment = Literal["before", "permission", "after", "prompt", "start", "other"]
CALLS: frozenset[Moment] = frozenset({"before", "permission", "after"})
"""Those of a tool call; a session begins at `start`."""
Payload = Mapping[str, Any]
Answer = dict[str, Any]
BLOCK = 2
"""The exit code that most agents take for a refusal, if there is a sentence on stderr."""
NOT_JUDGED = "Handrail could not judge this call, so it is refused"
_MARGIN_SECONDS = 5.0


class Ended(SystemExit):
    """A hook that has answered ends with the code its agent goes by; any other end of one is a failure."""


class Malformed(ValueError):
    """What came in is not of the agent's dialect."""


class Verified(NamedTuple):
    """How we know what a dialect says of its agent."""

    how: Literal["installed", "run", "read"]
    """Against the agent with what is installed for it, against the agent with a hook of tests, or its documentation."""
    version: str


class Dialect:
    """Names of events, fields and tools, the shape of an answer, and what the agent makes of it."""

    title: str
    moments: Mapping[str, Moment]
    """By the agent's name of an event; events without one are none of ours."""
    waits_seconds = 60.0
    """How long the agent waits for a hook unless its configuration says otherwise. After that the tool runs."""
    verified: Verified
    defers: frozenset[str] = frozenset()
    """Events in whose answer the agent can be told to end, and to ask again when somebody resumes it."""
    stands_alone = False
    """Whether no permissions of the agent's own decide behind us, so that answering nothing lets the tool run."""
    fails_closed = ""
    """What in its configuration makes the agent refuse when the hook cannot be started or is too slow, if anything."""

    def example(self, command: str, folder: str) -> dict[str, Any]:
        """What the agent would send before it runs a command, for trying an installation."""
        event = next(name for name, moment in self.moments.items() if moment == "before")
        call = {"tool_name": "Bash", "tool_input": {"command": command}}
        return {"session_id": "probe", "cwd": folder, "hook_event_name": event, **call}

    def moment(self, event: str) -> Moment:
        return self.moments.get(event, "other")

    @property
    def deadline_seconds(self) -> float:
        """When we refuse at the latest, so that the agent never stops waiting first."""
        return self.waits_seconds - _MARGIN_SECONDS

    def wrapped(self, payload: Any, environment: Mapping[str, str]) -> Any:
        """The payload with what the agent says of it in the environment of the hook."""
        return payload

    def unfold(self, payload: Payload) -> list[Payload]:
        """The payloads of single events; some agents ask about several tool calls at once. Raises Malformed."""
        return [payload]

    def event(self, payload: Payload) -> str:
        """The agent's name of what happens. Raises Malformed."""
        name = payload.get("hook_event_name") or payload.get("hookEventName")
        if not isinstance(name, str) or not name:
            raise Malformed("hook_event_name is missing")
        return name

    def session(self, payload: Payload) -> Any:
        return payload.get("session_id") or payload.get("conversation_id") or payload.get("sessionId")

    def use(self, payload: Payload) -> Any:
        """What joins the report of a tool call to its question."""
        names = ("tool_use_id", "tool_call_id", "toolUseId", "toolCallId")
        return next((payload[name] for name in names if payload.get(name)), None)

    def tool(self, event: str, payload: Payload) -> str:
        """The tool in the agent's words, except that one of MCP is mcp__server__tool. Raises Malformed."""
        name = payload.get("tool_name") or payload.get("toolName")
        if not isinstance(name, str) or not name:
            raise Malformed("tool_name is missing")
        return name

    def arguments(self, event: str, payload: Payload) -> Mapping[str, Any]:
        """The tool's arguments, which some agents give as JSON text. Raises Malformed."""
        names = ("tool_input", "toolArgs", "toolInput")
        given = next((payload[name] for name in names if name in payload), None)
        return read_arguments(given, event)

    def folder(self, payload: Payload, arguments: Mapping[str, Any]) -> Any:
        """Where the tool runs."""
        roots = payload.get("workspace_roots")
        return payload.get("cwd") or (roots[0] if isinstance(roots, list) and roots else "")

    def nothing(self, event: str) -> Answer:
        """The answer to what is only told, and to what is left to the agent."""
        return {}

    def tell(self, event: str, text: str) -> Answer:
        """Text for the context of a session that begins; nothing where the agent takes none."""
        return self.nothing(event)

    def can_ask(self, event: str) -> bool:
        """Whether a person is asked when the answer says so. Where not, the tool would run."""
        return True

    def say(self, event: str, decision: str, reason: str) -> Answer:
        """Allow, deny or confirm in the agent's shape; confirm only where the dialect can ask."""
        raise NotImplementedError

    def exit_code(self, decision: str) -> int:
        """Of a hook that has said so: 0 where the agent reads the answer, else what the agent goes by."""
        return 0

    def refuse(self, event: str, reason: str) -> Answer:
        """The deny for a question that could not be understood; `event` may be unknown or blank."""
        return self.say(event, "deny", reason)

    def unasked(self, reason: str) -> str:
        """Why something to confirm is denied."""
        cannot = f"A person must confirm this, and {self.title} cannot ask from a hook. Ask the user to run it."
        return f"{cannot} {reason}"


def ask_for_confirm(decision: str) -> str:
    """Most agents call it `ask`."""
    return "ask" if decision == "confirm" else decision


def read_arguments(given: Any, event: str) -> Mapping[str, Any]:
    """The arguments of a tool from an object, from JSON text, or from a patch as it is. Raises Malformed."""
    if isinstance(given, str):
        given = {"patch": given} if given.lstrip().startswith("*** Begin Patch") else _read_text(given, event)
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise Malformed("the tool's arguments are not an object")
    return given


def _read_text(text: str, event: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the arguments in {event or 'the payload'} are not JSON") from error


def tell_context(event: str, text: str) -> Answer:
    """As Claude Code and those that followed it take text for a session."""
    return {"hookSpecificOutput": {"hookEventName": event, "additionalContext": text}}
