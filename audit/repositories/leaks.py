"""Secrets in files that are about to be committed: what has the shape of one, never what only might be."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from config.secrets import find_tokens, find_userinfo
from config.secrets.mark import tells_nothing

MOST_BYTES = 1_000_000
"""Of a file that is looked at: a larger one is data, which takes long and is nobody's key."""
_MEANT = ("handrail: no secret", "pragma: allowlist secret")
"""In the line of one that is meant to be there, such as an example's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Where a secret stands; never which."""

    path: str
    line: int
    length: int


def leaks(root: Path, files: Iterable[Path]) -> list[Leak]:
    """The secrets of files, which are below the root."""
    return [leak for path in files for leak in _of_file(path, path.relative_to(root).as_posix())]


def _of_file(path: Path, name: str) -> list[Leak]:
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > MOST_BYTES:
            return []
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    spans = sorted({*find_tokens(text), *find_userinfo(text)})
    return [
        Leak(path=name, line=text.count("\n", 0, start) + 1, length=end - start)
        for start, end in spans
        if not tells_nothing(text[start:end]) and not any(word in _line_at(text, start) for word in _MEANT)
    ]


def _line_at(text: str, place: int) -> str:
    end = text.find("\n", place)
    return text[text.rfind("\n", 0, place) + 1 : end if end >= 0 else len(text)]
