"""Trying whether an installation holds: what an agent would make of a command that must be denied."""

import json
import os
import subprocess
from pathlib import Path
from typing import Literal

from audit.agents import hook as client
from audit.agents import trust
from audit.dialects import dialect_of
from audit.dialects.dialect import NOT_JUDGED

PROBE = "rm -rf --no-preserve-root /"
"""What every set of rules that is worth its name denies."""
_PROBE_SECONDS = 60.0
_OURS = {"DATA_DIR", "DATABASE_URL", "HANDRAIL_DATABASE_URL", "HANDRAIL_HOME", "HANDRAIL_API_KEY", "HANDRAIL_URL"}
"""What this process was told, and an agent is not."""
Held = Literal["denied", "asked", "let through", "not judged", "not trusted"]
"""`not judged`: refused, as everything is while the hook does not reach its rules. `not trusted`: never run."""


def tried(agent: str, command: str, folder: Path) -> tuple[Held, str]:
    """What the agent would make of the probe, and why: also whether it runs the hook at all, where it tells."""
    if agent == "codex" and (left_out := trust.untrusted(folder, os.environ)):
        return "not trusted", f"{', '.join(left_out)}. Start codex in the project and trust the hooks there (/hooks)."
    return probe(agent, command, folder)


def probe(agent: str, command: str, folder: Path) -> tuple[Held, str]:
    """Ask through an agent's own hook for what must be denied: what the agent would make of it, and what was said."""
    told = json.dumps(dialect_of(agent).example(PROBE, str(folder)))
    done = subprocess.run(  # noqa: S603  -- our own command, through the shell as the agent does
        ["/bin/sh", "-c", command],
        input=told,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**{name: value for name, value in os.environ.items() if name not in _OURS}, "AGENT_TOOL_NAME": "Bash"},
        timeout=_PROBE_SECONDS,
        check=False,
    )
    said = done.stderr.strip() or done.stdout.strip()
    words = done.stdout.replace(" ", "")
    if NOT_JUDGED in done.stderr or (done.returncode == client.BLOCK and not done.stderr.startswith("Handrail")):
        return "not judged", said
    if done.returncode == client.BLOCK or '"deny"' in words or '"cancel":true' in words:
        return "denied", said
    return ("asked" if '"ask"' in words or done.returncode == 1 else "let through"), said
