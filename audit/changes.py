"""What differs between two JSON values, path by path."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

T = TypeVar("T")

MOST_DIFFERENCES = 1_000
MOST_PLACE_CHARACTERS = 100_000
"""All paths of one comparison together. Without these, an event of 1 MiB had 60 MiB of changes to keep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference. `path` reads like `servers[0].port`; the whole value has the path ``""``."""

    path: str
    kind: Literal["added", "removed", "changed"]
    old: Any = None
    new: Any = None

    def as_dict(self) -> dict[str, Any]:
        """Not `dataclasses.asdict`, which copies the values at every depth: a twentieth of what a recording cost."""
        return {"path": self.path, "kind": self.kind, "old": self.old, "new": self.new}


def deep_compare(old: Any, new: Any) -> list[Change]:
    """Every difference between two JSON values, at the deepest path where they differ; lists go by position.

    More than MOST_DIFFERENCES are told as one: the whole value changed.
    """
    found = _bounded(_compare(old, new, ""), lambda change: change.path)
    return [Change(path="", kind="changed", old=old, new=new)] if found is None else found


def is_same_json(one: Any, other: Any) -> bool:
    """Equality as JSON has it: true is not 1 nor "1", 1 and 1.0 are one number, names have no order."""
    return next(_compare(one, other, ""), None) is None


def _bounded(differences: Iterator[T], place: Callable[[T], str]) -> list[T] | None:
    """The differences, or None when there are too many to tell one by one."""
    found, characters = [], 0
    for difference in differences:
        found.append(difference)
        characters += len(place(difference))
        if len(found) > MOST_DIFFERENCES or characters > MOST_PLACE_CHARACTERS:
            return None
    return found


def _compare(old: Any, new: Any, path: str) -> Iterator[Change]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted(_unlike(old, new)):
            yield from _member(old, new, name, f"{path}.{_escape(name)}" if path else _escape(name))
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple):
        before, after = dict(enumerate(old)), dict(enumerate(new))
        for index in sorted(_unlike(before, after)):
            yield from _member(before, after, index, f"{path}[{index}]")
    elif not _is_same_leaf(old, new):
        yield Change(path=path, kind="changed", old=old, new=new)


def _unlike(old: Mapping[Any, Any], new: Mapping[Any, Any]) -> set[Any]:
    """The keys worth a closer look; most members of two versions of a value are equal texts, numbers or truths."""
    alike = {
        key
        for key, value in old.items()
        if (kind := type(value)) in _LEAVES and key in new and type(new[key]) is kind and new[key] == value
    }
    return {*old, *new} - alike


_LEAVES = frozenset({bool, float, int, str, type(None)})


def _member(old: Mapping[Any, Any], new: Mapping[Any, Any], key: Any, path: str) -> Iterator[Change]:
    if key not in old:
        yield Change(path=path, kind="added", new=new[key])
    elif key not in new:
        yield Change(path=path, kind="removed", old=old[key])
    else:
        yield from _compare(old[key], new[key], path)


def _is_same_leaf(old: Any, new: Any) -> bool:
    # In JSON true is not 1, though Python says they are equal; 1 and 1.0 are the same number. NaN is no JSON, but a
    # value must never differ from itself.
    return isinstance(old, bool) == isinstance(new, bool) and (bool(old == new) or (_is_nan(old) and _is_nan(new)))


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _escape(name: str) -> str:
    """A name that has the path's own signs in it is quoted, so that two paths never read alike."""
    return name if name and not set(name) & set('.[]"') else '["' + name.replace('"', '\\"') + '"]'


def json_patch(old: Any, new: Any) -> list[dict[str, Any]]:
    """RFC 6902 operations that turn `old` into `new`, each change and removal behind a `test` of what it expects.

    More than MOST_DIFFERENCES operations become one replacement of the whole.
    """
    found = _bounded(_patch(old, new, ""), lambda operation: operation["path"])
    return list(_replace(old, new, "")) if found is None else found


def _patch(old: Any, new: Any, pointer: str) -> Iterator[dict[str, Any]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted({*old, *new}):
            # RFC 6901: ~ and / within a name are written ~0 and ~1
            place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            yield from _patch_member(old, new, name, place, place)
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple):
        before, after = dict(enumerate(old)), dict(enumerate(new))
        for index in range(len(new)):
            yield from _patch_member(before, after, index, f"{pointer}/{index}", f"{pointer}/-")
        for index in reversed(range(len(new), len(old))):  # from the end, so that the indexes stay true
            yield from _patch_member(before, after, index, f"{pointer}/{index}", "")
    elif not _is_same_leaf(old, new):
        yield from _replace(old, new, pointer)


def _replace(old: Any, new: Any, pointer: str) -> Iterator[dict[str, Any]]:
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
