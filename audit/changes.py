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


def json_patch(old: Any, new: Any) -> list[dict[str, Any]]:
    """RFC 6902 operations that turn `old` into `new`, each change and removal behind a `test` of what it expects."""
    return list(_patch(old, new, ""))


def _patch(old: Any, new: Any, pointer: str) -> Iterator[dict[str, Any]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted({*old, *new}):
            # RFC 6901: ~ and / within a name are written ~0 and ~1
            place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            yield from _patch_member(old, new, name, place, place)
    elif isinstance(old, list) and isinstance(new, list):
        before, after = dict(enumerate(old)), dict(enumerate(new))
        for index in range(len(new)):
            yield from _patch_member(before, after, index, f"{pointer}/{index}", f"{pointer}/-")
        for index in reversed(range(len(new), len(old))):  # from the end, so that the indexes stay true
            yield from _patch_member(before, after, index, f"{pointer}/{index}", "")
    elif not _same(old, new):
        yield {"op": "test", "path": pointer, "value": old}
        yield {"op": "replace", "path": pointer, "value": new}


def _patch_member(
    old: Mapping[Any, Any], new: Mapping[Any, Any], key: Any, place: str, end: str
) -> Iterator[dict[str, Any]]:
    if key not in old:
        yield {"op": "add", "path": end, "value": new[key]}
    elif key not in new:
        yield {"op": "test", "path": place, "value": old[key]}
        yield {"op": "remove", "path": place}
    else:
        yield from _patch(old[key], new[key], place)
