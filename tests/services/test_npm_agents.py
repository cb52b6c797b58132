"""Claude Code, Codex, Gemini CLI and Copilot, told to ask nobody: what is denied does not run in any of them.

They are as npm has them, and hooked by `agent_install` as a person would do it; see npm_agents.py.
"""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import agent_model, npm_agents
from tests.services.agent_model import AgentModel
from tests.services.npm_agents import AGENTS, Headless
from tests.services.service import Service
from tests.services.stack import ROOT, wait_until
from tests.services.throwaway import free_port

pytestmark = pytest.mark.services
programs = npm_agents.programs
WHY = "Nothing is touched here."
each_agent = pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.name)


@pytest.fixture(scope="module")
def model() -> Iterator[AgentModel]:
    with agent_model.serving() as served:
        yield served


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose rules allow mkdir and deny touch."""
    up = Service(tmp_path_factory.mktemp("service"))
    process = up.start()
    wait_until(lambda: process.poll() is not None or up.answers(), "it answers")
    for words in (("deny", "Bash(touch *)", "--reason", WHY), ("allow", "Bash(mkdir *)"), ("deny", "Bash(rm *)")):
        manage(up.env, "rules", "add", *words)
    yield up
    process.terminate()
    process.wait()


class Desk:
    """A person with one agent and one project."""

    def __init__(self, place: Path, agent: Headless, programs: Path, model: AgentModel, service: Service) -> None:
        self.home, self.project = place / "home", place / "project"
        self.agent, self.programs, self.model = agent, programs, model
        self.environment = {**service.env, "HOME": str(self.home), "PATH": f"{programs}:{os.environ['PATH']}"}
        for folder in (self.home, self.project):
            folder.mkdir()
        agent.prepare(self.home, self.project, model.url)

    def install(self, *words: str, trusted: bool = True, **more: str) -> str:
        told = ["agent_install", "--yes", "--agent", self.agent.name, *words, str(self.project)]
        done = manage({**self.environment, **more}, *told, check=False)
        if self.agent.name == "codex" and trusted:
            npm_agents.trust(self.programs, self.home, self.project)
        return done

    def runs(self, command: str) -> bool:
        """Whether the agent runs a command that leaves something behind when its model asks for it."""
        left = self.project / "left"
        assert not left.exists()
        wanted = self.model.command = f"{command} {left}"
        self.model.told = []
        said = npm_agents.run(
            self.agent, programs=self.programs, home=self.home, folder=self.project, url=self.model.url
        )
        assert self.was_told(wanted), f"it has not come to the command: {said[-2000:]}"
        if left.exists():
            left.rmdir() if left.is_dir() else left.unlink()
            return True
        return False

    def was_told(self, words: str) -> bool:
        """Whether words have come to the agent's model."""
        return any(words in told for told in self.model.told)


def new_key(service: Service) -> str:
    """A key as a laptop gets one."""
    return manage(service.env, "apikey", "create", secrets.token_hex(8), "--scope", "write").strip()


def manage(environment: dict[str, str], *words: str, check: bool = True) -> str:
    """What a command of the service says."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0 or not check, done.stdout
    return done.stdout


@pytest.fixture
def desk(tmp_path: Path, agent: Headless, programs: Path, model: AgentModel, service: Service) -> Desk:
    return Desk(tmp_path, agent, programs, model, service)


@each_agent
def test_a_denied_command_does_not_run_and_the_model_learns_why(desk: Desk) -> None:
    assert desk.runs("touch")  # or the rest would say nothing
    desk.install("--user")
    assert not desk.runs("touch")
    assert desk.was_told(WHY)
    assert desk.runs("mkdir")
    desk.install("--undo", "--user", trusted=False)
    assert desk.runs("touch")


@each_agent
def test_the_hooks_of_a_project_hold_in_it(desk: Desk) -> None:
    desk.install()
    assert not desk.runs("touch")
    assert desk.runs("mkdir")


@each_agent
def test_nothing_runs_while_the_server_of_the_team_is_down_or_its_client_gone(desk: Desk, service: Service) -> None:
    desk.install("--user", "--url", f"http://127.0.0.1:{service.port}", HANDRAIL_API_KEY=new_key(service))
    assert not desk.runs("touch")
    assert desk.runs("mkdir")
    own = desk.home / ".config" / "handrail"
    known = json.loads((own / "agent.json").read_text())
    (own / "agent.json").write_text(json.dumps({**known, "url": f"http://127.0.0.1:{free_port()}"}))
    assert not desk.runs("mkdir")
    assert desk.was_told("could not judge this call")
    (own / "hook.py").unlink()
    assert not desk.runs("mkdir")


@pytest.mark.parametrize("agent", [agent for agent in AGENTS if agent.name == "codex"], ids=["codex"])
def test_codex_leaves_out_a_hook_that_nobody_has_trusted_and_the_check_says_so(desk: Desk) -> None:
    assert "[WARN] codex: not trusted: preToolUse is untrusted" in desk.install("--user", trusted=False)
    assert desk.runs("touch")
    npm_agents.trust(desk.programs, desk.home, desk.project)
    checked = manage(desk.environment, "agent_install", "--check", "--user", "--agent", "codex", str(desk.project))
    assert "[OK] codex: denied" in checked


def test_claude_code_takes_the_skills_as_a_plugin(programs: Path, service: Service, tmp_path: Path) -> None:
    manage(service.env, "skills", "plugin", str(tmp_path / "plugin"))
    checked = subprocess.run(
        [str(programs / "claude"), "plugin", "validate", "--strict", str(tmp_path / "plugin")],
        env={"HOME": str(tmp_path), "PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
