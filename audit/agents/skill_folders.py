"""Where agents look for skills, and which of those there are as they were written here."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from audit.agents.configurations import Piece, Site

_SHARED = ".agents"
"""Read by most; those named below have one of their own, or one of a person's."""
_PROJECT = {"claude": ".claude", "qwen": ".qwen", "kiro": ".kiro", "devin": ".devin"}
_USER = {
    **{agent: f".{agent}" for agent in ("claude", "codex", "cursor", "gemini", "qwen", "copilot", "kiro")},
    "opencode": ".config/opencode",
}
_STAMP = re.compile(r"\n<!-- written by agent_install of Handrail \((?P<digest>[0-9a-f]{12})\)[^\n]*-->\n\Z")


def skill_pieces(agent: str, site: Site, *, undo: bool) -> list[Piece]:
    """A file for each skill; to undo, whatever was ever written there."""
    project, person = _PROJECT.get(agent, _SHARED), _USER.get(agent, _SHARED)
    place = site.at(project=f"{project}/skills", user=f"{person}/skills")
    if place is None:
        return []
    if undo:
        return [Piece(path=path, kind="skill") for path in sorted(place.glob("*/SKILL.md"))]
    return [
        Piece(path=place / skill.name / "SKILL.md", kind="skill", text=stamped(skill.text)) for skill in site.skills
    ]


def stamped(text: str) -> str:
    """A skill that tells later whether somebody has changed it."""
    body = f"{text.rstrip()}\n"
    return f"{body}\n<!-- written by agent_install of Handrail ({_digest(body)}); what you change stays as it is -->\n"


def is_as_written(text: str) -> bool:
    """Whether a skill is ours and nobody has changed it since."""
    stamp = _STAMP.search(text)
    return stamp is not None and _digest(text[: stamp.start()]) == stamp["digest"]


def shared(agents: Iterable[str], site: Site) -> set[Path]:
    """The skills that these agents read."""
    return {piece.path for agent in agents for piece in skill_pieces(agent, site, undo=True)}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
