"""What differs between two JSON values, path by path."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference. `path` reads like `servers[0].port`; the whole value has the path ``""``."""

    path: str
    kind: Literal["added", "removed", "changed"]
    old: Any = None
    new: Any = None


def deep_compare(old: Any, new: Any) -> list[Change]:
    """Every difference between two JSON values, at the deepest path where they differ; lists go by position."""
    return list(_compare(old, new, ""))


def _compare(old: Any, new: Any, path: str) -> Iterator[Change]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted({*old, *new}):
            yield from _member(old, new, name, f"{path}.{_escape(name)}" if path else _escape(name))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            yield from _member(dict(enumerate(old)), dict(enumerate(new)), index, f"{path}[{index}]")
    elif not _same(old, new):
        yield Change(path=path, kind="changed", old=old, new=new)


def _member(old: Mapping[Any, Any], new: Mapping[Any, Any], key: Any, path: str) -> Iterator[Change]:
    if key not in old:
        yield Change(path=path, kind="added", new=new[key])
    elif key not in new:
        yield Change(path=path, kind="removed", old=old[key])
    else:
        yield from _compare(old[key], new[key], path)


def _same(old: Any, new: Any) -> bool:
    # In JSON true is not 1, though Python says they are equal; 1 and 1.0 are the same number.
    return isinstance(old, bool) == isinstance(new, bool) and bool(old == new)


def _escape(name: str) -> str:
    """A name that has the path's own signs in it is quoted, so that two paths never read alike."""
    return name if name and not set(name) & set('.[]"') else '["' + name.replace('"', '\\"') + '"]'
