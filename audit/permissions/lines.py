"""Patterns about a whole line: `* && rm *`, `*>*`. Commands are judged one by one, so only these look at the line."""

import re

from audit.permissions.patterns import command_glob

_OPERATORS = frozenset({"&&", "||", "|", "|&", "&", ">", ">>", "<", "<<", "2>&1", "2>", "&>"})
_QUOTED = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.", re.DOTALL)
_SIGNS = re.compile(r"[|&;<>]")
_AROUND = re.compile(r"\s*([|&;<>]+)\s*")
_REDIRECTS_OR_CHAINS = re.compile(r"(?<![-=\w])[|&<>]|[|&<>](?![-=\w>])|\*[|&;<>]|[|&;<>]\*|;\s")


def is_about_line(pattern: str) -> bool:
    """Whether a pattern holds an operator of the shell, which is part of no command."""
    bare = _QUOTED.sub("", pattern)
    return bool(_SIGNS.search(bare)) and bool(_REDIRECTS_OR_CHAINS.search(bare))


def is_about_command(pattern: str) -> bool:
    """Whether its operators may stand inside an argument, as in `mysql *;*`: none begins a word of it."""
    program, *rest = _QUOTED.sub("", pattern).split() or [""]
    return "*" not in program and not any(re.match(r"\d*[|&;<>]", word) for word in rest)


def operator_in(pattern: str) -> str:
    """The first word of a pattern that is an operator."""
    return next((word for word in pattern.split() if word in _OPERATORS), "")


def fits_line(pattern: str, line: str) -> bool:
    """Whether a pattern fits a whole line; blanks around operators do not matter, and quoted operators are none."""
    readable = _QUOTED.sub(lambda match: _SIGNS.sub("\3", match[0]), line)
    return command_glob(_tidy(pattern), _tidy(readable))


def _tidy(text: str) -> str:
    return _AROUND.sub(r"\1", " ".join(text.split()))
