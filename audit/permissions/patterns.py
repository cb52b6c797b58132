"""The patterns of rules: globs, matched in linear time. There are no regular expressions in a rule."""

import posixpath
import re
from typing import Literal, NamedTuple


def glob(pattern: str, text: str) -> bool:
    """Whether the whole text fits a pattern in which `*` is any run of characters."""
    if "*" not in pattern:
        return pattern == text
    first, *middle, last = pattern.split("*")
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    position, end = len(first), len(text) - len(last)
    for piece in middle:
        position = text.find(piece, position, end)
        if position < 0:
            return False
        position += len(piece)
    return True


def command_glob(pattern: str, text: str) -> bool:
    """A glob whose ending ` *` also fits nothing: `ls *` is `ls` and `ls -la`, but not `lsof`."""
    return glob(pattern, text) or (pattern.endswith(" *") and glob(pattern[:-2], text))


def domain(pattern: str, host: str) -> bool:
    """`*.example.com` is every name below example.com; without a star it is that host alone."""
    pattern, host = pattern.lower().rstrip("."), host.lower().rstrip(".")
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
    return pattern in ("*", host)


class PathPattern(NamedTuple):
    """A gitignore pattern as Claude Code reads it in rules.

    `//abs` is absolute, `~/x` below the home folder, `/x` below the project, `./x` and `a/b` below the working folder;
    a name without a slash stands at any depth. A folder stands for everything in it.
    """

    base: Literal["absolute", "home", "root", "folder", "anywhere"]
    segments: tuple[str, ...]

    @classmethod
    def of(cls, specifier: str) -> "PathPattern":
        body = specifier.strip()
        base: Literal["absolute", "home", "root", "folder", "anywhere"]
        if body.startswith("//"):
            base, body = "absolute", body[2:]
        elif body == "~" or body.startswith("~/"):
            base, body = "home", body[2:]
        elif body.startswith("/"):
            base, body = "root", body[1:]
        elif body.startswith("./"):
            base, body = "folder", body[2:]
        elif "/" in body.rstrip("/"):
            base = "folder"
        else:
            base = "anywhere"
        segments = tuple(part for part in body.split("/") if part and part != ".")
        return cls(base, ("**", *segments) if base == "anywhere" else segments)

    @property
    def literal(self) -> str:
        """A piece, in lower case, of every path that fits: of its last segment that has one."""
        for segment in reversed(self.segments):
            if piece := max(re.split(r"[*?\[\]]", segment), key=len) if "[" not in segment else "":
                return piece.casefold()
        return ""

    @property
    def pieces(self) -> list[str]:
        """What every path that fits holds, in lower case: /names/ of its own, and parts of names."""
        found = []
        for segment in (part.casefold() for part in self.segments if "[" not in part):
            piece = max(re.split(r"[*?]", segment), key=len)
            found += [f"/{piece}/" if piece == segment else piece] if piece else []
        return found

    def fits(self, path: str, *, folder: str, root: str, home: str, loosely: bool = False) -> bool:
        """Whether an absolute path fits. `loosely` ignores case, and takes a pattern whose
        base is not known for one at any depth: right for rules that restrict."""
        start = {"absolute": "/", "anywhere": "/", "home": home, "root": root, "folder": folder}[self.base]
        parts = [part for part in path.split("/") if part]
        if loosely:
            parts = [part.casefold() for part in parts]
            wanted = tuple(part.casefold() for part in self.segments)
            if not start:
                return _segments(("**", *wanted), parts)
            below = [part.casefold() for part in start.split("/") if part]
        else:
            wanted, below = self.segments, [part for part in start.split("/") if part]
            if not start:
                return False
        return parts[: len(below)] == below and _segments(wanted, parts[len(below) :])

    def may_lie_below(self, below: str, *, folder: str, root: str, home: str) -> bool:
        """Whether a path that fits can lie below a folder."""
        start = {"absolute": "/", "anywhere": "", "home": home, "root": root, "folder": folder}[self.base]
        if not start:
            return True
        known = [part for part in start.split("/") if part]
        for segment in self.segments:
            if re.search(r"[*?\[]", segment):
                break
            known.append(segment)
        pairs = zip(known, (part for part in below.split("/") if part), strict=False)
        return all(one.casefold() == other.casefold() for one, other in pairs)

    def may_fit(self, segment: str, context: str | None = None, *, adrift: bool = False) -> bool:
        """Whether a last segment with unknown parts, given as a glob, could become one that fits.

        With a context, only if the text also holds the longest literal piece of the pattern. One that is `adrift` may
        lie in any folder, and so below one of which the pattern means everything.
        """
        if adrift and context is None and self.segments[-1:] == ("**",):
            return True
        last = next((part for part in reversed(self.segments) if part != "**"), "*")
        if context is not None and max(re.split(r"[*?\[\]]", last), key=len).casefold() not in context.casefold():
            return False
        last, segment = last.casefold(), segment.casefold()
        if "*" not in last and "?" not in last and "[" not in last:
            return glob(segment, last)
        if "*" not in segment:
            return _segment(last, segment)
        head, start = re.split(r"[*?\[]", last)[0], segment.split("*")[0]
        if not (head.startswith(start) or start.startswith(head)):
            return False
        tail = last.rsplit("*", 1)[-1]
        ending = segment.rsplit("*", 1)[-1]
        return tail.endswith(ending) or ending.endswith(tail)


def absolute(path: str, *, folder: str, home: str) -> str:
    """A path as the program would open it, without looking at the disk."""
    if path == "~" or path.startswith("~/"):
        path = posixpath.join(home or "/~", path[2:])
    if not path.startswith("/"):
        path = posixpath.join(folder or "/.", path)
    normal = posixpath.normpath(path)
    return "/" + normal.lstrip("/")


def _segments(pattern: tuple[str, ...], parts: list[str]) -> bool:
    """Whether the pattern fits the path or a folder above it; `**` is any number of folders. Greedy, so linear."""
    at = where = 0
    star, mark = -1, 0
    while at < len(pattern):
        if pattern[at] == "**":
            star, mark = at, where
            at += 1
        elif where < len(parts) and _segment(pattern[at], parts[where]):
            at, where = at + 1, where + 1
        elif star >= 0 and mark < len(parts):
            mark += 1
            at, where = star + 1, mark
        else:
            return False
    return True


def _segment(pattern: str, text: str) -> bool:
    """One segment with `*`, `?` and `[...]`; two pointers, at worst the product of the lengths."""
    tokens = _tokens(pattern)
    at = where = 0
    star, mark = -1, 0
    while where < len(text):
        if at < len(tokens) and tokens[at] == "*":
            star, mark = at, where
            at += 1
        elif at < len(tokens) and _token(tokens[at], text[where]):
            at, where = at + 1, where + 1
        elif star >= 0:
            mark += 1
            at, where = star + 1, mark
        else:
            return False
    return set(tokens[at:]) <= {"*"}


def _tokens(pattern: str) -> list[str]:
    if "[" not in pattern:
        return list(pattern)
    found, at = [], 0
    while at < len(pattern):
        close = pattern.find("]", at + 2) if pattern[at] == "[" else -1
        found.append(pattern[at : close + 1] if close > 0 else pattern[at])
        at = close + 1 if close > 0 else at + 1
    return found


def _token(token: str, character: str) -> bool:
    if len(token) == 1:
        return token in ("?", character)
    inside = token[1:-1]
    wanted = inside[:1] not in ("!", "^")
    inside = inside if wanted else inside[1:]
    at, hit = 0, False
    while at < len(inside):
        if inside[at + 1 : at + 2] == "-" and at + 2 < len(inside):
            hit = hit or inside[at] <= character <= inside[at + 2]
            at += 3
        else:
            hit = hit or inside[at] == character
            at += 1
    return hit is wanted
