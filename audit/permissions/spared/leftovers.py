"""Whether a command removes nothing but leftovers: files below /tmp or $TMPDIR, and build folders of the project."""

import os
import re

from audit.permissions.calls import Call
from audit.permissions.parts import Part
from audit.permissions.patterns import absolute
from audit.shell.temporary import with_temporary
from audit.shell.words import GLOB, SPLIT, UNKNOWN, plain

_TEMPORARY = ("/tmp/", "/var/tmp/", "/private/tmp/")  # noqa: S108  -- names that are read in commands
_BUILT_NAMES = """
    dist build out target node_modules __pycache__ .pytest_cache .mypy_cache .ruff_cache .hypothesis .tox .nox .next
    .nuxt .turbo .cache .parcel-cache .svelte-kit .gradle .eggs coverage htmlcov .nyc_output .angular .vite
"""
_BUILT = frozenset(_BUILT_NAMES.split())
_TOP_NAMES = """
    bin boot dev etc home lib lib32 lib64 media mnt opt proc root run sbin srv sys tmp usr var nix Applications Library
    System Users Volumes private cores . ..
"""
_TOP = frozenset(_TOP_NAMES.split())


def removes_only(what: str, part: Part, call: Call) -> bool:
    """Whether all that `rm` removes is leftovers, or files of the project.

    Its operands must all be known, and so must the folder it is in.
    """
    view = part.view
    if view is None or view.command.name not in ("rm", "rmdir") or not part.folders:
        return False
    operands = [word for word in view.command.words[1:] if not plain(word).startswith("-")]
    return bool(operands) and all(_is_only(what, word, part, call) for word in operands)


def _is_only(what: str, word: str, part: Part, call: Call) -> bool:
    given, word = word, with_temporary(word) if part.has_tmpdir else word
    is_tmpdir = given != word
    if UNKNOWN in word or (SPLIT in word and not is_tmpdir):
        return False
    path = plain(word)
    if is_tmpdir and ".." not in path:
        return _lies_apart_without_tmpdir(path.removeprefix("/tmp"))  # noqa: S108
    if path.startswith("~") or f"{GLOB}*/" in word:
        return False
    lies = _lies_in_project if what == "project" else _lies_apart
    paths = [absolute(path, folder=folder, home=call.home) for folder in part.folders]
    return all(lies(item, call) or _lies_apart(item, call) for item in paths)


def _lies_apart_without_tmpdir(path: str) -> bool:
    """Many machines have no $TMPDIR: alone it is then nothing, but `$TMPDIR/*` is `/*`, and `$TMPDIR/etc` is /etc."""
    if not path:
        return True
    first = path.split("/")[1] if path.startswith("/") else ""
    return bool(first) and first not in _TOP and not re.search(r"[*?\[\1]", first)


def _lies_apart(path: str, call: Call) -> bool:
    if call.local:  # what lies behind a link is not left over
        folder, _, name = path.rpartition("/")
        path = f"{os.path.realpath(folder or '/').rstrip('/')}/{name}"
    return path.startswith(_TEMPORARY) or bool(_BUILT & set(_inside(path, call)))


def _lies_in_project(path: str, call: Call) -> bool:
    """Below a named folder: `rm -rf *` is the project itself."""
    segments = _inside(path, call)
    return bool(segments) and not re.search(r"[*?\[]", segments[0]) and ".git" not in segments


def _inside(path: str, call: Call) -> list[str]:
    project = call.project.rstrip("/")
    return path.removeprefix(f"{project}/").split("/") if project and path.startswith(f"{project}/") else []
