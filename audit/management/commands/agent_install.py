"""`manage.py agent_install [DIR]`: put hooks, the MCP entry, skills and the client into the agents of a machine."""

import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from audit.agents import installing, own_rules, probing
from audit.agents.configurations import Scope, Site
from audit.agents.installing import Change
from audit.agents.skill_folders import is_as_written
from audit.dialects import AGENTS
from audit.permissions import held
from audit.permissions.rules import Rule
from config.commands import FINDINGS, OperationCommand
from config.skills import Skill, with_folders

_MARKS = {"denied": "[OK]", "asked": "[WARN]", "not judged": "[WARN]", "not trusted": "[WARN]"}
_HELP = (
    "Where a probe is not denied, let the packs decide (`rules posture balanced`); where it is not judged, mend what is"
    " named."
)


class Command(OperationCommand):
    help = "Install Handrail's hooks into the agents of a project, a person or a machine, and try whether they hold."
    examples = (
        ("agent install", "every agent found here, for this project; shows what would change and asks"),
        ("agent install --agent claude --agent codex --user --yes", "two agents, wherever you work"),
        ("agent install --permissions --agent claude", "also into its own permissions, for sessions without hooks"),
        ("agent install --check", "what CI runs: installed as it should be, and a denied command is denied"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="DIR", help="the project")
        parser.add_argument("--agent", action="append", choices=AGENTS, help="again for more; else all that are found")
        scope = parser.add_mutually_exclusive_group()
        scope.add_argument("--user", action="store_const", dest="scope", const="user", help="wherever you work")
        scope.add_argument("--managed", action="store_const", dest="scope", const="managed", help="everybody here")
        parser.add_argument(
            "--url",
            help="a server elsewhere (or unix:/its/socket), asked by a client of one file; its key in HANDRAIL_API_KEY",
        )
        parser.add_argument(
            "--skills",
            action="append",
            type=Path,
            default=[],
            metavar="FOLDER",
            help="skills of yours to install beside those that ship, as `prompt export` writes them; again for more",
        )
        parser.add_argument("--no-skills", action="store_true", help="none at all")
        parser.add_argument(
            "--permissions",
            action="store_true",
            help="put what your rules deny into the agent's own permissions too (claude, cursor, opencode)",
        )
        parser.add_argument("--prompts", action="store_true", help="keep in the trail what people ask of agents, too")
        parser.add_argument("--yes", action="store_true", help="write without asking")
        action = parser.add_mutually_exclusive_group()
        action.add_argument("--undo", action="store_true", help="take out what was installed")
        action.add_argument("--check", action="store_true", help="change nothing; exit 1 unless all is in place")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = options["folder"].resolve()
        if not folder.is_dir():
            raise CommandError(f"{folder} is no folder.", returncode=2)
        agents = options["agent"] or installing.found(folder, Path.home())
        if not agents:
            raise CommandError(f"No agent is found here. Name one: --agent {'|'.join(AGENTS)}", returncode=2)
        remote, where = options["url"], self._site(folder, options)
        planned = installing.plan(agents, where, undo=options["undo"])
        if remote and not options["check"]:
            planned += self._client(remote, undo=options["undo"])
        changes = [change for change in planned if change.is_needed]
        if options["check"]:
            if self._tried(agents, planned, folder, remote=bool(remote)) - {"denied"}:
                self.stdout.write(_HELP)
                sys.exit(FINDINGS)
            return
        self._show(agents, planned, changes, where)
        if changes and self._may_write(options):
            installing.apply(changes)
            self.stdout.write(f"{'Removed from' if options['undo'] else 'Written:'} {len(changes)} files.")
        if not options["undo"]:
            done = installing.plan(agents, where)
            if self._tried(agents, done, folder, remote=bool(remote)) & {"let through", "not installed"}:
                self.stdout.write(_HELP)
                sys.exit(FINDINGS)

    def _site(self, folder: Path, options: dict[str, Any]) -> Site:
        scope: Scope = options["scope"] or "project"
        remote = options["url"]
        address = _own_address() if not remote or remote.startswith("unix:") else remote  # MCP speaks over HTTP alone
        skills, rules = self._skills(options), self._rules(options)
        prompts = options["prompts"] or options["undo"]
        return installing.site(
            scope, folder, url=address, remote=bool(remote), skills=skills, rules=rules, prompts=prompts
        )

    def _skills(self, options: dict[str, Any]) -> list[Skill]:
        """Those to install. Whether they are there is no matter of `--check`."""
        return [] if options["no_skills"] or options["check"] else with_folders(options["skills"])

    def _rules(self, options: dict[str, Any]) -> list[Rule] | None:
        """Those of this installation, which mean what they say; one that is excepted somewhere no file can say."""
        if not options["permissions"] or options["check"]:
            return None
        if options["url"]:
            other = "--permissions takes the rules of this machine's service, and --url names another."
            raise CommandError(other, returncode=2)
        excepted = {item.rule_id for item in held.load_held().exceptions}
        return [rule for rule in held.load_rules() if rule.uid not in excepted]

    def _client(self, url: str, *, undo: bool) -> list[Change]:
        changes = installing.plan_client(url=url, key=os.environ.pop("HANDRAIL_API_KEY", ""), undo=undo)
        if not undo and changes[-1].after is None:
            raise CommandError("The client needs a key of scope write: set HANDRAIL_API_KEY.", returncode=2)
        return changes

    def _show(self, agents: list[str], planned: list[Change], changes: list[Change], where: Site) -> None:
        for agent in agents:
            if not any(change.agent == agent for change in planned):
                self.stdout.write(f"[SKIP] {agent} has no {where.scope} configuration of hooks")
            for note in own_rules.notes(agent, where):
                self.stdout.write(f"[WARN] {agent}: {note}")
        for change in planned:
            if change.is_skill and change.before and not change.is_needed and not is_as_written(change.before):
                self.stdout.write(f"[SKIP] {change.path} is yours and stays as it is")
        for change in changes:
            if change.mode == 0o600:
                self.stdout.write(f"+++ {change.path} (the address and the key)")
            elif change.is_skill and None in (change.before, change.after):
                self.stdout.write(f"{'---' if change.after is None else '+++'} {change.path} (a skill)")
            else:
                self.stdout.write(change.diff().rstrip("\n"))
        if not changes:
            self.stdout.write("[OK] nothing to change")

    def _may_write(self, options: dict[str, Any]) -> bool:
        if options["yes"]:
            return True
        if not sys.stdin.isatty():
            raise CommandError("Nothing is written: nobody is here to agree. Add --yes.", returncode=2)
        self.stdout.write("Write this? [y/N] ", ending="")
        self.stdout.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise CommandError("Nothing is written.", returncode=2)
        return True

    def _tried(self, agents: list[str], planned: list[Change], folder: Path, *, remote: bool) -> set[str]:
        """What became of a probe that must be denied, fired through the command that each agent has been given."""
        held: set[str] = set()
        for agent in [name for name in agents if any(change.agent == name for change in planned)]:
            differs = [str(change.path) for change in planned if change.agent == agent and change.is_needed]
            if differs:
                outcome, said = "not installed", f"differs: {', '.join(differs)}"
            else:
                outcome, said = probing.tried(agent, installing.command_of(agent, remote=remote), folder)
            self.stdout.write(f"{_MARKS.get(outcome, '[FAIL]')} {agent}: {outcome}: {said[:300]}")
            held.add(outcome)
        return held


def _own_address() -> str:
    """Where the service is reached; one that listens everywhere is here too."""
    return settings.PUBLIC_URL.replace("//0.0.0.0", "//127.0.0.1").replace("//[::]", "//[::1]")
