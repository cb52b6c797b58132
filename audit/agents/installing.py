"""Installing into the agents of a machine: what would change, doing it, and taking it back."""

import contextlib
import json
import os
import secrets
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from functools import partial
from pathlib import Path

from django.conf import settings

from audit.agents import client, hook
from audit.agents.configurations import Piece, Scope, Site, pieces
from audit.agents.merging import MARK, NotMergeable, merged_json, merged_toml, removed_block, removed_json
from audit.agents.own_rules import Record, denials, place_of, with_denials
from audit.agents.skill_folders import is_as_written, shared, skill_pieces
from audit.dialects import AGENTS
from audit.permissions.rules import Rule
from config import home
from config.errors import DomainError
from config.skills import Skill

_SKILL = "SKILL.md"
_REFUSE = "{ echo 'The hook failed, so this is refused' >&2; exit 2; }"
_PROGRAMS = {
    "cursor": ("cursor", "cursor-agent"),
    "kiro": ("kiro", "kiro-cli"),
    "devin": ("devin", "windsurf"),
    **{agent: (agent,) for agent in AGENTS if agent not in ("cursor", "kiro", "devin", "cline")},
}
_FOLDERS = {
    **{agent: f".{agent}" for agent in ("claude", "codex", "cursor", "gemini", "qwen", "copilot", "kiro", "opencode")},
    "kimi": ".kimi-code",
    "devin": ".devin",
    "cline": ".clinerules",
    "amp": ".amp",
}


class CannotInstall(DomainError):
    """A file of an agent cannot be changed without a loss, or not at all."""

    code = "agent-not-installed"
    remedy = "`detail` names the file and why; mend it or add the entries by hand, then run the command again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A file before and after; None where it is not there."""

    agent: str
    path: Path
    before: str | None
    after: str | None
    mode: int | None = None

    @property
    def is_needed(self) -> bool:
        return self.before != self.after

    @property
    def is_skill(self) -> bool:
        return self.path.name == _SKILL

    def diff(self) -> str:
        old, new = ((text or "").splitlines(keepends=True) for text in (self.before, self.after))
        lines = unified_diff(old, new, str(self.path) if self.before is not None else "/dev/null", str(self.path))
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def found(folder: Path, user: Path) -> list[str]:
    """The agents of this machine: those whose program is in PATH, or whose folder is in the project or at home."""
    return [
        agent
        for agent in AGENTS
        if any(shutil.which(name) for name in _PROGRAMS.get(agent, ()))
        or any((place / _FOLDERS[agent]).is_dir() for place in (folder, user))
    ]


def command_of(agent: str, *, remote: bool) -> str:
    """What a hook runs: the client of a server elsewhere, or the service of this machine.

    A shell that cannot even start it must end with 2 and a sentence: agents run the tool of a hook that ends with 127,
    some also of one that ends with 2 and says nothing, as a killed one would. An agent does not know the environment
    that this process has, so the place of the data goes with the command.
    """
    words = _program("hook", remote=remote)
    return f"{words} {agent}" if agent == "amp" else f"{words} {agent} || {_REFUSE}"  # amp has a code for asking


def tell_of(agent: str, *, remote: bool) -> str:
    """What runs when an agent stops: it must end with 0, since the agent goes on after a hook that does not."""
    return f"{_program('tell', remote=remote)} {agent} || true"


def _program(name: str, *, remote: bool) -> str:
    if not remote:
        return f"{_places()}{home.program(whole=True)} {name}"
    folder = hook.CONFIGURATION.removeprefix("~/").removesuffix("/agent.json")
    return f'python3 -I -S "$HOME/{folder}/{name}.py"'


def _places() -> str:
    """Where the service lies, if that is not where a hook would look by itself."""
    places = {"HANDRAIL_HOME": home.variable("HANDRAIL_HOME")}
    if Path(settings.DATA_DIR) != Path(home.folder()).resolve() / "data":
        places["DATA_DIR"] = str(settings.DATA_DIR)
    return "".join(f"{name}={shlex.quote(value)} " for name, value in places.items() if value)


def site(
    scope: Scope,
    folder: Path,
    *,
    url: str,
    remote: bool,
    skills: Sequence[Skill] = (),
    rules: Sequence[Rule] | None = None,
    prompts: bool = False,
) -> Site:
    place = {"project": folder, "user": Path.home(), "managed": Path("/")}[scope]
    address = f"{url.rstrip('/')}/mcp"
    return Site(
        scope=scope,
        folder=place,
        command=partial(command_of, remote=remote),
        tell=partial(tell_of, remote=remote),
        url=address,
        skills=skills,
        rules=rules,
        prompts=prompts,
    )


def plan(agents: Sequence[str], where: Site, *, undo: bool = False) -> list[Change]:
    """What would change, file by file, each once: several agents read the same skills. Raises CannotInstall."""
    others = [agent for agent in AGENTS if undo and agent not in agents and _is_installed(agent, where)]
    kept = shared(others, where)
    planned: dict[Path, Change] = {}
    for agent in agents:
        own = pieces(agent, where)
        for piece in own + (skill_pieces(agent, where, undo=undo) if own else []):
            if piece.path not in kept:
                planned.setdefault(piece.path, _change(agent, piece, undo=undo))
        for change in _own_rules(agent, where, planned, undo=undo):
            planned[change.path] = change
    return list(planned.values())


def _own_rules(agent: str, where: Site, planned: Mapping[Path, Change], *, undo: bool) -> list[Change]:
    """The agent's own permissions, which may stand in a file that is changed already, and the record of ours there."""
    place = place_of(agent, where)
    kept = _text_of(place.record) if place else None
    if place is None or (where.rules is None and not (undo and kept)):
        return []
    first = planned.get(place.settings)
    before = first.before if first else _text_of(place.settings)
    entries = {} if undo else json.loads(denials(agent, where.rules or ()).text)
    try:
        after, record = with_denials(first.after if first else before, entries, Record.read(kept))
    except NotMergeable as error:
        raise CannotInstall(f"{place.settings} {error}") from error
    return [
        Change(agent=agent, path=place.settings, before=before, after=after),
        Change(agent=agent, path=place.record, before=kept, after=record.text()),
    ]


def _is_installed(agent: str, where: Site) -> bool:
    """Whether a hook of ours is among what it reads."""
    texts = ((_text_of(piece.path) or "").replace('\\"', '"') for piece in pieces(agent, where))  # in JSON or not
    return any(MARK.search(text) for text in texts)


def plan_client(*, url: str, key: str, undo: bool = False) -> list[Change]:
    """The client of a server elsewhere, and its key in a file that only its owner reads."""
    configuration = Path(hook.CONFIGURATION).expanduser()
    before = _text_of(configuration)
    told = (
        json.dumps({"url": url.rstrip("/"), "key": key, "secret": _secret_in(before)}, indent=2) + "\n"
        if key
        else before
    )
    return [
        *(_client_file(configuration.with_name(name), source, undo=undo) for name, source in client.FILES.items()),
        Change(agent="client", path=configuration, before=before, after=None if undo else told, mode=0o600),
        *(
            Change(agent="client", path=path, before=_text_of(path), after=None)
            for path in sorted(configuration.parent.glob("offline-*.json"))
            if undo
        ),
    ]


def _client_file(path: Path, source: Path, *, undo: bool) -> Change:
    after = None if undo else source.read_text(encoding="utf-8")
    return Change(agent="client", path=path, before=_text_of(path), after=after, mode=0o755)


def _secret_in(configuration: str | None) -> str:
    """By which a client knows what it has kept for the time without its server: the one it has, or a new one."""
    with contextlib.suppress(ValueError, AttributeError):
        if secret := json.loads(configuration or "{}").get("secret"):
            return str(secret)
    return secrets.token_hex(32)


def apply(changes: Sequence[Change]) -> None:
    """Write every file or none. Raises CannotInstall."""
    written: list[Change] = []
    for change in changes:
        try:
            _write(change.path, change.after, change.mode)
        except OSError as error:
            for done in reversed(written):
                with contextlib.suppress(OSError):
                    _write(done.path, done.before, None)
            raise CannotInstall(f"{change.path} cannot be written: {error.strerror}. Nothing was changed.") from error
        written.append(change)


def _change(agent: str, piece: Piece, *, undo: bool) -> Change:
    before = _text_of(piece.path)
    try:
        after = _removed(piece, before) if undo else _merged(piece, before)
    except NotMergeable as error:
        raise CannotInstall(f"{piece.path} {error}") from error
    return Change(agent=agent, path=piece.path, before=before, after=after, mode=0o755 if piece.is_executable else None)


def _merged(piece: Piece, before: str | None) -> str:
    if piece.kind == "skill":
        return before if before is not None and not is_as_written(before) else piece.text
    if piece.entries is not None:
        return merged_json(before or "", piece.entries)
    if piece.kind == "block":
        return merged_toml(before or "", piece.text)
    if before and not MARK.search(before):
        raise NotMergeable("is a file of somebody else under the name of ours: move it away")
    return piece.text


def _removed(piece: Piece, before: str | None) -> str | None:
    if before is None:
        return None
    if piece.entries is not None:
        return removed_json(before, piece.entries) or None
    if piece.kind == "block":
        return removed_block(before) or None
    if piece.kind == "skill":
        return None if is_as_written(before) else before
    return None if MARK.search(before) else before


def _text_of(path: Path) -> str | None:
    try:
        return path.read_bytes().decode()  # with the ends of lines it has
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise CannotInstall(f"{path} is not UTF-8.") from error
    except OSError as error:
        raise CannotInstall(f"{path} cannot be read: {error.strerror}.") from error


def _write(path: Path, text: str | None, mode: int | None) -> None:
    """Whole or not at all, through links, with the mode it had."""
    target = path.resolve()
    if text is None:
        target.unlink(missing_ok=True)
        if target.name == _SKILL:
            with contextlib.suppress(OSError):  # somebody else's files are beside it
                target.parent.rmdir()
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        draft.touch(mode=0o600, exist_ok=False)  # through no link that somebody else has put there
        draft.write_bytes(text.encode())
        draft.chmod(mode or (target.stat().st_mode & 0o777 if target.exists() else 0o644))
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
