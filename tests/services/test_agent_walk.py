"""The walk of docs/agents.md, each of its commands as it stands: Claude Code and Codex as npm has them, denied, then
approved by a person, and what a session's page says of it afterwards."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.services import agent_model, npm_agents
from tests.services.agent_model import AgentModel
from tests.services.npm_agents import AGENTS
from tests.services.service import Service
from tests.services.stack import ROOT, wait_until

pytestmark = pytest.mark.services
programs = npm_agents.programs
PAGE = (ROOT / "docs" / "agents.md").read_text()
WALK = PAGE.partition("## A walk")[2].partition("\n## ")[0]
COMMANDS = re.findall(r"^    (\S.*)$", WALK, re.MULTILINE)
HERE = f'handrail() {{ "{sys.executable}" "{ROOT}/manage.py" "$@"; }}\n'
LONG_SECONDS = 500
"""What a hook may take here: on a busy machine it refuses after ten, as it should."""
PAIR = [agent for agent in AGENTS if agent.name in ("claude", "codex")]


class Walk:
    """One terminal: folder and variables stay from command to command."""

    def __init__(self, place: Path, programs: Path, model: AgentModel, service: Service) -> None:
        self.home, self.place, self.shop = place / "home", place, place / "shop"
        self.programs, self.model, self.service = programs, model, service
        self.env = {
            **service.env,
            "HOOK_TIMEOUT_SECONDS": str(LONG_SECONDS),
            "HOME": str(self.home),
            "PATH": f"{programs}:{os.environ['PATH']}",
        }
        self.state = place / "state"
        self.state.write_text(f"cd {place}\n")
        for folder in (self.home, self.shop):
            folder.mkdir()
        for agent in PAIR:
            agent.prepare(self.home, self.shop, model.url)
            self.env |= agent.environment(model.url)

    def type(self, command: str) -> str:
        """What a command says; it must end well."""
        self.model.told = []
        script = f'{HERE}. "{self.state}"\n{command}\n{{ declare -px; echo "cd $PWD"; }} > "{self.state}"\n'
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script.replace(":8000", f":{self.service.port}")],
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        return done.stdout

    def told(self, words: str) -> bool:
        """Whether the last command brought words to an agent's model."""
        return any(words in told for told in self.model.told)


@pytest.fixture
def walk(tmp_path: Path, programs: Path) -> Iterator[Walk]:
    service = Service(tmp_path / "service")
    process = service.start()
    try:
        wait_until(lambda: process.poll() is not None or service.answers(), "it answers")
        with agent_model.serving() as model:
            yield Walk(tmp_path, programs, model, service)
    finally:
        service.kill()


def test_the_walk_goes_from_nothing_to_a_denied_call_an_approved_one_and_a_page_of_each_session(walk: Walk) -> None:
    typed = iter(COMMANDS)
    (walk.shop / "Makefile").write_text("deploy:\n\techo out >> deployed\n")
    for words in ("init -q", "add .", "-c user.name=t -c user.email=t@example.org commit -qm first"):
        subprocess.run(["git", *words.split()], cwd=walk.shop, check=True)
    for _ in range(2):
        walk.type(next(typed))
    assert "[OK] claude: denied" in walk.type(next(typed))
    for name in (".claude/settings.json", ".codex/hooks.json"):
        hooks = (walk.shop / name).read_text()
        (walk.shop / name).write_text(re.sub(r'"timeout": \d+', f'"timeout": {LONG_SECONDS + 50}', hooks))
    npm_agents.trust(walk.programs, walk.home, walk.shop)

    walk.type(next(typed))  # cd
    (walk.shop / "Makefile").write_text("deploy:\n\techo out >> deployed  # changed\n")
    for agent in PAIR:
        walk.type(one := next(typed))
        assert one.startswith(agent.name)
        assert walk.told("git.reset"), one
        assert "# changed" in (walk.shop / "Makefile").read_text()

    walk.type(next(typed))  # export
    for number, agent in enumerate(PAIR, start=1):
        walk.type(one := next(typed))
        assert one.startswith(agent.name)
        assert walk.told(f"approval {number} is pending"), one
        assert deployed(walk) == number - 1
        said = [walk.type(next(typed)) for _ in range(2)]
        if agent.name == "claude":
            assert re.search(r"^1\s+pending\s.*make deploy", said[0], re.MULTILINE), said[0]
            assert "[OK] approval 1 is approved" in said[1]
        else:
            assert json.loads(said[1])["status"] == "approved"
        walk.type(next(typed))
        assert deployed(walk) == number

    wait_until(lambda: {"claude", "codex"} == latest_approved(walk), "both sessions are summed up")
    walk.type(next(typed))
    for _ in PAIR:
        said = walk.type(next(typed))
        assert re.search(r"confirm\s.*make deploy", said), said
        assert re.search(r"allow\s+ran\s.*make deploy", said), said
    assert next(typed, None) is None


def deployed(walk: Walk) -> int:
    """How often the Makefile has been followed."""
    left = walk.shop / "deployed"
    return len(left.read_text().splitlines()) if left.exists() else 0


def latest_approved(walk: Walk) -> set[str]:
    """The agents a session of which has the call that was asked, and the one that was let through."""
    return {row["agent"] for row in sessions(walk) if row["asked"] and row["allowed"] and row["run"]}


def sessions(walk: Walk) -> list[dict[str, Any]]:
    _, _, body = walk.service.get("/api/v1/audit/sessions", walk.service.key())
    found: list[dict[str, Any]] = json.loads(body)["results"]
    return found
