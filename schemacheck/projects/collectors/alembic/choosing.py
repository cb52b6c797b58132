"""Which revisions are asked about: all, some by id, those in files, or those a database is not at."""

from __future__ import annotations

import os
from typing import Any

from ..refusal import Refused


class Chosen:
    """`plan` has what comes before too, in an order in which they can be run; `strange` are files of no revision.

    `applied` is None where no database was asked.
    """

    def __init__(self, plan: list[Any], chosen: set[str], strange: list[str], applied: set[str] | None) -> None:
        self.plan, self.chosen, self.strange, self.applied = plan, chosen, strange, applied


def choose(script: Any, revisions: list[Any], asked: dict[str, Any], current: list[str] | None) -> Chosen:
    """`current` are the revisions a database is at, None where none was asked.

    Raises Refused for a revision that is not there.
    """
    by_id = {revision.revision: revision for revision in revisions}
    paths = {os.path.realpath(revision.path): revision.revision for revision in revisions}
    files = asked.get("files")
    named = files if files is not None else asked.get("changed")
    applied = None if current is None else _before(set(current), by_id)
    strange = [path for path in files or () if os.path.realpath(path) not in paths]
    if asked.get("words"):
        wanted = {key for word in asked["words"] for key in _named(script, word, by_id)}
    elif named is not None:
        wanted = {paths[os.path.realpath(path)] for path in named if os.path.realpath(path) in paths}
    else:
        wanted = set(by_id) - (applied or set())
    return Chosen(_plan(revisions, wanted, by_id), wanted, strange, applied)


def parents(revision: Any) -> set[str]:
    """What it revises and what it depends on."""
    return set(revision._normalized_down_revisions) | set(revision._normalized_resolved_dependencies or ())


def _named(script: Any, word: str, by_id: dict[str, Any]) -> list[str]:
    try:
        found = [revision.revision for revision in script.get_revisions(word) if revision is not None]
    except Exception as error:
        raise Refused("revision", "unknown", f"There is no revision {word!r}: {error}".rstrip(".") + ".") from error
    if not found or not set(found) <= set(by_id):
        raise Refused("revision", "unknown", f"There is no revision {word!r}. `alembic history` lists them.")
    return found


def _before(keys: set[str], by_id: dict[str, Any]) -> set[str]:
    """These and all they stand on."""
    waiting, found = list(keys), set()
    while waiting:
        key = waiting.pop()
        if key in by_id and key not in found:
            found.add(key)
            waiting += parents(by_id[key])
    return found


def _plan(revisions: list[Any], wanted: set[str], by_id: dict[str, Any]) -> list[Any]:
    """What stands on none of those wanted comes first, so that they are told from the tables that stand."""
    needed = _before(wanted, by_id)
    plan = [revision for revision in revisions if revision.revision in needed]
    behind: set[str] = set()
    for revision in plan:
        if revision.revision in wanted or parents(revision) & behind:
            behind.add(revision.revision)
    return [item for item in plan if item.revision not in behind] + [item for item in plan if item.revision in behind]
