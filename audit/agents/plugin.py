"""The skills as a plugin of Claude Code, with the MCP server beside them.

The hooks are not in it: what holds an agent is written by `agent_install`, which knows this machine, and tried by it.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path

from audit.agents.configurations import claude_server
from config.errors import DomainError
from config.skills import Skill

_RELEASE = re.compile(r"\d+\.\d+\.\d+")
"""What a manifest takes for a version."""
_ABOUT = (
    "Handrail's tools for coding agents: what to ask before a migration, after a refusal, about a bug or a container."
)


class NotAPlugin(DomainError):
    """The folder holds something else."""

    code = "not-a-plugin"
    remedy = "name a folder that is not there, is empty, or holds a plugin that was written so before"


def files(skills: Iterable[Skill], *, url: str, version: str) -> dict[str, str]:
    """What the plugin consists of, by path."""
    skills = list(skills)
    manifest = {"name": "handrail", "version": _version(version, skills), "description": _ABOUT, "license": "MIT"}
    servers = {"mcpServers": {"handrail": claude_server(f"{url.rstrip('/')}/mcp")}}
    return {
        ".claude-plugin/plugin.json": json.dumps({**manifest, "author": {"name": "Handrail"}}, indent=2) + "\n",
        ".mcp.json": json.dumps(servers, indent=2) + "\n",
        **{f"skills/{skill.name}/SKILL.md": skill.text for skill in skills},
    }


def write(folder: Path, parts: dict[str, str]) -> None:
    """Write a plugin, anew where there is one of ours. Raises NotAPlugin."""
    manifest = folder / ".claude-plugin" / "plugin.json"
    if folder.exists() and not (folder.is_dir() and (not any(folder.iterdir()) or _is_ours(manifest))):
        raise NotAPlugin(f"{folder} is there and holds no plugin of ours.")
    for old in folder.glob("skills/*/SKILL.md"):
        if old.relative_to(folder).as_posix() not in parts:
            old.unlink()
    for path, text in parts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def _version(program: str, skills: Iterable[Skill]) -> str:
    """The program's, with what the texts are beside it, since Claude Code keeps a plugin until its version changes."""
    release = _RELEASE.match(program)
    digest = hashlib.sha256("".join(skill.text for skill in skills).encode()).hexdigest()
    return f"{release[0] if release else '0.0.0'}+{digest[:12]}"


def _is_ours(manifest: Path) -> bool:
    try:
        return bool(json.loads(manifest.read_text(encoding="utf-8"))["name"] == "handrail")
    except (OSError, ValueError, KeyError, TypeError):
        return False
