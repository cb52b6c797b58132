"""What the rules deny, in the agents' own permissions too: for a session in which an agent leaves its hooks out.

A list in a file of others tells nobody which of its lines are ours, so a record beside it does, and what was there
before us is not in it. Only denials: what a rule asks or allows, the hook answers case by case.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.agents.configurations import Site
from audit.agents.merging import NotMergeable, read_object
from audit.json_text import Element, has_comments, put, take
from audit.permissions import formats
from audit.permissions.formats import Written
from audit.permissions.rules import Rule

_FORMATS: dict[str, formats.Format] = {"claude": "claude", "cursor": "cursor", "opencode": "opencode"}
_RECORD = "handrail-permissions.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an agent has its permissions, and our record of what is ours in them."""

    settings: Path
    record: Path


@dataclass(slots=True)
class Record:
    """What we put into a file, in order: containers that were not there, and entries."""

    made: list[list[str]] = field(default_factory=list)
    put: list[tuple[list[str], str | None, str]] = field(default_factory=list)
    """The path of a container, the name in it (None in a list), and the value."""

    @classmethod
    def read(cls, text: str | None) -> "Record":
        """Raises NotMergeable."""
        try:
            known = json.loads(text) if text else {}
            return cls([*known.get("made", [])], [(path, name, value) for path, name, value in known.get("put", [])])
        except (ValueError, TypeError, AttributeError) as error:
            raise NotMergeable("is no record of ours any more: take out by hand what agent_install put") from error

    def text(self) -> str | None:
        if not self.put:
            return None
        return json.dumps({"made": self.made, "put": self.put}, indent=1, ensure_ascii=False) + "\n"


def place_of(agent: str, site: Site) -> Place | None:
    """None where an agent has no such file of that scope."""
    match agent:
        case "claude":
            settings = site.at(
                project=".claude/settings.json",
                user=".claude/settings.json",
                managed="etc/claude-code/managed-settings.json",
            )
        case "cursor":
            settings = site.at(project=".cursor/cli.json", user=".cursor/cli-config.json")
        case "opencode":
            settings = site.at(project="opencode.json", user=".config/opencode/opencode.json")
        case _:
            settings = None
    if settings is None:
        return None
    folder = settings.parent / ".opencode" if agent == "opencode" and site.scope == "project" else settings.parent
    return Place(settings=settings, record=folder / _RECORD)


def denials(agent: str, rules: Iterable[Rule]) -> Written:
    """What rules deny an agent, in its format; notes name what that cannot say."""
    spoken = [rule for rule in rules if rule.decision == "deny" and rule.agent in ("", agent)]
    return formats.write(
        [rule._replace(agent="", reason="", match=(), not_match=()) for rule in spoken], _FORMATS[agent], agent
    )


def notes(agent: str, site: Site) -> list[str]:
    """Which of the denials an agent's own permissions cannot say."""
    if site.rules is None or place_of(agent, site) is None:
        return []
    return [note for note in denials(agent, site.rules).notes if not note.endswith("to have its rules.")]


def with_denials(text: str | None, entries: Mapping[str, Any], known: Record) -> tuple[str | None, Record]:
    """A file's text with these entries instead of those we have put before, and what is ours then.

    Raises NotMergeable.
    """
    bare, record = _without(text or "", known), Record()
    wanted = list(_leaves(entries))
    if not wanted:
        is_done = not bare.strip() or (known.put and not read_object(bare).inner and not has_comments(bare))
        return None if is_done else bare, record
    bare = bare if bare.strip() else "{}\n"
    for path, name, value in wanted:
        bare = _with(bare, path, name, value, record)
    return bare, record


def _leaves(entries: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[list[str], str | None, str]]:
    if isinstance(entries, list):
        yield from ((list(path), None, value) for value in entries)
    else:
        for name, value in entries.items():
            if isinstance(value, str):
                yield list(path), name, value
            else:
                yield from _leaves(value, (*path, name))


def _with(text: str, path: list[str], name: str | None, value: str, record: Record) -> str:
    for depth in range(1, len(path) + 1):
        if _at(read_object(text), path[:depth]) is None:
            last = depth == len(path) and name is None
            text = put(text, _container(text, path[: depth - 1], dict), [] if last else {}, name=path[depth - 1])
            record.made.append(path[:depth])
    container = _container(text, path, list if name is None else dict)
    if (name if name is not None else value) in container.value:
        return text  # theirs, and it stays theirs
    record.put.append((path, name, value))
    return put(text, container, value, name=name)


def _without(text: str, known: Record) -> str:
    if not text.strip():
        return text
    for path, name, value in reversed(known.put):
        container = _at(read_object(text), path)
        inner = container.inner if container else []
        ours = next((item for item in inner if (item.name, item.value) == (name, value)), None)
        if container is not None and ours is not None:
            text = take(text, container, ours)
    for path in reversed(known.made):
        holder = _at(read_object(text), path[:-1])
        made = holder.member(path[-1]) if holder else None
        if holder and made and not made.inner and not has_comments(text[made.start : made.end]):
            text = take(text, holder, made)
    return text


def _at(element: Element | None, path: Iterable[str]) -> Element | None:
    for name in path:
        element = element.member(name) if element is not None else None
    return element


def _container(text: str, path: list[str], kind: type) -> Element:
    found = _at(read_object(text), path)
    if found is None or not isinstance(found.value, kind):
        raise NotMergeable(f"holds something else where rules belong: {'.'.join(path)}")
    return found
