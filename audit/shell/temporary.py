"""$TMPDIR, which is a folder for temporary files unless the text itself makes it another."""

import re
from collections.abc import Iterable

from audit.shell.found import Command
from audit.shell.words import TEMPORARY, UNKNOWN, VARIABLE

_SET = re.compile(r"(?<![$\w])(?<!\$\{)TMPDIR|\{TMPDIR[^}]")
_MARK = UNKNOWN + VARIABLE + TEMPORARY


def is_set(code: str, commands: Iterable[Command]) -> bool:
    """Whether code may make $TMPDIR another folder, in whatever spelling of its name."""
    unquoted = re.sub(r"[\"'\\]", "", code)
    return bool(_SET.search(unquoted)) or any("TMPDIR" in word for item in commands for word in item.words)


def with_temporary(word: str) -> str:
    """The word with /tmp for $TMPDIR at its beginning."""
    if not word.startswith(_MARK):
        return word
    rest = word.removeprefix(_MARK)
    return f"/tmp{rest}"  # noqa: S108  -- stands for whatever folder it is
