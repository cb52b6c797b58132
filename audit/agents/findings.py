"""What the rules deny of what a repository would have run."""

import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from audit.agents.scanning import Found, Unreadable, commands_in
from audit.permissions.calls import Call
from audit.permissions.deciding import RuleSet
from config.secrets import blank

MAX_BYTES = 1_000_000
_PASSED_OVER = {".git", "node_modules", ".venv", "venv", "__pycache__", ".tox", "dist", "build"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A command in a file that an agent would not be allowed to run."""

    path: str
    line: int
    by: str
    command: str
    rule: str
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("path", "line", "by", "command", "rule", "reason")}


class Scan(NamedTuple):
    """The denied commands in the order of their files, and what could not be looked at."""

    findings: list[Finding]
    unread: list[str]


def scan(paths: Iterable[Path], *, rules: RuleSet, root: Path) -> Scan:
    """The denied commands of files and of what lies in folders."""
    found: set[Finding] = set()
    unread: list[str] = []
    for path in files_of(paths):
        name = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
        try:
            found.update(_of_file(path, name, rules, root))
        except Unreadable as error:
            unread.append(f"{name} {error}")
    return Scan(sorted(found, key=lambda item: (item.path, item.line, item.command)), sorted(set(unread)))


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """The files named, and what git keeps of the folders named."""
    for path in paths:
        yield from _tracked(path) if path.is_dir() else [path]


def _tracked(folder: Path) -> list[Path]:
    """What git keeps of a folder, or all of it that is nobody else's."""
    listing = [
        "git",
        "-c",
        "core.fsmonitor=false",
        "-C",
        str(folder),
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    try:
        done = subprocess.run(listing, capture_output=True, check=True)  # noqa: S603  -- names no program of others
        return [folder / name for name in done.stdout.decode("utf-8", "replace").split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        below = (path for path in folder.rglob("*") if not _PASSED_OVER & set(path.relative_to(folder).parts))
        return [path for path in below if path.is_file()]


def _of_file(path: Path, name: str, rules: RuleSet, root: Path) -> Iterator[Finding]:
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return
    for item in commands_in(name, text):
        yield from _judged(name, item, rules, root)


def _judged(name: str, item: Found, rules: RuleSet, root: Path) -> Iterator[Finding]:
    call = Call(tool="Bash", input={"command": item.code}, cwd=str(root), root=str(root))
    for judgement in rules.decide(call).judgements:
        if judgement.decision == "deny" and judgement.rule is not None:
            inside = item.code.find(judgement.part.text) if isinstance(item.code, str) else -1
            below = item.code[:inside].count("\n") if inside > 0 and isinstance(item.code, str) else 0
            yield Finding(
                path=name,
                line=item.line + below,
                by=item.by,
                command=blank(judgement.part.text)[:500],
                rule=judgement.rule.text,
                reason=blank(judgement.reason),
            )
