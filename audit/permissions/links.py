"""Programs that walk folders and follow the links in them: whether one of these leads out of a project.

What a command names is checked word by word; what it meets on its way is only there on the disk.
"""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

_MOST_ENTRIES = 100_000
"""Some half a second of looking; a larger folder counts as not seen through."""
_ALWAYS = re.compile(r"")
_FOLLOWING = {
    **dict.fromkeys(("grep", "egrep", "fgrep", "zgrep"), re.compile(r"-[a-zA-Z0-9]*R.*|--dereference-r.*")),
    **dict.fromkeys(("rg", "fd", "fdfind", "bfs"), re.compile(r"-[a-zA-Z0-9]*L.*|--follow.*")),
    **dict.fromkeys(("ag", "pt"), re.compile(r"-[a-zA-Z0-9]*f.*|--follow.*")),
    "ack": re.compile(r"--follow.*"),
    "find": re.compile(r"-L|-follow"),
    **dict.fromkeys(("cp", "ls", "du", "chmod", "chown", "chgrp"), re.compile(r"-[a-zA-Z]*[LH].*|--deref.*")),
    "rsync": re.compile(r"-[a-zA-Z]*[Lk].*|--copy-(?:links|dirlinks|unsafe.*)"),
    "tar": re.compile(r"-[a-zA-Z]*h.*|--deref.*"),
    **dict.fromkeys(("cpio", "pax", "setfacl"), re.compile(r"-[a-zA-Z]*L.*|--deref.*")),
    "tree": re.compile(r"-[a-zA-Z]*l.*"),
    **dict.fromkeys(("zip", "7z", "7za", "7zr", "diff", "scp"), _ALWAYS),
}
"""The option by which each does so; the last ones do without."""


class TooMany(ValueError):
    """There is more in a folder than is looked at."""


def follows_links(name: str, words: Sequence[str]) -> bool:
    """Whether a command walks through the links that it finds."""
    option = _FOLLOWING.get(name)
    is_bundle = name == "tar" and len(words) > 1 and re.fullmatch(r"[a-zA-Z]*h[a-zA-Z]*", words[1])  # `tar chf`
    return bool(is_bundle) or ((option is not None and any(map(option.fullmatch, words[1:]))) or option is _ALWAYS)


def leading_out(folders: Sequence[Path], root: Path) -> Path | None:
    """A link below the folders, or below what links there lead to, whose target is outside. Raises TooMany."""
    waiting, seen = [Path(os.path.realpath(folder)) for folder in folders], set[Path]()
    count = 0
    while waiting:
        folder = waiting.pop()
        if folder in seen:
            continue
        seen.add(folder)
        for entry in _entries(folder):
            count += 1
            if count > _MOST_ENTRIES:
                raise TooMany
            target = Path(os.path.realpath(entry.path)) if entry.is_symlink() else Path(entry.path)
            if target != root and root not in target.parents:
                return Path(entry.path)
            if target.is_dir() if entry.is_symlink() else entry.is_dir(follow_symlinks=False):
                waiting.append(target)
    return None


def _entries(folder: Path) -> Iterator["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as found:
            yield from found
    except OSError:  # what cannot be read here cannot be read by the command
        return
