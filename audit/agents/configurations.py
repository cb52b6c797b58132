"""What is written for each agent, and where: in a project, for a person, for a machine. Sources: docs/agents.md."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from audit.permissions.rules import Rule
from config.skills import Skill

Scope = Literal["project", "user", "managed"]
Kind = Literal["json", "block", "file", "skill"]
TIMEOUT_SECONDS = 15
"""Of a hook, by the agent; ours has refused five seconds before."""
KEY = "HANDRAIL_API_KEY"
_CLINE = ".cline/data"
_EDITORS = "Library/Application Support" if sys.platform == "darwin" else ".config"
_CLINE_IN_EDITOR = f"{_EDITORS}/Code/User/globalStorage/saoudrizwan.claude-dev"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Something of ours in a file: entries of a JSON object, a part of a text, or a whole file."""

    path: Path
    kind: Kind
    entries: Mapping[str, Any] | None = None
    text: str = ""
    is_executable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where to install, what a hook runs, and where the service is reached."""

    scope: Scope
    folder: Path
    """The project, the home of the person, or the root of the file system."""
    command: Callable[[str], str]
    tell: Callable[[str], str]
    """What runs when the agent stops, and refuses nothing."""
    url: str
    skills: Sequence[Skill] = ()
    rules: Sequence[Rule] | None = None
    """Whose denials go into the agents' own permissions; None leaves those alone."""
    prompts: bool = False
    """Whether what its person asks of it is told too."""

    def at(self, *, project: str = "", user: str = "", managed: str = "") -> Path | None:
        """The file for this scope, None where the agent has none."""
        path = {"project": project, "user": user, "managed": managed}[self.scope]
        return self.folder / path if path else None


def pieces(agent: str, site: Site) -> list[Piece]:
    """What belongs to an agent's installation; none where it has no configuration of that scope."""
    return [piece for piece in _AGENTS[agent](site) if piece is not None]


def _json(path: Path | None, entries: Mapping[str, Any]) -> Piece | None:
    return None if path is None else Piece(path=path, kind="json", entries=entries)


def _file(path: Path | None, text: str, *, is_executable: bool = True) -> Piece | None:
    return None if path is None else Piece(path=path, kind="file", text=text, is_executable=is_executable)


def _block(path: Path | None, text: str) -> Piece | None:
    return None if path is None else Piece(path=path, kind="block", text=text)


def _bearer(key: str) -> dict[str, str]:
    """The key stays in the environment: each agent has its own way of writing that."""
    return {"Authorization": f"Bearer {key}"}


def _groups(command: str, events: str, *, timeout: int = TIMEOUT_SECONDS, matcher: str = "*", **more: Any) -> Any:
    """Claude Code's shape, which four others have taken over."""
    hook = {"type": "command", "command": command, "timeout": timeout}
    before = {**hook, **more}
    return {
        event: [{"matcher": matcher, "hooks": [hook if event.startswith(("Post", "After", "Session")) else before]}]
        for event in events.split()
    }


def _told(site: Site, agent: str, events: str, *, prompt: str, timeout: int = TIMEOUT_SECONDS) -> Any:
    """The same for events that are about no tool, and ask nothing."""
    hook = {"type": "command", "command": site.tell(agent), "timeout": timeout}
    told = [*events.split(), *([prompt] if site.prompts else [])]
    return {event: [{"hooks": [hook]}] for event in told}


def _claude(site: Site) -> list[Piece | None]:
    events = "PreToolUse PermissionRequest PostToolUse PostToolUseFailure SessionStart"
    groups = _groups(site.command("claude"), events, onFailure="block")
    groups |= _told(site, "claude", "Stop SessionEnd", prompt="UserPromptSubmit")
    hooks: dict[str, Any] = {"hooks": groups}
    settings = site.at(
        project=".claude/settings.json", user=".claude/settings.json", managed="etc/claude-code/managed-settings.json"
    )
    if site.scope == "managed":
        hooks["allowManagedHooksOnly"] = True
    mcp = site.at(project=".mcp.json", user=".claude.json")
    return [_json(settings, hooks), _json(mcp, {"mcpServers": {"handrail": claude_server(site.url)}})]


def claude_server(url: str) -> dict[str, Any]:
    """An entry of its MCP servers."""
    return {"type": "http", "url": url, "headers": _bearer(f"${{{KEY}}}")}


def _codex(site: Site) -> list[Piece | None]:
    groups = _groups(site.command("codex"), "PreToolUse PermissionRequest PostToolUse SessionStart")
    hooks = {"hooks": groups | _told(site, "codex", "Stop", prompt="UserPromptSubmit")}
    server = f'[mcp_servers.handrail]\nurl = "{site.url}"\nbearer_token_env_var = "{KEY}"'
    return [
        _json(site.at(project=".codex/hooks.json", user=".codex/hooks.json"), hooks),
        _block(site.at(project=".codex/config.toml", user=".codex/config.toml"), server),
    ]


def _cursor(site: Site) -> list[Piece | None]:
    before = "beforeShellExecution beforeMCPExecution beforeReadFile preToolUse"
    after = "afterShellExecution afterMCPExecution afterFileEdit"
    hook = {"command": site.command("cursor"), "timeout": TIMEOUT_SECONDS}
    hooks = {name: [{**hook, "failClosed": True}] for name in before.split()} | {name: [hook] for name in after.split()}
    server = {"url": site.url, "headers": _bearer(f"${{env:{KEY}}}")}
    own = site.at(project=".cursor/hooks.json", user=".cursor/hooks.json", managed="etc/cursor/hooks.json")
    mcp = site.at(project=".cursor/mcp.json", user=".cursor/mcp.json")
    return [_json(own, {"version": 1, "hooks": hooks}), _json(mcp, {"mcpServers": {"handrail": server}})]


def _gemini(site: Site) -> list[Piece | None]:
    milliseconds = TIMEOUT_SECONDS * 1000
    hooks = _groups(site.command("gemini"), "BeforeTool AfterTool SessionStart", timeout=milliseconds, matcher=".*")
    hooks |= _told(site, "gemini", "AfterAgent SessionEnd", prompt="BeforeAgent", timeout=milliseconds)
    server = {"url": site.url, "type": "http", "headers": _bearer(f"${KEY}")}
    path = site.at(
        project=".gemini/settings.json", user=".gemini/settings.json", managed="etc/gemini-cli/settings.json"
    )
    return [_json(path, {"hooks": hooks, "mcpServers": {"handrail": server}})]


def _qwen(site: Site) -> list[Piece | None]:
    events = "PreToolUse PostToolUse PostToolUseFailure SessionStart"
    milliseconds = TIMEOUT_SECONDS * 1000
    hooks = _groups(site.command("qwen"), events, timeout=milliseconds)
    hooks |= _told(site, "qwen", "Stop SessionEnd", prompt="UserPromptSubmit", timeout=milliseconds)
    server = {"httpUrl": site.url, "headers": _bearer(f"${KEY}")}
    path = site.at(project=".qwen/settings.json", user=".qwen/settings.json")
    return [_json(path, {"hooks": hooks, "mcpServers": {"handrail": server}})]


def _copilot(site: Site) -> list[Piece | None]:
    commands = dict.fromkeys(("preToolUse", "postToolUse"), site.command("copilot"))
    told = ("sessionEnd", "userPromptSubmitted") if site.prompts else ("sessionEnd",)
    commands |= dict.fromkeys(told, site.tell("copilot"))
    hooks = {
        event: [{"type": "command", "bash": command, "timeoutSec": TIMEOUT_SECONDS}]
        for event, command in commands.items()
    }
    path = site.at(
        project=".github/hooks/handrail.json",
        user=".copilot/hooks/handrail.json",
        managed="etc/github-copilot/policy.d/handrail.json",
    )
    server = {"type": "http", "url": site.url, "headers": _bearer(f"${{{KEY}}}"), "tools": ["*"]}
    return [
        _json(path, {"version": 1, "hooks": hooks}),
        _json(site.at(user=".copilot/mcp-config.json"), {"mcpServers": {"handrail": server}}),
    ]


def _kimi(site: Site) -> list[Piece | None]:
    command = json.dumps(site.command("kimi"))
    block = "\n".join(
        f'[[hooks]]\nevent = "{event}"\nmatcher = ".*"\ncommand = {command}\ntimeout = {TIMEOUT_SECONDS}'
        for event in ("PreToolUse", "PostToolUse")
    )
    mcp = site.at(user=".kimi-code/mcp.json")
    server = {"url": site.url, "bearerTokenEnvVar": KEY}
    return [_block(site.at(user=".kimi-code/config.toml"), block), _json(mcp, {"mcpServers": {"handrail": server}})]


def _kiro(site: Site) -> list[Piece | None]:
    hooks = [
        {
            "name": f"handrail-{trigger}",
            "trigger": trigger,
            "matcher": ".*",
            "action": {"type": "command", "command": site.command("kiro")},
            "timeout": TIMEOUT_SECONDS,
            "enabled": True,
        }
        for trigger in ("PreToolUse", "PostToolUse")
    ]
    path = site.at(project=".kiro/hooks/handrail.json", user=".kiro/hooks/handrail.json")
    server = {"url": site.url, "headers": _bearer(f"${{{KEY}}}")}
    mcp = site.at(project=".kiro/settings/mcp.json", user=".kiro/settings/mcp.json")
    return [
        _file(path, json.dumps({"version": "v1", "hooks": hooks}, indent=2) + "\n", is_executable=False),
        _json(mcp, {"mcpServers": {"handrail": server}}),
    ]


def _devin(site: Site) -> list[Piece | None]:
    hooks = {"hooks": _groups(site.command("devin"), "PreToolUse PostToolUse")}
    servers = {"mcpServers": {"handrail": {"url": site.url, "headers": _bearer(f"${{{KEY}}}")}}}
    if site.scope == "user":
        return [_json(site.at(user=".config/devin/config.json"), {**hooks, **servers})]
    return [
        _json(site.at(project=".devin/hooks.v1.json"), hooks),
        _json(site.at(project=".devin/config.json"), servers),
    ]


def _cline(site: Site) -> list[Piece | None]:
    """Its servers are a person's, in a file of the command and in one of the extension."""
    script = f"#!/bin/sh\n{site.command('cline')}\n"
    hooks = [
        _file(site.at(project=f".clinerules/hooks/{event}", user=f"Documents/Cline/Hooks/{event}"), script)
        for event in ("PreToolUse", "PostToolUse")
    ]
    server = {"type": "streamableHttp", "url": site.url, "headers": _bearer(f"${{env:{KEY}}}"), "disabled": False}
    places = [place for place in (_CLINE, _CLINE_IN_EDITOR) if (site.folder / place).is_dir()] or [_CLINE]
    return hooks + [
        _json(site.at(user=f"{place}/settings/cline_mcp_settings.json"), {"mcpServers": {"handrail": server}})
        for place in places
    ]


def _opencode(site: Site) -> list[Piece | None]:
    source = Path(__file__).with_name("opencode_plugin.js").read_text(encoding="utf-8")
    plugin = source.replace('"@COMMAND@"', json.dumps(site.command("opencode")))
    path = site.at(project=".opencode/plugins/handrail.js", user=".config/opencode/plugins/handrail.js")
    server = {"type": "remote", "url": site.url, "headers": _bearer(f"{{env:{KEY}}}")}
    settings = site.at(project="opencode.json", user=".config/opencode/opencode.json")
    return [_file(path, plugin, is_executable=False), _json(settings, {"mcp": {"handrail": server}})]


def _amp(site: Site) -> list[Piece | None]:
    """A delegate is a program without arguments, so there is one of ours."""
    script = site.at(project=".amp/handrail-hook", user=".config/amp/handrail-hook")
    settings = site.at(project=".amp/settings.json", user=".config/amp/settings.json")
    rule = {"tool": "*", "action": "delegate", "to": str(script)}
    server = {"url": site.url, "headers": _bearer(f"${{{KEY}}}")}
    return [
        _file(script, f"#!/bin/sh\n{site.command('amp')}\n"),
        _json(settings, {"amp.permissions": [rule], "amp.mcpServers": {"handrail": server}}),
    ]


_AGENTS: dict[str, Callable[[Site], list[Piece | None]]] = {
    "claude": _claude,
    "codex": _codex,
    "cursor": _cursor,
    "gemini": _gemini,
    "qwen": _qwen,
    "copilot": _copilot,
    "kimi": _kimi,
    "kiro": _kiro,
    "devin": _devin,
    "cline": _cline,
    "opencode": _opencode,
    "amp": _amp,
}
